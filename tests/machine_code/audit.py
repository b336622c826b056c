"""What nvcc made of the kernels: no registers in memory, and many bytes a request where a kernel only moves memory.

    python tests/machine_code/audit.py build-cuda/kernels/CMakeFiles/melgrad_gpu.dir

Reads the objects with cuobjdump and nvdisasm, NVIDIA's disassemblers: those of the PATH, or of the Python packages
nvidia-cuda-cuobjdump and nvidia-cuda-nvdisasm.
"""

import itertools
import os
import pathlib
import re
import shutil
import subprocess
import sys

# Kernel, as c++filt writes it: how many loads of so many bits come before its first store, at least. 4l is the
# pack of four that a thread takes where addresses allow it; bf16's are 64 bits.
WIDE = {
    r"map_dense<.*Unary<float>": (1, 128), r"map_dense<.*Unary<melgrad::bf16>": (1, 64),
    r"map_dense<.*Binary<float>": (2, 128), r"map_dense<.*Binary<melgrad::bf16>": (2, 64),
    r"map_dense<.*Where<float>": (2, 128), r"map_dense<.*Cast<float, melgrad::bf16>": (1, 128),
    r"map_dense<.*Cast<melgrad::bf16, float>": (1, 64),
    r"map_strided<4l, .*Binary<float>": (1, 128), r"map_strided<4l, .*Binary<melgrad::bf16>": (1, 64),
    r"copy_strided<4l, float, float>": (1, 128), r"copy_strided<4l, melgrad::bf16, melgrad::bf16>": (1, 64),
    r"normalize<4l, float>": (4, 128), r"normalize<4l, melgrad::bf16>": (4, 64),
    r"input_gradient<4l, float>": (8, 128), r"input_gradient<4l, melgrad::bf16>": (8, 64),
    r"normalize_and_pool<4l, float>": (1, 128), r"input_gradient_of_windows<4l, float>": (2, 128),
    r"max_pool<4l, float>": (1, 128), r"max_pool_backward<4l, float>": (3, 128),
    r"avg_pool<4l, float>": (1, 128), r"avg_pool_backward<4l, float>": (1, 128),
    r"adaptive_avg_pool<4l, float>": (1, 128), r"adaptive_avg_pool_backward<4l, float>": (1, 128),
    r"dropout_kernel<float>": (1, 128), r"sgd_kernel": (3, 128), r"adam_kernel": (4, 128), r"rmsprop_kernel": (4, 128),
}

# Kernels with local memory, and why.
LOCAL = {
    r"map_dense<.*Unary<": "sin and cos of large numbers reduce them with a table of 2/π",
    r"normal_kernel": "sin and cos in f64, likewise",
}


def tool(name):
    found = shutil.which(name)
    for folder in sys.path:
        found = found or next(map(str, pathlib.Path(folder).glob(f"nvidia/cu*/bin/{name}")), None)
    return found


def run(*command, **options):
    return subprocess.run(command, check=True, capture_output=True, text=True, **options).stdout


def kernels(cuobjdump, path):
    """(name, instructions) of each."""
    name, lines = None, []
    for line in run("c++filt", input=run(cuobjdump, "-sass", path)).splitlines():
        if "Function :" in line:
            if name:
                yield name, lines
            name, lines = line.split("Function :")[1].strip(), []
        elif instruction := re.match(r"\s+/\*[0-9a-f]{4,}\*/\s+(?:@!?U?P\d+\s+)?([A-Z][A-Z0-9_.]*)", line):
            lines.append(instruction[1])
    if name:
        yield name, lines


def faults(name, instructions):
    local = sum(i.startswith(("LDL", "STL")) for i in instructions)
    if local and not any(re.search(known, name) for known in LOCAL):
        yield f"{local} instructions for local memory"
    before_store = list(itertools.takewhile(lambda i: not i.startswith("STG"), instructions))
    for pattern, (loads, bits) in WIDE.items():
        if not re.search(pattern, name):
            continue
        wide = sum(i.startswith("LDG") and str(bits) in i.split(".") for i in before_store)
        if wide < loads:
            yield f"{wide} loads of {bits} bits before its first store, not {loads}"


def main():
    cuobjdump, nvdisasm = tool("cuobjdump"), tool("nvdisasm")
    if not cuobjdump or not nvdisasm:
        print("[  SKIPPED ] 1 test: there is no cuobjdump or no nvdisasm")
        return 0
    os.environ["PATH"] += os.pathsep + os.path.dirname(nvdisasm)  # cuobjdump calls it
    audited = {name: list(faults(name, instructions)) for path in sorted(pathlib.Path(sys.argv[1]).rglob("*.cu.o"))
               for name, instructions in kernels(cuobjdump, path)}
    found = [f"{name}: {fault}" for name in audited for fault in audited[name]]
    found += [f"no kernel is called {pattern}" for pattern in (*WIDE, *LOCAL) if not any(re.search(pattern, n) for n in audited)]
    print(*found, f"{len(audited)} kernels, {len(found)} faults", sep="\n")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
