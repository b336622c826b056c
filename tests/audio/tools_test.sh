#!/usr/bin/env bash
# Runs the programs features and spectrogram as a user would, with good and with bad input.
# usage: tools_test.sh FEATURES SPECTROGRAM NET
features=$(realpath "$1") spectrogram=$(realpath "$2") net=$(realpath "$3")
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

expect 1 "a.wav: no samples after 9 s" "$features" mfcc a.wav -o x.npy --offset 9
for size in 1 511 512 2047 2048 2049; do
  wav odd.wav $size
  expect 0 "" "$features" logmel odd.wav -o x.npy
  check "frames of $size samples" test "$(shape x.npy)" = "(128, $((1 + size / 512)))"
done
wav none.wav 0
expect 1 "none.wav: the file has no samples" "$features" logmel none.wav -o x.npy

# --- pictures
for kind in stft mel mfcc waveform spectrum; do
  expect 0 "" "$spectrogram" a.wav -o $kind.png --kind $kind
  check "$kind.png" test "$(head -c 4 $kind.png | tail -c 3)" = PNG
done

# --- pure tones
expect 0 "" "$spectrogram" --tones 100,200,900,1000 -o tones.png
check "tones.png" test "$(head -c 4 tones.png | tail -c 3)" = PNG
expect 0 "" "$spectrogram" --tones 3999 -o low.png --sr 8000 --width 64 --height 32
# two pictures of 32 × 32 with their margins: bytes 16 to 23 of a PNG
check "their size" test "$(head -c 24 low.png | tail -c 8 | od -An -tu1 | tr -s ' ')" = " 0 0 0 192 0 0 0 78"
for hz in 4000 0 -1 nan inf 100,11025; do
  expect 1 "^spectrogram: .*Hz does not lie between 0 and half the rate of 8000 Hz$" "$spectrogram" --tones $hz -o x.png --sr 8000
done
expect 2 "tones" "$spectrogram" --tones low -o x.png
expect 2 "tones" "$spectrogram" --tones "$(seq -s , 33)" -o x.png
expect 2 "tones" "$spectrogram" a.wav --tones 100 -o x.png
expect 2 "tones" "$spectrogram" -o x.png
for option in "--kind mel" "--axis log" "--offset 1" "--duration 1" "--n_mels 13" "--n_mfcc 13" --no-axes; do
  expect 2 "--tones" "$spectrogram" --tones 100 -o x.png $option
done
expect 1 "nowhere/x.png: No such file" "$spectrogram" --tones 100 -o nowhere/x.png

# --- a folder: one .npy a file, what is there is kept, what cannot be read is named
mkdir -p music/jazz music/rock
for i in 1 2 3 4; do wav music/jazz/$i.wav 22050; wav music/rock/$i.wav 22050; done
echo "no music" >music/rock/text.mp3
expect 1 "failed: .*text.mp3" "$features" logmel music -o out
check "eight results" test "$(find out -name '*.npy' | wc -l)" = 8
rm out/jazz/2.npy
touch -d 2001-01-01 out/rock/1.npy
expect 1 "1 of 2 written to out, 7 were there already" "$features" logmel music -o out
check "the missing one" test -s out/jazz/2.npy
check "others are kept" test out/rock/1.npy -ot music
rm music/rock/text.mp3
expect 0 "nothing to do" "$features" logmel music -o out
expect 0 "8 of 8" "$features" logmel music -o out --force
cp music/jazz/1.wav music/jazz/1.flac
expect 1 "1.(wav|flac) and .*1.(wav|flac) would both become" "$features" logmel music -o other
check "nothing is written" test ! -e other
rm music/jazz/1.flac
mkdir silent
expect 1 "no audio file in silent" "$features" logmel silent -o other
expect 0 "" "$spectrogram" music -o averages --kind mfcc
check "a picture a genre" test -s averages/jazz.png -a -s averages/rock.png
for i in 1 2 3 4 5 6 7; do mkdir -p mostly; echo junk >mostly/$i.wav; done
cp a.wav mostly/8.wav
expect 1 "1 of 8 written" "$features" rms mostly -o mostly_out
check "seven are named" test "$(grep -c '^failed: .*mostly/[1-7].wav' log)" = 7

# --- what is there was made of the same bytes with the same parameters
one() { expect 0 "$1" "$features" "${@:2}" one -o one_out; }
mkdir one
wav one/a.wav 22050
one "1 of 1 written" logmel
one "nothing to do" logmel
# What each says that the one before it did not: other parameters, though some give the same numbers.
for change in "logmel --n_mels 40" "mfcc" "mfcc --offset .1" "mfcc --offset .1000000001" "mfcc --duration .5" \
  "mfcc --sr 16000" "mfcc --dtype f64" "mfcc --top_db none" "mfcc --lifter 2" "mfcc --center 0" "rms --n_mels 40"; do
  one "1 made again: other parameters" $change
  one "nothing to do" $change
