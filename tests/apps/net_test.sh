#!/usr/bin/env bash
# net as a user runs it: files that say what they are of, files that do not, and wrong ones.
# usage: net_test.sh PROGRAM
program=$(realpath "$1")
keras=$(realpath "$(dirname "$0")/../goldens/keras")
. "$(dirname "$0")/../expect.sh"

expect 0 "^base_cnn +\(3, 64, 64\) -> 4" "$program" list
expect 0 "parameters 1 142 916" "$program" base_cnn
expect 0 "^BaseCnn on \(1, 3, 16, 16\)" "$program" base_cnn --size 16
expect 1 "base_cnn: .* at least 8: \(3, 7, 7\)" "$program" base_cnn --size 7
expect 1 "no net 'resnet'" "$program" resnet

expect 0 "" "$program" base_cnn --size 16 --classes 3 --seed 1 --save w.safetensors
expect 0 "^base_cnn sees \(3, 16, 16\)" "$program" w.safetensors
check "the classes are said" grep -q "^classes: 0 1 2$" log
check "and the layers" grep -q "^BaseCnn on" log
expect 0 "^base_cnn sees" "$program" base_cnn --weights w.safetensors --size 16 --classes 3
expect 1 "w.safetensors is a base_cnn, not a mlp1" "$program" mlp1 --weights w.safetensors
expect 1 "w.safetensors has 3 classes, not 4" "$program" w.safetensors --classes 4
expect 1 "sees \(3, 16, 16\), not a size of 64" "$program" w.safetensors --size 64
expect 2 "two files of weights" "$program" w.safetensors --weights w.safetensors
expect 2 "--seed draws weights" "$program" w.safetensors --seed 1
expect 2 "--save needs weights" "$program" base_cnn --save w.safetensors
expect 1 "none.safetensors" "$program" none.safetensors
expect 2 "to run the net it needs --weights" "$program" base_cnn --input x.png
expect 2 "input" "$program" w.safetensors --output y.npy

# A picture of one pixel, of which the net makes three strengths that add up to 1, the largest first.
printf 'BM:\0\0\0\0\0\0\0\66\0\0\0\50\0\0\0\1\0\0\0\1\0\0\0\1\0\30\0\0\0\0\0\4\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\1\2\3\0' >x.bmp
expect 0 "" "$program" w.safetensors --input x.bmp
check "three strengths: $(cat log)" awk '
  /^0\.[0-9]+ [012]$/ { n++; sum += $1; if (n > 1 && $1 > last) bad = 1; last = $1 }
  END { exit !(n == 3 && sum > .999 && sum < 1.001 && !bad) }' log
expect 0 "^y.npy: \(1, 3\)" "$program" w.safetensors --input x.bmp --output y.npy
expect 0 " conv2d f32 \(1, 16, 16, 3\) \* \(32, 3, 3, 3\)" "$program" w.safetensors --input x.bmp --profile trace.json
check "a trace of the layers" grep -q '"name": "features.4"' trace.json
expect 1 "none/trace.json" "$program" w.safetensors --profile none/trace.json

# --- a net that sees a row of a table, and one that sees frames by MFCCs
array() {  # array SHAPE VALUES > x.npy: so many f32 zeros
  printf '\223NUMPY\1\0\166\0%-117s\n' "{'descr': '<f4', 'fortran_order': False, 'shape': $1, }"
  head -c $((4 * $2)) /dev/zero
}
array "(5, 21)" 105 >table.npy
array "(21,)" 21 >row.npy
array "(2, 1, 130, 13)" 3380 >mfcc.npy
expect 0 "^Sequential on \(1, 21\)" "$program" spotify_dense
expect 0 "^y.npy: \(5, 8\)" "$program" spotify_dense --seed 1 --input table.npy --output y.npy
expect 0 "^y.npy: \(1, 8\)" "$program" spotify_logistic --seed 1 --input row.npy --output y.npy
expect 0 "^y.npy: \(2, 10\)" "$program" dnn --seed 1 --input mfcc.npy --output y.npy
expect 1 "table.npy: the input is \(N, C, H, W\) or \(C, H, W\)" "$program" cnn2 --seed 1 --input table.npy
expect 1 "mfcc.npy: the input is \(N, D\) or \(D\)" "$program" spotify_dense --seed 1 --input mfcc.npy
expect 1 "spotify_dense sees \(21,\), which has no height" "$program" spotify_dense --size 21
expect 0 "" "$program" spotify_dense --seed 1 --save-init table.safetensors
expect 0 "^y.npy: \(5, 8\)" "$program" table.safetensors --input table.npy --output y.npy
expect 0 "" "$program" cnn3 --seed 1 --save-init cnn3.safetensors
expect 0 "^cnn3 sees \(1, 130, 13\), made as input 'mfcc'" "$program" cnn3.safetensors

