"""Epochs of a fold of studies C and D against PyTorch's, in one run on one machine, taking turns.

    python tests/bench/compare.py --fold
    python tests/bench/compare.py --fold --net cnn2 --batch 64 --clips 9990

An epoch is a training step on every batch of four fifths of the clips, shuffled, and the validation on the rest, on noise of
the net's own shape (1 249 frames of 13 coefficients for study C). Ours is the harness's (bench_epoch --fold), with its
loader threads; PyTorch's is keras_training.py, channels-last with fused Adam, on tensors in memory, with the batches in
validation that are fastest. Without --net: all cells of study C, both nets with batches of 16 and 32; MFCC and mel are as
large. What counts is the ratio of the medians and of the minima: above 1 we are faster. Both want an idle machine. Needs
torch.
"""
import argparse
import json
import os
import statistics
import subprocess
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
CLASSES = 10


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--fold", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--net", nargs="+", default=["mfcc_basic", "mfcc_deeper"])
    parser.add_argument("--batch", nargs="+", type=int, default=[16, 32])
    parser.add_argument("--clips", type=int, default=950, help="of all five folds")
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--rounds", type=int, default=3, help="turns that each side takes")
    parser.add_argument("--epochs", type=int, default=2, help="of each turn, after one to warm up")
    parser.add_argument("--json", action="store_true", help="one JSON object a cell")
    parser.add_argument("--build", default=os.path.join(ROOT, "build"), help="the release build")
    return parser.parse_args()


def measure_ours(a, net, batch):
    command = [os.path.join(a.build, "bin", "bench_epoch"), "--fold", "--net", net, "--batch", str(batch), "--clips",
               str(a.clips), "--rounds", str(a.epochs), "--threads", str(a.threads)]
    result = subprocess.run(command, check=True, capture_output=True, text=True)
    return json.loads(result.stdout)["seconds"]


def seconds_of(work, *arguments, **settings):
    begin = time.perf_counter()
    work(*arguments, **settings)
    return time.perf_counter() - begin


def fastest_validation(fit, valid):
    """The size of its batches: on a CPU large activations cost more than they save."""
    sizes = (8, 16, 32, 64, 256)
    return min(sizes, key=lambda size: min(seconds_of(fit.evaluate, *valid, batch=size) for _ in range(3)))


def measure_torch(a, fit, train, valid, batch):
    """An epoch to warm up first, as ours has it."""
    seconds = [seconds_of(fit.train_epoch, *train) + seconds_of(fit.evaluate, *valid, batch=batch)
               for _ in range(1 + a.epochs)]
    return seconds[1:]


def compare(a, net, batch):
    import torch
    from keras_training import Fit, Recipe
    from torch_nets import SIZES, make_net
    shape = SIZES[net][1]
    x, y = torch.randn(a.clips, *shape), torch.arange(a.clips) % CLASSES
    is_valid = torch.arange(a.clips) % 5 == 0
    train, valid = ((x[chosen], y[chosen]) for chosen in (~is_valid, is_valid))
    fit = Fit(make_net(net, shape, CLASSES), Recipe(batch=batch), 0)
    valid_batch = fastest_validation(fit, valid)
    times = {"ours": [], "PyTorch": []}
    for _ in range(a.rounds):
        times["ours"] += measure_ours(a, net, batch)
        times["PyTorch"] += measure_torch(a, fit, train, valid, valid_batch)
    median = {side: statistics.median(seconds) for side, seconds in times.items()}
    minimum = {side: min(seconds) for side, seconds in times.items()}
    return {"net": net, "batch": batch, "clips": a.clips, "threads": a.threads,
            "valid_batch_of_torch": valid_batch, "s_median": median, "s_min": minimum,
            "ratio_of_medians": round(median["PyTorch"] / median["ours"], 3),
            "ratio_of_minima": round(minimum["PyTorch"] / minimum["ours"], 3)}


def main():
    a = arguments()
    from keras_training import set_threads
    set_threads(a.threads)
    import torch
    if not a.json:
        print(f"s an epoch of {a.clips} clips, {a.threads} threads, torch {torch.__version__}: median (minimum)")
        print(f"{'net':<14}{'batch':>6}{'ours':>18}{'PyTorch':>18}{'PyTorch / ours':>18}")
    for net in a.net:
        for batch in a.batch:
            result = compare(a, net, batch)
            if a.json:
                print(json.dumps(result), flush=True)
                continue
            columns = (f"{result['s_median'][side]:.3f} ({result['s_min'][side]:.3f})" for side in ("ours", "PyTorch"))
            print(f"{net:<14}{batch:>6}" + "".join(f"{column:>18}" for column in columns)
                  + f"{result['ratio_of_medians']:>10.2f} ({result['ratio_of_minima']:.2f})", flush=True)
