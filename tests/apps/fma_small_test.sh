#!/usr/bin/env bash
# Study B as a user runs it: made-up music, the archive's layout, log-mel pictures.
# usage: fma_small_test.sh PROGRAM SPECTROGRAM
program=$(realpath "$1")
spectrogram=$(realpath "$2")
. "$(dirname "$0")/../expect.sh"

has() { grep -qF -- "$2" "$1"; }
numbers() { grep -vE '"(seconds|waited|date|command)"' "$1"; }

# --- made-up music: 118 frames are the fewest that convpool takes
tiny="--clips 7 --frames 118 --steps 2 --batch 8"
expect 0 "ResNet-50, zoom .4: not run: needs --weights or --pretrain" $program $tiny --epochs 2 --out first
for text in "id='epochs'" "id='examples'" "id='genres'" "id='taken'" "id='bars'" "convpool, zoom .3" \
  "convconvpool, zoom .5, 80 epochs" "final validation accuracy" "best validation accuracy" "s an epoch" "48.8" "52.9" \
  "they stand side by side to show the page, not to be compared" "data-genre='3'" "is taken for" "in top 3" \
  "zoom ± 0.3" "JPEG of quality 75"; do
  check "the report has $text" has first/report.html "$text"
done
check "the nets see (1, 128, 118)" has first/results.json "mel (1, 128, 118)"
check "a picture of each of four genres" test "$(grep -o "mel spectrogram of" first/report.html | wc -l)" = 4
check "an example can be heard" grep -q "data-sound='music/" first/report.html
check "what is measured of the validation part" test "$(grep -c '"final validation loss": [0-9]' first/results.json)" -ge 15
# Its parts agree with each other: mistakes in the table, in the bars and in the confusions.
page() { tr -d '\n' <first/report.html; }
wrong=$(grep -oE '[0-9]+ of [0-9]+ test clips?[;.]' first/report.html | head -n 1 | cut -d' ' -f1)
check "a line for every mistake" test "$(grep -oE '<td>no</td><td>(yes|no)</td></tr>' first/report.html | wc -l)" = "$wrong"
check "and for nothing else" test "$(grep -cE '<td>yes</td><td>(yes|no)</td></tr>' first/report.html)" = 0
label=0
for genre in classical jazz metal techno; do
  rows=$(page | grep -o "<tbody data-genre='$label'>.*" | sed 's|</tbody>.*||' | grep -oE '<td>no</td><td>(yes|no)</td></tr>' | wc -l)
  bars=$(page | grep -o "<b>Taken for $genre</b>.*<b>$genre is taken for</b>" | grep -oE '<td>[0-9]+</td>' | tr -dc '0-9\n' |
    awk '{ sum += $1 } END { print sum + 0 }')
  check "as many are taken for $genre by the table as by the bars" test "$rows" = "$bars"
  scores=$(page | sed "s/ class='strong'//g; s|<td>–</td>||g" | grep -oE "<td>$genre</td>(<td>[01]\.[0-9]+</td>){3}" | sort -u | wc -l)
  check "one precision, recall and F1 of $genre" test "$scores" = 1
  label=$((label + 1))
done
music=first/music/7_clips_seed_0
frames="--frames 118 --batch 8"

