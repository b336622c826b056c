"""Training steps against PyTorch's, in one run on one machine, taking turns.

    python tests/bench/compare.py --net base_cnn --batch 64 --threads 2
    python tests/bench/compare.py --all --json
    python tests/bench/compare.py --all --device cuda --build build-cuda
    python tests/bench/compare.py --features --help

A step is forward, cross-entropy, backward, Adam. PyTorch runs in several modes: eager; channels-last;
channels-last with fused Adam ("fused"); that under torch.compile ("compile"); on a GPU also as CUDA
graphs ("reduce-overhead"). What counts is the ratio to its fastest mode, of the medians and of the minima: above 1 we are
faster. Machines differ and drift, so no other figure means much. On a GPU we run with and without --cuda-graph, both sides
wait for the GPU after each step, and TF32 is off unless asked for. Needs torch, and torchvision for AlexNet and VGG, in the Python that runs
this (or in the one given as --python), and a release build.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
# name: (batch, size of the pictures) that --all measures
STUDY = {
    "logistic": (64, 64), "mlp1": (64, 64), "mlp2": (64, 64), "base_cnn": (64, 64),
    "deep_cnn": (64, 64), "cnn_rnn": (64, 64), "cnn_lstm": (64, 64), "alexnet": (32, 64),
    "vgg11_bn": (16, 64),
}
MODES = {"cpu": "eager,channels_last,fused,compile", "cuda": "eager,channels_last,fused,compile,reduce-overhead"}
OURS = {"cpu": {"ours": []}, "cuda": {"ours": [], "ours (graph)": ["--cuda-graph"]}}


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--net", action="append", choices=STUDY, help="may be repeated")
    parser.add_argument("--all", action="store_true", help="every net of the four-genre study")
    parser.add_argument("--batch", type=int, help="default: each net's own")
    parser.add_argument("--size", type=int, help="height and width; default 64")
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--device", default="cpu", choices=MODES)
    parser.add_argument("--modes", help="of PyTorch; default: all")
    parser.add_argument("--rounds", type=int, default=3, help="turns that each side takes")
    parser.add_argument("--seconds", type=float, default=2, help="of each turn")
    parser.add_argument("--bf16", action="store_true", help="autocast on both sides")
    parser.add_argument("--tf32", action="store_true", help="on a GPU: f32 products and convolutions as TF32, on both sides")
    parser.add_argument("--json", action="store_true", help="one JSON object a net")
    parser.add_argument("--build", default=os.path.join(ROOT, "build"), help="the release build")
    parser.add_argument("--python", help="a Python that has torch, if this one does not")
    a = parser.parse_args()
    a.modes = a.modes or MODES[a.device]
    return a


def make_net(name, classes):
    """The nets of layers/models/ in PyTorch."""
    from torch import nn

    class LastColumn(nn.Module):
        """Each time column of a (N, C, H, W) picture is a step; gives the last state."""

        def __init__(self, kind, features, hidden):
            super().__init__()
            self.rnn = kind(features, hidden)

        def forward(self, x):
            return self.rnn(x.permute(3, 0, 1, 2).flatten(2))[0][-1]

    def features(filters, convs=1):
        layers, channels = [], 3
        for n in filters:
            for inputs in (channels, n)[:convs]:
                layers += [nn.Conv2d(inputs, n, 3, padding=1), nn.BatchNorm2d(n), nn.ReLU()]
            layers.append(nn.MaxPool2d(2))
            channels = n
        return layers

    def perceptron(*sizes):
        layers = [nn.Flatten()]
        for inputs, outputs in zip(sizes, sizes[1:]):
            layers += [nn.Linear(inputs, outputs), nn.ReLU()]
        return nn.Sequential(*layers[:-1])

    def head(inputs):
        return [nn.Flatten(), nn.Dropout(0.5), nn.Linear(inputs, 128), nn.ReLU(), nn.Linear(128, classes)]

    def recurrent(kind):
        return nn.Sequential(*features((32, 64, 128)), LastColumn(kind, 1024, 128), nn.Linear(128, classes))

    def torchvision(net):
        import torchvision
        return getattr(torchvision.models, net)(num_classes=classes)

    return {
        "logistic": lambda: perceptron(12288, classes),
        "mlp1": lambda: perceptron(12288, 512, classes),
        "mlp2": lambda: perceptron(12288, 512, 128, classes),
        "base_cnn": lambda: nn.Sequential(*features((32, 64, 128)), *head(8192)),
        "deep_cnn": lambda: nn.Sequential(*features((32, 64, 128, 256, 256), 2), *head(1024)),
        "cnn_rnn": lambda: recurrent(nn.RNN),
        "cnn_lstm": lambda: recurrent(nn.LSTM),
        "alexnet": lambda: torchvision("alexnet"),
        "vgg11_bn": lambda: torchvision("vgg11_bn"),
    }[name]()


def torch_step(mode, name, batch, size, a):
    """A function that does one training step."""
    import torch
    torch.manual_seed(0)
    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = a.tf32
    classes = 4
    net = make_net(name, classes).to(a.device)
    x = torch.rand(batch, 3, size, size, device=a.device)
    target = torch.randint(classes, (batch,), device=a.device)
    if mode != "eager":
        net = net.to(memory_format=torch.channels_last)
        x = x.to(memory_format=torch.channels_last)
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

    return step


def measure(step, seconds):
    """Times of steps in ms."""
    times, begin = [], time.perf_counter()
    while len(times) < 3 or time.perf_counter() - begin < seconds:
        start = time.perf_counter()
        step()
        times.append((time.perf_counter() - start) * 1000)
    return times


def measure_ours(a, name, batch, size, options):
    command = [os.path.join(a.build, "bin", "bench_train"), "--net", name, "--batch", str(batch),
               "--size", str(size), "--threads", str(a.threads), "--seconds", str(a.seconds), "--json",
               "--device", a.device, *options, *["--bf16"] * a.bf16, *["--tf32"] * a.tf32]
    result = subprocess.run(command, check=True, capture_output=True, text=True)
    return json.loads(result.stdout)["ms"]


def compare(a, name):
    batch, size = STUDY[name]
    batch, size = a.batch or batch, a.size or size
    steps, failed = {}, {}
    for mode in a.modes.split(","):
        step = torch_step(mode, name, batch, size, a)
        try:
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
            times[side] += measure_ours(a, name, batch, size, options)
        for mode, step in steps.items():
            times[mode] += measure(step, a.seconds)
    median = {side: round(statistics.median(t), 3) for side, t in times.items()}
    minimum = {side: round(min(t), 3) for side, t in times.items()}

    def ratio(figures, peers):
        return round(min(figures[p] for p in peers) / min(figures[side] for side in ours), 3)

    return {
        "net": name, "batch": batch, "size": size, "device": a.device, "threads": a.threads,
        "dtype": "bf16" if a.bf16 else "tf32" if a.tf32 else "f32", "ms_median": median, "ms_min": minimum,
        "ratio_of_medians": ratio(median, steps), "ratio_of_minima": ratio(minimum, steps),
        **({"ratio_to_eager": ratio(median, ["eager"])} if "eager" in steps else {}),
        **({"failed": failed} if failed else {}),
    }


def main():
    if "--features" in sys.argv:  # audio features against librosa and torchaudio
        import compare_features
        return compare_features.main()
    a = arguments()
    if a.python and not os.environ.get("MELGRAD_COMPARE_CHILD"):
        sys.exit(subprocess.run([a.python, *sys.argv], env=os.environ | {"MELGRAD_COMPARE_CHILD": "1"}).returncode)
    os.environ.setdefault("OMP_NUM_THREADS", str(a.threads))
    import torch
    torch.set_num_threads(a.threads)
    sides = (*OURS[a.device], *a.modes.split(","))
    names = list(STUDY) if a.all else a.net or ["base_cnn", "cnn_lstm"]
    if not a.json:
        where = torch.cuda.get_device_name() if a.device == "cuda" else f"{a.threads} threads"
        print(f"ms a training step, {where}, torch {torch.__version__}: median (minimum)")
        print(f"{'net':<10}{'batch':>6}" + "".join(f"{s:>20}" for s in sides)
              + f"{'fastest / ours':>20}")
    for name in names:
        result = compare(a, name)
        if a.json:
            print(json.dumps(result), flush=True)
            continue
        columns = (f"{result['ms_median'][s]:.2f} ({result['ms_min'][s]:.2f})" if s in result["ms_median"]
                   else "failed" for s in sides)
        print(f"{name:<10}{result['batch']:>6}" + "".join(f"{c:>20}" for c in columns)
              + f"{result['ratio_of_medians']:>12.2f} ({result['ratio_of_minima']:.2f})", flush=True)
        for mode, reason in result.get("failed", {}).items():
            print(f"          {mode}: {reason}")


if __name__ == "__main__":
    main()
