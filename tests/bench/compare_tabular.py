"""What a run of spotify_tabular found beside what scikit-learn and PyTorch find on the same table and split.

    build/bin/spotify_tabular --data SONGS.csv --standardise --tolerance 1e-8 --passes 5000 --out run
    python tests/bench/compare_tabular.py SONGS.csv run --dense

The inputs are those that the run's weights file names, the split is the published one of results.json, whose training part
is whatever it does not test. scikit-learn's solvers have the run's number of passes and tolerance (--passes, --tolerance),
and no penalty. The objective is the mean cross-entropy of the training part, in f64. --dense trains the dense net with
PyTorch (Keras's RMSprop and initial values), too.
"""

import argparse
import csv
import json
import os
import time
import warnings

import numpy as np
from sklearn.linear_model import LogisticRegression


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("table", help="the CSV file that the run was given")
    parser.add_argument("run", help="its --out")
    parser.add_argument("--passes", type=int, default=1000)
    parser.add_argument("--tolerance", type=float, default=1e-4)
    parser.add_argument("--rename", default="", help="as the run had it")
    parser.add_argument("--genre-column", help="as the run had it")
    parser.add_argument("--id-column", help="as the run had it")
    parser.add_argument("--dense", action="store_true")
    parser.add_argument("--epochs", type=int, default=100)
    parser.add_argument("--seeds", type=int, default=3)
    return parser.parse_args()


def features_of(run):
    """The columns of the nets' input, from the metadata of a weights file."""
    folder = os.path.join(run, "weights")
    with open(os.path.join(folder, sorted(os.listdir(folder))[0]), "rb") as file:
        header = json.loads(file.read(int.from_bytes(file.read(8), "little")))
    for value in header["__metadata__"].values():
        try:
            return json.loads(value)["input"]["parameters"]["names"]
        except (ValueError, KeyError, TypeError):
            continue
    raise SystemExit("no columns in " + folder)


def first_of(heading, names):
    return next((heading.index(name) for name in names if name in heading), None)


def value_of(feature, row, heading, renamed):
    if feature.startswith("key="):
        return float(row[heading.index(renamed.get("key", "key"))] == feature[4:])
    text = row[heading.index(renamed.get(feature, feature))]
    return {"Major": 1.0, "Minor": 0.0}.get(text) if text in ("Major", "Minor") else float(text)


def read_songs(args, results):
    """x (songs, features) as our nets see it, f32 as stored, and labels: in the order of the run's songs."""
    with open(args.table, newline="", encoding="utf-8-sig") as file:
        rows = [row for row in csv.reader(file) if row]
    heading = rows[0]
    genre = heading.index(args.genre_column) if args.genre_column else first_of(
        heading, ("music_genre", "track_genre", "playlist_genre", "genre"))
    key = heading.index(args.id_column) if args.id_column else first_of(heading, ("track_id", "id"))
    place = {}
    for number, row in enumerate(rows):
        what = f"row {number + 1}" if key is None or len(row) <= key or not row[key] else row[key]
        if len(row) == len(heading):
            place.setdefault(row[genre] + "/" + what, number)
    renamed = dict(pair.split("=") for pair in args.rename.split(",") if pair)
    features = features_of(args.run)
    chosen = [rows[place[clip["name"]]] for clip in results["clips"]]
    x = np.array([[value_of(f, row, heading, renamed) for f in features] for row in chosen], np.float32)
    return x.astype(np.float64), np.array([clip["label"] for clip in results["clips"]])


def log_loss(probabilities, labels):
    return -np.log(probabilities[np.arange(len(labels)), labels]).mean()


def solve(solver, train, test, args):
    # C=inf: no penalty, in every version
    model = LogisticRegression(C=np.inf, solver=solver, max_iter=args.passes, tol=args.tolerance, random_state=0)
    begin = time.time()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model.fit(*train)
    return {"objective": log_loss(model.predict_proba(train[0]), train[1]), "accuracy": model.score(*test),
            "passes": int(np.max(model.n_iter_)), "seconds": time.time() - begin}


