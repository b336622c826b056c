#!/usr/bin/env bash
# fma_small map as a user runs it: names from tags, a table and files, songs that cannot be heard, being stopped.
# usage: fma_map_test.sh FMA_SMALL NET
program=$(realpath "$1") net=$(realpath "$2")
. "$(dirname "$0")/../expect.sh"

le32() { printf "\\x$(printf %02x $(($1 & 255)))\\x$(printf %02x $(($1 >> 8 & 255)))\\x$(printf %02x $(($1 >> 16 & 255)))\\x$(printf %02x $(($1 >> 24 & 255)))"; }
# A tag of a wav; its text is of an even number of bytes.
tag() { printf '%s' "$1"; le32 ${#2}; printf '%s' "$2"; }
# A mono wav at 22 050 Hz of so many seconds, of noise that its number makes, with a title if there is one, and an
# album and a year.
song() { # song FILE SECONDS NUMBER [TITLE]
  local bytes=$(($2 * 44100)) title=${4:-} size=0
  [ -z "$title" ] || size=$((8 + 4 + 8 + ${#title} + 8 + 6 + 8 + 4))
  {
    printf 'RIFF'; le32 $((bytes + 36 + size)); printf 'WAVEfmt '; le32 16
    printf '\1\0\1\0'; le32 22050; le32 44100; printf '\2\0\20\0'
    if [ -n "$title" ]; then
      printf LIST; le32 $((size - 8)); printf INFO; tag INAM "$title"; tag IPRD Taglia; tag ICRD 1969
    fi
    printf 'data'; le32 $bytes
    yes "song $3" | tr '\n' "$3" | head -c $bytes
  } >"$1"
}

"$net" base_cnn --size 16 --classes 3 --seed 1 --save w.safetensors >log
mkdir -p "music/Sea (1971)" music/other
song "music/Sea (1971)/<b>one.wav" 11 1
song "music/Sea (1971)/two.wav" 12 2
song music/other/two.wav 10 3
song music/other/tagged.wav 10 4 "Said & done!"
song music/in_table.wav 16 5
map=("$program" map --songs music --weights w.safetensors)

# value PATTERN-OF-THE-FILE KEY: what map.json says of a song
value() { tr '{' '\n' <m/map.json | grep "\"file\":\"[^\"]*$1" | grep -o "\"$2\":[^,]*" | head -n 1; }

printf 'file,year,title\nin_table.wav,1999,"From, a table"\nnone.wav,2000,x\n' >t.csv
expect 0 "the map: m/map.html" "${map[@]}" --out m --csv t.csv
check "few songs" grep -q "^perplexity 1.33 in place of 30, as there are 5 songs" log
check "a row too much" grep -q "^t.csv: 1 row of files that are not on the map, 'none.wav'" log
check "a title from tags" [ "$(value tagged.wav title)$(value tagged.wav album)$(value tagged.wav year)" = '"title":"Said & done!""album":"Taglia""year":1969' ]
check "one from the table" grep -qF '"title":"From, a table"' m/map.json
check "its year, too, and no album but the folder" [ "$(value in_table.wav year)$(value in_table.wav album)" = '"year":1999"album":"music"' ]
check "from file and folder" [ "$(value one.wav title)$(value one.wav album)$(value one.wav year)" = '"title":"<b>one""album":"Sea (1971)""year":1971' ]
check "a year that nobody knows" [ "$(value other/two.wav year)" = '"year":null' ]
check "slices of 5 s" [ "$(value one.wav slices)$(value in_table.wav slices)" = '"slices":2"slices":3' ]
check "two songs of one title are two" [ "$(grep -o '"title":"two (' m/map.html | wc -l)" = 2 ]
check "text is no markup" [ "$(grep -c '<b>one' m/map.html)" = 0 ]
check "four others are closest to each" [ "$(grep -o '"distance"' m/map.json | wc -l)" = 20 ]
check "the closest first" awk '
  { while (match($0, /"closest":\[[^]]*/)) {
      list = substr($0, RSTART, RLENGTH); $0 = substr($0, RSTART + RLENGTH); n = split(list, part, "distance\":"); before = 0
      for (i = 2; i <= n; ++i) { if (part[i] + 0 < before) exit 1; before = part[i] + 0 } } }' m/map.json
check "the page needs no network" [ "$(grep -cE "(src|href)=.?(https?:)?//" m/map.html)" = 0 ]
check "it plays the files" grep -qF '"link":"../music/Sea%20%281971%29/%3Cb%3Eone.wav"' m/map.html
check "nothing is left beside" [ "$(ls -A m | tr '\n' ' ')" = "map.html map.json " ]

# The same with one thread; another seed moves nothing but a random start.
expect 0 "" "${map[@]}" --out one --csv t.csv --threads 1
check "one thread" cmp -s m/map.html one/map.html
expect 0 "" "${map[@]}" --out r1 --start random --seed 1
expect 0 "" "${map[@]}" --out r2 --start random --seed 2
check "random starts differ" [ "$(cmp -s r1/map.json r2/map.json; echo $?)" = 1 ]

# What cannot be heard is skipped, counted and named.
cp -r music more
printf 'no sound' >more/no.wav
song more/short.wav 3 6
expect 0 "^2 skipped" "$program" map --songs more --weights w.safetensors --out s
check "a short one" grep -q "more/short.wav: .*the song is 3 s long, shorter than one slice of 5 s" log
check "and one that is none" grep -q "more/no.wav: .*no.wav" log
check "in the JSON" grep -qF '"skipped":[{"file":"more/no.wav"' s/map.json
check "and on the page" grep -q "more/short.wav" s/map.html

# Stopped or killed while it hears or draws: the same command goes on to the same bytes.
mkdir k
begin "${map[@]}" --out k --csv t.csv
await test -s k/map.unfinished
kill -9 $pid && wait $pid 2>/dev/null
expect 0 "" "${map[@]}" --out k --csv t.csv
check "killed: JSON" cmp -s k/map.json m/map.json
check "killed: page" cmp -s k/map.html m/map.html
rm k/*
expect 1 "map.json" env bash -c 'mkdir k/map.json; "$@"' - "${map[@]}" --out k --csv t.csv
check "what was heard stays" [ -s k/map.unfinished ]
truncate -s -50 k/map.unfinished
rmdir k/map.json
expect 0 "going on: 4 songs heard before" "${map[@]}" --out k --csv t.csv
check "after half a line" cmp -s k/map.html m/map.html

# Wrong use.
mkdir empty
expect 1 "empty: there are no songs in this folder" "$program" map --songs empty --weights w.safetensors --out e
expect 1 "none is no folder of songs" "$program" map --songs none --weights w.safetensors --out e
mkdir short && song short/a.wav 2 1
expect 1 "none of the 1 songs could be heard" "$program" map --songs short --weights w.safetensors --out e
expect 2 "weights is required" "$program" map --songs music
expect 2 "\.5 is not a number from 1 on" "${map[@]}" --perplexity .5
printf 'title\nx\n' >bad.csv
expect 1 "bad.csv: .*file" "${map[@]}" --csv bad.csv --out e
printf 'file,year\na.wav,soon\n' >bad.csv
expect 1 "bad.csv: row 2: 'soon' is no year" "${map[@]}" --csv bad.csv --out e
printf 'file\na.wav\na.wav\n' >bad.csv
expect 1 "bad.csv: row 3: 'a.wav' is there twice" "${map[@]}" --csv bad.csv --out e
printf 'junk' >junk.safetensors
expect 1 "junk.safetensors" "$program" map --songs music --weights junk.safetensors --out e
# One song, and two.
song short/b.wav 6 1
expect 0 "t-SNE of 1 point in" "$program" map --songs short --weights w.safetensors --out e
song short/c.wav 6 2
expect 0 "t-SNE of 2 points in" "$program" map --songs short --weights w.safetensors --out e

[ $failures = 0 ]
