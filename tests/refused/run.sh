#!/bin/bash
# run.sh COMPILER ROOT: these files must not compile, and the compiler must say why. A line with
# "// says: SENTENCE" is an error: the compiler's output names the line and has the sentence.
compiler=$1 root=$2 failures=0 lines=0
for file in "$root"/tests/refused/*.cpp; do
  if output=$("$compiler" -std=c++20 -fsyntax-only -I "$root" "$file" 2>&1); then
    echo "$file compiles" && failures=$((failures + 1))
  fi
  while IFS=: read -r number line; do
    lines=$((lines + 1))
    sentence=${line##*// says: }
    if ! grep -q "$(basename "$file"):$number:" <<<"$output"; then
      echo "$file:$number: no error" && failures=$((failures + 1))
    elif ! tr -d '\n' <<<"$output" | grep -qF -- "$sentence"; then
      echo "$file:$number: nobody says: $sentence" && failures=$((failures + 1))
    fi
  done < <(grep -n '// says: ' "$file")
done
echo "$lines lines, $failures failures"
[ "$failures" -eq 0 ] && [ "$lines" -gt 0 ]
