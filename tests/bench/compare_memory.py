"""Peak memory of training steps beside PyTorch's, and their time, each side in a process of its own.

    python tests/bench/compare.py --memory                                     # study E's nets at 224 x 224
    python tests/bench/compare.py --memory --net resnet34_fastai:64 --modes fused
    python tests/bench/compare.py --memory --all --modes eager,fused           # every net, as compare.py has it

Memory is what the process has at its peak beyond what it had before the net was made, with three steps done: weights,
gradients, Adam's averages (in the table these three are "weights"), the batch, what backward needs, and the library's own.
Time is the median of so many seconds. What counts is the ratio to PyTorch's mode that takes the least of it; above 1 we
take less.
"""
import argparse
import json
import os
import statistics
import subprocess
import sys

from compare import ROOT, measure, torch_step
from torch_nets import SIZES

NETS = "alexnet_fastai:64,vgg16_bn_fastai:8,resnet34_fastai:64,resnet50_fastai:8,resnetrs50_fastai:8"


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--memory", action="store_true", help="this")
    parser.add_argument("--net", action="append", help="NAME:BATCH, may be repeated")
    parser.add_argument("--all", action="store_true", help="every net there is")
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--modes", default="eager,channels_last,fused,compile", help="of PyTorch")
    parser.add_argument("--seconds", type=float, default=5)
    parser.add_argument("--build", default=os.path.join(ROOT, "build"), help="the release build")
    parser.add_argument("--json", action="store_true", help="one JSON object a net")
    parser.add_argument("--child", help=argparse.SUPPRESS)
    return parser.parse_args()


def mebibytes(field):
    """Of this process: VmRSS, or VmHWM, its peak."""
    with open("/proc/self/status", encoding="ascii") as status:
        return next(int(line.split()[1]) / 1024 for line in status if line.startswith(field + ":"))


def child(a):
    """One mode of PyTorch's on one net."""
    import torch
    torch.set_num_threads(a.threads)
    a.device, a.tf32, a.bf16 = "cpu", None, False
    torch_step(a.child, "base_cnn", 2, (3, 64, 64), a)()  # libraries that are loaded at the first step are not counted
    name, batch = a.net[0].split(":")
    start = mebibytes("VmRSS")
    step = torch_step(a.child, name, int(batch), SIZES[name][1], a)
    for _ in range(3):
        step()
    peak = mebibytes("VmHWM") - start
    weights = 4 * sum(p.numel() for p in step.net.parameters()) * 4 / 2**20
    print(json.dumps({"peak_mib": peak, "weights_mib": weights, "ms_median": statistics.median(measure(step, a.seconds))}))


def output_of(command, environment):
    result = subprocess.run(command, capture_output=True, text=True, env=environment)
    return json.loads(result.stdout.splitlines()[-1]) if result.returncode == 0 else None


def compare(a, net):
    name, batch = net.split(":")
    environment = os.environ | {"OMP_NUM_THREADS": str(a.threads)}
    common = ["--threads", str(a.threads), "--seconds", str(a.seconds)]
    shape = SIZES[name][1]
    square = ["--size", str(shape[-1])] if len(shape) == 3 and shape[1] == shape[2] else []
    sides = {"ours": output_of([os.path.join(a.build, "bin", "bench_train"), "--net", name, "--batch", batch, *square, *common,
                                "--json"], environment)}
    for mode in a.modes.split(","):
        sides[mode] = output_of([sys.executable, os.path.join(ROOT, "tests/bench/compare.py"), "--memory", "--child", mode,
                                 "--net", net, *common], environment)
    weights = max(found.get("weights_mib", 0) for found in sides.values() if found)
    sides = {side: {"peak_mib": round(found["peak_mib"], 3), "ms_median": round(found["ms_median"], 3)}
             for side, found in sides.items() if found}
    ours = sides["ours"]

    def ratio(figure):
        return round(min(found[figure] for side, found in sides.items() if side != "ours") / ours[figure], 3)

    return {"net": name, "batch": int(batch), "shape": shape, "threads": a.threads, "weights_mib": round(weights, 1), "sides": sides,
            "least_memory_of_torch_by_ours": ratio("peak_mib"), "fastest_of_torch_by_ours": ratio("ms_median")}


def main():
    a = arguments()
    if a.child:
        return child(a)
    sides = ("ours", *a.modes.split(","))
    if not a.json:
        print(f"MiB at the peak (ms a step), {a.threads} threads")
        print(f"{'net':<20}{'batch':>6}{'weights':>9}" + "".join(f"{side:>20}" for side in sides) + f"{'torch / ours':>20}")
    every = [f"{name}:{batch}" for name, (batch, _) in SIZES.items()]
    for net in every if a.all else a.net or NETS.split(","):
        result = compare(a, net)
        if a.json:
            print(json.dumps(result), flush=True)
            continue
        columns = (f"{result['sides'][side]['peak_mib']:.0f} ({result['sides'][side]['ms_median']:.0f})"
                   if side in result["sides"] else "failed" for side in sides)
        print(f"{result['net']:<20}{result['batch']:>6}{result['weights_mib']:>9.0f}" + "".join(f"{column:>20}" for column in columns)
              + f"{result['least_memory_of_torch_by_ours']:>12.2f} ({result['fastest_of_torch_by_ours']:.2f})", flush=True)


if __name__ == "__main__":
    main()
