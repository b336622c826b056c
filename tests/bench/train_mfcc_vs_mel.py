"""Study C's recipe in PyTorch, on log-mel pictures: what apps/mfcc_vs_mel --log-mel is compared with.

    python tests/bench/train_mfcc_vs_mel.py PICTURES --seeds 3
    python tests/bench/train_mfcc_vs_mel.py PICTURES --results report/results.json --cells mfcc_basic_32 mel_deeper_16

29 of 30 s, 13 MFCCs or 13 bands of mel power times --factor; the nets of torch_nets.py; Adam 1e-3, early stopping on the
validation loss with patience 5, five stratified folds, the held-out one for stopping and for the score. The folds are
those of --results, or drawn with --split-seed. Of each cell: the mean over the folds, and its mean and deviation over the
seeds, for the weights of the lowest validation loss and for the last ones. Needs torch, librosa, SciPy, Pillow and
scikit-learn.
"""
import argparse
import json
import os
import statistics

import torch

from keras_training import Recipe, mean_deviation, set_threads, trained
from mel_pictures import (REPETITIONS, Part, clips_of, folds_of_results, inputs, labels_of, mel_power, mfcc,
                          read_results, stratified_folds, to_fewer_bands)
from torch_nets import make_net

SECONDS = 29  # of each clip
CELLS = [f"{feature}_{net}_{batch}" for feature in ("mfcc", "mel") for net in ("basic", "deeper") for batch in (16, 32)]


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("pictures", help="a folder of log-mel pictures, a folder a genre")
    parser.add_argument("--cells", nargs="+", choices=CELLS, default=CELLS, metavar="CELL", help=", ".join(CELLS))
    parser.add_argument("--factor", type=float, default=100, help="on the mel power, which is at most 1 in a picture")
    parser.add_argument("--results", help="a results.json whose clips and folds are taken")
    parser.add_argument("--rule", help="of --results; default: its first")
    parser.add_argument("--folds", type=int, default=5)
    parser.add_argument("--only-folds", type=int, help="train only so many of them")
    parser.add_argument("--split-seed", type=int, default=0)
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--epochs", type=int, default=100, help="at most")
    parser.add_argument("--patience", type=int, default=5)
    parser.add_argument("--keras-eps", action="store_true", help="Adam's eps is added before the bias correction")
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--json", action="store_true", help="a line of JSON a fit as well")
    return parser.parse_args()


def collection(a):
    """Clips and their folds."""
    if a.results:
        results = read_results(a.results)
        parts = [Part(clip["name"], 0, SECONDS) for clip in results["clips"]]
        return parts, folds_of_results(results, a.rule)
    parts = [Part(clip, 0, SECONDS) for clip in clips_of(a.pictures, REPETITIONS)]
    return parts, stratified_folds(labels_of(parts), a.folds, a.split_seed)


def fits(a, cell, x, y, folds):
    """Courses by seed and fold."""
    _, net, batch = cell.split("_")
    recipe = Recipe(batch=int(batch), epochs=a.epochs, patience=a.patience, keras_eps=a.keras_eps)
    shape, classes = tuple(x.shape[1:]), int(y.max()) + 1
    courses = []
    for seed in range(a.seeds):
        courses.append([])
        for fold, split in enumerate(folds[:a.only_folds]):
            parts = [(x[part], y[part]) for part in map(torch.from_numpy, split)]
            course = trained(make_net(f"mfcc_{net}", shape, classes), recipe, 1000 * seed + fold, *parts)
            courses[-1].append(course)
            if a.json:
                print(json.dumps({"cell": cell, "seed": seed, "fold": fold, **vars(course)}), flush=True)
    return courses


def row(cell, courses):
    every = [course for of_seed in courses for course in of_seed]
    columns = [mean_deviation([statistics.fmean(course.test[which]["accuracy"] for course in of_seed)
                               for of_seed in courses]) for which in ("best", "last")]
    best = mean_deviation([course.test["best"]["accuracy"] for course in every])
    epochs = statistics.fmean(len(course.valid_loss) for course in every)
    seconds = statistics.fmean(course.seconds for course in every)
    return f"{cell:<16}{columns[0]:>18}{columns[1]:>18}{best:>18}{epochs:>8.1f}{seconds:>10.1f}"


def main():
    a = arguments()
    set_threads(a.threads)
    parts, folds = collection(a)
    y = torch.from_numpy(labels_of(parts))
    weights = to_fewer_bands()
    features = {"mfcc": mfcc, "mel": lambda db: mel_power(db, weights, a.factor)}
    x = {name: torch.from_numpy(inputs(a.pictures, parts, features[name]))
         for name in {cell.split("_")[0] for cell in a.cells}}
    print(f"{len(parts)} clips of {next(iter(x.values())).shape[2]} frames, {len(folds[:a.only_folds])} of {len(folds)} folds, "
          f"{a.seeds} seeds, {a.threads} threads, torch {torch.__version__}")
    print(f"{'accuracy':<16}{'best, over seeds':>18}{'last, over seeds':>18}{'best, over fits':>18}{'epochs':>8}{'s a fit':>10}")
    for cell in a.cells:
        print(row(cell, fits(a, cell, x[cell.split('_')[0]], y, folds)), flush=True)


if __name__ == "__main__":
    main()
