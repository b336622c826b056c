"""Makes ops.safetensors: what PyTorch says about every row of tests/op_cases/, value and gradients.

    build/bin/op_inputs inputs.safetensors          # the rows' inputs, as C++ draws them
    python tests/goldens/ops.py inputs.safetensors  # writes tests/goldens/ops.safetensors

Needs torch, numpy and safetensors. Everything is computed in f64. Keys: "row:x0" an input that wants
a gradient, "row:c0" one that does not, "row:y0" an output, "row:dx0" the gradient of input 0 when the
outputs' gradients are `projection`.
"""

import math
import os
import sys

import numpy as np
import safetensors
import torch
import torch.nn.functional as F
from safetensors.numpy import load_file, save_file

EPS = 1e-5


def projection(output, position):
    """The gradient sent into an output: the numbers of projection() in op_cases.cpp."""
    i = np.arange(output.numel(), dtype=np.uint64)
    word = (np.uint64(2654435761) * i + np.uint64(40503 * (position + 1))) & np.uint64(0xFFFFFFFF)
    w = (word >> np.uint64(20)).astype(np.float64) / 4096 - 0.5
    return torch.from_numpy(w).reshape(output.shape)


def gradients(outputs, inputs, output_gradients):
    found = torch.autograd.grad(outputs, inputs, output_gradients, allow_unused=True)
    return [torch.zeros_like(x) if g is None else g for g, x in zip(found, inputs)]


def backward(f, inputs, dy):
    """Gradients of f's inputs, for the rows that test a backward on its own."""
    inputs = [x.clone().requires_grad_() for x in inputs]
    y = f(*inputs)
    return gradients([y], inputs, [dy])


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


def max_pool_same(x, k, s):
    return F.max_pool2d(keras_padding(x, (k, k), (s, s), value=-math.inf), k, s)


def avg_pool_same(x, k, s):
    inside = keras_padding(torch.ones_like(x), (k, k), (s, s))
    total = F.avg_pool2d(keras_padding(x, (k, k), (s, s)), k, s)
    return total / F.avg_pool2d(inside, k, s)


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


def statistics(x):
    return [x.mean((0, 2, 3)), x.var((0, 2, 3), unbiased=False)]


def recurrent(kind, x, h0=None, c0=None, w_ih=None, w_hh=None, b_ih=None, b_hh=None, reverse=False):
    hidden, bias = w_hh.shape[1], b_ih is not None
    options = {"input_size": x.shape[2], "hidden_size": hidden, "bias": bias, "dtype": x.dtype}
    if kind in ("tanh", "relu"):
        net = torch.nn.RNN(nonlinearity=kind, **options)
    else:
        net = {"lstm": torch.nn.LSTM, "gru": torch.nn.GRU}[kind](**options)
    weights = {"weight_ih_l0": w_ih, "weight_hh_l0": w_hh}
    if bias:
        weights |= {"bias_ih_l0": b_ih, "bias_hh_l0": b_hh}
    if h0 is None:
        state = None
    else:
        state = (h0[None], c0[None]) if kind == "lstm" else h0[None]
    if reverse:
        x = x.flip(0)
    y, last = torch.func.functional_call(net, weights, (x, state))
    if reverse:
        y = y.flip(0)
    return [y] + [s[0] for s in (last if kind == "lstm" else [last])]


def lstm(*inputs, reverse=False):
    return recurrent("lstm", *inputs, reverse=reverse)


def without_cell(kind, reverse=False):
    return lambda x, h0, *weights: recurrent(kind, x, h0, None, *weights, reverse=reverse)


def bare(kind):
    return lambda x, w_ih, w_hh: recurrent(kind, x, None, None, w_ih, w_hh)[0]


def lstm_backward(x, h0, c0, w_ih, w_hh, dy, dcn):
    inputs = [v.clone().requires_grad_() for v in (x, h0, c0, w_ih, w_hh)]
    y, _, cn = recurrent("lstm", *inputs)
    return gradients([y, cn], inputs, [dy, dcn])


def philox(seed, offset, n):
    """n words of Philox-4x32-10 (Salmon et al. 2011), four to a counter."""
    blocks = (n + 3) // 4
    counter = np.arange(offset, offset + blocks, dtype=np.uint64)
    low = np.uint64(0xFFFFFFFF)
    c = [counter & low, counter >> np.uint64(32), np.zeros_like(counter), np.zeros_like(counter)]
    k = [seed & 0xFFFFFFFF, seed >> 32]
    for _ in range(10):
        a, b = c[0] * np.uint64(0xD2511F53), c[2] * np.uint64(0xCD9E8D57)
        c = [(b >> np.uint64(32)) ^ c[1] ^ np.uint64(k[0]), b & low,
             (a >> np.uint64(32)) ^ c[3] ^ np.uint64(k[1]), a & low]
        k = [(k[0] + 0x9E3779B9) & 0xFFFFFFFF, (k[1] + 0xBB67AE85) & 0xFFFFFFFF]
    return np.stack(c, 1).reshape(-1)[:n]


