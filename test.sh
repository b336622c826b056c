#!/usr/bin/env bash
# Everything there is to check, on a machine that may have nothing installed yet.
# usage: ./test.sh [--tidy-all]     --tidy-all: clang-tidy on every file, not only on changed ones
#
# The last line is "N passed, N failed": test cases, and one for each check that is not a test
# (builds, formatting, clang). Whole logs lie in build/logs. Exit code 0 if nothing failed.
set -uo pipefail
cd "$(dirname "$0")" || exit
tidy_all=false
for argument in "$@"; do
  case $argument in
    --tidy-all) tidy_all=true ;;
    *) sed -n '2,3s/^# //p' "$0"; exit 2 ;;
  esac
done

jobs=$(nproc)
logs=$PWD/build/logs
mkdir -p "$logs"
passed=0 failed=0 skipped=0
export CTEST_OUTPUT_ON_FAILURE=1 OMP_WAIT_POLICY=passive
export CMAKE_CXX_COMPILER_LAUNCHER=ccache CMAKE_CUDA_COMPILER_LAUNCHER=ccache  # what builds share is compiled once
export CCACHE_BASEDIR=$PWD  # the build folders' names make no difference
export CCACHE_SLOPPINESS=pch_defines,time_macros,include_file_mtime,include_file_ctime  # precompiled headers

# step NAME COMMAND…: runs it, its output in a log that is shown (the end of it) if it fails.
step() {
  local name=$1 start=$SECONDS result=ok
  shift
  log=$logs/${name// /-}.log
  "$@" >"$log" 2>&1 </dev/null || result=FAILED
  printf '%-28s %-6s %4d s  %s\n' "$name" "$result" $((SECONDS - start)) "${note:-}"
  note=
  if [ $result = FAILED ]; then
    show_end "$log"
    return 1
  fi
}
show_end() { grep -vE '^\[ +(OK|RUN) ' "$1" | tail -n 60 | sed 's/^/    /'; }
# check NAME COMMAND…: a step that counts as one test.
check() { if step "$@"; then passed=$((passed + 1)); else failed=$((failed + 1)); return 1; fi; }

build() {  # PRESET [TARGET…]
  local preset=$1
  shift
  cmake --preset "$preset" && cmake --build --preset "$preset" -j "$jobs" ${1:+--target "$@"}
}

# Runs ctest and adds up what its log says: GoogleTest's own counts, or 1 for other programs.
run_tests() {  # NAME BUILD_FOLDER CTEST_ARGUMENTS…
  local name=$1 folder=$2 start=$SECONDS result=ok counts
  shift 2
  log=$logs/${name// /-}.log
  ctest --test-dir "$folder" -j "$jobs" --timeout 1200 "$@" >"$log" 2>&1 </dev/null || result=FAILED
  counts=$(awk '
    function close_block() {
      if (!open) return
      if (p + f + s == 0) { if (ok) p = 1; else f = 1 }
      if (!ok && f == 0) f = 1   # crashed, or ran out of time
      P += p; F += f; S += s; open = 0
    }
    /^[0-9]+\/[0-9]+ Testing: /                { close_block(); open = 1; ok = p = f = s = 0 }
    /^\[  PASSED  \] [0-9]+ test/              { p = $4 }
    /^\[  FAILED  \] [0-9]+ tests?, listed/    { f = $4 }
    /^\[  SKIPPED \] [0-9]+ tests?, listed/    { s = $4 }
    /^Test Passed\./                           { ok = 1 }
    END { close_block(); print P + 0, F + 0, S + 0 }' "$folder/Testing/Temporary/LastTest.log")
  read -r p f s <<<"$counts"
  [ $result = FAILED ] && [ "$f" = 0 ] && f=1
  [ $result = ok ] && [ $((p + s)) = 0 ] && { result=FAILED; f=1; echo "no test ran" >>"$log"; }
  passed=$((passed + p)) failed=$((failed + f)) skipped=$((skipped + s))
  printf '%-28s %-6s %4d s  %s\n' "$name" "$result" $((SECONDS - start)) "$p passed, $f failed, $s skipped"
  [ $result = ok ] || show_end "$log"
}

folders=(kernels tensor autograd layers optim audio apps tests)
sources() { find "${folders[@]}" -name '*.cpp' -o -name '*.h' | sort; }

# Of a list of files the .cpp files that the release build compiles.
built_here() {
  { grep '\.cpp$' || true; } | while read -r file; do
    if grep -qF "/$file\"" build/compile_commands.json; then echo "$file"; fi
  done
}

check_format() { sources | xargs clang-format --dry-run --Werror; }

# What clang-tidy looks at: files that differ from main, or, on main, from its commit before.
tidy_files() {
  if $tidy_all; then sources; return; fi
  local base
  base=$(git merge-base HEAD origin/main 2>/dev/null || git merge-base HEAD main 2>/dev/null) || return 0
  [ "$base" != "$(git rev-parse HEAD)" ] || base=$(git rev-parse -q --verify HEAD~1) || return 0
  { git diff --name-only --diff-filter=d "$base" -- '*.cpp' '*.h'
    git ls-files --others --exclude-standard -- '*.cpp' '*.h'; } | sort -u
}
# It cannot read g++'s precompiled headers.
check_tidy() {
  mkdir -p build/tidy
  sed 's# -Winvalid-pch##g; s# -fpch-preprocess##g; s# -include [^ ]*cmake_pch.hxx##g' \
    build/compile_commands.json >build/tidy/compile_commands.json
  tidy_files | built_here | xargs -r -P "$jobs" -n 1 clang-tidy -p build/tidy --quiet
}

has_nvcc() { command -v nvcc >/dev/null; }
echo "MELGRAD_CUDA: OFF and SIM$(has_nvcc && echo ', ON' || echo '; not ON, there is no nvcc')"
check packages .ci/packages.sh --tests
if check "release build" build release; then run_tests "release tests" build; fi
if check "debug build" build debug; then run_tests "debug tests" build-debug; fi
if check "build with CUDA=SIM" build sim four_genres; then
  run_tests "tests with CUDA=SIM" build-sim -R '^four_genres$'
fi
if has_nvcc && check "build with CUDA=ON" build cuda test_gpu test_cudnn four_genres; then
  run_tests "tests with CUDA=ON" build-cuda -R '^(gpu|cudnn|machine_code)$'
fi
check format check_format
note="$(tidy_files | built_here | wc -l) files"
check clang-tidy check_tidy

printf '\n%d passed, %d failed' "$passed" "$failed"
[ "$skipped" = 0 ] || printf ', %d skipped' "$skipped"
echo
[ "$failed" = 0 ]
