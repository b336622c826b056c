"""Training steps against PyTorch's, in one run on one machine, taking turns.

    python tests/bench/compare.py --net base_cnn --batch 64 --threads 2
    python tests/bench/compare.py --all --json >speed.jsonl; python tests/bench/speed_table.py speed.jsonl
    python tests/bench/compare.py --all --device cuda --build build-cuda
    python tests/bench/compare.py --features --help
    python tests/bench/compare.py --fold --help
    python tests/bench/compare.py --memory --help

A step is forward, cross-entropy, backward, Adam, of the nets in torch_nets.py. PyTorch runs in several modes:
eager; channels-last; channels-last with fused Adam ("fused"); that under torch.compile ("compile"); on a GPU also
as CUDA graphs ("reduce-overhead"). What counts is the ratio to its fastest mode, of the medians and of the minima:
above 1 we are faster. Machines differ and drift, so no other figure means much. On a CPU we run with Winograd's
convolutions, as training does, and without ("ours (direct)"); the faster one counts. On a GPU we run with and without
--cuda-graph, both sides wait for the GPU after each step, and TF32 is off unless asked for. bench_limits tells, in the
same run, what the processor and its memory can do at most. Needs torch, and
torchvision and timm for published nets, in the Python that runs this (or in the one given as --python), and a
release build.
"""

import argparse
import contextlib
import datetime
import json
import os
import signal
import statistics
import subprocess
import sys
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
MODES = {"cpu": "eager,channels_last,fused,compile", "cuda": "eager,channels_last,fused,compile,reduce-overhead"}
OURS = {"cpu": {"ours": [], "ours (direct)": ["--winograd", "off"]}, "cuda": {"ours": [], "ours (graph)": ["--cuda-graph"]}}


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--net", action="append", help="may be repeated")
    parser.add_argument("--all", action="store_true", help="every net there is, in turn: an hour")
    parser.add_argument("--batch", type=int, help="default: each net's own")
    parser.add_argument("--size", type=int, help="height and width, of nets that see squares")
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--device", default="cpu", choices=MODES)
    parser.add_argument("--modes", help="of PyTorch; default: all")
    parser.add_argument("--rounds", type=int, default=3, help="turns that each side takes")
    parser.add_argument("--seconds", type=float, default=2, help="of each turn")
    parser.add_argument("--patience", type=int, default=300, help="seconds that a mode of PyTorch has for its first steps, hence to compile")
    parser.add_argument("--bf16", action="store_true", help="autocast on both sides")
    parser.add_argument("--tf32", nargs="?", const="all", choices=["conv", "all"],
                        help="on a GPU: f32 products as TF32, on both sides;\n"
                             "conv: convolutions and recurrent layers only, as PyTorch does unless told otherwise")
    parser.add_argument("--json", action="store_true", help="one JSON object a net")
    parser.add_argument("--build", default=os.path.join(ROOT, "build"), help="the release build")
    parser.add_argument("--python", help="a Python that has torch, if this one does not")
    a = parser.parse_args()
    a.modes = a.modes or MODES[a.device]
    return a


def torch_step(mode, name, batch, shape, a):
    """A function that does one training step."""
    import torch
    from torch_nets import make_net
    torch.manual_seed(0)
    torch.backends.cuda.matmul.allow_tf32 = a.tf32 == "all"
    torch.backends.cudnn.allow_tf32 = a.tf32 is not None  # of its convolutions and its recurrent layers
    classes = 4
    net = make_net(name, shape, classes).to(a.device)
    x = torch.rand(batch, *shape, device=a.device)
    target = torch.randint(classes, (batch,), device=a.device)
    if mode != "eager":
        net = net.to(memory_format=torch.channels_last)
        x = x.to(memory_format=torch.channels_last) if x.dim() == 4 else x
    optimizer = torch.optim.Adam(net.parameters(), fused=mode in ("fused", "compile", "reduce-overhead"))
    if mode in ("compile", "reduce-overhead"):
        net = torch.compile(net, mode=None if mode == "compile" else mode)

    def step():
        optimizer.zero_grad()
        with torch.autocast(a.device, torch.bfloat16, enabled=a.bf16):
            logits = net(x)
        torch.nn.functional.cross_entropy(logits.float(), target).backward()
        optimizer.step()
        if a.device == "cuda":
            torch.cuda.synchronize()

    step.net = net
    return step


def measure(step, seconds):
    """Times of steps in ms."""
    times, begin = [], time.perf_counter()
    while len(times) < 3 or time.perf_counter() - begin < seconds:
        start = time.perf_counter()
        step()
        times.append((time.perf_counter() - start) * 1000)
    return times


@contextlib.contextmanager
def no_longer_than(seconds):
    def give_up(*_):
        raise TimeoutError(f"its first steps took more than {seconds} s")
    before = signal.signal(signal.SIGALRM, give_up)
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


