#!/usr/bin/env bash
# Runs the four-genre program as a user would, with good and with bad input.
# usage: app_test.sh PROGRAM CUDA     CUDA: as the program was built, OFF, SIM or ON
program=$(realpath "$1")
cuda=$2
. "$(dirname "$0")/../expect.sh"

quick="--nets logistic --epochs 2 --batch 8"

# What a weights file holds, without what it says of itself: the command differs.
tensors() { tail -c +$((9 + $(od -An -tu8 -N8 "$1"))) "$1"; }
same_tensors() { cmp <(tensors "$1") <(tensors "$2"); }

# --- what works
expect 0 "logistic regression: .* parameters, 32 clips to learn from" $program --clips 12 $quick --out good
check "it says where the report is" grep -q "The report: " log
check "a report and results" test -s good/report.html -a -s good/results.json
check "Winograd's convolutions are among the settings" grep -q "5 × 5, where they are faster" good/results.json
check "and in the weights" grep -aq 'winograd..:true' good/weights/logistic.safetensors
expect 1 "Winograd's convolutions: .* → none" $program --clips 12 $quick --out good --resume --winograd off
expect 2 "winograd" $program --winograd maybe
check "its checkpoint is kept, so that it can go on" test -s good/checkpoints/logistic-stratified-0.safetensors
expect 0 "vgg11_bn_finetuned" $program --help

# --- what was typed
expect 2 "--no-such-option" $program --no-such-option
for option in --clips --segments --folds --seed --seeds --epochs --batch --lr --patience-from --clip-norm --threads; do
  for value in -5 nan inf text 1e400; do expect 2 "$option" $program $option $value; done
done
for option in --clips --segments --folds --seeds --epochs --batch --clip-norm --threads; do expect 2 "$option" $program $option 0; done
expect 2 "lr: 0 is not a number above 0" $program --lr 0
expect 1 "'nope' is none of logistic" $program --nets nope --out typed
expect 1 "'' is none of logistic" $program --nets "" --out typed
expect 1 "polka" $program --classes polka,jazz --out typed
expect 1 "only one class" $program --classes jazz --out typed
expect 1 "jazz' is named twice" $program --classes jazz,metal,jazz --out typed
expect 1 "cuda:99" $program --device cuda:99 --out typed
expect 1 "add --device cuda" $program --cuda-graph --out typed
expect 1 "toaster" $program --device toaster --out typed
expect 2 "missing.safetensors" $program --weights missing.safetensors
check "nothing was left behind" test ! -e typed/results.json

# --- the GPU: a build without one says so, a simulated one is there and comes to what the CPU comes to
accuracy() { grep -E '"accuracy"' "$1"; }
case $cuda in
  OFF) expect 1 "cuda:0: this build of melgrad has no CUDA" $program --device cuda --out typed ;;
  SIM)
    expect 0 "The report: " $program --clips 12 $quick --device cuda --out gpu
    check "the device is in the results" grep -q '"cuda:0"' gpu/results.json
    check "the GPU is as often right as the CPU" diff <(accuracy good/results.json) <(accuracy gpu/results.json)
    expect 0 "The report: " $program --clips 12 $quick --device cuda --cuda-graph --out recorded
    check "recorded steps come to the same weights" same_tensors gpu/weights/logistic.safetensors \
      recorded/weights/logistic.safetensors
    expect 1 "there is no cuda:1: this machine has 1 GPU" $program --device cuda:1 --out typed ;;
  ON) echo "not run: training on a GPU, which this machine may not have" ;;
esac

# --- what an earlier run left in --out
expect 1 "nowhere" $program --data nowhere --out good
check "results are still there" test -s good/results.json
cp good/weights/logistic.safetensors first.safetensors
expect 0 "no --resume: .*good/previous" $program --clips 8 --seed 1 $quick --out good
check "results are kept" test -s good/previous/results.json
check "checkpoints are kept" test -s good/previous/checkpoints/logistic-stratified-0.safetensors
check "weights are kept" cmp first.safetensors good/previous/weights/logistic.safetensors
check "other music for another seed" grep -q "32 pictures" good/results.json
expect 0 "in place of those of the run before it" $program --clips 8 --seed 1 $quick --out good
flock good/.lock -c "$program --clips 8 --seed 1 $quick --out good; echo exit \$?" >log 2>&1
check "a folder has one run at a time" grep -q "another run works in good" log

# --- a plan
music=good/music/12_clips_seed_0
expect 0 "base_cnn-stratified-0 +1142916 +1142916 +6 " $program --plan --clips 12 --nets logistic,base_cnn \
  --epochs 2 --batch 12 --out planned
