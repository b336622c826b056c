#!/usr/bin/env bash
# Runs the study of tables as a user would, with good and with bad input.
# usage: spotify_tabular_test.sh PROGRAM
program=$(realpath "$1")
. "$(dirname "$0")/../expect.sh"

# Songs of three genres that overlap: id, energy, loudness, tempo, key, mode, genre.
songs() { # songs COUNT
  echo "track_id,energy,loudness,tempo,key,mode,track_genre"
  awk -v count="$1" 'BEGIN { srand(3); split("folk metal techno", genres, " ")
    for (i = 0; i < count; ++i) { g = i % 3; noise = rand() + rand() - 1
      printf "id%d,%.3f,%.2f,%.1f,%d,%d,%s\n", i, .3 * g + .5 * rand(), -20 + 5 * g + 6 * noise,
             100 + 20 * g + 40 * rand(), int(12 * rand()), rand() < .6, genres[g + 1] } }'
}
songs 150 >songs.csv
quick="--fewest 1 --epochs 3 --passes 20"
numbers() { grep -vE '"(seconds|waited|date|command)"' "$1"; }

# --- what works
expect 0 "The report: " $program --data songs.csv $quick --out good
for text in "50 songs of folk, 50 of metal and 50 of techno; whoever always says folk is right of 33.3" \
  "no columns danceability, speechiness, acousticness, instrumentalness, liveness, valence: the other inputs"; do
  check "said: $text" grep -qE "$text" good/results.json
done
for title in "Five songs" "Beside the largest genre" "How far the solvers came" "What speaks for which genre" \
  "How they learnt"; do
  check "the report has: $title" grep -q "<h2>$title</h2>" good/report.html
done
check "SAGA did not converge and says so" grep -q "all 20 passes, not converged" good/results.json
check "both ways to split" grep -q '"recordings whole, 70/15/15 %"' good/results.json
check "published figures are shown, and of what they are" grep -q "8 576 songs of 8 genres" good/report.html
check "the published split validates on its test part" \
  grep -q "75 % train, 25 % test: 111 songs to train, 39 to validate, 39 to test" good/report.html
check "there are no pictures of songs" test -z "$(grep '<h2>Look' good/report.html)"
expect 0 "^6 fits" $program --data songs.csv $quick --plan --out planned
expect 0 "dense-published-0 +1503 " $program --data songs.csv $quick --plan --out planned
expect 0 "saga-published-0 .* 0:[0-9][0-9] " $program --data songs.csv $quick --plan --out planned
expect 0 "converged, after pass" $program --data songs.csv --fewest 1 --standardise --nets lbfgs --out standard
expect 0 "The report: " $program --data songs.csv $quick --nets lbfgs --columns energy,bpm --rename bpm=tempo \
  --classes techno,folk --out two
check "the inputs that were asked for" grep -q '"songs (2,)"' two/results.json
check "the genres that were asked for" grep -q '"100 songs of songs.csv: techno and folk"' two/results.json
expect 0 "The report: " $program --clips 8 $quick --out made
check "a table is made up, and lies there" grep -q "^classical.0," made/songs/8_songs_seed_0.csv
check "and that is said" grep -q "the table is made up" made/report.html

# --- rows that need a rule
{ cat songs.csv; echo "id0,.3,-10,100,1,1,metal"; echo "id0,.3,-10,100,1,1,folk"; echo "x,.3,-10,?,1,1,folk"
  echo "y,.3,-10,-1,1,1,folk"; echo "z,.3,-10,100,-1,1,folk"; echo "short,row"; echo "r,.1,-9,90,1,1,rare"; } >odd.csv
expect 0 "The report: " $program --data odd.csv --fewest 2 --nets lbfgs --passes 5 --out odd
for text in "rows that cannot be used: 1 with another number of fields, 1 without key, 2 without tempo" \
  "1 row with the id and the genre of an earlier one left out" "1 track in several genres" \
  "genres with fewer than 2 songs are left out: rare (1)" "the 151 songs are 150 recordings"; do
  check "said: $text" grep -qF "$text" log
  check "in the report: $text" grep -qF "$text" odd/report.html