def run_program(a, name, *options):
    result = subprocess.run([os.path.join(a.build, "bin", name), *options], check=True, capture_output=True, text=True)
    return json.loads(result.stdout)


def machine(a):
    """What the figures were measured on, and its limits."""
    import torch
    described = {"date": datetime.date.today().isoformat(), "torch": torch.__version__, "command": " ".join(sys.argv[1:])}
    if a.device == "cuda":
        return described | {"device": torch.cuda.get_device_name()}
    with open("/proc/cpuinfo") as lines:
        names = [line.split(":")[1].strip() for line in lines if line.startswith("model name")]
    return described | {"device": names[0] if names else "?"} | run_program(a, "bench_limits", "--threads", str(a.threads))


def measure_ours(a, name, batch, shape, options):
    is_square = len(shape) == 3 and shape[1] == shape[2]
    return run_program(a, "bench_train", "--net", name, "--batch", str(batch), *["--size", str(shape[-1])] * is_square,
                       "--threads", str(a.threads), "--seconds", str(a.seconds), "--json", "--device", a.device, *options,
                       *["--bf16"] * a.bf16, *(["--tf32", a.tf32] if a.tf32 else []))["ms"]


def compare(a, name):
    from torch_nets import SIZES
    batch, shape = SIZES[name]
    batch = a.batch or batch
    shape = (shape[0], a.size, a.size) if a.size else shape
    steps, failed = {}, {}
    for mode in a.modes.split(","):
        step = torch_step(mode, name, batch, shape, a)
        try:
            with no_longer_than(a.patience):
                for _ in range(3):
                    step()
        except Exception as error:  # torch.compile needs a compiler, and does not know every layer
            failed[mode] = f"{type(error).__name__}: {error}".splitlines()[0]
            continue
        steps[mode] = step
    ours = OURS[a.device]
    times = {side: [] for side in (*ours, *steps)}
    for _ in range(a.rounds):
        for side, options in ours.items():
            times[side] += measure_ours(a, name, batch, shape, options)
        for mode, step in steps.items():
            times[mode] += measure(step, a.seconds)
    median = {side: round(statistics.median(t), 3) for side, t in times.items()}
    minimum = {side: round(min(t), 3) for side, t in times.items()}

    def ratio(figures, peers):
        return round(min(figures[p] for p in peers) / min(figures[side] for side in ours), 3)

    return {
        "net": name, "batch": batch, "shape": shape, "device": a.device, "threads": a.threads,
        "dtype": "bf16" if a.bf16 else {None: "f32", "conv": "tf32 in cuDNN", "all": "tf32"}[a.tf32], "ms_median": median, "ms_min": minimum,
        "ratio_of_medians": ratio(median, steps), "ratio_of_minima": ratio(minimum, steps),
        **({"ratio_to_eager": ratio(median, ["eager"])} if "eager" in steps else {}),
        **({"failed": failed} if failed else {}),
    }


def main():
    if "--features" in sys.argv:  # audio features against librosa and torchaudio
        import compare_features
        return compare_features.main()
    if "--fold" in sys.argv:  # epochs of studies C and D, with validation
        import compare_fold
        return compare_fold.main()
    if "--memory" in sys.argv:  # study E's nets at 224 x 224
        import compare_memory
        return compare_memory.main()
    a = arguments()
    if a.python and not os.environ.get("MELGRAD_COMPARE_CHILD"):
        sys.exit(subprocess.run([a.python, *sys.argv], env=os.environ | {"MELGRAD_COMPARE_CHILD": "1"}).returncode)
    os.environ.setdefault("OMP_NUM_THREADS", str(a.threads))
    import torch
    torch.set_num_threads(a.threads)
    sides = (*OURS[a.device], *a.modes.split(","))
    from torch_nets import SIZES
    names = list(SIZES) if a.all else a.net or ["base_cnn", "cnn_lstm"]
    described = machine(a)
    if a.json:
        print(json.dumps({"machine": described}), flush=True)
    else:
        limits = f", {described['gflops']:.0f} GFLOP/s, {described['gbytes']:.0f} GB/s" if a.device == "cpu" else ""
        print(f"ms a training step, {described['device']}, {a.threads} threads{limits}, torch {torch.__version__}: median (minimum)")
        print(f"{'net':<18}{'batch':>6}" + "".join(f"{s:>20}" for s in sides)
              + f"{'fastest / ours':>20}")
    for name in names:
        result = compare(a, name)
        if a.json:
            print(json.dumps(result), flush=True)
            continue
        columns = (f"{result['ms_median'][s]:.2f} ({result['ms_min'][s]:.2f})" if s in result["ms_median"]
                   else "failed" for s in sides)
        print(f"{name:<18}{result['batch']:>6}" + "".join(f"{c:>20}" for c in columns)
              + f"{result['ratio_of_medians']:>12.2f} ({result['ratio_of_minima']:.2f})", flush=True)
        for mode, reason in result.get("failed", {}).items():
            print(f"          {mode}: {reason}")


if __name__ == "__main__":
    main()
