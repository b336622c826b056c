#!/usr/bin/env bash
# run.sh OBJECTS: audit.py, with NVIDIA's disassemblers from the PATH, or else from PyPI in an environment that is thrown away.
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python=python3
if ! { command -v cuobjdump && command -v nvdisasm; } >/dev/null; then
  if python3 -m venv "$folder/venv" && "$folder/venv/bin/pip" install -q --timeout 20 --retries 1 --disable-pip-version-check \
      nvidia-cuda-cuobjdump nvidia-cuda-nvdisasm; then
    python=$folder/venv/bin/python
  fi >/dev/null 2>&1
fi
"$python" "$(dirname "$0")/audit.py" "$1"
