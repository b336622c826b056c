"""Resizing."""

import numpy as np
import torch
import torch.nn.functional as F


def overlap(source, target):
    """(target, source): the share of each source pixel in each target pixel."""
    edges = np.arange(target + 1) * source / target
    m = np.zeros((target, source))
    for i in range(target):
        for j in range(source):
            m[i, j] = max(0.0, min(edges[i + 1], j + 1) - max(edges[i], j))
    return torch.from_numpy(m * target / source)


def resize(x, size, mode):
    if mode == "area":
        return overlap(x.shape[-2], size[0]) @ x @ overlap(x.shape[-1], size[1]).T
    options = {"align_corners": False} if mode == "bilinear" else {}
    flat = x.reshape(1, -1, *x.shape[-2:])
    return F.interpolate(flat, size, mode=mode, **options).reshape(*x.shape[:-2], *size)


ROWS = {
    f"resize/{mode}_{name}": lambda x, size=size, mode=mode: resize(x, size, mode)
    for mode in ("nearest", "bilinear", "area")
    for name, size in (("smaller", (3, 4)), ("larger", (9, 10)), ("uneven", (9, 2)), ("same", (4, 6)))
}