check "and nothing else" test ! -e planned
expect 0 "^2 fits, at most" $program --plan --clips 12 --nets logistic,base_cnn --epochs 2 --out planned
expect 0 "^3 fits" $program --plan --data $music --nets logistic --seeds 3 --out planned
expect 0 "^1 fits" $program --plan --data $music --nets logistic,mlp1 --seeds 2 --only 'mlp1-*-1' --out planned
expect 1 "no fit is left" $program --plan --data $music --nets logistic --only 'cnn*' --out planned
expect 1 "no fold 2" $program --plan --data $music --nets logistic --folds 2 --out planned

# --- collections
expect 1 "nowhere" $program --data nowhere --out data
mkdir -p one/jazz && cp $music/jazz/* one/jazz
expect 1 "only one class" $program --data one --out data
mkdir -p empty/a empty/b && cp $music/jazz/* empty/a
expect 1 "empty/b has no readable" $program --data empty --out data
expect 1 "polka" $program --data $music --classes jazz,polka --out data

mkdir -p spoilt && cp -r $music/jazz $music/metal spoilt/
: >spoilt/jazz/empty.wav
head -c 5000 /dev/urandom >spoilt/jazz/noise.mp3
first=$(ls spoilt/metal/*.wav | head -n 1)
head -c 30000 "$first" >spoilt/metal/truncated.wav
printf 'a text' >spoilt/metal/text.flac
head -c 3000 /dev/urandom >spoilt/metal/noise.png
expect 0 "The report: " $program --data spoilt $quick --out data
for name in empty.wav noise.mp3 text.flac noise.png; do
  check "$name is named as skipped" grep -q "$name" data/report.html
done

if [ "$(id -u)" = 0 ] && command -v setpriv >/dev/null; then
  mkdir -p closed/a closed/b && cp $music/jazz/* closed/a && cp $music/metal/* closed/b
  chmod 711 "$work" && chmod 000 closed/b && mkdir -m 777 nobody
  cp "$program" nobody/program
  expect 1 "closed/b|[Pp]ermission" setpriv --reuid 65534 --regid 65534 --clear-groups \
    nobody/program --data closed --out nobody/out
  chmod 755 closed/b
else
  echo "not run: an unreadable folder needs root and setpriv to make one"
fi

# --- one's own genres: nothing is passed over in silence
mkdir mine && cp -r $music/jazz $music/metal $music/techno mine/
first() { ls -d "mine/$1"/*.* | head -n "$2"; }  # the first files of a class
mkdir mine/jazz/album && mv $(first jazz 5) mine/jazz/album/
rm $(first metal 4) && cp "$(first techno 1)" mine/techno/twice.wav
: >mine/jazz/song.m4a
expect 0 "The report: " bash -c "cd mine; exec $program --data . $quick"
for text in "12 files of jazz, 8 of metal and 13 of techno" "5 of the files lie deeper, in 1 folder" \
  "skipped jazz/song.m4a: m4a is not decoded here" "only the middle 5 s are looked at" \
  "1 file is byte for byte another: techno/twice.wav is techno/techno." "trimmed to the smallest, metal"; do
  check "said: $text" grep -qF "$text" log
  check "in the results: $text" grep -qF "$text" mine/report/results.json
done
check "the title is the classes" grep -q "<h1>Genres: jazz, metal and techno</h1>" mine/report/report.html
check "albums are split whole, too" grep -q '"split over albums"' mine/report/results.json
expect 0 "finished earlier" bash -c "cd mine; exec $program --data . $quick --resume"
expect 1 "class sizes: trimmed to the smallest class → all clips kept" \
  bash -c "cd mine; exec $program --data . $quick --resume --keep-all"
expect 0 "skipped techno/twice.wav: an earlier file has the same bytes" $program --data mine --keep-all \
  --drop-duplicates $quick --out kept
check "all clips are kept" grep -q '"32 pictures of mine: jazz, metal and techno"' kept/results.json
expect 1 "mine is the folder of the data" $program --data mine --out mine
expect 1 "holds something that no run made" $program --data mine --out mine/jazz
rm $(first metal 7)
expect 1 "class 'metal' has 1 examples, too few for 3 parts" $program --data mine --protocol published --out few
check "before any work" test ! -e few/features

# --- splits
list() { for f in $music/*/; do ls "$f" | sed "s|^|$(basename "$f")/|" | sed -n "$1"; done; }
list 1,8p >train.txt; list 9,10p >valid.txt; list 11,12p >test.txt
expect 0 "The report: " $program --data $music --split train.txt valid.txt test.txt $quick --out split
{ cat train.txt; echo jazz/ghost1.wav; echo jazz/ghost2.wav; } >ghosts.txt
expect 1 "jazz/ghost1" $program --data $music --split ghosts.txt valid.txt test.txt --out split2
expect 1 "named a second time" $program --data $music --split train.txt train.txt test.txt --out split2
expect 1 "gone.txt" $program --data $music --split gone.txt valid.txt test.txt --out split2

