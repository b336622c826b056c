#!/usr/bin/env bash
# Study E as a user runs it: on made-up music, on pictures, with weights, and interrupted in every stage.
# usage: transfer_learning_test.sh PROGRAM
program=$(realpath "$1")
. "$(dirname "$0")/../expect.sh"

has() { grep -qF -- "$2" "$1"; }
numbers() { grep -vE '"(seconds|waited|date|command)"' "$1"; }
figure() { grep -E "\"$2\": [0-9]" "$1"; }  # in all fits and means

# --- the plan: six rows by two rules
expect 0 "^12 fits" $program --plan --size 64 --clips 7 --batch 4 --out planned
expect 0 "resnetrs50@without=noise-published-0 " $program --plan --ablate --nets resnetrs50 --clips 7 --batch 4 --out planned
check "and nothing else" test ! -e planned

# --- made-up music: the body learns other music first
expect 0 "alexnet_fastai on other synthesised music" $program --clips 7 --epochs 1 --pretrain-epochs 1 --batch 8 \
  --protocol published --nets alexnet --out first
for text in "id='peaks'" "id='statistics'" "published peak" "Peak accuracy against the time of an epoch" "Trained before" \
  "they stand side by side to show the page" "What else was published" "79.4" "drawn at random"; do
  check "on the page: $text" has first/report.html "$text"
done
check "of other parts there is none" test -z "$(grep -E "id='(ablation|tta)'" first/report.html)"
check "28 clips" has first/results.json '"28 clips of synthesised music'
check "other music has its folder" test -d first/music/40_clips_seed_1000000
music=first/music/7_clips_seed_0

# --- bodies: from a file, or not at all
sounds="$program --data $music --size 64 --batch 8 --epochs 1 --protocol published"
expect 0 "started from alexnet.safetensors|The report" $sounds --nets alexnet --weights alexnet=first/weights/alexnet.safetensors --out given
check "it is said" has given/results.json '"started_from": "alexnet.safetensors"'
expect 1 "is of no pretrained net that is to be trained" $sounds --nets resnet34 \
  --weights resnet34=first/weights/alexnet.safetensors --out x
expect 1 "alexnet needs --weights: a file of alexnet_fastai; or --pretrain" $sounds --nets alexnet --out x
expect 0 "AlexNet: not run: needs --weights or --pretrain" $sounds --only 'alexnet*' --out x
expect 0 "The report" $sounds --nets alexnet_scratch --recipe plain --normalise bands --out scratch

# --- test-time augmentation needs augmentation
expect 1 "nothing augments the 8 copies of a test clip" $sounds --nets resnetrs50 --pretrain $music --augment none --out y
check "before any work" test ! -e y
expect 1 "resnetrs50@without=mixup|--ablate switches augmentations off itself" $sounds --ablate --augment masks --out x
expect 1 "3 at a time do not add up to a batch of 8" $sounds --nets alexnet_scratch --micro-batch 3 --out x

# --- ResNet-RS50 of sounds: its copies are variants with noise, with cuts
expect 0 "ResNet-RS50, without noise: " $program --data $music --size 32 --batch 8 --epochs 1 --pretrain $music \
  --pretrain-epochs 1 --protocol published --ablate --nets resnetrs50 --only 'resnetrs50@without=noise*' --tta 2 --out heard
for name in "plain: accuracy" "copies: accuracy" "copies, .25 plain: accuracy" "copies: better" "copies: worse"; do
  check "$name in a fit, a mean and a deviation" test "$(figure heard/results.json "$name" | wc -l)" = 3
done
check "what the copies changed" has heard/report.html "id='tta'"
check "cuts alone" has heard/results.json "2 of each clip: a piece of 1 to 3 s cut out\""

# --- pictures: BMP files of 24 bits, noise that is brighter from genre to genre; ten of each
bytes() { printf "$(printf '\\x%02x' "$@")"; }
word() { bytes $(($1 & 255)) $(($1 >> 8 & 255)) $(($1 >> 16 & 255)) $(($1 >> 24 & 255)); }
picture() { # FILE SEED FROM: 16 × 8
  { printf BM; word 438; word 0; word 54; word 40; word 16; word 8; bytes 1 0 24 0; word 0; word 384; word 0; word 0; word 0; word 0
    LC_ALL=C awk -v seed="$2" -v from="$3" 'BEGIN { srand(seed); for (i = 0; i < 384; ++i) printf "%c", from + int(rand() * 60) }'; } >"$1"
}
for genre in blues rock; do
  mkdir -p pictures/$genre other/$genre
  darkest=1
  [ $genre = rock ] && darkest=90
  for i in 0 1 2 3 4 5 6 7 8 9; do
    picture pictures/$genre/$genre.000$i.bmp $i$i $darkest
    picture other/$genre/$genre.100$i.bmp 7$i $darkest
  done
done
seen="$program --data pictures --pretrain other --pretrain-epochs 2 --batch 8"
expect 0 "ResNet-RS50, without masks: " $seen --size 32 --nets resnetrs50 --ablate --tta 2 --fastai-tta --protocol published \
  --epochs 1 --only 'resnetrs50-*,resnetrs50@without=masks-*' --out ablated
for text in "id='ablation'" "test-time augmentation" "ResNet-RS50, without shifts" "points"; do
  check "on the page: $text" has ablated/report.html "$text"
done
check "one fit on the other collection for both" test "$(ls ablated/weights/pretrained-* | wc -l)" = 1
check "three rows without a part" test "$(grep -c '"name": "resnetrs50@without=' ablated/results.json)" = 3

# --- interrupted in pretraining, in the frozen epoch, in the middle of the cycle; and on: the same figures
once="$seen --size 64 --epochs 2 --nets alexnet --protocol published"
expect 0 "The report: " $once --out straight
stop_when() { # MOMENT COMMAND…
  begin $once --out stopped --resume
  await "$@"
  kill -INT $pid 2>/dev/null
  wait $pid
}
stop_when test -s stopped/results.json
stop_when grep -q "epoch 1:" log
stop_when test -s stopped/checkpoints/alexnet-published-0.safetensors
stop_when grep -q "epoch 2:" log
expect 0 "The report: " $once --out stopped --resume
check "resumed equals uninterrupted" diff <(numbers straight/results.json) <(numbers stopped/results.json)
expect 1 "batch: 8 → 4" $once --micro-batch 4 --out stopped --resume

# --- lists beside the published split
for genre in blues rock; do
  for i in 0 1 2 3 4 5; do echo "$genre/$genre.000$i.bmp" >>train; done
  for i in 6 7; do echo "$genre/$genre.000$i.bmp" >>valid; done
  for i in 8 9; do echo "$genre/$genre.000$i.bmp" >>test; done
done
expect 0 "The report: " $seen --size 64 --epochs 1 --nets alexnet_scratch --protocol both --split train valid test --out lists
check "the published split is first" has lists/report.html "random split, a fifth scores, and split from files"
check "a fit by each" test "$(grep -c '"ended"' lists/results.json)" = 2

# --- what was typed
expect 2 "size" $program --size 31
expect 1 "alexnet_fastai: takes .*at least 63" $program --data pictures --size 32 --nets alexnet_scratch --out x
expect 2 "recipe" $program --recipe keras
expect 2 "normalise" $program --normalise rows
expect 2 "tta" $program --tta -1

[ $failures = 0 ] && echo "all passed"
exit $((failures > 0))