done

# --- bad input: one sentence
expect 1 "songs.csv: no column 'style': track_id, energy" $program --data songs.csv --genre-column style --out bad
expect 1 "songs.csv: no column 'height'" $program --data songs.csv --columns energy,height --out bad
expect 1 "0 genres have at least 500 songs; needs two" $program --data songs.csv --out bad
expect 1 "there is no genre 'polka': there are folk, metal, techno" $program --data songs.csv $quick --classes polka,folk --out bad
cut -d, -f1-6 songs.csv >nameless.csv
expect 1 "nameless.csv: no column of genres, .* there are track_id, energy" $program --data nameless.csv $quick --out bad
cut -d, -f1,2,7 songs.csv >narrow.csv
expect 1 "narrow.csv: 1 of the inputs .* are there, two are needed: the columns are" $program --data narrow.csv $quick --out bad
: >empty.csv
expect 1 "empty.csv: the file is empty" $program --data empty.csv --out bad
head -n 1 songs.csv >heading.csv
expect 1 "heading.csv: there are no rows" $program --data heading.csv --out bad
head -c 3000 /dev/urandom >noise.csv
expect 1 "noise.csv" $program --data noise.csv --out bad
expect 1 "nowhere.csv" $program --data nowhere.csv --out bad
expect 1 "good" $program --data good --out bad
songs 6 >six.csv
expect 1 "class 'folk' has 2 groups .*, too few for 3 parts" $program --data six.csv --fewest 1 --out bad
expect 1 "of a table" $program --data songs.csv $quick --segments 2 --out bad
expect 2 "energy is not INPUT=COLUMN" $program --data songs.csv --rename energy --out bad
expect 1 "of no pretrained net" $program --data songs.csv $quick --weights good/weights/dense.safetensors --out bad
for value in 0 -5 text; do expect 2 "passes" $program --passes $value; done
check "nothing was left behind" test ! -e bad/results.json

# --- Ctrl-C and kills, then --resume: the same figures
base="--fewest 1 --epochs 40 --passes 3000 --protocol published"
long="$program --data songs.csv $base --tolerance 0"
expect 0 "" $long --out straight
for net in saga lbfgs dense; do
  begin $long --out stopped --resume
  await test -e stopped/results.json
  sleep .0$((RANDOM % 9 + 1))
  kill -INT $pid
  wait $pid
done
RANDOM=7
for kill in 1 2 3; do
  begin $long --out stopped --resume
  sleep "0.$(printf %03d $((RANDOM % 300)))"
  kill -KILL $pid 2>/dev/null
  wait $pid 2>/dev/null
done
expect 0 "The report: " $long --out stopped --resume
check "interrupted and killed, it comes to the same" diff <(numbers straight/results.json) <(numbers stopped/results.json)
for net in saga lbfgs; do  # each of them, in the middle
  few="$program --data songs.csv --fewest 1 --tolerance 0 --protocol published --nets $net"
  expect 0 "" $few --passes 9 --out nine
  expect 0 "" $few --passes 4 --out four
  expect 0 "goes on from" $few --passes 9 --out four --resume
  check "$net: 4 passes and 5 more are 9" diff <(numbers nine/results.json | grep -v passes) \
    <(numbers four/results.json | grep -v passes)
done
sed 's/^id7,[^,]*/id7,.123/' songs.csv >changed.csv
expect 1 "other data" $program --data changed.csv $base --tolerance 0 --out stopped --resume
expect 1 "normalisation: none → " $long --standardise --out stopped --resume
expect 1 "until a pass changes no weight by more than 0 of the largest → " $program --data songs.csv $base --tolerance .1 --out stopped --resume

[ $failures = 0 ] && echo "all passed"
exit $((failures > 0))
