"""Batch norm, alone and with ReLU and max-pooling."""

import torch
import torch.nn.functional as F

from .gradients import backward

EPS = 1e-5


def batch_norm(x, gamma=None, beta=None, eps=EPS):
    """By the formula: PyTorch refuses one value a channel."""
    axes = (0, 2, 3) if x.dim() == 4 else (0,)
    shape = (1, -1, 1, 1) if x.dim() == 4 else (1, -1)
    mean = x.mean(axes, keepdim=True)
    var = ((x - mean) ** 2).mean(axes, keepdim=True)
    y = (x - mean) / torch.sqrt(var + eps)
    if gamma is not None:
        y = y * gamma.reshape(shape)
    if beta is not None:
        y = y + beta.reshape(shape)
    if x.numel() > mean.numel():
        theirs = F.batch_norm(x, None, None, gamma, beta, True, eps=eps)
        assert torch.allclose(y, theirs, 1e-11, 1e-13)
    return y


def batch_norm_fixed(x, mean, var, gamma, beta):
    return F.batch_norm(x, mean, var, gamma, beta, False, eps=EPS)


def add(x, gamma, beta, residual):
    return batch_norm(x, gamma, beta) + residual


def track(mean, var, running_mean, running_var):
    running = [(1 - .3) * old + .3 * new for old, new in ((running_mean, mean), (running_var, 1.25 * var))]
    return [*running, torch.tensor(3)]


def statistics(x):
    return [x.mean((0, 2, 3)), x.var((0, 2, 3), unbiased=False)]


ROWS = {
    "batch_norm_track": track,
    "batch_norm": batch_norm,
    "batch_norm/columns": batch_norm,
    "batch_norm/relu": lambda *v: batch_norm(*v).relu(),
    "batch_norm/columns_relu": lambda *v: batch_norm(*v).relu(),
    "batch_norm/negative_gamma_relu": lambda *v: batch_norm(*v).relu(),
    "batch_norm/without_gamma": lambda x: batch_norm(x, eps=0.1),
    "batch_norm/without_beta": batch_norm,
    "batch_norm/channels": lambda *v: batch_norm(*v).relu(),
    "batch_norm/many_rows": batch_norm,
    "batch_norm/offset": batch_norm,
    "batch_norm/one_value": batch_norm,
    "batch_norm/constant_input": batch_norm,
    "batch_norm/frozen_gamma": batch_norm,
    "batch_norm/statistics_given_back": statistics,
    "batch_norm/fixed": batch_norm_fixed,
    "batch_norm/fixed_relu": lambda *v: batch_norm_fixed(*v).relu(),
    "batch_norm/fixed_columns": batch_norm_fixed,
    "batch_norm/add": add,
    "batch_norm/add_relu": lambda *v: add(*v).relu(),
    "batch_norm/add_relu_columns": lambda *v: add(*v).relu(),
    "batch_norm/add_relu_packs": lambda *v: add(*v).relu(),
    "batch_norm/add_relu_channels": lambda *v: add(*v).relu(),
    "batch_norm/add_relu_constant": lambda *v: add(*v).relu(),
    "batch_norm/add_relu_to_constant": lambda *v: add(*v).relu(),
    "batch_norm/fixed_add_relu": lambda *v: (batch_norm_fixed(*v[:5]) + v[5]).relu(),
    "batch_norm_statistics": statistics,
    "batch_norm_backward": lambda x, gamma, beta, dy: backward(
        lambda *v: batch_norm(*v).relu(), [x, gamma, beta], dy),
    "batch_norm_relu_max_pool": lambda *v: F.max_pool2d(batch_norm(*v).relu(), 2),
    "batch_norm_relu_max_pool/cut_off": lambda *v: F.max_pool2d(batch_norm(*v).relu(), (2, 3)),
    "batch_norm_relu_max_pool/negative_gamma": lambda *v: F.max_pool2d(batch_norm(*v).relu(), 2),
    "batch_norm_relu_max_pool/channels": lambda *v: F.max_pool2d(batch_norm(*v).relu(), 2),
    "batch_norm_relu_max_pool/without_gamma": lambda *v: F.max_pool2d(batch_norm(*v).relu(), 2),
    "batch_norm_relu_max_pool/fixed": lambda *v: F.max_pool2d(batch_norm_fixed(*v).relu(), 2),
    "batch_norm_relu_max_pool/nan": lambda x, mean, var: F.max_pool2d(
        F.batch_norm(x, mean, var, None, None, False).relu(), 2),
    "batch_norm_relu_max_pool_backward": lambda x, gamma, beta, dy: backward(
        lambda *v: F.max_pool2d(batch_norm(*v).relu(), 2), [x, gamma, beta], dy),
}