def dropout(x, p, offset=0):
    """Our mask: numbers in the order of memory, channels-last for pictures; 24 bits each."""
    u = torch.from_numpy((philox(7, offset, x.numel()) >> np.uint64(8)) / 2.0**24)
    if x.dim() == 4:
        n, c, h, w = x.shape
        u = u.reshape(n, h, w, c).permute(0, 3, 1, 2)
    u = u.reshape(x.shape)
    return torch.where(u < p, torch.zeros_like(x), x / (1 - p) if p < 1 else x)


def stft(hop):
    return lambda x, window: torch.view_as_real(
        torch.fft.rfft(x.unfold(-1, window.numel(), hop) * window))


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


def clamp_on_the_bounds(x):
    """PyTorch's derivative on the bounds has changed from 1 to 0; ours is 1."""
    return torch.where((x >= -1) & (x <= 2), x, x.detach().clamp(-1, 2))


def arg(f, axis=-1, keep_dim=False):
    """NumPy's: the first of equals, the first NaN."""
    return lambda x: torch.from_numpy(np.asarray(f(x.numpy(), axis=axis, keepdims=keep_dim)))


ROWS = {
    # elementwise.cpp
    "neg": lambda x: -x,
    "add": lambda a, b: a + b,
    "add/row": lambda a, b: a + b,
    "add/both": lambda a, b: a + b,
    "add/0-d": lambda a, b: a + b,
    "add/empty": lambda a, b: a + b,
    "add/itself": lambda a: a + a,
    "add/number": lambda a: a + 1.5,
    "add/number_first": lambda a: 1.5 + a,
    "add/channels": lambda a, b: a + b,
    "add/i64": lambda a, b: a + b,
    "sub": lambda a, b: a - b,
    "sub/both": lambda a, b: a - b,
    "sub/number": lambda a: a - 1.5,
    "sub/number_first": lambda a: 1.5 - a,
    "mul": lambda a, b: a * b,
    "mul/both": lambda a, b: a * b,
    "mul/itself": lambda a: a * a,
    "mul/number": lambda a: a * -3,
    "mul/number_first": lambda a: -3 * a,
    "div": lambda a, b: a / b,
    "div/both": lambda a, b: a / b,
    "div/number": lambda a: a / 3,
    "div/number_first": lambda a: 3 / a,
    "div/special": lambda a, b: a / b,
    "pow/3": lambda x: x**3,
    "pow/half": lambda x: x**0.5,
    "pow/-2": lambda x: x**-2,
    "pow/0": lambda x: x**0,
    "pow/1": lambda x: x**1,
    "pow/2_at_0": lambda x: x**2,
    "pow/tensors": lambda x, e: x**e,
    "maximum": torch.maximum,
    "maximum/row": torch.maximum,
    "maximum/ties": torch.maximum,
    "maximum/special": torch.maximum,
    "minimum": torch.minimum,
    "minimum/ties": torch.minimum,
    "minimum/special": torch.minimum,
    "abs": torch.abs,
    "abs/at_0": torch.abs,
    "abs/special": torch.abs,
    "sign": torch.sign,
    "square": torch.square,
    "sqrt": torch.sqrt,
    "sqrt/special": torch.sqrt,
    "rsqrt": torch.rsqrt,
    "reciprocal": torch.reciprocal,
    "exp": torch.exp,
    "exp/wide": torch.exp,
    "exp/special": torch.exp,
    "exp/empty": torch.exp,
    "exp/one": torch.exp,
    "exp/overflow": torch.exp,
    "log": torch.log,
    "log/wide": torch.log,
    "log/special": torch.log,
    "log1p": torch.log1p,
    "log1p/tiny": torch.log1p,
    "log1p/special": torch.log1p,
    "sin": torch.sin,
    "cos": torch.cos,
    "tanh": torch.tanh,
    "tanh/wide": torch.tanh,
    "tanh/tiny": torch.tanh,
    "tanh/special": torch.tanh,
    "sigmoid": torch.sigmoid,
    "sigmoid/wide": torch.sigmoid,
    "sigmoid/special": torch.sigmoid,
    "floor": torch.floor,
    "ceil": torch.ceil,
    "round": torch.round,
    "relu": torch.relu,
    "relu/at_0": torch.relu,
    "relu/special": torch.relu,
    "leaky_relu": F.leaky_relu,
    "leaky_relu/slope": lambda x: F.leaky_relu(x, 0.2),
    "leaky_relu/special": F.leaky_relu,
    "clamp": lambda x: x.clamp(-0.5, 0.3),
    "clamp/on_the_bounds": clamp_on_the_bounds,
    "clamp/special": lambda x: x.clamp(-1, 2),
    "relu_backward": lambda y, dy: torch.where(y > 0, dy, 0.0),
    "tanh_backward": lambda y, dy: dy * (1 - y * y),
    "sigmoid_backward": lambda y, dy: dy * y * (1 - y),
    "where": lambda c, a, b: torch.where(c.bool(), a, b),
    "where/broadcast": lambda c, a, b: torch.where(c.bool(), a, b),
    "where/special": lambda c, a, b: torch.where(c.bool(), a, b),
    # compare.cpp
    "eq": torch.eq,
    "ne": torch.ne,
    "lt": torch.lt,
    "le": torch.le,
    "gt": torch.gt,
    "ge": torch.ge,
    "gt/number": lambda a: a > 1,
    "lt/number": lambda a: a < 1,
    "ge/broadcast": torch.ge,
    "eq/i64": torch.eq,
    "lt/empty": torch.lt,
    "isnan": torch.isnan,
    "isfinite": torch.isfinite,
    # shape.cpp
    "reshape": lambda x: x.reshape(6, 10),
    "reshape/-1": lambda x: x.reshape(2, -1, 3),
    "reshape/of_a_view": lambda x: x.transpose(0, 2).reshape(5, 12),
    "reshape/empty": lambda x: x.reshape(0, 6),
    "reshape/to_0-d": lambda x: x.reshape(()),
    "flatten": lambda x: x.flatten(),
    "flatten/from_1": lambda x: x.flatten(1),
    "flatten/middle": lambda x: x.flatten(1, 2),
    "flatten/channels_last": lambda x: x.flatten(1),
    "permute": lambda x: x.permute(2, 0, 1),
    "permute/negative": lambda x: x.permute(-1, 0, -3, 2),
    "transpose": lambda x: x.transpose(0, 1),
    "transpose/negative": lambda x: x.transpose(-1, 0),
    "slice": lambda x: x[:, 2:5],
    "slice/step": lambda x: x[1:10:3],
    "slice/negative": lambda x: x[:, -5:-1:2],
    "slice/clamped": lambda x: x[:, 3:100],
    "slice/nothing": lambda x: x[2:2],
    "select": lambda x: x[:, 2],
    "select/negative": lambda x: x[..., -1],
    "expand": lambda x: x.expand(3, 4, 5),
    "expand/new_axis": lambda x: x.expand(2, 3, 5),
    "flip": lambda x: x.flip(0),
    "flip/last": lambda x: x.flip(-1),
    "cat": lambda a, b: torch.cat([a, b]),
    "cat/last": lambda a, b, c: torch.cat([a, b, c], -1),
    "cat/middle": lambda a, b: torch.cat([a, b], 1),
    "cat/empty_part": lambda a, b: torch.cat([a, b]),
    "cat/itself": lambda a: torch.cat([a, a]),
    "stack": lambda a, b: torch.stack([a, b]),
    "stack/last": lambda a, b: torch.stack([a, b], -1),
    "split": lambda x: list(x.split(3)),
    "split/axis": lambda x: list(x.split(2, -1)),
    "pad": lambda x: F.pad(x, (0, 3, 1, 2)),
    "pad/value": lambda x: F.pad(x, (2, 1, 1, 0, 0, 1), value=-1.5),
    "pad/cut": lambda x: F.pad(x, (2, -2, -1, 1)),
    "pad/pictures": lambda x: F.pad(x, (2, 1, 1, 2)),
    "to/f64": lambda x: x.to(torch.float64),
    "to/i64": lambda x: x.to(torch.int64),
    "to/u8": lambda x: x.to(torch.uint8),
    # index.cpp
    "gather": lambda x, i: x.gather(1, i),
    "gather/first": lambda x, i: x.gather(0, i),
    "gather/middle": lambda x, i: x.gather(-2, i),
    "gather/empty": lambda x, i: x.gather(0, i),
    "index_select": lambda x, i: x.index_select(0, i),
    "index_select/last": lambda x, i: x.index_select(-1, i),
    "index_select/middle": lambda x, i: x.index_select(1, i),
    "scatter_add": lambda dy, i: torch.zeros(4, 7, dtype=dy.dtype).scatter_add(1, i, dy),
    "index_add": lambda dy, i: torch.zeros(2, 4, 5, dtype=dy.dtype).index_add(1, i, dy),
    "one_hot": lambda i: F.one_hot(i, 5).double(),
    # reduce.cpp
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
    "sum_to": lambda x: x.sum_to_size(3, 1, 5),
    "sum_to/0-d": lambda x: x.sum(),
    # softmax.cpp
    "softmax": lambda x: x.softmax(-1),
    "softmax/first": lambda x: x.softmax(0),
    "softmax/middle": lambda x: x.softmax(1),
    "softmax/odd": lambda x: x.softmax(-1),
    "softmax/one_column": lambda x: x.softmax(-1),
    "softmax/empty": lambda x: x.softmax(-1),
    "softmax/extreme": lambda x: x.softmax(-1),
    "softmax/special": lambda x: x.softmax(-1),
    "log_softmax": lambda x: x.log_softmax(-1),
    "log_softmax/first": lambda x: x.log_softmax(0),
    "log_softmax/middle": lambda x: x.log_softmax(-2),
    "log_softmax/extreme": lambda x: x.log_softmax(-1),
    "log_softmax/special": lambda x: x.log_softmax(-1),
    "softmax_backward": lambda y, dy: y * (dy - (dy * y).sum(1, keepdim=True)),
    "log_softmax_backward": lambda y, dy: dy - y.exp() * dy.sum(-1, keepdim=True),
    # matmul.cpp
    "matmul": torch.matmul,
    "matmul/primes": torch.matmul,
    "matmul/ones": torch.matmul,
    "matmul/transposed_left": lambda a, b: a.T @ b,
    "matmul/transposed_right": lambda a, b: a @ b.T,
    "matmul/transposed_both": lambda a, b: a.T @ b.T,
    "matmul/rows": torch.matmul,
    "matmul/columns": torch.matmul,
    "matmul/dot": torch.matmul,
    "matmul/batched": torch.matmul,
    "matmul/batched_left": torch.matmul,
    "matmul/batched_right": torch.matmul,
    "matmul/batches_broadcast": torch.matmul,
    "matmul/batched_rows": torch.matmul,
    "matmul/batched_columns": torch.matmul,
    "matmul/no_rows": torch.matmul,
    "matmul/nothing_between": torch.matmul,
    "linear": F.linear,
    "linear/without_bias": F.linear,
    "linear/sequence": F.linear,
    "linear/one_sample": F.linear,
    "linear/vector": F.linear,
    "linear/no_samples": F.linear,
    "linear/constant_input": F.linear,
    # conv.cpp
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
    # pool.cpp
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
    # batch_norm.cpp
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
    "batch_norm_statistics": statistics,
    "batch_norm_backward": lambda x, gamma, beta, dy: backward(
        lambda *v: batch_norm(*v).relu(), [x, gamma, beta], dy),
    "batch_norm_relu_max_pool": lambda *v: F.max_pool2d(batch_norm(*v).relu(), 2),
    "batch_norm_relu_max_pool/cut_off": lambda *v: F.max_pool2d(batch_norm(*v).relu(), (2, 3)),
    "batch_norm_relu_max_pool/negative_gamma": lambda *v: F.max_pool2d(batch_norm(*v).relu(), 2),
    "batch_norm_relu_max_pool/channels": lambda *v: F.max_pool2d(batch_norm(*v).relu(), 2),
    "batch_norm_relu_max_pool/without_gamma": lambda *v: F.max_pool2d(batch_norm(*v).relu(), 2),
    "batch_norm_relu_max_pool/fixed": lambda *v: F.max_pool2d(batch_norm_fixed(*v).relu(), 2),
    "batch_norm_relu_max_pool_backward": lambda x, gamma, beta, dy: backward(
        lambda *v: F.max_pool2d(batch_norm(*v).relu(), 2), [x, gamma, beta], dy),
    # rnn.cpp
    "rnn/tanh": without_cell("tanh"),
    "rnn/tanh_reverse": without_cell("tanh", reverse=True),
    "rnn/tanh_bare": bare("tanh"),
    "rnn/relu": without_cell("relu"),
    "rnn/lstm": lstm,
    "rnn/lstm_reverse": lambda *v: lstm(*v, reverse=True),
    "rnn/lstm_bare": bare("lstm"),
    "rnn/lstm_one_step": lstm,
    "rnn/lstm_constant_input": lstm,
    "rnn/lstm_wide": lstm,
    "rnn/gru": without_cell("gru"),
    "rnn/gru_reverse": without_cell("gru", reverse=True),
    "rnn/gru_bare": bare("gru"),
    "rnn/gru_wide": without_cell("gru"),
    "rnn_backward": lstm_backward,
    # loss.cpp
    "cross_entropy": F.cross_entropy,
    "cross_entropy/smoothing": lambda x, t: F.cross_entropy(x, t, label_smoothing=0.1),
    "cross_entropy/certain": F.cross_entropy,
    "cross_entropy/one_class": F.cross_entropy,
    "cross_entropy_soft": F.cross_entropy,
    "nll_loss": F.nll_loss,
    "mse_loss": F.mse_loss,
    "mse_loss/constant_target": F.mse_loss,
    # random.cpp
    "dropout": lambda x: dropout(x, 0.5),
    "dropout/.2": lambda x: dropout(x, 0.2),
    "dropout/0": lambda x: dropout(x, 0),
    "dropout/1": lambda x: dropout(x, 1),
    "dropout/state": lambda x: dropout(x, 0.5, offset=3),
    # stft.cpp
    "stft": stft(4),
    "stft/hop_not_a_divisor": stft(5),
    "stft/hop_longer_than_window": stft(20),
    "stft/one_frame": stft(3),
    "stft/not_a_power_of_2": stft(5),
    "stft/odd": stft(5),
    "stft/audio": stft(512),
    "band_power": lambda x, window, weights: weights @ (
        stft(5)(x, window) ** 2).sum(-1).transpose(1, 2),
    "band_power/amplitude": lambda x, window, weights: weights @ (
        stft(4)(x, window) ** 2).sum(-1).sqrt().transpose(1, 2),
    "stft_backward": lambda dy, window: backward(
        lambda x: stft(5)(x, window), [dy.new_zeros(2, 43)], dy),
    "irfft": lambda y: torch.fft.irfft(torch.view_as_complex(y), 16),
    "irfft/odd": lambda y: torch.fft.irfft(torch.view_as_complex(y), 15),
} | {  # resize.cpp
    f"resize/{mode}_{name}": lambda x, size=size, mode=mode: resize(x, size, mode)
    for mode in ("nearest", "bilinear", "area")
    for name, size in (("smaller", (3, 4)), ("larger", (9, 10)), ("uneven", (9, 2)), ("same", (4, 6)))
}