# --- the archive's layout: tracks 2, 5 and so on of two genres, an empty file, a short one, one that is no track,
# one that has no file
mkdir -p fma/000 fma/012
heading=',album,artist,artist,set,set,track,track
,title,id,name,split,subset,genre_top,title
track_id,,,,,,,
'
table() { # the first column's heading is the album's
  printf '%s' "$heading"
  local i=0 part
  for genre in Rock Pop; do
    for part in training training training training training training validation test validation test; do
      i=$((i + 1))
      # Titles with commas, quotes and line breaks; two tracks of an artist follow each other.
      printf '%d,"An album, with\na line break",%d,"The ""Band"" %d",%s,small,%s,Song %d\n' \
        $i $(((i + 1) / 2)) $i $part $genre $i
    done
  done
  printf '21,,90,,training,small,Rock,empty\n22,,91,,training,small,Pop,short\n23,,92,,test,small,Pop,no file\n'
  printf '24,,92,,test,large,Pop,of another subset\n'
}
table >tracks.csv
songs=("$music"/metal/* "$music"/jazz/* "$music"/techno/*)
for i in $(seq 1 20); do cp "${songs[i - 1]}" "fma/000/$(printf %06d.mp3 "$i")"; done
: >fma/000/000021.mp3
expect 0 "The report: " $program --clips 7 --frames 40 --nets convconvpool --epochs 1 --steps 1 --batch 8 --out short
cp short/music/*/metal/metal.00000.wav fma/000/000022.mp3
cp "${songs[1]}" fma/012/012345.mp3
archive="$program --data fma --metadata tracks.csv $frames"
few="$archive --steps 2"
expect 0 "The report: " $few --nets convconvpool,convpool_zoom --epochs 2 --out archive
for text in "100 clips of each genre apart, at random" "the archive" "split over artists" "12345.mp3: is no track of subset" \
  "000021.mp3: " "000023.mp3: " "1 part of 21 left out, for which the file ends too early .*000022.mp3" "The &quot;Band&quot; "; do
  check "the report has $text" grep -q -- "$text" archive/report.html
done
check "20 clips" has archive/results.json '"20 clips of fma: Pop and Rock"'
check "the archive's own parts" test "$(grep -c '"test": \[7, 9, 17, 19\]' archive/results.json)" = 1
expect 0 "^15 fits" $few --plan
expect 0 "^1 fits" $few --nets convpool --only 'convpool-official*' --plan
expect 0 "clips of fma: Rock and Pop" bash -c "$few --classes Rock,Pop --nets convpool --epochs 1 --protocol published \
  --out turned && grep -o 'clips of fma: Rock and Pop' turned/results.json"
expect 1 "the table has no genre 'Polka': there are Pop, Rock" $archive --classes Rock,Polka --out x
expect 1 "looks like the Free Music Archive's: give its table with --metadata" $program --data fma --out x
expect 1 "metadata\] is of the folder that --data names" $program --metadata tracks.csv --out x
sed 's/genre_top/genre/' tracks.csv >other.csv
expect 1 "the table has no column 'track, genre_top'" $program --data fma --metadata other.csv $frames --out x
sed 's/,validation,/,valid,/' tracks.csv >other.csv
expect 1 "track 7 is in 'valid' of the split" $program --data fma --metadata other.csv $frames --out x
sed 's/,validation,/,test,/' tracks.csv >other.csv
expect 1 "a part of the archive's own split has no clip here: .* 0 to validate" $program --data fma --metadata other.csv $frames \
  --nets convpool --protocol honest --out x
printf 'no table' >other.csv
expect 1 "too short for a heading of three lines" $program --data fma --metadata other.csv --out x
expect 1 "class 'Pop' has 0 clips that are long enough" $program --data fma \
  --metadata tracks.csv --frames 1024 --out x

# --- stopped within an epoch, and on: the same figures
long="$archive --nets convconvpool_zoom,convpool --epochs 3 --protocol published --steps 12 --jpeg 0"
expect 0 "The report: " $long --out whole
check "without JPEG nothing is said of it" test -z "$(grep -F 'JPEG of quality' whole/results.json)"
begin $long --out stopped
await grep -q "epoch 2:" log
kill -INT $pid
wait $pid
check "it is stopped" test $? = 130
expect 0 "goes on from" $long --out stopped --resume
check "resumed equals uninterrupted" diff <(numbers whole/results.json) <(numbers stopped/results.json)
expect 1 "JPEG of quality 75" ${long% --jpeg 0} --out stopped --resume

# --- pictures of log-mel spectrograms, and ResNet-50 from a fit on others
for song in $music/jazz/* $music/metal/*; do
  picture=pictures${song#"$music"}
  picture=${picture%.*}.png
  mkdir -p "$(dirname "$picture")"
  $spectrogram "$song" -o "$picture" --kind mel --colours grey --no-axes --height 128 --width 40
done
seen="$program --data pictures --log-mel 3 --epochs 1 --steps 1 --batch 4"
expect 0 "The report: " $seen --nets convconvpool --out seen
check "they are seen whole" has seen/results.json "mel (1, 128, 40) of log-mel pictures"
check "there is no sound to hear" test -z "$(grep -F "<button class='picture' data-sound" seen/report.html)"
expect 0 "tall mel \(1, 200, 200\)" bash -c "$seen --nets resnet50 --pretrain pictures --out tall && \
  grep -o 'tall mel (1, 200, 200)' tall/results.json && ls tall/weights"
for text in "started from resnet50_keras on pictures" "last 7 layers" "By ResNet-50"; do
  check "on the page: $text" has tall/report.html "$text"
done
expect 0 "mel \(1, 118, 130\)" bash -c "$seen --nets convpool --size 118,130 --out sized && grep -o 'mel (1, 118, 130)' sized/results.json"
expect 1 "pictures are seen whole" $seen --frames 100 --out x
expect 1 "say with --log-mel how many" $program --data pictures --out x
expect 1 "is of sounds, --log-mel of pictures" $seen --metadata tracks.csv --out x
expect 2 "size" $program --size 128
expect 2 "jpeg" $program --jpeg 101
expect 2 "subset" $program --subset tiny

[ $failures = 0 ] && echo "all passed"
exit $((failures > 0))
