#!/usr/bin/env python3
"""Files of PyTorch's for tests/tensor/pytorch.cpp, and those that fuzzing begins with.

    python tests/goldens/pytorch_files.py [FILE.safetensors]

writes tests/goldens/pytorch/*.pth and tests/fuzz/corpus/pytorch/*, and checks that torch.load() reads
saved.pth, which save_pytorch() wrote, as what it is. FILE is written with the tensors of saved.pth: from it
save_pytorch() makes saved.pth anew. Values come from one formula (steps), which the test has, too.
"""
import os
import pathlib
import pickle
import struct
import sys
from collections import OrderedDict

import torch
from safetensors.torch import save_file

HERE = pathlib.Path(__file__).parent
GOLDENS = HERE / "pytorch"
SEEDS = HERE.parent / "fuzz" / "corpus" / "pytorch"


def steps(count, begin=0):
    """Whole numbers from -128 to 127 in no order."""
    return torch.tensor([((i * 2654435761) % 2**32 >> 24) - 128 for i in range(begin, begin + count)])


def every_dtype():
    n = steps(6)
    named = {
        "f32": n.float() / 16, "f64": n.double() / 16, "f16": n.half() / 16, "bf16": n.bfloat16() / 16,
        "i64": n << 40, "i32": (n << 20).int(), "i16": (n << 5).short(), "i8": n.char(),
        "u8": (n + 128).byte(), "bool": n > 0,
    }
    return {name: x.reshape(2, 3) for name, x in named.items()}


def views():
    x = steps(24).float().reshape(4, 6)
    parameter = torch.nn.Parameter(x)
    with_state = torch.nn.Parameter(steps(2).double())
    with_state.note = "a parameter with an attribute of its own"
    return OrderedDict(
        whole=x, transposed=x.t(), part=x[1::2, 2::3], row=x[2], one=x[3, 1], again=x[:1].expand(3, 6),
        parameter=parameter, with_state=with_state, scalar=torch.tensor(-2.5), empty=torch.zeros(3, 0, 2),
        channels_last=steps(24).float().reshape(2, 3, 2, 2).contiguous(memory_format=torch.channels_last))


def checkpoint():
    net = torch.nn.DataParallel(torch.nn.Sequential(torch.nn.Linear(2, 3), torch.nn.BatchNorm1d(3)))
    with torch.no_grad():
        for k, x in enumerate(net.state_dict().values()):
            x.copy_(steps(x.numel(), 100 * k).reshape(x.shape))
    optimizer = torch.optim.SGD(net.parameters(), lr=0.1, momentum=0.9)
    for p in net.parameters():
        p.grad = torch.ones_like(p)
    optimizer.step()
    with torch.no_grad():
        for k, x in enumerate(net.state_dict().values()):
            x.copy_(steps(x.numel(), 100 * k).reshape(x.shape))
    return {"epoch": 12, "arch": "linear", "best_prec1": 91.5, "nesterov": False, "seed": None, "losses": [1.5, 0.5],
            "state_dict": net.state_dict(), "optimizer": optimizer.state_dict()}


def write_goldens():
    GOLDENS.mkdir(exist_ok=True)
    for kind, options in [("zip", {}), ("stream", {"_use_new_zipfile_serialization": False})]:
        torch.save(every_dtype(), GOLDENS / f"dtypes_{kind}.pth", **options)
        torch.save(views(), GOLDENS / f"views_{kind}.pth", **options)
        torch.save(checkpoint(), GOLDENS / f"checkpoint_{kind}.pth", **options)
    torch.save(views(), GOLDENS / "protocol_5.pth", pickle_protocol=5)
    torch.save(torch.nn.Linear(1, 1), GOLDENS / "model.pth")
    torch.jit.save(torch.jit.script(torch.nn.Identity()), str(GOLDENS / "script.pth"))


class Calls:
    def __init__(self, function, *arguments):
        self.call = function, arguments

    def __reduce__(self):
        return self.call


def stream(object_pickle, keys=(), storages=b""):
    magic, protocol = (pickle.dumps(n, 2) for n in (0x1950A86A20F9469CFC6C, 1001))
    machine = pickle.dumps({"little_endian": True}, 2)
    return magic + protocol + machine + object_pickle + pickle.dumps(list(keys), 2) + storages


def write_seeds():
    SEEDS.mkdir(parents=True, exist_ok=True)
    small = {"a": steps(4).float().reshape(2, 2)[1:], "b": {"c": torch.nn.Parameter(steps(2).half())}}
    torch.serialization.set_crc32_options(False)  # so that a changed file is not refused for its sums
    for name, what in [("small", {"module.a": small["a"]}), ("ambiguous", small), ("dtypes", every_dtype())]:
        torch.save(what, SEEDS / f"{name}_zip")
        torch.save(what, SEEDS / f"{name}_stream", _use_new_zipfile_serialization=False)
    torch.save(small["b"], SEEDS / "protocol_4", pickle_protocol=4)
    loop = []
    loop.append(loop)
    deep = ()
    for _ in range(90):
        deep = (deep,)
    hostile = {
        "runs": {"x": Calls(os.system, "true")},
        "loads": {"x": Calls(torch.storage._load_from_bytes, b"")},
        "loop": {"x": loop},
        "deep": {"x": deep},
        "giant": {"x": 1 << 2000},
    }
    for name, what in hostile.items():
        (SEEDS / name).write_bytes(stream(pickle.dumps(what, 2)))
    (SEEDS / "memo").write_bytes(stream(b"\x80\2}r" + struct.pack("<I", 10**9) + b"."))
    (SEEDS / "not_utf8").write_bytes(stream(b"\x80\2}X\1\0\0\0\xffK\1s."))
    storage = b"(X\7\0\0\0storagectorch\nFloatStorage\nX\1\0\0\0kX\3\0\0\0cpu%stQ"
    tensor = b"\x80\2}X\1\0\0\0xctorch._utils\n_rebuild_tensor\n(" + storage + b"%s(%st(%sttRs."
    for name, fill in {
        "long": (b"J\xff\xff\xff\x7f", b"K\0", b"K\1", b"K\1"),
        "negative": (b"K\2", b"J\xff\xff\xff\xff", b"K\1", b"K\1"),
        "outside": (b"K\2", b"K\0", b"K\2", b"K\2"),
        "overflow": (b"K\2", b"K\0", b"\x8a\x08" + b"\xff" * 7 + b"\x7f" + b"K\3", b"K\0K\0"),
        "repeated": (b"K\2", b"K\0", b"J\0\0\0\x10", b"K\0"),
    }.items():
        (SEEDS / name).write_bytes(stream(tensor % fill, ["k"], struct.pack("<qff", 2, 1, 2)))


def saved():
    n = steps(6).reshape(2, 3)
    return {"f32": n.float() / 16, "f64": n.double() / 16, "bf16": n.bfloat16() / 16, "i64": n << 40,
            "u8": (n + 128).byte(), "scalar": torch.tensor(-2.5), "empty": torch.zeros(3, 0),
            "transposed": n.t().float().contiguous()}


def check_saved():
    found = torch.load(GOLDENS / "saved.pth", weights_only=True)
    assert list(found) == sorted(saved()), found.keys()
    for name, x in saved().items():
        assert found[name].dtype == x.dtype and torch.equal(found[name], x), name


if __name__ == "__main__":
    torch.manual_seed(0)
    write_goldens()
    write_seeds()
    check_saved()
    if len(sys.argv) > 1:
        save_file(saved(), sys.argv[1])
    print("torch", torch.__version__)
