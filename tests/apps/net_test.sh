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
expect 1 "two files of weights" "$program" w.safetensors --weights w.safetensors
expect 1 "none.safetensors" "$program" none.safetensors
expect 1 "to run the net it needs --weights" "$program" base_cnn --song x.png

# A picture of one pixel, of which the net makes three strengths that add up to 1, the largest first.
printf 'BM:\0\0\0\0\0\0\0\66\0\0\0\50\0\0\0\1\0\0\0\1\0\0\0\1\0\30\0\0\0\0\0\4\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\1\2\3\0' >x.bmp
expect 0 "" "$program" w.safetensors --song x.bmp
check "three strengths: $(cat log)" awk '
  /^0\.[0-9]+ [012]$/ { n++; sum += $1; if (n > 1 && $1 > last) bad = 1; last = $1 }
  END { exit !(n == 3 && sum > .999 && sum < 1.001 && !bad) }' log
expect 1 "no.wav" "$program" w.safetensors --song no.wav

[ $failures = 0 ]
