#!/usr/bin/env bash
# From a fresh clone to a report: installs what is missing from Debian, builds the four-genre study
# and runs it on music that the program makes up itself.
# usage: ./demo.sh [options of four_genres, e.g. --data FOLDER --out FOLDER]
set -euo pipefail
cd "$(dirname "$0")"

.ci/packages.sh
log=$(mktemp)
trap 'rm -f "$log"' EXIT
run_quietly() { "$@" >"$log" 2>&1 || { tail -n 40 "$log" >&2; exit 1; }; }

echo "Building (some minutes the first time)"
run_quietly cmake --preset demo
run_quietly cmake --build build --target four_genres

build/bin/four_genres "$@"
