#!/usr/bin/env python3
"""Golden values of the nets that their studies built in Keras, for tests/nets/keras_nets.cpp.

    python tests/goldens/keras_nets.py

writes keras_nets.safetensors beside this file: logits, gradients, losses of 20 Adam steps, logits
after them, in f64, from PyTorch, with Keras's conventions spelt out here; of resnet50_keras logits
alone. Parameters and inputs are
layers.py's integer hash, so that no weights are stored. Of each parameter's gradient there are its
norm and its products with two hashed vectors, which a wrong element changes. Takes a minute.
keras_nets_in_keras.py is the same nets in Keras itself.
"""
import pathlib

import torch
from safetensors.torch import save_file
from torch import nn

from layers import hashed, set_parameters

HERE = pathlib.Path(__file__).parent
STEPS = 20


# --- Keras's layers ---------------------------------------------------------------------------------

class BatchNorm(nn.Module):
    """eps 1e-3, momentum .99 (of the old value), and a running variance that is the batch's as it is:
    sum (x - mean)^2 / n, not PyTorch's / (n - 1)."""

    def __init__(self, channels):
        super().__init__()
        self.weight, self.bias = nn.Parameter(torch.ones(channels)), nn.Parameter(torch.zeros(channels))
        self.register_buffer("running_mean", torch.zeros(channels))
        self.register_buffer("running_var", torch.ones(channels))

    def forward(self, x):
        mean, var = self.running_mean, self.running_var
        if self.training:
            axes = [axis for axis in range(x.dim()) if axis != 1]
            mean, var = x.mean(axes), x.var(axes, unbiased=False)
            self.running_mean = 0.99 * self.running_mean + 0.01 * mean.detach()
            self.running_var = 0.99 * self.running_var + 0.01 * var.detach()
        channels = (1, -1) + (1,) * (x.dim() - 2)
        normal = (x - mean.view(channels)) / torch.sqrt(var.view(channels) + 1e-3)
        return normal * self.weight.view(channels) + self.bias.view(channels)


