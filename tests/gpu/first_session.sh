#!/usr/bin/env bash
# The first session on a GPU, on a machine that is bare and whose time is counted.
#
#   tests/gpu/first_session.sh pack DIR [BUILD]    here, with nvcc and no GPU: builds, and puts into DIR all that is needed
#   DIR/first_session.sh run DIR OUT [SECONDS]     there: tests, then measures, in so many seconds (540) all together
#
# There must be a driver, CUDA 13's cuBLAS, cuFFT and cuDNN 9 (the toolkit's or Python packages), and for the comparison
# at the end a python3 with torch. OUT/summary.txt has a line for each step as soon as it has ended, OUT/log.txt all that they
# printed. Each step has a limit, so that a hang costs a minute and no result. Without a GPU it says so and ends.
set -uo pipefail

work=
trap '[ -z "$work" ] || rm -rf "$work"' EXIT
programs=(test_cudnn test_gpu bench_train bench_features four_genres)

usage() { sed -n '2,10s/^# \{0,1\}//p' "$0" >&2; exit 2; }
fail() { echo "first_session.sh: $1" >&2; exit 1; }

# --- here

# What ldd finds, but for glibc, which every machine has, and CUDA's libraries, which are large and must fit the driver.
# The compiler's own two are put aside: a machine that has newer ones needs them for its other programs.
copy_libraries() { # PROGRAM DIR
  ldd "$1" | awk '$2 == "=>" && $3 ~ /^\// { print $1, $3 }' | while read -r name path; do
    case $name in
      libc.so.* | libm.so.* | libdl.so.* | librt.so.* | libpthread.so.* | libresolv.so.*) ;;
      libcu* | libnv*) ;;
      libstdc++.so.* | libgcc_s.so.*) cp -L "$path" "$2/lib/compiler/$name" ;;
      *) cp -L "$path" "$2/lib/$name" ;;
    esac
  done
}

