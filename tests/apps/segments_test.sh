#!/usr/bin/env bash
# Study D's audio nets as a user runs them, on a few short clips.
# usage: segments_test.sh PROGRAM SPECTROGRAM
program=$(realpath "$1")
spectrogram=$(realpath "$2")
. "$(dirname "$0")/../expect.sh"

numbers() { grep -vE '"(seconds|waited|date|command)"' "$1"; }
figure() { grep -E "\"$2\": [0-9]" "$1"; }  # in all fits and means

# Seven made-up clips of 3 s of each of four genres, three segments of 1 s each: 12 frames of MFCCs are 35 kB.
quick="--clips 7 --segment-seconds 1 --segments 3 --epochs 2 --batch 16"
expect 0 "The report: " $program $quick --out first
cp log first.log
music=first/music/7_clips_seed_0
classes="--classes jazz,classical,techno,metal"
data="--data $music $classes --segment-seconds 1 --segments 3"
short="--epochs 2 --batch 16"
check "the music's clips are as long as their segments" test "$(ls $music | wc -l)" = 4
for text in "DNN" "CNN-1" "CNN-2" "CNN-3" "split over segments" "split over songs" "song accuracy" "One clip" \
  "When to stop" "The findings, looked at" "Clips and songs"; do
  check "on the page: $text" grep -q "$text" <(cat first/report.html first/results.json)
done
check "84 segments" grep -q '"84 clips of synthesised music' first/results.json
check "the net sees (1, 44, 13)" grep -q 'mfcc (1, 44, 13)' first/results.json
check "no published figures of other lengths" test "$(grep -c '"published": {},' first/results.json)" = 4
check "the clip's five pictures" test "$(grep -o "data:image/png" first/report.html | wc -l)" = 5
check "a score of songs for every fit and mean" test "$(figure first/results.json 'song accuracy' | wc -l)" = 24

# --- interrupted, and with one setting after the other: the same figures
sweep="$program $data $short --nets cnn1,dnn --lr 1e-3,1e-4 --protocol honest --test-noise 10 --test-mp3 32"
expect 0 "CNN-1, lr 0.001" $sweep --out whole
check "four rows" test "$(grep -c '"name": "[a-z0-9]*@lr=0.00' whole/results.json)" = 4
for text in "Learning rate" "With noise, and compressed" "noise 10 dB" "MP3 32 kbit/s"; do
  check "on the page: $text" grep -q "$text" whole/report.html
done
check "four fits and four means with noise" test "$(figure whole/results.json 'accuracy, noise 10 dB' | wc -l)" -ge 8
begin $sweep --out stopped
await grep -q "epoch 1:" log
kill -INT $pid
wait $pid
check "it is stopped" test $? = 130
expect 0 "The report: " $sweep --out stopped --resume
check "resumed equals uninterrupted" diff <(numbers whole/results.json) <(numbers stopped/results.json)
# Degradations and values may join later: what is done is tested again, or stays.
plain="$program $data $short --nets cnn1,dnn --protocol honest"
expect 0 "The report: " $plain --lr 1e-3,1e-4 --out later
expect 0 "The report: " $sweep --out later --resume
check "no epoch is trained again" test -z "$(grep "epoch 1:" log)"
check "tested later is tested at once" diff <(numbers whole/results.json) <(numbers later/results.json)
expect 0 "cnn1@lr=0.01|CNN-1, lr 0.01" $plain --lr 1e-4,1e-2 --out later --resume
check "a value that is listed no more keeps its figures" grep -q '"cnn1@lr=0.001"' later/results.json
expect 1 "batch: 16 → 8" $program $data --epochs 2 --nets cnn1,dnn --protocol honest \
  --lr 1e-4,1e-2 --batch 8 --out later --resume
expect 0 "CNN-1, batch 8, augment flip" $program $data --nets cnn1 --epochs 1 --protocol honest --batch 8,16 \
  --augment none,flip,specaugment --out grid
check "six rows" test "$(grep -c '"name": "cnn1@batch=' grid/results.json)" = 6

expect 0 "The report: " $program $data $short --nets cnn1 --early-stopping --out patient
check "it is a setting" grep -q "after 20 epochs without a lower validation loss" patient/results.json

# --- weights in place of a training
weights=first/weights/cnn2.safetensors
expect 0 "CNN-2, split over segments: the weights of cnn2.safetensors" $program $data $short --nets cnn2 --weights cnn2=$weights \
  --out tested