def pad_same(x, kernel, stride, value):
    """As TensorFlow pads: ceil(n / stride) outputs, half of the padding, rounded down, in front."""
    padding = []
    for n in (x.shape[3], x.shape[2]):
        total = max((-(-n // stride) - 1) * stride + kernel - n, 0)
        padding += [total // 2, total - total // 2]
    return nn.functional.pad(x, padding, value=value)


class SamePool(nn.Module):
    def __init__(self, kernel):
        super().__init__()
        self.kernel = kernel

    def forward(self, x):
        return nn.functional.max_pool2d(pad_same(x, self.kernel, 2, -torch.inf), self.kernel, 2)


class SameConv(nn.Conv2d):
    def forward(self, x):
        return super().forward(pad_same(x, self.kernel_size[0], 1, 0.0))


class FlattenHWC(nn.Module):
    """(N, C, H, W) in the order in which Keras's (N, H, W, C) lies."""

    def forward(self, x):
        return x.permute(0, 2, 3, 1).flatten(1)


# --- the nets ---------------------------------------------------------------------------------------

def net_of(features, classifier, shape):
    """The first Linear of `classifier`, given as its number of units, takes what the features give."""
    features = nn.Sequential(*features).eval()
    with torch.no_grad():
        values = features(torch.zeros(1, *shape)).numel()
    return nn.Sequential(features, nn.Sequential(*[
        nn.Linear(values, layer) if isinstance(layer, int) else layer for layer in classifier]))


def head():
    return [nn.Dropout(0), FlattenHWC(), 1024, BatchNorm(1024), nn.ReLU(), nn.Dropout(0),
            nn.Linear(1024, 8)]


def convpool(shape):
    layers, channels = [], shape[0]
    for filters, kernel, stride in ((32, 4, 2), (32, 3, 2), (64, 2, 1), (128, 2, 1)):
        layers += [nn.Conv2d(channels, filters, kernel, stride), nn.ReLU(), BatchNorm(filters),
                   nn.MaxPool2d(2)]
        channels = filters
    return net_of(layers, head(), shape)


def convconvpool(shape):
    layers = [nn.Conv2d(shape[0], 32, 2, 2), nn.ReLU(), nn.Conv2d(32, 32, 2, 2), nn.ReLU(),
              BatchNorm(32), nn.MaxPool2d(2),
              nn.Conv2d(32, 64, 2), nn.ReLU(), nn.Conv2d(64, 64, 2), nn.ReLU(),
              BatchNorm(64), nn.MaxPool2d(2)]
    return net_of(layers, head(), shape)


def mfcc_basic(shape):
    layers, channels = [], shape[0]
    for filters, kernel in ((32, 3), (32, 3), (32, 2)):
        layers += [nn.Conv2d(channels, filters, kernel), nn.ReLU(), SamePool(kernel),
                   BatchNorm(filters)]
        channels = filters
    return net_of(layers, [FlattenHWC(), 64, nn.ReLU(), nn.Dropout(0), nn.Linear(64, 10)], shape)


def mfcc_deeper(shape):
    layers, channels = [], shape[0]
    for filters, kernel in ((32, 3), (32, 3), (32, 2), (64, 3), (64, 3)):
        layers += [SameConv(channels, filters, kernel), nn.ReLU(), SamePool(kernel),
                   BatchNorm(filters)]
        channels = filters
    return net_of(layers, [FlattenHWC(), 128, nn.ReLU(), nn.Dropout(0), nn.Linear(128, 10)], shape)


def dnn(shape):
    return net_of([FlattenHWC()], [512, nn.ReLU(), nn.Dropout(0), nn.Linear(512, 256), nn.ReLU(),
                                   nn.Dropout(0), nn.Linear(256, 64), nn.ReLU(), nn.Dropout(0),
                                   nn.Linear(64, 10)], shape)


def cnn1(shape):
    layers, channels = [], shape[0]
    for filters, kernel in ((32, 3), (64, 3), (64, 2)):
        layers += [nn.Conv2d(channels, filters, kernel), nn.ReLU(), SamePool(kernel)]
        channels = filters
    return net_of(layers, [FlattenHWC(), 64, nn.ReLU(), nn.Linear(64, 10)], shape)


def cnn2(shape):
    layers, channels = [], shape[0]
    for filters, kernel in ((32, 3), (64, 3), (64, 2)):
        layers += [nn.Conv2d(channels, filters, kernel), nn.ReLU(), BatchNorm(filters),
                   SamePool(kernel), nn.Dropout(0)]
        channels = filters
    return net_of(layers, [FlattenHWC(), 128, nn.ReLU(), nn.Dropout(0), nn.Linear(128, 10)], shape)


def spotify_dense(shape):
    return net_of([nn.Flatten()], [30, nn.ReLU(), nn.Linear(30, 30), nn.ReLU(), nn.Linear(30, 8)],
                  shape)


class Block(nn.Module):
    """Keras's of 2017: stride in the first 1 x 1."""

    def __init__(self, channels, width, stride):
        super().__init__()
        self.f = nn.Sequential(nn.Conv2d(channels, width, 1, stride), BatchNorm(width), nn.ReLU(),
                               nn.Conv2d(width, width, 3, padding=1), BatchNorm(width), nn.ReLU(),
                               nn.Conv2d(width, 4 * width, 1), BatchNorm(4 * width))
        self.shortcut = nn.Sequential()
        if channels != 4 * width:
            self.shortcut = nn.Sequential(nn.Conv2d(channels, 4 * width, 1, stride),
                                          BatchNorm(4 * width))

    def forward(self, x):
        return torch.relu(self.f(x) + self.shortcut(x))


def resnet50_keras(shape):
    layers = [nn.Conv2d(shape[0], 64, 7, 2, padding=3), BatchNorm(64), nn.ReLU(), nn.MaxPool2d(3, 2)]
    channels = 64
    for stage, (width, blocks) in enumerate(((64, 3), (128, 4), (256, 6), (512, 3))):
        for i in range(blocks):
            layers.append(Block(channels, width, 2 if i == 0 and stage > 0 else 1))
            channels = 4 * width
    return net_of(layers + [nn.AvgPool2d(7)], head(), shape)


# name: net, input, classes, Adam's lr and eps as the study had them. Small inputs of two rows and
# columns or more where values are flattened, and of odd sizes before pooling.
NETS = {
    "convpool": (convpool, (3, 118, 119), 8, 1e-3, 1e-8),
    "convconvpool": (convconvpool, (3, 52, 53), 8, 1e-3, 1e-8),
    "mfcc_basic": (mfcc_basic, (1, 19, 20), 10, 1e-3, 1e-7),
    "mfcc_deeper": (mfcc_deeper, (1, 33, 13), 10, 1e-3, 1e-7),
    "dnn": (dnn, (2, 9, 13), 10, 1e-4, 1e-7),
    "cnn1": (cnn1, (1, 19, 20), 10, 1e-4, 1e-7),
    "cnn2": (cnn2, (1, 19, 20), 10, 1e-4, 1e-7),
    "spotify_dense": (spotify_dense, (21,), 8, 1e-3, 1e-7),
}
BATCH = 3


def fingerprints(net):
    """(parameters, 3): of each gradient g its norm, <g, hash 3000 + k>, <g, hash 4000 + k>."""
    return torch.stack([torch.stack([p.grad.norm()] + [
        (p.grad * hashed(key + k, p.shape)).sum() for key in (3000, 4000)])
        for k, p in enumerate(net.parameters())])


def main():
    out = {}
    for name, (make, shape, classes, lr, eps) in NETS.items():
        net = make(shape)
        set_parameters(net)
        x = hashed(1000, (BATCH, *shape))
        target = torch.tensor([3 * i % classes for i in range(BATCH)])
        net.eval()
        with torch.no_grad():
            out[name + ".logits"] = net(x)
        net.train()
        optimizer = torch.optim.Adam(net.parameters(), lr=lr, eps=eps)
        losses = []
        for step in range(STEPS):
            optimizer.zero_grad()
            loss = nn.functional.cross_entropy(net(x), target)
            loss.backward()
            if step == 0:
                out[name + ".gradients"] = fingerprints(net)
            optimizer.step()
            losses.append(loss.item())
        out[name + ".losses"] = torch.tensor(losses)
        net.eval()
        with torch.no_grad():
            out[name + ".trained_logits"] = net(x)
        print(name, losses[0], losses[-1])
    shape = (3, 197, 260)  # the smallest height; two columns for the average pooling
    net = resnet50_keras(shape)
    set_parameters(net)
    with torch.no_grad():
        out["resnet50_keras.logits"] = net.eval()(hashed(1000, (2, *shape)))
    save_file(out, HERE / "keras_nets.safetensors", {"torch": torch.__version__})


if __name__ == "__main__":
    main()
