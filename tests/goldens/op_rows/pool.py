"""Pooling."""

import math

import torch
import torch.nn.functional as F

from .conv import keras_padding
from .gradients import backward


def max_pool_same(x, k, s):
    return F.max_pool2d(keras_padding(x, (k, k), (s, s), value=-math.inf), k, s)


def avg_pool_same(x, k, s):
    inside = keras_padding(torch.ones_like(x), (k, k), (s, s))
    total = F.avg_pool2d(keras_padding(x, (k, k), (s, s)), k, s)
    return total / F.avg_pool2d(inside, k, s)


ROWS = {
    "max_pool2d": lambda x: F.max_pool2d(x, 2),
    "max_pool2d/odd": lambda x: F.max_pool2d(x, 2),
    "max_pool2d/overlapping": lambda x: F.max_pool2d(x, 3, 2),
    "max_pool2d/stride_1": lambda x: F.max_pool2d(x, 3, 1),
    "max_pool2d/padding": lambda x: F.max_pool2d(x, 3, 2, 1),
    "max_pool2d/ceil": lambda x: F.max_pool2d(x, 3, 2, ceil_mode=True),
    "max_pool2d/ceil_padding": lambda x: F.max_pool2d(x, 2, 2, 1, ceil_mode=True),
    "max_pool2d/uneven": lambda x: F.max_pool2d(x, (2, 3), (3, 1), (1, 0)),
    "max_pool2d/same": lambda x: max_pool_same(x, 3, 2),
    "max_pool2d/same_2": lambda x: max_pool_same(x, 2, 2),
    "max_pool2d/channels": lambda x: F.max_pool2d(x, 2),
    "max_pool2d/ties": lambda x: F.max_pool2d(x, 2, 1),
    "max_pool2d/nan": lambda x: F.max_pool2d(x, 2, 1),
    "max_pool2d/no_samples": lambda x: F.max_pool2d(x, 2),
    "max_pool2d_backward": lambda x, dy: backward(lambda v: F.max_pool2d(v, 3, 2, 1), [x], dy),
    "avg_pool2d": lambda x: F.avg_pool2d(x, 2),
    "avg_pool2d/overlapping": lambda x: F.avg_pool2d(x, 3, 2),
    "avg_pool2d/padding": lambda x: F.avg_pool2d(x, 3, 2, 1),
    "avg_pool2d/padding_not_counted": lambda x: F.avg_pool2d(x, 3, 2, 1, False, False),
    "avg_pool2d/ceil": lambda x: F.avg_pool2d(x, 2, ceil_mode=True),
    "avg_pool2d/ceil_cut": lambda x: F.avg_pool2d(x, 2, 2, 0, True, False),
    "avg_pool2d/ceil_padding": lambda x: F.avg_pool2d(x, 3, 2, 1, True),
    "avg_pool2d/ceil_padding_not_counted": lambda x: F.avg_pool2d(x, 3, 2, 1, True, False),
    "avg_pool2d/uneven": lambda x: F.avg_pool2d(x, (2, 3), (3, 1), (1, 0)),
    "avg_pool2d/same": lambda x: avg_pool_same(x, 3, 2),
    "avg_pool2d/channels": lambda x: F.avg_pool2d(x, 2),
    "avg_pool2d/no_samples": lambda x: F.avg_pool2d(x, 2),
    "avg_pool2d_backward": lambda dy: backward(
        lambda x: F.avg_pool2d(x, 3, 2, 1), [dy.new_zeros(2, 3, 7, 6)], dy),
    "adaptive_avg_pool2d": lambda x: F.adaptive_avg_pool2d(x, 1),
    "adaptive_avg_pool2d/uneven": lambda x: F.adaptive_avg_pool2d(x, (2, 3)),
    "adaptive_avg_pool2d/same_size": lambda x: F.adaptive_avg_pool2d(x, (5, 7)),
    "adaptive_avg_pool2d/larger": lambda x: F.adaptive_avg_pool2d(x, 7),
    "adaptive_avg_pool2d_backward": lambda dy: backward(
        lambda x: F.adaptive_avg_pool2d(x, (2, 3)), [dy.new_zeros(2, 3, 5, 7)], dy),
}
