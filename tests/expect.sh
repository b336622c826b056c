# For tests that run a program as a user does: a folder to work in that goes with the test, and
# expect and check, which count into $failures, begin and await. To be sourced.
# shellcheck shell=bash
set -uo pipefail
# The folder goes with a shell that starts nothing else: a child that is killed before it has become its command
# runs the trap of its parent, and would take the folder away from a test that goes on.
if [ -z "${MELGRAD_TEST_FOLDER:-}" ]; then
  MELGRAD_TEST_FOLDER=$(mktemp -d)
  export MELGRAD_TEST_FOLDER
  trap 'rm -rf "$MELGRAD_TEST_FOLDER"' EXIT
  "$BASH" "$0" "$@"
  exit
fi
work=$MELGRAD_TEST_FOLDER
cd "$work" || exit
failures=0
export OMP_NUM_THREADS=2 OMP_WAIT_POLICY=passive

# expect CODE PATTERN COMMAND…: the exit code, and a pattern in what it prints ("" for none).
expect() {
  local code=$1 pattern=$2 got=0
  shift 2
  timeout 300 "$@" >log 2>&1 </dev/null || got=$?
  if [ "$got" != "$code" ] || ! grep -qE -- "$pattern" <(cat log; echo); then
    echo "FAILED: $*"
    echo "  exit code $got, expected $code; expected to find: $pattern"
    tail -n 5 log | sed 's/^/  | /'
    failures=$((failures + 1))
  fi
}
check() { # check WHAT COMMAND…
  local what=$1
  shift
  "$@" || { echo "FAILED: $what"; failures=$((failures + 1)); }
}
# begin COMMAND…: in the background, as $pid. The log is emptied here and not by the child, which may be late:
# await would find what the command before it printed.
begin() {
  : >log
  "$@" >>log 2>&1 </dev/null &
  pid=$!
}
# await COMMAND…: until it succeeds, or a minute has passed. For a moment that shows itself; a test that sleeps
# until something ought to have happened fails on a busy machine.
await() {
  local end=$((SECONDS + 60))
  until "$@" 2>/dev/null; do
    [ $SECONDS -lt $end ] || { echo "FAILED: never came: $*"; failures=$((failures + 1)); return 1; }
    sleep .01
  done
}
