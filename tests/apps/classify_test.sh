#!/usr/bin/env bash
# classify as a user runs it: songs, folders, standard input, what cannot be heard, and being killed.
# usage: classify_test.sh CLASSIFY NET
program=$(realpath "$1") net=$(realpath "$2")
. "$(dirname "$0")/../expect.sh"

# A mono wav at 22 050 Hz of so many seconds, of noise that its number makes.
song() { # song FILE SECONDS NUMBER
  local bytes=$(($2 * 44100))
  {
    printf 'RIFF'; le32 $((bytes + 36)); printf 'WAVEfmt '; le32 16
    printf '\1\0\1\0'; le32 22050; le32 44100; printf '\2\0\20\0data'; le32 $bytes
    yes "song $3" | tr '\n' "$3" | head -c $bytes
  } >"$1"
}
le32() { printf "\\x$(printf %02x $(($1 & 255)))\\x$(printf %02x $(($1 >> 8 & 255)))\\x$(printf %02x $(($1 >> 16 & 255)))\\x$(printf %02x $(($1 >> 24 & 255)))"; }

"$net" base_cnn --size 16 --classes 3 --seed 1 --save w.safetensors >log
mkdir -p music/album
song music/a.wav 8 1
song "music/album/b, \"x\".wav" 7 2
song $'music/caf\xe9.wav' 2 3
song c.wav 9 4

expect 0 "^c.wav: [0-2] 0\.[0-9]{3}, [0-2] 0\.[0-9]{3}$" "$program" w.safetensors c.wav --top 2
check "what the file says" grep -q "^w.safetensors: base_cnn of input 'picture'" log
check "and the classes" grep -q "^classes: 0 1 2$" log
expect 0 "4 of 4 songs in [0-9:]+, .*decoding" "$program" w.safetensors music c.wav --csv all.csv --json all.json --html all.html
check "three songs below the folder: 5 s windows from 0, 1, 2, 3 s; from 0, 1, 2; the short one whole; 5" \
  [ "$(grep -c ,window, all.csv)$(grep -c ,song, all.csv)" = 134 ]
check "RFC 4180" grep -q '^"music/album/b, ""x"".wav",song,0,7,' all.csv
check "bytes that are not UTF-8" grep -qF 'music/caf\xe9.wav,window,0,2,' all.csv
check "in JSON, too" grep -qF '"music/caf\\xe9.wav"' all.json
check "classes are columns" [ "$(head -n 1 all.csv)" = "file,part,begin,end,0,1,2" ]
check "strengths add up to 1" awk -F, 'NR > 1 { s = $(NF) + $(NF-1) + $(NF-2); if (s < .999 || s > 1.001) exit 1 }' all.csv
check "nothing is left beside" [ "$(ls -A | tr '\n' ' ')" = "all.csv all.html all.json c.wav log music w.safetensors " ]
check "the page needs no network" [ "$(grep -cE "(src|href)=.?(https?:)?//" all.html)" = 0 ]

check "Winograd's convolutions are in the JSON" grep -q '"winograd":true' all.json
expect 0 "" "$program" w.safetensors c.wav --winograd off --json exact.json
check "and that there were none" grep -q '"winograd":false' exact.json
expect 2 "winograd" "$program" w.safetensors c.wav --winograd maybe
rm exact.json

# One thread, standard input, another order: the same numbers.
expect 0 "" "$program" w.safetensors c.wav music --threads 1 --csv again.csv
check "the same with one thread" cmp -s <(sort all.csv) <(sort again.csv)
"$program" w.safetensors - --csv in.csv <c.wav >log 2>&1
check "standard input: $(cat log)" cmp -s <(sed -n 's/^standard input,//p' in.csv) <(sed -n 's/^c.wav,//p' all.csv)

# Problems are named; what can be heard is.
song music/m.m4a 1 5
printf 'no sound' >music/no.wav
expect 1 "3 of 4 songs" "$program" w.safetensors music --json some.json
check "a refused format is named" grep -q "m.m4a: m4a is not decoded here: ffmpeg" log
check "a damaged file, too" grep -q "music/no.wav: .*no.wav" log
check "and in the JSON" grep -q '"file":"music/no.wav"' some.json
expect 1 "none.wav: .*no such file" "$program" w.safetensors none.wav c.wav
check "the others are heard" grep -q "^c.wav: " log
expect 1 "standard input: .*standard input" "$program" w.safetensors -
expect 2 "0 is not a number above 0" "$program" w.safetensors c.wav --every 0
expect 2 "songs is required" "$program" w.safetensors
expect 1 "written over a song" "$program" w.safetensors c.wav --csv ./c.wav
expect 1 "written over the weights" "$program" w.safetensors c.wav --csv w.safetensors
expect 1 "no folder" "$program" w.safetensors c.wav --csv none/x.csv
expect 1 "two outputs" "$program" w.safetensors c.wav --csv x --json ./x
printf 'junk' >junk.safetensors
expect 1 "junk.safetensors" "$program" junk.safetensors c.wav

# Killed whenever it is: the same command goes on to the same bytes.
rm music/no.wav music/m.m4a
go=("$program" w.safetensors music c.wav --every .05)
expect 0 "" "${go[@]}" --csv whole.csv --json whole.json
for moment in .03 .1 .2; do
  "${go[@]}" --csv k.csv --json k.json >/dev/null 2>&1 &
  sleep $moment
  kill -9 $! 2>/dev/null && wait $! 2>/dev/null
  expect 0 "4 of 4" "${go[@]}" --csv k.csv --json k.json
  check "killed after $moment s" cmp -s k.csv whole.csv
  check "and its JSON" cmp -s k.json whole.json
  rm -f k.csv k.json
done
# Of a journal that was cut off, the whole lines count, if they are of the same weights and settings.
expect 1 "/dev/full: No space left" "${go[@]}" --csv k.csv --json /dev/full
truncate -s -100 k.csv.unfinished
cp k.csv.unfinished cut
expect 0 "going on: 3 songs" "${go[@]}" --csv k.csv --json k.json
check "after half a line" cmp -s k.csv whole.csv
check "no journal is left" [ ! -e k.csv.unfinished ]
cp cut k.csv.unfinished
expect 0 "4 of 4" "$program" w.safetensors music c.wav --every .06 --csv k.csv
check "another --every is heard anew" [ "$(grep -c 'going on' log)" = 0 ]
cp cut k.csv.unfinished
sed -i 's/"strengths":\[0/"strengths":[1/' k.csv.unfinished
expect 0 "4 of 4" "${go[@]}" --csv k.csv --json k.json
check "a line that was changed does not count" cmp -s k.csv whole.csv

[ $failures = 0 ]