def golden(name, inputs, wanted):
    """{key: array} of one row."""
    inputs = [torch.from_numpy(v) for v in inputs]
    inputs = [v.double() if v.is_floating_point() else v for v in inputs]
    for v, want in zip(inputs, wanted):
        v.requires_grad_(want)
    outputs = ROWS[name](*inputs)
    outputs = outputs if isinstance(outputs, list) else [outputs]
    result = {}
    for i, y in enumerate(outputs):
        y = y.to(torch.uint8) if y.dtype == torch.bool else y
        result[f"{name}:y{i}"] = y.detach().numpy()
    differentiable = [(y, projection(y, i)) for i, y in enumerate(outputs) if y.requires_grad]
    if any(wanted):
        leaves = [v for v, want in zip(inputs, wanted) if want]
        found = iter(gradients([y for y, _ in differentiable], leaves,
                               [w for _, w in differentiable]))
        for i, want in enumerate(wanted):
            if want:
                result[f"{name}:dx{i}"] = next(found).numpy()
    return result


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    inputs = load_file(sys.argv[1])
    names = {key.rpartition(":")[0] for key in inputs}
    if names != set(ROWS):
        sys.exit(f"no expression here: {sorted(names - set(ROWS))}\n"
                 f"no row in op_cases: {sorted(set(ROWS) - names)}")
    goldens = {}
    for name in ROWS:
        keys = sorted((k for k in inputs if k.rpartition(":")[0] == name),
                      key=lambda k: int(k.rpartition(":")[2][1:]))
        wanted = [k.rpartition(":")[2][0] == "x" for k in keys]
        goldens |= {k: inputs[k] for k in keys} | golden(name, [inputs[k] for k in keys], wanted)
    versions = {"torch": torch.__version__, "numpy": np.__version__,
                "safetensors": safetensors.__version__}
    path = os.path.join(os.path.dirname(os.path.abspath(__file__)), "ops.safetensors")
    contiguous = {k: np.ascontiguousarray(v).reshape(v.shape) for k, v in goldens.items()}
    save_file(contiguous, path, metadata=versions)
    print(f"{len(ROWS)} rows, {os.path.getsize(path) >> 10} KiB; {versions}")


if __name__ == "__main__":
    main()
