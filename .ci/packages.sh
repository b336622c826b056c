#!/usr/bin/env bash
# Installs the Debian packages that melgrad is built from, those that are missing only.
# usage: .ci/packages.sh [--tests]     --tests: also what ./test.sh needs
set -euo pipefail

# OpenCL: libdnnl-dev's CMake files look for it, without depending on it.
packages=(g++ cmake ninja-build pkg-config libdnnl-dev ocl-icd-opencl-dev opencl-headers
          libsndfile1-dev libsoxr-dev libstb-dev
          nlohmann-json3-dev libcli11-dev)
if [ "${1:-}" = --tests ]; then
  packages+=(git ccache libgtest-dev libbenchmark-dev clang clang-format clang-tidy libclang-rt-14-dev llvm libomp-dev libonnx-testdata)
fi

is_installed() { dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null | grep -qx installed; }
missing=()
for package in "${packages[@]}"; do is_installed "$package" || missing+=("$package"); done
[ ${#missing[@]} = 0 ] && exit 0

as_root=()
if [ "$(id -u)" != 0 ]; then
  command -v sudo >/dev/null ||
    { echo "Please install, as root: apt-get install ${missing[*]}" >&2; exit 1; }
  as_root=(sudo)
fi
apt() { "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -qq "$@"; }

echo "Installing from Debian: ${missing[*]}"
log=$(mktemp)
install() { apt install -y --no-install-recommends "${missing[@]}" >"$log" 2>&1 </dev/null; }
# The package lists may be absent or old: fetch them, then try once more.
[ -n "$(find /var/lib/apt/lists -name '*_Packages*' -print -quit 2>/dev/null)" ] && install ||
  { apt update >"$log" 2>&1 && install; } || { tail -n 20 "$log" >&2; exit 1; }
rm -f "$log"
