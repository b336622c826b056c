"""Reductions."""

import numpy as np
import torch


def arg(f, axis=-1, keep_dim=False):
    """NumPy's: the first of equals, the first NaN."""
    return lambda x: torch.from_numpy(np.asarray(f(x.numpy(), axis=axis, keepdims=keep_dim)))


ROWS = {
    "sum": lambda x: x.sum(),
    "sum/0-d": lambda x: x.sum(),
    "sum/empty": lambda x: x.sum(),
    "sum/empty_axis": lambda x: x.sum(1),
    "sum/first": lambda x: x.sum(0),
    "sum/middle": lambda x: x.sum(1),
    "sum/last": lambda x: x.sum(-1),
    "sum/channels": lambda x: x.sum((0, 2, 3)),
    "sum/outer_two_keep_dim": lambda x: x.sum((2, 0), keepdim=True),
    "sum/i64": lambda x: x.sum(1),
    "sum/nan": lambda x: x.sum(1),
    "mean": lambda x: x.mean(),
    "mean/middle_keep_dim": lambda x: x.mean(1, keepdim=True),
    "mean/last_two": lambda x: x.mean((-1, -2)),
    "mean/empty": lambda x: x.mean(),
    "prod": lambda x: x.prod(1),
    "prod/empty": lambda x: x.prod(1, keepdim=True),
    "max/last": lambda x: x.max(-1).values,
    "max/first_keep_dim": lambda x: x.max(0, keepdim=True).values,
    "max/middle": lambda x: x.max(1).values,
    "max/ties": lambda x: x.max(1).values,
    "max/all": lambda x: x.max(),
    "max/axes": lambda x: x.amax((0, 2), keepdim=True),
    "max/nan": lambda x: x.amax(1),
    "max/i64": lambda x: x.amax(1),
    "min/last": lambda x: x.min(-1).values,
    "min/middle_keep_dim": lambda x: x.min(1, keepdim=True).values,
    "min/ties": lambda x: x.min(1).values,
    "min/all": lambda x: x.min(),
    "min/axes": lambda x: x.amin((0, 2)),
    "min/nan": lambda x: x.amin(0),
    "var": lambda x: x.var(1),
    "var/biased_keep_dim": lambda x: x.var((0, 2), unbiased=False, keepdim=True),
    "var/offset": lambda x: x.var(1),
    "var/empty_axis": lambda x: x.var(1),
    "argmax": arg(np.argmax),
    "argmax/first_keep_dim": arg(np.argmax, 0, True),
    "argmax/middle": arg(np.argmax, 1),
    "argmax/ties": arg(np.argmax, 1),
    "argmax/nan": arg(np.argmax, 1),
    "argmin": arg(np.argmin),
    "argmin/ties": arg(np.argmin, 0),
    "argmin/nan": arg(np.argmin, 0),
    "logsumexp": lambda x: x.logsumexp(-1),
    "logsumexp/first_keep_dim": lambda x: x.logsumexp(0, keepdim=True),
    "logsumexp/large": lambda x: x.logsumexp(1),
    "logsumexp/infinite": lambda x: x.logsumexp(1),
    "logsumexp/minus_infinity": lambda x: x.logsumexp(1),
    "logsumexp/empty_axis": lambda x: x.logsumexp(1),
    "logsumexp/empty": lambda x: x.logsumexp(1),
    "sum_to": lambda x: x.sum_to_size(3, 1, 5),
    "sum_to/0-d": lambda x: x.sum(),
}