# --- what is wrong with a file is said with its name
: >empty.wav
echo text >text.npy
mkdir folder
printf 'GIF89a' >gif.png
for file in no.wav empty.wav folder gif.png song.m4a; do
  expect 1 "$file" "$program" w.safetensors --input $file
done
expect 1 "gif.png: is a GIF" "$program" w.safetensors --input gif.png
for file in text.npy no.npy folder w.safetensors; do
  expect 1 "$file: " "$program" w.safetensors --input $file
done

# --- weights in other formats
expect 0 "^w.pth: [0-9]+ tensors$" "$program" convert w.safetensors w.pth
expect 0 "^back.safetensors: [0-9]+ tensors$" "$program" convert w.pth back.safetensors
"$program" w.safetensors --input x.bmp >expected
for file in w.pth back.safetensors; do
  expect 0 "" "$program" base_cnn --size 16 --classes 3 --weights $file --input x.bmp
  check "the strengths of $file" cmp -s expected log
done
expect 1 "w.pth: .*no metadata 'melgrad'.*--save" "$program" ./w.pth
expect 0 "" "$program" base_cnn --size 16 --weights w.pth --save w2.safetensors
expect 0 "^base_cnn sees \(3, 16, 16\)" "$program" w2.safetensors
expect 1 "wrong shape \(1\): classifier.2.weight" "$program" base_cnn --size 32 --classes 3 --weights w.pth
expect 2 "convert IN OUT: two files" "$program" convert w.pth
expect 2 "only convert takes files" "$program" base_cnn w.pth
expect 1 "nowhere/w.pth: No such file" "$program" convert w.safetensors nowhere/w.pth
expect 1 "text.npy: 5 bytes are too few" "$program" convert text.npy w3.pth
expect 1 "w.h5 ends neither" "$program" convert w.pth w.h5
check "nothing is left of it" test ! -e w3.pth

# --- a head for other classes
expect 1 "w.safetensors has 3 classes, not 4" "$program" base_cnn --size 16 --classes 4 --weights w.safetensors
expect 0 "^drawn: classifier.4.bias classifier.4.weight$" "$program" base_cnn --size 16 --classes 4 \
  --weights w.pth --new-head --input x.bmp
check "four strengths: $(cat log)" test "$(grep -c '^0' log)" = 4
expect 2 "new-head" "$program" w.safetensors --new-head
expect 2 "weights" "$program" base_cnn --new-head

# --- a Keras model
expect 0 "^KerasNet on \(1, 2, 9, 7\)" "$program" "$keras/keras2_model.h5"
expect 1 "is of no net that has a name here" "$program" "$keras/keras2_model.h5" --save k.safetensors
expect 0 "^k.safetensors: " "$program" convert "$keras/keras2_model.h5" k.safetensors
expect 1 "keras2_model.h5: " "$program" cnn3 --weights "$keras/keras2_model.h5"

# --- files of weights that are none
{ printf 'PK\3\4'; head -c 26 /dev/zero; printf 'archive/data.pkl'; } >bad.pt
{ printf '\211HDF\r\n\032\n'; head -c 64 /dev/zero; } >bad.h5
printf 'PK\3\4' >bad.zip
for file in bad.pt bad.h5 bad.zip gif.png; do
  expect 1 "$file: " "$program" ./$file
  expect 1 "$file: " "$program" base_cnn --weights ./$file --input x.bmp
done

# --- wrong use: 2, and the option is named
for value in -5 nan inf 0 text 1e400; do
  for option in --classes --size; do expect 2 "$option" "$program" base_cnn $option $value; done
  [ $value = 0 ] || expect 2 "--seed" "$program" base_cnn --seed $value
done
expect 2 "--dtype" "$program" w.safetensors --input x.bmp --dtype f16
expect 1 "\"nowhere\" is not a device" "$program" base_cnn --device nowhere
expect 2 "--song" "$program" w.safetensors --song x.bmp

# --- where it is to go
expect 1 "nowhere/y.npy: No such file" "$program" w.safetensors --input x.bmp --output nowhere/y.npy
expect 1 "folder: is a folder" "$program" base_cnn --seed 1 --save folder
expect 1 "full.safetensors: File too large" bash -c "ulimit -f 1; exec $program base_cnn --seed 1 --save full.safetensors"
check "no half file" test ! -e full.safetensors
expect 1 "what was printed could not be written" bash -c "$program list >/dev/full"

[ $failures = 0 ]
