"""Convolution."""

import math

import torch.nn.functional as F

from .gradients import backward


def keras_padding(x, kernel, stride, dilation=(1, 1), value=0.0):
    """TensorFlow's padding "same": output size ⌈input/stride⌉, the odd one at the end."""
    ends = []
    for size, k, s, d in zip(x.shape[-2:], kernel, stride, dilation):
        total = max((math.ceil(size / s) - 1) * s + (k - 1) * d + 1 - size, 0)
        ends.append((total // 2, total - total // 2))
    (top, bottom), (left, right) = ends
    return F.pad(x, (left, right, top, bottom), value=value)


def conv_same(x, w, bias, stride=(1, 1), dilation=(1, 1)):
    padded = keras_padding(x, w.shape[-2:], stride, dilation)
    return F.conv2d(padded, w, bias, stride, dilation=dilation)


ROWS = {
    "conv2d": F.conv2d,
    "conv2d/without_bias": lambda x, w: F.conv2d(x, w, padding=1),
    "conv2d/padding": lambda x, w, b: F.conv2d(x, w, b, padding=1),
    "conv2d/stride": lambda x, w, b: F.conv2d(x, w, b, 2),
    "conv2d/stride_padding": lambda x, w, b: F.conv2d(x, w, b, 2, 1),
    "conv2d/uneven": lambda x, w, b: F.conv2d(x, w, b, (2, 1), (1, 2)),
    "conv2d/dilation": lambda x, w, b: F.conv2d(x, w, b, padding=1, dilation=2),
    "conv2d/uneven_dilation": lambda x, w, b: F.conv2d(x, w, b, (1, 2), (2, 0), (3, 1)),
    "conv2d/groups": lambda x, w, b: F.conv2d(x, w, b, padding=1, groups=2),
    "conv2d/depthwise": lambda x, w, b: F.conv2d(x, w, b, padding=1, groups=3),
    "conv2d/groups_stride_dilation": lambda x, w, b: F.conv2d(x, w, b, 2, 2, 2, 2),
    "conv2d/1x1": F.conv2d,
    "conv2d/1x1_stride": lambda x, w, b: F.conv2d(x, w, b, 2),
    "conv2d/whole_picture": F.conv2d,
    "conv2d/one_pixel": lambda x, w, b: F.conv2d(x, w, b, padding=1),
    "conv2d/same": conv_same,
    "conv2d/same_stride": lambda x, w, b: conv_same(x, w, b, stride=(2, 2)),
    "conv2d/same_dilation": lambda x, w, b: conv_same(x, w, b, dilation=(2, 2)),
    "conv2d/relu": lambda x, w, b: F.relu(F.conv2d(x, w, b, padding=1)),
    "conv2d/relu_without_bias": lambda x, w: F.relu(F.conv2d(x, w)),
    "conv2d/no_samples": lambda x, w, b: F.conv2d(x, w, b, padding=1),
    "conv2d/constant_input": lambda x, w, b: F.conv2d(x, w, b, padding=1),
    "conv2d/frozen_weight": lambda x, w: F.conv2d(x, w, padding=1),
    "conv2d/wide": lambda x, w, b: F.conv2d(x, w, b, padding=1),
    "conv2d/wide_primes": lambda x, w, b: F.conv2d(x, w, b, 2, 1),
    "conv2d/wide_groups": lambda x, w, b: F.conv2d(x, w, b, padding=1, groups=2),
    "conv2d/wide_depthwise": lambda x, w, b: F.conv2d(x, w, b, 2, 1, groups=19),
    "conv2d_backward_data": lambda dy, w: backward(
        lambda x: F.conv2d(x, w, None, (2, 1), (1, 2)), [dy.new_zeros(2, 2, 6, 5)], dy),
    "conv2d_backward_weights": lambda x, dy: backward(
        lambda w, b: F.conv2d(x, w, b, (2, 1), (1, 2)),
        [x.new_zeros(3, 2, 3, 4), x.new_zeros(3)], dy),
}