check "they are not trained" test -z "$(grep "epoch 1:" log)"
score() { awk '/^CNN-2, split over segments/ { it = 1 } it && /  test:/ { sub(";.*", ""); print; exit }' "$1"; }
check "the figures of the fit that they are of come again" test -n "$(score log)" -a "$(score log)" = "$(score first.log)"
check "and it is said" grep -q "started from cnn2.safetensors, and was not trained" tested/report.html
expect 0 "The report: " $program $data $short --nets cnn2 --weights cnn2=$weights --out tested --resume
expect 1 "given weights: " $program $data $short --nets cnn2 --out tested --resume
expect 1 "cnn2.safetensors does not fit cnn1, which sees \(1, 44, 13\): .*classifier.3.weight is not there" $program $data --nets cnn1 \
  --weights cnn1=$weights --out x
expect 1 "NAME=FILE" $program $data --nets cnn1 --weights $weights --out x
expect 1 "in this order, and the data have classical" $program --data $music --segment-seconds 1 --segments 3 \
  --nets cnn2 --weights cnn2=$weights --out x
expect 1 "that --nets does not name" $program $data --nets cnn1 --weights cnn2=$weights --out x
expect 1 "the data have 2: jazz and metal" $program --data $music --segment-seconds 1 \
  --segments 3 --classes jazz,metal --nets cnn2 --weights cnn2=$weights --out x

# --- several lengths
lengths="$program --data $music --segment-seconds 1,1.5 --nets cnn1 --epochs 1 --out lengths"
expect 0 "All of them side by side: .*lengths/summary.html" $lengths
check "a report each" test -s lengths/1s/report.html -a -s lengths/1.5s/report.html
check "ten of 3 s in 30 s are 30 of 1 s, of which these clips have three" grep -q '"84 clips' lengths/1s/results.json
check "and two of 1.5 s" grep -q '"56 clips' lengths/1.5s/results.json
check "which is said" grep -q "parts of 560 left out, for which the file ends too early" lengths/1.5s/results.json
for text in "segments of 1 s" "segments of 1.5 s" "split over songs" "CNN-1"; do
  check "in the summary: $text" grep -q "$text" lengths/summary.html
done
expect 0 "was finished earlier|2 fits were finished" $lengths --resume
check "nothing is trained again" test -z "$(grep "epoch 1:" log)"
expect 1 "lies in the data" $program --data $music --segment-seconds 1,1.5 --epochs 1 --nets dnn --out $music/out
expect 0 "^2 fits" $lengths --plan

# --- pictures
for song in $music/jazz/* $music/metal/*; do
  picture=pictures${song#"$music"}
  picture=${picture%.*}.png
  mkdir -p "$(dirname "$picture")"
  $spectrogram "$song" -o "$picture" --kind mel --colours grey --no-axes --height 128 --width 62
done
seen="$program --data pictures --log-mel 3 --segment-seconds 1 --epochs 1 --nets cnn1,cnn3 --batch 8"
expect 0 "The report: " $seen --out seen
check "20 columns of a second, three parts each" grep -q 'mfcc (1, 20, 13)' seen/results.json
check "42 clips" grep -q '"42 pictures of pictures: jazz and metal"' seen/results.json
check "there is no sound to draw" test -z "$(grep "One clip" seen/report.html)"
expect 1 "degrade sound, and 'mfcc' is not made of sound" $seen --test-noise 20 --out x

# --- a song ends early, and a file is no song
mkdir spoilt && cp -r $music/jazz $music/metal spoilt/
first=$(ls spoilt/metal/*.wav | head -n 1)
head -c 30000 "$first" >"spoilt/metal/cut short.wav"
expect 0 "The report: " $program --data spoilt --segment-seconds 1 --segments 3 --epochs 1 --nets cnn1 --out short
check "it is named" grep -q "skipped metal/cut short.wav" short/report.html
expect 1 "needs --data FOLDER, of log-mel pictures" $program --log-mel 30 --out x
expect 1 "there is no picture below" $program --data $music --log-mel 30 --out x

# --- what was typed
expect 2 "segment-seconds" $program --segment-seconds 0
expect 2 "segment-seconds" $program --segment-seconds 3,ten
expect 2 "augment" $program --augment echo
expect 2 "test-mp3" $program --test-mp3 4
expect 1 "not 100" $program $data --nets cnn1 --test-mp3 100 --out x
expect 1 "0.001 is listed twice" $program $data --nets cnn1 --lr 1e-3,.001 --out x

[ $failures = 0 ] && echo "all passed"
exit $((failures > 0))
