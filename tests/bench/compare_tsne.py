"""t-SNE against scikit-learn's (method "exact", its defaults), on strengths like those of a map of songs.

    python tests/bench/compare_tsne.py
    python tests/bench/compare_tsne.py --start random --points 500 --seeds 3
    python tests/bench/compare_tsne.py --points 5000 --seeds 1 --alone      # the time alone

For each seed: points of eight strengths that add up to 1, drawn around twelve centres, given to both. Both maps are judged
in the same way: the divergence by scikit-learn's affinities, and the share of each point's ten nearest neighbours that are
among its ten nearest on the map. Ends with an error if the mean divergence is above 1.05 times scikit-learn's, or the share
more than .02 below. Needs a Python with scikit-learn.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time

import numpy as np

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
CLASSES, CENTRES, NEIGHBOURS = 8, 12, 10


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--points", type=int, default=1000)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--start", choices=["pca", "random"], default="pca")
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--alone", action="store_true", help="without scikit-learn")
    parser.add_argument("--build", default=os.path.join(ROOT, "build"), help="the release build")
    return parser.parse_args()


def strengths(seed, count):
    random = np.random.default_rng(seed)
    logits = 2 * random.standard_normal((CENTRES, CLASSES))[random.integers(0, CENTRES, count)]
    logits += random.standard_normal((count, CLASSES))
    powers = np.exp(logits)
    return powers / powers.sum(1, keepdims=True)


def ours(a, points, seed, folder):
    given, got = os.path.join(folder, "points.npy"), os.path.join(folder, "map.npy")
    np.save(given, points)
    command = [os.path.join(a.build, "bin", "bench_tsne"), given, "--output", got, "--seed", str(seed),
               "--start", a.start, "--threads", str(a.threads)]
    said = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return np.load(got).astype(np.float64), float(said.split()[0]), said.strip()


def theirs(a, points, seed):
    from sklearn.manifold import TSNE
    began = time.perf_counter()
    placed = TSNE(method="exact", init=a.start, random_state=seed).fit_transform(points)
    return placed.astype(np.float64), time.perf_counter() - began


def squared_distances(x):
    squares = (x**2).sum(1)
    return np.maximum(squares[:, None] + squares[None] - 2 * x @ x.T, 0)


def divergence(points, placed):
    from scipy.spatial.distance import squareform
    from sklearn.manifold._t_sne import _joint_probabilities
    p = squareform(_joint_probabilities(squared_distances(points), 30, 0))
    w = 1 / (1 + squared_distances(placed))
    np.fill_diagonal(w, 0)
    there = p > 0
    return (p[there] * np.log(p[there] / (w / w.sum())[there])).sum()


def nearest(x):
    distances = squared_distances(x)
    np.fill_diagonal(distances, np.inf)
    return np.argsort(distances, axis=1, kind="stable")[:, :NEIGHBOURS]


def share_kept(points, placed):
    before, after = nearest(points), nearest(placed)
    return np.mean([len(set(i) & set(j)) for i, j in zip(before, after)]) / NEIGHBOURS


def main():
    a = arguments()
    measured = {"melgrad": [], "scikit-learn": []}
    with tempfile.TemporaryDirectory() as folder:
        for seed in range(a.seeds):
            points = strengths(seed, a.points)
            placed, seconds, said = ours(a, points, seed, folder)
            if a.alone:
                print(f"seed {seed}: {said}")
                continue
            for name, (where, took) in {"melgrad": (placed, seconds), "scikit-learn": theirs(a, points, seed)}.items():
                figures = divergence(points, where), share_kept(points, where), took
                measured[name].append(figures)
                print("seed {}  {:12}  divergence {:.4f}  neighbours kept {:.3f}  {:6.2f} s".format(
                    seed, name, *figures), flush=True)
    if a.alone:
        return
    means = {name: np.mean(figures, axis=0) for name, figures in measured.items()}
    for name, figures in means.items():
        print("mean    {:12}  divergence {:.4f}  neighbours kept {:.3f}  {:6.2f} s".format(name, *figures))
    ratio = means["melgrad"][0] / means["scikit-learn"][0]
    difference = means["melgrad"][1] - means["scikit-learn"][1]
    print(f"divergence {ratio:.3f} times scikit-learn's, neighbours kept {difference:+.3f}")
    if ratio > 1.05 or difference < -.02:
        sys.exit("worse than scikit-learn's")


if __name__ == "__main__":
    main()