done
one "nothing to do" rms --n_mels 40 --threads 1
cp -p one/a.wav before.wav
wav one/a.wav 22050
touch -r before.wav one/a.wav
one "1 made again: the source has changed" rms --n_mels 40
cp -p before.wav one/a.wav
one "1 made again: the source has changed" rms --n_mels 40
cp one_out/a.npy whole.npy
for damage in "truncate -s -1" "truncate -s 0" "sed -i s/f4/f8/"; do
  $damage one_out/a.npy
  one "1 made again: the result had been changed" rms --n_mels 40
  check "as before: $damage" cmp -s whole.npy one_out/a.npy
done
printf 'half a line' >>one_out/.features
one "nothing to do" rms --n_mels 40
one "1 made again" mfcc
one "nothing to do" mfcc

# --- nothing is written over that features did not make
wav one/b.wav 22050
echo PRECIOUS >one_out/b.npy
expect 1 "one_out/b.npy would be written over" "$features" mfcc one -o one_out
check "it stays" grep -q PRECIOUS one_out/b.npy
expect 0 "2 of 2 written" "$features" mfcc one -o one_out --force
mkdir source linked
mv one/b.wav source/song.wav
echo PRECIOUS >source/song.npy
ln -s ../source/song.wav linked/song.wav
expect 0 "1 of 1 written to feat" "$features" rms linked -o feat
check "beside a link's target nothing is written" grep -q PRECIOUS source/song.npy
check "but where it was asked for" test -s feat/song.npy
ln -sf "$work/source/song.npy" feat/song.npy
expect 1 "feat/song.npy would be written over" "$features" rms linked -o feat
check "through a link neither" grep -q PRECIOUS source/song.npy
ln -s a.wav one/a.wav 2>/dev/null
ln -s loop.wav one/loop.wav
ln -s ../source one/album
echo "no music" >one/song.m4a
expect 0 "skipped: one/song.m4a: m4a is not decoded here: ffmpeg" "$features" mfcc one -o one_out
check "a loop is named" grep -q "^skipped: one/loop.wav: " log
check "a linked folder is looked into" test -s one_out/album/song.npy
expect 1 "a.wav is there and is no npy file" "$features" mfcc a.wav -o a.wav
expect 1 "a.wav would be written over by its own picture" "$spectrogram" a.wav -o ./a.wav
long=$(printf 'x%.0s' {1..246}).wav
mkdir names
cp a.wav "names/$long"
cp before.wav names/$'not\xffutf8.wav'
expect 0 "2 of 2 written" "$features" rms names -o names_out
check "long names and odd ones" test -s "names_out/${long%.wav}.npy" -a -s names_out/$'not\xffutf8.npy'

# --- what a net sees
"$net" base_cnn --size 16 --classes 3 --seed 1 --save w.safetensors
expect 0 "" "$features" --like w.safetensors a.wav -o seen.npy
check "what base_cnn sees" test "$(shape seen.npy)" = "(3, 16, 16)"
expect 0 "" "$net" w.safetensors --input seen.npy --output of_seen.npy
expect 0 "" "$net" w.safetensors --input a.wav --output of_sound.npy
check "the same logits" cmp -s of_seen.npy of_sound.npy
expect 0 "" "$spectrogram" --like w.safetensors a.wav -o seen.png
check "a picture as large as the net sees it" test "$(head -c 24 seen.png | tail -c 8 | od -An -tx1 | tr -d ' ')" = 0000001000000010
expect 0 "" "$features" --like w.safetensors seen.png -o from_png.npy
expect 0 "8 of 8" "$features" --like w.safetensors music -o seen
"$net" base_cnn --size 16 --classes 3 --seed 2 --save w.safetensors
expect 0 "8 made again: other parameters" "$features" --like w.safetensors music -o seen
expect 2 "n_fft" "$features" --like w.safetensors a.wav -o x.npy --n_fft 512
expect 2 "kind" "$spectrogram" --like w.safetensors a.wav -o x.png --kind mel
expect 1 "a.npy: not a safetensors file" "$features" --like one_out/a.npy a.wav -o x.npy

# --- a killed run, and two at once
# 300 files take a second, and the first shows after milliseconds. What is there then is whole, and not all of it.
mkdir many
for i in $(seq 300); do cp a.wav "many/$i.wav"; done
expect 0 "" "$features" stft a.wav -o whole.npy
whole() { find killed -name '*.npy' -exec cmp -s {} whole.npy ';' -print | wc -l; }
killed=0
there() { [ "$(find killed -name '*.npy' | wc -l)" -ge "$1" ]; }
for results in 1 20 100; do # so many are there when it is killed
  begin "$features" stft many -o killed --threads 2
  await there $results
  kill -9 $pid
  wait $pid 2>/dev/null
  check "it was killed" test $? = 137
  killed=$(find killed -name '*.npy' | wc -l)
  check "in the middle: after $killed of 300" test "$killed" -ge $results -a "$killed" -lt 300
  check "what is there is whole" test "$(whole)" = "$killed"
