"""Recurrent layers."""

import torch

from .gradients import gradients


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


ROWS = {
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
}