def train_dense(train, test, classes, seed, epochs):
    import torch
    from torch import nn
    torch.set_num_threads(1)  # batches of 64 × 30 are too small for more
    torch.manual_seed(seed)
    x, y = torch.tensor(train[0], dtype=torch.float32), torch.tensor(train[1])
    net = nn.Sequential(nn.Linear(x.shape[1], 30), nn.ReLU(), nn.Linear(30, 30), nn.ReLU(), nn.Linear(30, classes))
    for layer in net:
        if isinstance(layer, nn.Linear):
            nn.init.xavier_uniform_(layer.weight)
            nn.init.zeros_(layer.bias)
    optimizer = torch.optim.RMSprop(net.parameters(), lr=1e-3, alpha=.9, eps=1e-7)
    begin = time.time()
    for _ in range(epochs):
        order = torch.randperm(len(x))
        for batch in order.split(64):
            optimizer.zero_grad(set_to_none=True)
            nn.functional.cross_entropy(net(x[batch]), y[batch]).backward()
            optimizer.step()
    with torch.no_grad():
        p = torch.softmax(net(torch.tensor(test[0], dtype=torch.float32)).double(), 1).numpy()
    return {"accuracy": (p.argmax(1) == test[1]).mean(), "loss": log_loss(p, test[1]), "seconds": time.time() - begin}


def spread(values):
    return f"{np.mean(values):.4f} ± {np.std(values, ddof=1):.4f}" if len(values) > 1 else f"{values[0]:.4f}"


def fits_of(results, name):
    row = next((row for row in results["rows"] if row["name"] == name), {"fits": []})
    return [fit for fit in row["fits"] if fit["rule"] == "published" and not fit["diverged"]]


def main():
    args = arguments()
    with open(os.path.join(args.run, "results.json"), encoding="utf-8") as file:
        results = json.load(file)
    x, labels = read_songs(args, results)
    rule = next(rule for rule in results["rules"] if rule["name"] == "published")
    tested = np.zeros(len(labels), bool)
    tested[rule["folds"][0]["test"]] = True
    if any("band by band" in s["value"] for s in results["settings"] if s["name"] == "normalisation"):
        x = (x - x[~tested].mean(0)) / x[~tested].std(0)
        print("standardised by the training part")
    train, test = (x[~tested], labels[~tested]), (x[tested], labels[tested])
    counts = np.bincount(test[1])
    print(f"{len(train[1])} songs to train, {len(test[1])} to test, {x.shape[1]} inputs, {len(counts)} genres; "
          f"the largest has {counts.max() / counts.sum():.4f} of the test part\n")

    print(f"{'':8} {'objective':>13} {'of scikit-learn':>16} {'ratio − 1':>10} {'accuracy':>9} {'sklearn':>8} "
          f"{'passes':>7} {'sklearn':>8} {'s':>7} {'sklearn':>8}")
    for name in ("saga", "lbfgs"):
        fits = fits_of(results, name)
        if not fits:
            continue
        ours, theirs = fits[0], solve(name, train, test, args)
        objective = ours["measured"]["objective"]
        print(f"{name:8} {objective:13.8f} {theirs['objective']:16.8f} {objective / theirs['objective'] - 1:10.1e} "
              f"{ours['measured']['accuracy']:9.4f} {theirs['accuracy']:8.4f} "
              f"{len(ours['history']['train_loss']):7} {theirs['passes']:8} {ours['seconds']:7.2f} {theirs['seconds']:8.2f}")
    dense = fits_of(results, "dense")
    if args.dense and dense:
        theirs = [train_dense(train, test, len(counts), seed, args.epochs) for seed in range(args.seeds)]
        print("\ndense net     ours               PyTorch")
        for figure in ("accuracy", "loss"):
            print(f"{figure:13} {spread([fit['measured'][figure] for fit in dense]):18} "
                  f"{spread([fit[figure] for fit in theirs])}")
        print(f"{'seconds':13} {np.mean([fit['seconds'] for fit in dense]):<18.2f} "
              f"{np.mean([fit['seconds'] for fit in theirs]):.2f}")


if __name__ == "__main__":
    main()