done
"$features" stft many -o killed 2>/dev/null &
pid=$!
expect 0 "$((300 - killed)) of $((300 - killed)) written.* $killed were there" "$features" stft many -o killed
check "the other of the two, too" wait $pid
check "all are there" test "$(whole)" = 300
expect 0 "nothing to do" "$features" stft many -o killed

# --- Ctrl-C
begin "$features" stft many -o stopped --threads 1
await compgen -G 'stopped/*.npy' >/dev/null
kill -TERM $pid
wait $pid
check "stopped" test $? = 130
check "it says how to go on" grep -q "^features: stopped: the same command goes on" log

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
wav single.wav 1
echo text >text.wav
for file in eight slow fast; do expect 0 "" "$features" mfcc $file.wav -o x.npy; done
# Whatever is made of a file, what is wrong with it is said with its name.
for file in empty.wav none.wav text.wav silent gone.wav pipe.wav; do
  for kind in waveform stft mel delta centroid rms; do
    expect 1 "$file" "$features" $kind $file -o x.npy
  done
  for kind in mel mfcc waveform spectrum; do expect 1 "$file" "$spectrogram" $file -o x.png --kind $kind; done
done
expect 1 "^spectrogram: .* none.wav: the file has no samples$" "$spectrogram" none.wav -o x.png
for kind in waveform stft spectrogram mel logmel mfcc centroid bandwidth rolloff flatness zero_crossing_rate rms; do
  expect 0 "" "$features" $kind single.wav -o x.npy
done
expect 1 "single.wav: .*as many frames" "$features" delta single.wav -o x.npy
for kind in stft mel mfcc waveform; do expect 0 "" "$spectrogram" single.wav -o x.png --kind $kind; done
expect 1 "single.wav: .*needs" "$spectrogram" single.wav -o x.png --kind spectrum

# --- wrong use: 2, and the option is named
wrong() { # wrong OPTION VALUES PROGRAM…
  local value
  for value in $2; do expect 2 "$1" "${@:3}" "$1" "$value"; done
}
for option in --sr --offset --duration --fmin --fmax --lifter --win_length --threads; do
  wrong $option "-5 nan inf text 1e400" "$features" mfcc a.wav -o x.npy
done
for option in --n_fft --hop_length --n_mels --n_mfcc --power --amin --ref --width --order --dct_type --roll_percent; do
  wrong $option "-5 nan inf 0 text 1e400" "$features" mfcc a.wav -o x.npy
done
wrong --top_db "-5 nan inf x 1e400" "$features" mfcc a.wav -o x.npy
wrong --roll_percent "1 2" "$features" rolloff a.wav -o x.npy
for option in --window --pad_mode --norm --dct_norm --dtype --center; do
  wrong $option text "$features" mfcc a.wav -o x.npy
done
for option in --sr --offset --duration; do wrong $option "-5 nan inf text 1e400" "$spectrogram" a.wav -o x.png; done
for option in --n_fft --hop_length --n_mels --n_mfcc --height --width; do
  wrong $option "-5 nan inf 0 text 1e400" "$spectrogram" a.wav -o x.png
done
for option in --kind --axis --colours; do wrong $option text "$spectrogram" a.wav -o x.png; done
expect 2 "no feature 'chroma'" "$features" chroma a.wav -o x.npy
expect 2 "no input" "$features" mfcc -o x.npy
expect 2 "mel_filters" "$features" mel_filters a.wav -o x.npy
expect 2 "--output" "$features" mfcc a.wav
expect 1 "music is a folder: .* not stft" "$spectrogram" music -o averages --kind stft
expect 1 "music: .*rate" "$spectrogram" music -o averages --kind mel --sr 0

# --- where it is to go
for program in "$features mfcc a.wav" "$spectrogram a.wav"; do
  expect 1 "nowhere/x: No such file" $program -o nowhere/x
  expect 1 "silent: is a folder" $program -o silent
  expect 1 "x: File too large" bash -c "ulimit -f 1; exec $program -o x"
done
check "nothing is left" test ! -e x -a -z "$(find . -maxdepth 1 -name '*.partial')"
expect 1 "a.wav: Not a directory" "$features" mfcc music -o a.wav
expect 1 "File too large" bash -c "ulimit -f 1; exec $features stft music -o full"
check "each is named" test "$(grep -c '^failed: .*full/' log)" = 8
check "no half file" test -z "$(find full -name '*.npy')"
mkdir -m 555 read_only
as=()
if [ "$(id -u)" = 0 ]; then # who may write everywhere
  chmod 755 "$work"
  as=(setpriv --reuid=65534 --regid=65534 --clear-groups)
fi
expect 1 "read_only/x.npy: Permission denied" "${as[@]}" "$features" mfcc a.wav -o read_only/x.npy
expect 1 "read_only/.features: Permission denied" "${as[@]}" "$features" mfcc music -o read_only
expect 1 "read_only/x.png: Permission denied" "${as[@]}" "$spectrogram" a.wav -o read_only/x.png

[ $failures = 0 ]
