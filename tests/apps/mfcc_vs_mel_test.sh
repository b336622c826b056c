#!/usr/bin/env bash
# Study C as a user runs it: on made-up music, on log-mel pictures, and on what is neither.
# usage: mfcc_vs_mel_test.sh PROGRAM
program=$(realpath "$1")
. "$(dirname "$0")/../expect.sh"

has() { grep -qF -- "$2" "$1"; }
numbers() { grep -vE '"(seconds|waited|date|command)"' "$1"; }

# --- pictures: BMP files of 8 bits with a grey palette, of noise
bytes() { printf "$(printf '\\x%02x' "$@")"; }
word() { bytes $(($1 & 255)) $(($1 >> 8 & 255)) $(($1 >> 16 & 255)) $(($1 >> 24 & 255)); }
palette=$(for level in $(seq 0 255); do printf '\\x%02x\\x%02x\\x%02x\\0' "$level" "$level" "$level"; done)
# picture FILE WIDTH HEIGHT SEED FROM TO: levels, above 0; the width is a multiple of 4
picture() {
  { printf BM; word $((1078 + $2 * $3)); word 0; word 1078; word 40; word "$2"; word "$3"
    bytes 1 0 8 0; word 0; word $(($2 * $3)); word 0; word 0; word 256; word 0
    printf "$palette"
    LC_ALL=C awk -v count=$(($2 * $3)) -v seed="$4" -v from="$5" -v to="$6" 'BEGIN { srand(seed)
      for (i = 0; i < count; ++i) printf "%c", from + int(rand() * (to - from + 1)) }'; } >"$1"
}
levels=("1 64" "64 127" "128 191")
genre=0
for name in disco jazz pop; do
  mkdir -p pictures/$name
  for i in 0 1 2 3 4 5; do picture pictures/$name/$name.0000$i.bmp 40 128 $((10 * genre + i)) ${levels[$genre]}; done
  genre=$((genre + 1))
done
check "a picture's size" test "$(stat -c %s pictures/pop/pop.00000.bmp)" = $((1078 + 40 * 128))

# --- the plan: 8 models by five folds, by two ways to split; of pictures two factors of two more
expect 0 "^80 fits" $program --plan --out planned
expect 0 "^40 fits" $program --plan --protocol published --out planned
expect 0 "^120 fits" $program --plan --data pictures --log-mel 30 --out planned
expect 0 "mel_basic_32_x1000-honest.5-0 " $program --plan --data pictures --log-mel 30 --out planned
check "and nothing else" test ! -e planned

# --- made-up music
expect 0 "The report: " $program --clips 7 --epochs 1 --folds 1 --protocol published --nets mfcc_basic_32,mel_basic_32 --out music
for text in "id='grid'" "id='findings'" "id='best_and_worst'" "id='matrix'" "id='genres'" "Average MFCCs" \
  "Average mel power" "published 53.2" "they stand side by side to show the page, not to be compared"; do
  check "the report has $text" has music/report.html "$text"
done
check "the published matrix is of other genres" test -z "$(grep -F 'Published: MFCC, basic' music/report.html)"
expect 0 "The report: " $program --clips 7 --epochs 1 --folds 1 --protocol honest --nets mfcc_basic_32 --out half
check "without mel there is no picture of it" test -z "$(grep -F 'Average mel' half/report.html)"

# --- pictures, all of them
of_pictures="$program --data pictures --log-mel 30 --epochs 2"
expect 0 "The report: " $of_pictures --out all
for text in "id='selection'" "id='scale'" "mel × 100" "mel × 1000" "Chosen by folds that do not score it, the best of 8" \
  "five folds, stopped by a part of what is learnt" "higher in" "levels are -80 to 0 dB, power × 100" \
  "of each file 1 part of 29 s"; do
  check "the report has $text" has all/report.html "$text"
done
check "29 s of 40 columns of 30 s are 38" has all/results.json "mfcc (1, 38, 13) of log-mel pictures"
check "120 fits" test "$(grep -c '"ended"' all/results.json)" = 120
expect 0 "levels are -60 to 3 dB, power × 7" bash -c "$of_pictures --db-range=-60,3 --factor 7 --nets mel_basic_32 --folds 1 \
  --out other && grep -o 'levels are .* power × 7' other/results.json"
expect 1 "power × 7 → .*power × 8" $of_pictures --nets mel_basic_32 --factor 8 --folds 1 --out other --resume

# --- Ctrl-C, and on: the same figures
few="$of_pictures --nets mfcc_deeper_16,mel_basic_32_x1 --protocol published"
expect 0 "" $few --out straight
for fits in 1 4 7; do
  begin $few --out stopped --resume
  await bash -c "[ \$(ls stopped/checkpoints 2>/dev/null | grep -c 'safetensors\$') -ge $fits ]"
  kill -INT $pid 2>/dev/null
  wait $pid
done
expect 0 "" $few --out stopped --resume
check "resumed equals uninterrupted" diff <(numbers straight/results.json) <(numbers stopped/results.json)

# --- what is left out, skipped, or there twice
cp -r pictures odd
mv odd/disco/disco.00000.bmp odd/disco/disco.00051.bmp
cp odd/disco/disco.00001.bmp odd/disco/disco.00006.bmp
picture odd/pop/narrow.bmp 20 128 40 1 255
picture odd/pop/low.bmp 40 64 41 1 255
picture odd/pop/colour.bmp 40 128 42 1 255
printf '\1\2\3\0' | dd of=odd/pop/colour.bmp bs=1 seek=$((54 + 4 * 100)) conv=notrunc 2>/dev/null
quick="--log-mel 30 --epochs 1 --nets mfcc_basic_16 --folds 1"
expect 0 "The report: " $program --data odd $quick --out odd_report
for text in "skipped disco/disco.00051.bmp: an exact repetition" "narrow.bmp: 29 s of its 20 columns are 19, not 38" \
  "low.bmp has 64 rows, not one for each of 128 mel bands" "colour.bmp is in colour" \
  "disco/disco.00006.bmp is disco/disco.00001.bmp"; do
  check "said: $text" has log "$text"
done
check "the honest folds have no copy on both sides" test -z "$(grep 'stopped by a part.*whose copy' log)"

# --- bad input: a sentence each
expect 1 "needs --data" $program --log-mel 30
expect 1 "pictures holds pictures: .* say with --log-mel" $program --data pictures --out bad
expect 1 "pictures of 20 s do not hold the 29 s" $program --data pictures --log-mel 20 --out bad
expect 1 "level 0 is 0 dB and level 255 -80 dB" $program --data pictures --log-mel 30 --db-range 0,-80 --out bad
expect 2 "db-range" $program --data pictures --log-mel 30 --db-range 5 --out bad
for value in 0 -1 nan text; do
  expect 2 "log-mel" $program --data pictures --log-mel $value --out bad
  expect 2 "factor" $program --data pictures --log-mel 30 --factor $value --out bad
done
expect 1 "there is no picture below half/weights" $program --data half/weights --log-mel 30 --out bad
rm odd/jazz/jazz.0000[12].bmp
expect 1 "class 'jazz' has 4 clips, too few for one in each of 5 folds" $program --data odd $quick --out bad
expect 1 "class 'jazz' has 4 songs, too few for one in each of 5 folds" $program --data odd $quick --protocol honest --plan
check "before any work" test ! -e bad/features

[ $failures = 0 ] && echo "all passed"
exit $((failures > 0))
