#!/usr/bin/env bash
# Runs the programs features and spectrogram as a user would, with good and with bad input.
# usage: tools_test.sh FEATURES SPECTROGRAM
features=$(realpath "$1") spectrogram=$(realpath "$2")
. "$(dirname "$0")/../expect.sh"

# le BYTES NUMBER: little-endian
le() { local i; for ((i = 0; i < $1; ++i)); do printf "\\x$(printf %02x $(($2 >> 8 * i & 255)))"; done; }
# wav FILE SAMPLES [RATE [CHANNELS [CLAIMED]]]: 16-bit noise, the header claiming so many samples
wav() {
  local rate=${3:-22050} channels=${4:-1} claimed=${5:-$2}
  { printf RIFF; le 4 $((36 + 2 * claimed * channels)); printf 'WAVEfmt '; le 4 16; le 2 1
    le 2 "$channels"; le 4 "$rate"; le 4 $((2 * rate * channels)); le 2 $((2 * channels)); le 2 16
    printf data; le 4 $((2 * claimed * channels)); head -c $((2 * $2 * channels)) /dev/urandom; } >"$1"
}
# shape FILE: as the .npy header says it
shape() { head -c 128 "$1" | grep -aoE "\([0-9, ]*\)"; }

# --- every kind, of one file
wav a.wav 22050
for kind in "waveform (22050,)" "stft (1025, 44, 2)" "spectrogram (1025, 44)" "mel (128, 44)" \
  "logmel (128, 44)" "mfcc (20, 44)" "delta (20, 44)" "centroid (1, 44)" "bandwidth (1, 44)" \
  "rolloff (1, 44)" "flatness (1, 44)" "zero_crossing_rate (1, 44)" "rms (1, 44)"; do
  expect 0 "" "$features" "${kind%% *}" a.wav -o x.npy
  check "shape of ${kind%% *}" test "$(shape x.npy)" = "${kind#* }"
done
expect 0 "" "$features" mfcc a.wav -o x.npy --n_mfcc 13 --dtype f64 --n_fft 1024 --hop_length 256
check "f64" grep -aq "'<f8'" x.npy
check "13 MFCCs" test "$(shape x.npy)" = "(13, 87)"
expect 0 "" "$features" waveform a.wav -o x.npy --offset .5 --duration .25
check "an excerpt" test "$(shape x.npy)" = "(5512,)"
expect 0 "" "$features" mel_filters --sr 44100 --n_fft 1024 --n_mels 40 --fmin 20 --fmax 8000 --htk --norm none -o x.npy
check "filters" test "$(shape x.npy)" = "(40, 513)"

expect 1 "a.wav: there is nothing after 9 s" "$features" mfcc a.wav -o x.npy --offset 9
for size in 1 511 512 2047 2048 2049; do
  wav odd.wav $size
  expect 0 "" "$features" logmel odd.wav -o x.npy
  check "frames of $size samples" test "$(shape x.npy)" = "(128, $((1 + size / 512)))"
done
wav none.wav 0
expect 1 "none.wav: there is nothing" "$features" logmel none.wav -o x.npy

# --- pictures
for kind in stft mel mfcc waveform spectrum; do
  expect 0 "" "$spectrogram" a.wav -o $kind.png --kind $kind
  check "$kind.png" test "$(head -c 4 $kind.png | tail -c 3)" = PNG
done

# --- a folder: one .npy a file, what is there is kept, what cannot be read is named
mkdir -p music/jazz music/rock
for i in 1 2 3 4; do wav music/jazz/$i.wav 22050; wav music/rock/$i.wav 22050; done
echo "no music" >music/rock/text.mp3
expect 0 "skipped: .*text.mp3" "$features" logmel music -o out
check "eight results" test "$(find out -name '*.npy' | wc -l)" = 8
rm out/jazz/2.npy
touch -d 2001-01-01 out/rock/1.npy
expect 0 "1 of 2 written to out" "$features" logmel music -o out
check "the missing one" test -s out/jazz/2.npy
check "others are kept" test out/rock/1.npy -ot music
rm music/rock/text.mp3
expect 0 "nothing to do" "$features" logmel music -o out
expect 0 "8 of 8" "$features" logmel music -o out --force
cp music/jazz/1.wav music/jazz/1.flac
expect 1 "1.(wav|flac) and .*1.(wav|flac) would both become" "$features" logmel music -o other
check "nothing is written" test ! -e other
mkdir silent
expect 1 "no audio file in silent" "$features" logmel silent -o other
expect 0 "" "$spectrogram" music -o averages --kind mfcc
check "a picture a genre" test -s averages/jazz.png -a -s averages/rock.png

# --- a killed run, and two at once
# 300 files take a second, and the first shows after milliseconds. What is there then is whole, and not all of it.
mkdir many
for i in $(seq 300); do ln a.wav "many/$i.wav"; done
whole() { find killed -name '*.npy' -size 360928c | wc -l; }
"$features" stft many -o killed --threads 2 2>/dev/null &
pid=$!
await compgen -G 'killed/*.npy' >/dev/null
kill -9 $pid
wait $pid 2>/dev/null
check "it was killed" test $? = 137
done_before=$(find killed -name '*.npy' | wc -l)
check "in the middle: after $done_before of 300" test "$done_before" -gt 0 -a "$done_before" -lt 300
check "what is there is whole" test "$(whole)" = "$done_before"
"$features" stft many -o killed 2>/dev/null &
pid=$!
expect 0 "" "$features" stft many -o killed
check "the other of the two, too" wait $pid
check "all are there" test "$(whole)" = 300

# --- bad input
: >empty.wav
mkfifo pipe.wav
head -c 20000 a.wav >cut.wav
wav hours.wav 1000 22050 1 400000000
expect 1 "gone.wav: no such file" "$features" mfcc gone.wav -o x.npy
expect 1 "empty.wav: the file is empty" "$features" mfcc empty.wav -o x.npy
expect 1 "pipe.wav is not a regular file" "$features" mfcc pipe.wav -o x.npy
expect 1 "cut.wav: cut short" "$features" mfcc cut.wav -o x.npy
expect 1 "hours.wav: cut short" bash -c "ulimit -v 700000; exec $features mfcc hours.wav -o x.npy"
wav eight.wav 22050 22050 8
wav slow.wav 100 1
wav fast.wav 76800 768000
for file in eight slow fast; do expect 0 "" "$features" mfcc $file.wav -o x.npy; done
expect 1 "no feature 'chroma'" "$features" chroma a.wav -o x.npy
expect 1 "no input" "$features" mfcc -o x.npy
expect 1 "n_mels -1" "$features" mel a.wav -o x.npy --n_mels -1
expect 1 "'loud' is not a number" "$features" logmel a.wav -o x.npy --ref loud
expect 1 "nowhere/x.npy" "$features" mfcc a.wav -o nowhere/x.npy
expect 1 "gone.wav: no such file" "$spectrogram" gone.wav -o x.png

[ $failures = 0 ]
