"""Study B's conv nets in PyTorch, on log-mel pictures: what apps/fma_small --log-mel is compared with.

    python tests/bench/train_fma.py PICTURES --results report/results.json --seeds 3
    python tests/bench/train_fma.py PICTURES --results report/results.json --net convconvpool convconvpool_zoom --rule published

Pictures as decibels, each frame scaled by itself, in 8 bits, through JPEG, as three equal channels; the nets of
torch_nets.py; Adam 1e-3 with eps 1e-8, batches of 20, 319 steps an epoch and 20 epochs (500 and 80), zoom by each row. The
clips and the split are those of --results. The last epoch's weights are tested, and those of the lowest validation loss. Of
each figure: mean and deviation over the seeds. Needs torch and Pillow.
"""
import argparse
import json
import os

import numpy as np
import torch
from torch import nn

from keras_training import Recipe, mean_deviation, set_threads, trained
from mel_pictures import Part, decibels, folds_of_results, labels_of, read_results, scaled_frames
from torch_nets import make_net

SECONDS = 30  # all columns of a picture


def recipe(zoom, steps=319, epochs=20):
    return Recipe(lr=1e-3, eps=1e-8, batch=20, steps=steps, epochs=epochs, zoom=zoom)


ROWS = {"convpool": recipe(0), "convpool_zoom": recipe(.3), "convconvpool": recipe(0), "convconvpool_zoom": recipe(.3),
        "convconvpool_long": recipe(.5, 500, 80)}


class ThreeChannels(nn.Module):
    def forward(self, x):
        return x.expand(-1, 3, -1, -1)


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("pictures", help="a folder of log-mel pictures, a folder a genre")
    parser.add_argument("--results", required=True, help="the results.json of a run on them")
    parser.add_argument("--rule", help="of --results; default: its first")
    parser.add_argument("--net", nargs="+", choices=ROWS, default=["convpool", "convpool_zoom", "convconvpool",
                                                                   "convconvpool_zoom"])
    parser.add_argument("--jpeg", type=int, default=75, help="quality; 0: none")
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--epochs", type=int, help="default: as published")
    parser.add_argument("--steps", type=int, help="an epoch; default: as published")
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--json", action="store_true", help="a line of JSON a fit as well")
    return parser.parse_args()


def fits(a, row, split, x, y):
    of_row = vars(ROWS[row])
    how = Recipe(**{**of_row, "epochs": a.epochs or of_row["epochs"],
                    "steps": of_row["steps"] if a.steps is None else a.steps})
    courses = []
    for seed in range(a.seeds):
        net = make_net(row.split("_")[0], (3, *x.shape[2:]), int(y.max()) + 1)
        parts = ((x[part], y[part]) for part in map(torch.from_numpy, split))
        courses.append(trained(nn.Sequential(ThreeChannels(), net), how, seed, *parts))
        if a.json:
            print(json.dumps({"net": row, "seed": seed, **vars(courses[-1])}), flush=True)
    return courses


def line(row, courses):
    columns = [mean_deviation(values) for values in (
        [course.valid_accuracy[-1] for course in courses], [course.valid_loss[-1] for course in courses],
        [max(course.valid_accuracy) for course in courses], [course.test["last"]["accuracy"] for course in courses],
        [course.test["last"]["loss"] for course in courses], [course.test["best"]["accuracy"] for course in courses])]
    epochs = sum(len(course.valid_loss) for course in courses)
    seconds = sum(course.seconds for course in courses) / epochs
    return f"{row:<18}" + "".join(f"{column:>18}" for column in columns) + f"{seconds:>12.2f}"


def main():
    a = arguments()
    set_threads(a.threads)
    results = read_results(a.results)
    parts = [Part(clip["name"], 0, SECONDS) for clip in results["clips"]]
    split = folds_of_results(results, a.rule)[0]
    rows = [scaled_frames(decibels(a.pictures, part), a.jpeg) for part in parts]
    x = torch.from_numpy(np.stack(rows)[:, None].astype(np.float32) / 255)
    y = torch.from_numpy(labels_of(parts))
    print(f"{len(parts)} clips of {tuple(x.shape[2:])}, {a.seeds} seeds, {a.threads} threads, torch {torch.__version__}; "
          f"{' / '.join(str(len(part)) for part in split)}")
    names = ("last valid acc", "last valid loss", "best valid acc", "last test acc", "last test loss", "best epoch's")
    print(f"{'':<18}" + "".join(f"{name:>18}" for name in names) + f"{'s an epoch':>12}")
    for row in a.net:
        print(line(row, fits(a, row, split, x, y)), flush=True)


if __name__ == "__main__":
    main()
