"""Makes ops.safetensors: what PyTorch says about every row of tests/op_cases/, value and gradients.
The rows' expressions in PyTorch are in op_rows/.

    build/bin/op_inputs inputs.safetensors          # the rows' inputs, as C++ draws them
    python tests/goldens/ops.py inputs.safetensors  # writes tests/goldens/ops.safetensors

Needs torch, numpy and safetensors. Everything is computed in f64. Keys: "row:x0" an input that wants
a gradient, "row:c0" one that does not, "row:y0" an output, "row:dx0" the gradient of input 0 when the
outputs' gradients are `projection`.
"""

import os
import sys

import numpy as np
import safetensors
import torch
from safetensors.numpy import load_file, save_file

from op_rows import ROWS
from op_rows.gradients import gradients


def projection(output, position):
    """The gradient sent into an output: the numbers of projection() in op_cases.cpp."""
    i = np.arange(output.numel(), dtype=np.uint64)
    word = (np.uint64(2654435761) * i + np.uint64(40503 * (position + 1))) & np.uint64(0xFFFFFFFF)
    w = (word >> np.uint64(20)).astype(np.float64) / 4096 - 0.5
    return torch.from_numpy(w).reshape(output.shape)


def golden(name, inputs, wanted):
    """{key: array} of one row."""
    inputs = [torch.from_numpy(v) for v in inputs]
    inputs = [v.double() if v.is_floating_point() else v for v in inputs]
    for v, want in zip(inputs, wanted):
        v.requires_grad_(want)
    outputs = ROWS[name](*inputs)
    outputs = outputs if isinstance(outputs, list) else [outputs]
    result = {}
    for i, y in enumerate(outputs):
        y = y.to(torch.uint8) if y.dtype == torch.bool else y
        result[f"{name}:y{i}"] = y.detach().numpy()
    differentiable = [(y, projection(y, i)) for i, y in enumerate(outputs) if y.requires_grad]
    if any(wanted):
        leaves = [v for v, want in zip(inputs, wanted) if want]
        found = iter(gradients([y for y, _ in differentiable], leaves,
                               [w for _, w in differentiable]))
        for i, want in enumerate(wanted):
            if want:
                result[f"{name}:dx{i}"] = next(found).numpy()
    return result


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    inputs = load_file(sys.argv[1])
    names = {key.rpartition(":")[0] for key in inputs}
    if names != set(ROWS):
        sys.exit(f"no expression here: {sorted(names - set(ROWS))}\n"
                 f"no row in op_cases: {sorted(set(ROWS) - names)}")
    goldens = {}
    for name in ROWS:
        keys = sorted((k for k in inputs if k.rpartition(":")[0] == name),
                      key=lambda k: int(k.rpartition(":")[2][1:]))
        wanted = [k.rpartition(":")[2][0] == "x" for k in keys]
        goldens |= {k: inputs[k] for k in keys} | golden(name, [inputs[k] for k in keys], wanted)
    versions = {"torch": torch.__version__, "numpy": np.__version__,
                "safetensors": safetensors.__version__}
    path = os.path.join(os.path.dirname(os.path.abspath(__file__)), "ops.safetensors")
    contiguous = {k: np.ascontiguousarray(v).reshape(v.shape) for k, v in goldens.items()}
    save_file(contiguous, path, metadata=versions)
    print(f"{len(ROWS)} rows, {os.path.getsize(path) >> 10} KiB; {versions}")


if __name__ == "__main__":
    main()
