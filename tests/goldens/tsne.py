#!/usr/bin/env python3
"""Golden values of tests/optim/tsne.cpp, from scikit-learn.

    python tests/goldens/tsne.py

writes tsne.safetensors beside this file: 60 points of 8 dimensions in four clusters, their affinities at
perplexity 15, where t-SNE begins, the divergence and its gradient at points of a wider spread, and the divergence
after 1 000 iterations of method "exact".
"""
import pathlib

import numpy as np
import sklearn
from safetensors.numpy import save_file
from scipy.spatial.distance import squareform
from sklearn.decomposition import PCA
from sklearn.manifold import TSNE
from sklearn.manifold._t_sne import _joint_probabilities, _kl_divergence
from sklearn.metrics import pairwise_distances

PERPLEXITY = 15

generator = np.random.default_rng(3)
centres = 2 * generator.standard_normal((4, 8))
points = np.repeat(centres, 15, axis=0) + generator.standard_normal((60, 8))
points[1] = points[0]  # two equal ones

p = _joint_probabilities(pairwise_distances(points, squared=True), PERPLEXITY, 0)
start = PCA(n_components=2).fit_transform(points)
start = start / np.std(start[:, 0]) * 1e-4
y = generator.standard_normal((60, 2))
divergence, gradient = _kl_divergence(y.ravel(), p, 1, 60, 2)
map_ = TSNE(perplexity=PERPLEXITY, method="exact", random_state=0)
map_.fit(points)

arrays = {
    "points": points,
    "affinities": squareform(p),
    "start": start,
    "y": y,
    "divergence": np.array(divergence),
    "gradient": gradient.reshape(60, 2),
    "after": np.array(float(map_.kl_divergence_)),
}
save_file(
    {name: np.ascontiguousarray(array, dtype=np.float64) for name, array in arrays.items()},
    pathlib.Path(__file__).parent / "tsne.safetensors",
    metadata={"scikit-learn": sklearn.__version__, "numpy": np.__version__},
)