# --- weights
head -c 100 /dev/urandom >bad.safetensors
expect 1 "bad.safetensors" $program --data $music --nets alexnet_pretrained --weights bad.safetensors --out weights
expect 1 "alexnet_pretrained needs --weights" $program --data $music --nets alexnet_pretrained --out weights
expect 1 "logistic.safetensors is of no pretrained net" $program --data $music --nets alexnet_pretrained \
  --weights good/weights/logistic.safetensors --out weights
check "nothing was begun" test ! -e weights

# --- output that cannot be written
: >file
expect 1 "file/out" $program --data $music $quick --out file/out
expect 1 "file cannot be written to" $program --data $music $quick --out file
long="$program --data $music --nets base_cnn --epochs 8 --batch 8 --out full"
expect 0 "" $program --data $music $quick --out full
# A disk that is full once the checkpoint of a net has to be written: 200 blocks of 1024 bytes.
expect 1 "four_genres: .*full/" bash -c "ulimit -f 200; exec $long --resume"
check "the results of the net that had finished are kept" grep -q '"base_cnn"' full/results.json
expect 0 "The report: " $long --resume

# --- Ctrl-C or SIGTERM, then --resume: the same numbers as in a run that was not interrupted
numbers() { grep -vE '"(seconds|waited|date|command)"' "$1"; }
short="$program --data $music --nets base_cnn"
base="$short --epochs 12 --batch 8"
expect 0 "" $base --out straight
for signal in INT TERM; do
  rm -rf stopped
  begin $base --out stopped
  await grep -q "epoch 2:" log
  kill -$signal $pid
  wait $pid
  check "SIG$signal exits with 130" test $? = 130
  check "before it had ended by itself" test -z "$(grep "epoch 12:" log)"
  check "it says how to go on" grep -q -- "--resume" log
  check "a checkpoint is left" test -s stopped/checkpoints/base_cnn-stratified-0.safetensors
  expect 0 "goes on from" $base --out stopped --resume
  check "resumed equals uninterrupted" diff <(numbers straight/results.json) <(numbers stopped/results.json)
  check "the weights, too" same_tensors straight/weights/base_cnn.safetensors stopped/weights/base_cnn.safetensors
done

# --- training on, and what --resume refuses
expect 0 "" $short --epochs 7 --batch 8 --out longer
expect 0 "goes on from" $base --out longer --resume
check "7 epochs and 5 more are 12" diff <(numbers straight/results.json | grep -v '"epochs"') \
  <(numbers longer/results.json | grep -v '"epochs"')
check "weights, too" same_tensors straight/weights/base_cnn.safetensors longer/weights/base_cnn.safetensors
expect 1 "12 already, more than the 5 asked for" $short --epochs 5 --batch 8 --out longer --resume
expect 1 "learning rate: 0.001 → 0.1" $base --lr .1 --out straight --resume
expect 1 "batch: 8 → 4" $short --epochs 12 --batch 4 --out straight --resume
expect 1 "seed: 0 → 5" $base --seed 5 --out straight --resume
cp -r $music other && cp other/jazz/jazz.00002.wav other/jazz/jazz.00000.wav
mkdir -p swapped/good/music && mv other swapped/$music
expect 1 "other data" bash -c "cp -r straight swapped/; cd swapped; exec $base --out straight --resume"

# --- a plan of 8 fits that is killed at any moment ends with the figures of one that was not
eight="$program --data $music --nets logistic,mlp1 --epochs 3 --batch 8 --seeds 4"
expect 0 "" $eight --out whole
RANDOM=7
for kill in $(seq 20); do
  begin $eight --out killed --resume
  sleep "0.$(printf %03d $((RANDOM % 400)))"
  kill -KILL $pid 2>/dev/null
  wait $pid 2>/dev/null
done
expect 0 "" $eight --out killed --resume
check "killed 20 times, it comes to the same" diff <(numbers whole/results.json) <(numbers killed/results.json)
for weights in whole/weights/*; do
  check "$weights, too" same_tensors "$weights" "killed/weights/$(basename "$weights")"
done
check "which are 8" test "$(grep -c '"ended"' whole/results.json)" = 8

# --- a net that diverges does not stop the others
expect 0 "diverged" $program --data $music --nets base_cnn,logistic --lr 1e38 --epochs 2 --batch 8 --out wild
check "it is in the results" grep -q '"diverged": true' wild/results.json

[ $failures = 0 ] && echo "all passed"
exit $((failures > 0))