pack() { # DIR [BUILD]
  local dir=$1 root build program cudnn
  root=$(cd "$(dirname "$0")/../.." && pwd) || exit
  build=${2:-$root/build-cuda}
  if [ $# = 1 ]; then
    (cd "$root" && cmake --preset cuda && cmake --build --preset cuda --target "${programs[@]}") || fail "the build failed"
  fi
  work=$(mktemp -d) && mkdir -p "$dir" "$work/programs" "$work/lib/compiler" "$work/bench" || exit
  for program in "${programs[@]}"; do
    if [ ! -x "$build/bin/$program" ]; then
      echo "$program is not in $build/bin: its steps will fail" >&2
      continue
    fi
    strip -o "$work/programs/$program" "$build/bin/$program" || exit
    copy_libraries "$build/bin/$program" "$work"
  done
  # cuDNN opens its parts when they are needed, and they need zlib.
  cudnn=$(ldd "$build/bin/test_gpu" | awk '/libcudnn/ { print $3 }')
  [ -z "$cudnn" ] || copy_libraries "${cudnn%/*}/libcudnn_graph.so.9" "$work"
  cp "$root"/tests/bench/*.py "$work/bench" && cp "$root/tests/gpu/first_session.sh" "$dir" || exit
  tar -C "$work" -czf "$dir/packed.tar.gz" programs lib bench && du -sh "$dir"
}

# --- there

failed=0
line() { # NAME RESULT SECONDS NOTE
  printf '%-26s %-8s %4d s  %s\n' "$1" "$2" "$3" "$4" | tee -a "$summary"
  [ "$2" = ok ] || failed=$((failed + 1))
}

# The most useful words of what a step printed: GoogleTest's counts and the first tests that failed or, where it was
# killed, the one that was running; else the last line.
note_of() { # RESULT, output on stdin
  awk -v result="$1" '
    /^\[ RUN      \]/                        { running = $4; is_test = 1 }
    /^\[  PASSED  \]/                        { passed = $4 }
    /^\[  SKIPPED \] [0-9]+ test/            { skipped = $4 }
    /^\[  FAILED  \] [0-9]+ test/            { count = $4 }
    /^\[  FAILED  \] [A-Za-z]/ && count && n < 4 { sub(",$", "", $4); names = names " " $4; ++n }
    /: Skipped$/                             { getline; reason = $0 }
    NF                                       { last = $0 }
    END {
      if (!is_test) print last
      else if (reason && !passed && !count) print reason
      else if (result == "ok" || count)
        print passed + 0 " passed" (count ? ", " count " failed:" names : "") (skipped ? ", " skipped " skipped" : "")
      else print "in " running
    }' | cut -c1-160
}

printed_by_step() { tail -c "+$step_begins_at" "$log"; }
# step NAME SECONDS COMMAND…: at most so long, and not beyond the session's end.
step() {
  local name=$1 most=$2 start=$SECONDS code=0 result
  shift 2
  local left=$((end - SECONDS))
  if [ $left -lt 5 ]; then
    line "$name" "not run" 0 "the time was over"
    return 1
  fi
  printf '\n===== %s: %s\n' "$name" "$*" >>"$log"
  step_begins_at=$(($(stat -c %s "$log") + 1))
  timeout -k 5 "$((most < left ? most : left))" "$@" >>"$log" 2>&1 </dev/null || code=$?
  case $code in
    0) result=ok ;;
    124 | 137) result="TIME OUT" ;;
    *) result="FAILED" ;;
  esac
  line "$name" "$result" $((SECONDS - start)) "$(printed_by_step | note_of "$result")"
  [ $code = 0 ]
}

# Where CUDA's libraries may be: the toolkit, and what pip installed (nvidia-cublas, nvidia-cudnn-cu13 …).
cuda_folders() {
  ls -d /usr/local/cuda/lib64 /usr/local/cuda*/targets/x86_64-linux/lib /usr/local/nvidia/lib64 2>/dev/null
  python3 -c 'import glob, nvidia; [print(f) for p in nvidia.__path__ for f in sorted(glob.glob(p + "/*/lib"))]' 2>/dev/null
}

# Programs in $work/bin that find their libraries; python3 and others must not see them. Fails if one is missing.
prepare_programs() {
  local path program missing=
  path=$work/lib:$(cuda_folders | tr '\n' ':')${LD_LIBRARY_PATH:-}
  # A machine whose C++ library is older than the compiler that built this: ours.
  if LD_LIBRARY_PATH=$path ldd "$work/programs/test_gpu" 2>&1 | grep -qE 'GLIBCXX|CXXABI|libstdc\+\+.*not found'; then
    path=$work/lib/compiler:$path
  fi
  mkdir "$work/bin" || exit
  for program in "${programs[@]}"; do
    printf '#!/bin/sh\nLD_LIBRARY_PATH=%q exec %q "$@"\n' "$path" "$work/programs/$program" >"$work/bin/$program"
    chmod +x "$work/bin/$program"
    missing+=$(LD_LIBRARY_PATH=$path ldd "$work/programs/$program" 2>&1 | awk '/not found/ { printf "%s ", $1 }')
  done
  [ -z "$missing" ] && return
  line libraries FAILED 0 "not found: $(echo "$missing" | tr ' ' '\n' | sort -u | tr '\n' ' ')"
  return 1
}

describe_machine() {
  nvidia-smi || echo "no nvidia-smi"
  grep -m1 'model name' /proc/cpuinfo
  python3 -c 'import torch; print("torch", torch.__version__, "CUDA", torch.version.cuda, "cuDNN", torch.backends.cudnn.version())'
  cuda_folders
  cat "$work/bin/test_gpu"
  echo "$(uname -sr), $(nproc) cores"
}

# Tests of test_gpu: what a library computes, by library; then ours; then what is made of them.
rows() { # PATTERN…: rows of the operation table whose names begin so
  local filter='' pattern
  for pattern in "$@"; do filter+="*/OnGpu.*/$pattern*:*/OnGpu.*/sizes_$pattern*:"; done
  echo "${filter%:}"
}
run_tests() {
  local gpu=$work/bin/test_gpu name filter
  local -A groups=([cuBLAS]=$(rows matmul linear) [convolution]=$(rows conv2d) [recurrent]=$(rows rnn)
    [FFT]=$(rows stft istft rfft irfft spectrogram band_power) [nets]='Nets/*:OptimizerOnGpu.*'
    [graphs]='StepGraphOnGpu.*' [harness]='TrainerOnGpu.*:UploadOnGpu.*' [large]='LargeOnGpu.*')
  for name in cuBLAS convolution recurrent FFT; do
    step "test_gpu $name" 60 "$gpu" --gtest_filter="${groups[$name]}"
  done
  filter=$(IFS=:; echo "${groups[*]}")
  step "test_gpu all others" 90 "$gpu" --gtest_filter="*-$filter"
  for name in nets graphs harness large; do
    step "test_gpu $name" 60 "$gpu" --gtest_filter="${groups[$name]}"
  done
}

run_sanitizer() {
  local sanitizer
  sanitizer=$(PATH=$PATH:/usr/local/cuda/bin:/usr/local/cuda/compute-sanitizer command -v compute-sanitizer) ||
    { line compute-sanitizer "not run" 0 "it is not installed"; return; }
  MELGRAD_EXACT_MEMORY=1 step memcheck 90 "$sanitizer" --tool memcheck --error-exitcode 9 "$work/bin/test_gpu" \
    --gtest_filter='*/OnGpu.f32/*-*conv2d*:*rnn*:*matmul*:*linear*'
  step racecheck 60 "$sanitizer" --tool racecheck --error-exitcode 9 "$work/bin/test_gpu" \
    --gtest_filter="$(rows softmax log_softmax sum mean argmax batch_norm permute transpose max_pool2d | sed 's/OnGpu\.\*/OnGpu.f32/g')"
}

run_training() {
  local options=(--device cuda --nets "base_cnn,cnn_lstm" --clips 24 --batch 16 --epochs 6)
  step "four_genres" 60 "$work/bin/four_genres" "${options[@]}" --out "$work/plain"
  step "four_genres, recorded" 60 "$work/bin/four_genres" "${options[@]}" --cuda-graph --out "$work/recorded" &&
    step "the same weights" 5 cmp "$work/plain/weights/base_cnn.safetensors" "$work/recorded/weights/base_cnn.safetensors"
}

run_benchmarks() {
  local net option race
  for net in base_cnn cnn_lstm vgg11_bn; do
    for option in '' --cuda-graph --bf16; do
      step "$net $option" 20 "$work/bin/bench_train" --net $net --device cuda --seconds 1 ${option:+"$option"}
    done
  done
  step "log-mel of 32 clips" 20 "$work/bin/bench_features" --what logmel --device cuda --batch 32 --seconds 1
  race=(env PYTHONDONTWRITEBYTECODE=1 python3 "$work/bench/compare.py" --device cuda --build "$work" --rounds 1 --seconds 1 --json)
  python3 -c 'import torch' 2>/dev/null || { line "the race with PyTorch" "not run" 0 "python3 has no torch"; return; }
  # Compiled modes take a minute a net: last, and for two.
  step "race, all nets" 100 "${race[@]}" --all --modes eager,channels_last,fused
  step "race, features" 40 "${race[@]}" --features --batch 32
  step "race, compiled" 120 "${race[@]}" --modes compile,reduce-overhead
}

run() { # DIR OUT [SECONDS]
  mkdir -p "$2" && out=$(realpath "$2") || exit
  summary=$out/summary.txt log=$out/log.txt end=$((SECONDS + ${3:-540}))
  work=$(mktemp -d) && : >"$summary" && : >"$log" && tar -C "$work" -xzf "$1/packed.tar.gz" || exit
  prepare_programs || exit 1
  step machine 30 bash -c "$(declare -f describe_machine cuda_folders); work=$work; describe_machine"
  step "test_cudnn, cuDNN's plans" 60 "$work/bin/test_cudnn"
  step "a GPU" 60 "$work/bin/test_gpu" --gtest_filter=Gpu.IsThere
  if printed_by_step | grep -q '^\[  SKIPPED \]'; then
    echo "there is nothing more to do without a GPU" | tee -a "$summary"
    return 1
  fi
  run_tests
  run_sanitizer
  run_training
  run_benchmarks
  echo "$failed steps did not go well; all that was printed: $log" | tee -a "$summary"
  [ $failed = 0 ]
}

case ${1:-} in
  pack) [ $# = 2 ] || [ $# = 3 ] || usage; pack "${@:2}" ;;
  run) [ $# = 3 ] || [ $# = 4 ] || usage; run "${@:2}" ;;
  *) usage ;;
esac
