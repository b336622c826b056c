#!/usr/bin/env bash
# From a fresh clone to a report: installs what is missing from Debian, builds the four-genre study
# and runs it on music that the program makes up itself.
# usage: ./demo.sh [--cuda] [options of four_genres, e.g. --data FOLDER --out FOLDER]
#   --cuda: builds with nvcc and trains on the GPU; docs/gpu.md says what that needs
set -euo pipefail
cd "$(dirname "$0")"

preset=demo folder=build configure=() options=()
for option in "$@"; do
  if [ "$option" = --cuda ]; then preset=demo-cuda; else options+=("$option"); fi
done

PATH=$PATH:/usr/local/cuda/bin
has_nvcc() { command -v nvcc >/dev/null; }
has_gpu() { [ -e /dev/nvidia0 ] || nvidia-smi -L >/dev/null 2>&1; }
fail() { echo "demo.sh: $1; ./demo.sh alone trains on the CPU" >&2; exit 1; }
if [ $preset = demo-cuda ]; then
  has_gpu || fail "--cuda needs an NVIDIA GPU and its driver, and nvidia-smi shows none"
  has_nvcc || fail "--cuda needs nvcc, the compiler of NVIDIA's CUDA 13 toolkit, on the PATH"
  folder=build-cuda configure=(-DCMAKE_CUDA_ARCHITECTURES=native) options=(--device cuda "${options[@]}")
elif has_gpu && has_nvcc; then
  echo "This machine has a GPU and nvcc: ./demo.sh --cuda would train on it"
fi

.ci/packages.sh
log=$(mktemp)
trap 'rm -f "$log"' EXIT
run_quietly() { "$@" >"$log" 2>&1 || { tail -n 40 "$log" >&2; exit 1; }; }

echo "Building (some minutes the first time)"
run_quietly cmake --preset $preset "${configure[@]}"
run_quietly cmake --build $folder --target four_genres

$folder/bin/four_genres "${options[@]}"
