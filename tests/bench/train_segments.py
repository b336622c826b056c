"""Study D's audio nets in PyTorch, on log-mel pictures: what apps/segments --log-mel is compared with.

    python tests/bench/train_segments.py PICTURES --seeds 3
    python tests/bench/train_segments.py PICTURES --split leaky song --net cnn2 --epochs 200
    python tests/bench/train_segments.py PICTURES --split lists --lists TRAIN.txt VALID.txt TEST.txt
    python tests/bench/train_segments.py PICTURES --results report/results.json --rule songs

Ten segments of 3 s from each clip, 13 MFCCs, as they are; the nets of torch_nets.py; Adam 1e-4, cnn3 is cnn2 with a random
time flip, dnn has .001 times the sum of squared weights in its loss and in the reported one. leaky: .49, .21 and .30 of
the segments; song: of the clips; lists: clips by name, as the fault-filtered split is published. The last epoch's weights
are tested, and those of the lowest validation loss. Of each: mean and deviation over the seeds, by segment and by song.
Needs torch, SciPy, Pillow and scikit-learn.
"""
import argparse
import json
import os
from collections import Counter

import torch

from keras_training import Recipe, mean_deviation, set_threads, trained
from mel_pictures import (Part, clips_of, folds_of_results, fractions, inputs, labels_of, listed, mfcc, read_results,
                          rule_of)
from torch_nets import make_net

SEGMENTS, SECONDS = 10, 3
# batch × epochs as published
NETS = {"dnn": Recipe(lr=1e-4, batch=64, epochs=250, l2=1e-3), "cnn1": Recipe(lr=1e-4, batch=64, epochs=250),
        "cnn2": Recipe(lr=1e-4, batch=64, epochs=250), "cnn3": Recipe(lr=1e-4, batch=32, epochs=400, time_flip=0.5)}


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("pictures", help="a folder of log-mel pictures, a folder a genre")
    parser.add_argument("--net", nargs="+", choices=NETS, default=["cnn2"])
    parser.add_argument("--split", nargs="+", choices=("leaky", "song", "lists"), default=["leaky", "song"])
    parser.add_argument("--lists", nargs=3, metavar=("TRAIN", "VALID", "TEST"), help="for --split lists")
    parser.add_argument("--results", help="a results.json whose segments and split are taken, in place of --split")
    parser.add_argument("--rule", help="of --results; default: its first")
    parser.add_argument("--split-seed", type=int, default=0)
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--epochs", type=int, help="default: as published")
    parser.add_argument("--keras-eps", action="store_true", help="Adam's eps is added before the bias correction")
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--json", action="store_true", help="a line of JSON a fit as well")
    a = parser.parse_args()
    if ("lists" in a.split) != bool(a.lists):
        parser.error("--split lists and --lists belong together")
    return a


def in_turn(clips):
    """A clip's name that comes again is its next segment."""
    seen, parts = Counter(), []
    for clip in clips:
        parts.append(Part(clip, SECONDS * seen[clip], SECONDS))
        seen[clip] += 1
    return parts


def collection(a):
    """Segments, and by name how they are divided."""
    if a.results:
        results = read_results(a.results)
        parts = in_turn(clip["name"] for clip in results["clips"])
        folds = folds_of_results(results, a.rule)
        return parts, {rule_of(results, a.rule)["name"]: folds[0]}
    parts = in_turn(clip for clip in clips_of(a.pictures) for _ in range(SEGMENTS))
    labels, songs = labels_of(parts), [part.clip for part in parts]
    make = {"leaky": lambda: fractions(labels, a.split_seed), "song": lambda: fractions(labels, a.split_seed, songs),
            "lists": lambda: listed(parts, a.lists)}
    return parts, {name: make[name]() for name in a.split}


def fits(a, net, split, x, y, songs):
    recipe = Recipe(**{**vars(NETS[net]), "keras_eps": a.keras_eps, "epochs": a.epochs or NETS[net].epochs})
    train, valid, test = map(torch.from_numpy, split)
    courses = []
    for seed in range(a.seeds):
        course = trained(make_net(net, tuple(x.shape[1:]), int(y.max()) + 1), recipe, seed,
                         *((x[part], y[part]) for part in (train, valid, test)), groups=songs[test])
        courses.append(course)
        if a.json:
            print(json.dumps({"net": net, "seed": seed, **vars(course)}), flush=True)
    return courses


def row(name, courses):
    def column(which, figure):
        return mean_deviation([course.test[which][figure] for course in courses])

    columns = [column(which, figure) for which in ("last", "best") for figure in ("accuracy", "loss", "song accuracy")]
    best = sum(course.best_epoch for course in courses) / len(courses)
    seconds = sum(course.seconds for course in courses) / len(courses)
    return f"{name:<14}" + "".join(f"{column:>18}" for column in columns) + f"{best:>8.1f}{seconds:>9.1f}"


def main():
    a = arguments()
    set_threads(a.threads)
    parts, splits = collection(a)
    x, y = torch.from_numpy(inputs(a.pictures, parts, mfcc)), torch.from_numpy(labels_of(parts))
    names = sorted({part.clip for part in parts})
    songs = torch.tensor([names.index(part.clip) for part in parts])
    print(f"{len(parts)} segments of {x.shape[2]} frames, {a.seeds} seeds, {a.threads} threads, torch {torch.__version__}")
    columns = ("last accuracy", "last loss", "last, songs", "best accuracy", "best loss", "best, songs")
    for rule, split in splits.items():
        print(f"{rule}: {' / '.join(str(len(part)) for part in split)} segments")
        print(f"{'':<14}" + "".join(f"{column:>18}" for column in columns) + f"{'epoch':>8}{'s a fit':>9}")
        for net in a.net:
            print(row(net, fits(a, net, split, x, y, songs)), flush=True)


if __name__ == "__main__":
    main()
