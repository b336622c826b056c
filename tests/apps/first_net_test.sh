#!/usr/bin/env bash
# Runs first_net on the music it makes up: it gets at least what the comment above its code promises.
# usage: first_net_test.sh PROGRAM MAIN_CPP
program=$(realpath "$1") code=$(realpath "$2")
. "$(dirname "$0")/../expect.sh"
export TMPDIR=$work

promised=$(sed -n 's/^\/\/.* at least \([0-9]*\) %.*/\1/p' "$code")
check "a promise in the comment" test "${promised:-0}" -gt 25 # four genres: chance
expect 0 "^accuracy" "$program"
reached=$(sed -n 's/^accuracy \([0-9]*\).*/\1/p' log)
check "accuracy $reached, promised $promised" test "${reached:-0}" -ge "${promised:-100}"
check "an epoch a line" test "$(grep -c '^epoch' log)" = 15

mkdir -p music/jazz music/metal
for genre in jazz metal; do cp melgrad_first_net/$genre/*0[0-7].* music/$genre; done
: >music/jazz/empty.wav
expect 0 "^accuracy" "$program" music
check "the empty file is counted" grep -q "^16 clips;.*: 1$" log
expect 1 "error: .*nowhere" "$program" nowhere

[ $failures = 0 ]
