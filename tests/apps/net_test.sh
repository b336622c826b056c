#!/usr/bin/env bash
# net as a user runs it: files that say what they are of, files that do not, and wrong ones.
# usage: net_test.sh PROGRAM
program=$(realpath "$1")
. "$(dirname "$0")/../expect.sh"

expect 0 "^base_cnn +\(3, 64, 64\) -> 4" "$program" list
expect 0 "parameters 1 142 916" "$program" base_cnn
expect 0 "^BaseCnn on \(1, 3, 16, 16\)" "$program" base_cnn --size 16
expect 1 "base_cnn: .* at least 8: \(3, 7, 7\)" "$program" base_cnn --size 7
expect 1 "no net 'resnet'" "$program" resnet

expect 0 "" "$program" base_cnn --size 16 --classes 3 --seed 1 --save-init w.safetensors
expect 0 "^base_cnn sees \(3, 16, 16\)" "$program" w.safetensors
check "the classes are said" grep -q "^classes: 0 1 2$" log
check "and the layers" grep -q "^BaseCnn on" log
expect 0 "^base_cnn sees" "$program" base_cnn --weights w.safetensors --size 16 --classes 3
expect 1 "w.safetensors is a base_cnn, not a mlp1" "$program" mlp1 --weights w.safetensors
expect 1 "w.safetensors has 3 classes, not 4" "$program" w.safetensors --classes 4
expect 1 "sees \(3, 16, 16\), not a size of 64" "$program" w.safetensors --size 64
expect 2 "two files of weights" "$program" w.safetensors --weights w.safetensors
expect 2 "--seed draws weights" "$program" w.safetensors --seed 1
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

# --- files of weights that are none
{ printf 'PK\3\4'; head -c 26 /dev/zero; printf 'archive/data.pkl'; } >w.pt
{ printf '\211HDF\r\n\032\n'; head -c 64 /dev/zero; } >w.h5
cp w.pt pytorch_model.bin
for file in w.pt pytorch_model.bin; do
  expect 1 "$file: not a safetensors file: it is a PyTorch file \(zip\); python -c .* converts it" "$program" $file
done
expect 1 "w.pt: not a safetensors file" "$program" base_cnn --weights ./w.pt --input x.bmp
expect 1 "w.h5: not a safetensors file: it is an HDF5 file" "$program" w.h5

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
expect 1 "folder: is a folder" "$program" base_cnn --seed 1 --save-init folder
expect 1 "full.safetensors: File too large" bash -c "ulimit -f 1; exec $program base_cnn --seed 1 --save-init full.safetensors"
check "no half file" test ! -e full.safetensors
expect 1 "what was printed could not be written" bash -c "$program list >/dev/full"

[ $failures = 0 ]
