#!/usr/bin/env python3
"""The nets of keras_nets.py in Keras itself, once, by hand: no test runs it.

    KERAS_BACKEND=torch python tests/goldens/keras_nets_in_keras.py [build/bin/net]

For each net, in f64 and on the same weights: how far Keras's logits, loss, gradients and running
statistics after a step in training are from keras_nets.py's, which tests/nets follows to 1e-9. With
the program `net`, which is told weights and running statistics by a safetensors file: how far its
logits are from Keras's, at the studies' own sizes, in f32 and f64. Differences are relative to the
largest value. Written with Keras 3.15.
"""
import pathlib
import subprocess
import sys
import tempfile

import keras
import numpy as np
import torch
from keras.src.backend.common import dtypes
from safetensors.torch import save_file
from torch import nn

import keras_nets
from layers import hashed, set_parameters

keras.config.set_floatx("float64")
keras.config.set_dtype_policy("float64")
dtypes.BIT64_TO_BIT32_DTYPE["float64"] = "float64"  # products of f64 are f32 without it
L = keras.layers


def head(classes):
    return [L.Dropout(0), L.Flatten(), L.Dense(1024), L.BatchNormalization(), L.ReLU(), L.Dropout(0),
            L.Dense(classes)]


def convolutions(table, padding, order):
    """Of each (filters, kernel, stride): the convolution, then what the letters of `order` say."""
    layers = []
    for filters, kernel, stride in table:
        after = {"r": L.ReLU, "b": L.BatchNormalization, "p": lambda: L.MaxPooling2D(2),
                 "s": lambda: L.MaxPooling2D(kernel, strides=2, padding="same")}
        layers += [L.Conv2D(filters, kernel, strides=stride, padding=padding)]
        layers += [after[letter]() for letter in order]
    return layers


def layers_of(name):
    three = [(32, 3, 1), (64, 3, 1), (64, 2, 1)]
    dense = lambda units, classes: [L.Flatten(), L.Dense(units), L.ReLU(), L.Dense(classes)]
    return {
        "cnn3": lambda: layers_of("cnn2"),
        "convpool": lambda: convolutions([(32, 4, 2), (32, 3, 2), (64, 2, 1), (128, 2, 1)], "valid",
                                         "rbp") + head(8),
        "convconvpool": lambda: convolutions([(32, 2, 2)], "valid", "r") +
        convolutions([(32, 2, 2)], "valid", "rbp") + convolutions([(64, 2, 1)], "valid", "r") +
        convolutions([(64, 2, 1)], "valid", "rbp") + head(8),
        "mfcc_basic": lambda: convolutions([(32, 3, 1), (32, 3, 1), (32, 2, 1)], "valid", "rsb") +
        dense(64, 10),
        "mfcc_deeper": lambda: convolutions([(32, 3, 1), (32, 3, 1), (32, 2, 1), (64, 3, 1),
                                             (64, 3, 1)], "same", "rsb") + dense(128, 10),
        "dnn": lambda: [L.Flatten(), L.Dense(512), L.ReLU(), L.Dense(256), L.ReLU(), L.Dense(64),
                        L.ReLU(), L.Dense(10)],
        "cnn1": lambda: convolutions(three, "valid", "rs") + dense(64, 10),
        "cnn2": lambda: convolutions(three, "valid", "rbs") + dense(128, 10),
        "spotify_dense": lambda: [L.Dense(30), L.ReLU(), L.Dense(30), L.ReLU(), L.Dense(8)],
    }[name]()


def resnet50(shape):
    """Keras 2.0's keras.applications.resnet50, which later versions changed, with study B's head."""
    def block(x, name, width, stride, projection):
        def branch(y, end, filters, kernel=1, stride=1):
            y = L.Conv2D(filters, kernel, strides=stride, padding="same" if kernel > 1 else "valid",
                         name=f"res{name}_branch{end}")(y)
            return L.BatchNormalization(name=f"bn{name}_branch{end}")(y)

        y = L.ReLU()(branch(x, "2a", width, 1, stride))
        y = L.ReLU()(branch(y, "2b", width, 3))
        y = branch(y, "2c", 4 * width)
        return L.ReLU()(L.Add()([y, branch(x, "1", 4 * width, 1, stride) if projection else x]))

    given = keras.Input(shape)
    x = L.Conv2D(64, 7, strides=2, name="conv1")(L.ZeroPadding2D(3)(given))
    x = L.MaxPooling2D(3, strides=2)(L.ReLU()(L.BatchNormalization(name="bn_conv1")(x)))
    for stage, width, blocks in ((2, 64, 3), (3, 128, 4), (4, 256, 6), (5, 512, 3)):
        for i in range(blocks):
            x = block(x, f"{stage}{'abcdef'[i]}", width, 2 if i == 0 and stage > 2 else 1, i == 0)
    x = L.AveragePooling2D(7, name="avg_pool")(x)
    for layer in head(8):
        x = layer(x)
    return keras.Model(given, x)


def model_of(name, shape):
    last = shape if len(shape) == 1 else (*shape[1:], shape[0])
    if name == "resnet50_keras":
        return resnet50(last)
    return keras.Sequential([keras.Input(last)] + layers_of(name))


def turned(values):
    """Keras's kernel to PyTorch's, and a gradient of it."""
    return {4: lambda: values.permute(3, 2, 0, 1), 2: lambda: values.T}.get(values.dim(),
                                                                           lambda: values)()


def channels_last(x):
    return x.permute(0, 2, 3, 1) if x.dim() == 4 else x


def set_weights(model, parameters):
    """In the order of the layers, which is PyTorch's."""
    given = iter(parameters)
    for layer in model.layers:
        for variable in layer.trainable_variables:
            values = next(given).detach()
            variable.assign({4: lambda: values.permute(2, 3, 1, 0), 2: lambda: values.T}.get(
                values.dim(), lambda: values)().numpy())
    assert next(given, None) is None


def largest(a, b):
    a, b = torch.as_tensor(a), torch.as_tensor(b)
    return ((a - b).abs().max() / b.abs().max()).item()


def compare_training(name):
    make, shape, classes, _, _ = keras_nets.NETS[name]
    net, model = make(shape), model_of(name, shape)
    set_parameters(net)
    set_weights(model, net.parameters())
    x = hashed(1000, (keras_nets.BATCH, *shape))
    target = torch.tensor([3 * i % classes for i in range(keras_nets.BATCH)])
    net.train()
    losses = []
    for logits in (net(x), model(channels_last(x), training=True)):
        loss = nn.functional.cross_entropy(logits, target)
        loss.backward()
        losses.append(loss.item())
    longest = max(p.grad.abs().max() for p in net.parameters())
    ours, worst = iter(net.parameters()), 0
    for layer in model.layers:
        for variable in layer.trainable_variables:
            g, p = turned(variable.value.grad), next(ours)
            scale = p.grad.abs().max()  # a bias before a batch norm has none but for rounding
            worst = max(worst, ((g - p.grad).abs().max() / max(scale, 1e-5 * longest)).item())
    running = [b for _, b in net.named_buffers()]
    theirs = [v.value for layer in model.layers for v in layer.non_trainable_variables]
    moved = max([largest(a, b) for a, b in zip(theirs, running)], default=0)
    assert len([t for t in theirs if t.dtype == torch.float64 and t.dim() == 1]) == len(running)
    print(f"{name}: loss {abs(losses[1] - losses[0]) / losses[0]:.1e}, gradients {worst:.1e}, "
          f"running statistics {moved:.1e}, {model.count_params()} parameters here")


def state_of(model, names):
    """Of a Keras model under our names: a layer's own name if it is one, else the next of the others."""
    others = iter([name for name in names if name not in {layer.name for layer in model.layers}])
    ours = {"kernel": "weight", "bias": "bias", "gamma": "weight", "beta": "bias",
            "moving_mean": "running_mean", "moving_variance": "running_var"}
    state = {}
    for layer in model.layers:
        values = {ours[v.name]: v.value for v in layer.weights if v.name in ours}
        if values:
            name = layer.name if layer.name in names else next(others)
            for end, value in values.items():
                state[f"{name}.{end}"] = turned(value.detach()).contiguous().clone()
    return state


def compare_program(program, name, shape):
    listing = subprocess.run([program, name], capture_output=True, text=True, check=True).stdout
    rows = [line.split() for line in listing.splitlines()]
    names = [row[0] for row in rows if len(row) > 1 and row[1] in
             ("Conv2d", "Linear", "BatchNorm2d", "BatchNorm1d")]
    model = model_of(name, shape)
    for k, variable in enumerate(model.variables):
        values = hashed(k, variable.shape)
        if values.dim() > 1:
            values *= np.sqrt(6 / np.prod(values.shape[:-1]))
        if variable.name in ("gamma", "moving_variance"):
            values = 1 + values / 2
        if values.dtype == torch.float64 and "seed" not in variable.name:
            variable.assign(values.numpy())
    state = state_of(model, names)
    x = hashed(7, (2, *shape))
    with torch.no_grad():
        expected = model(channels_last(x), training=False)
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        save_file(state, folder / "w.safetensors")
        np.save(folder / "x.npy", x.numpy())
        differences = {}
        for dtype in ("f64", "f32"):
            subprocess.run([program, name, "--weights", folder / "w.safetensors", "--input",
                            folder / "x.npy", "--output", folder / "y.npy", "--dtype", dtype],
                           check=True, stdout=subprocess.DEVNULL)
            differences[dtype] = largest(np.load(folder / "y.npy"), expected)
    counts = sum(int(np.prod(v.shape)) for v in model.trainable_variables), model.count_params()
    print(f"{name} {shape}: logits {differences}, parameters {counts}")


def main():
    print("keras", keras.__version__, keras.backend.backend(), "torch", torch.__version__)
    for name in keras_nets.NETS:
        compare_training(name)
    sizes = {"convpool": (3, 128, 1024), "convconvpool": (3, 128, 1024),
             "resnet50_keras": (3, 200, 1024), "mfcc_basic": (1, 1249, 13),
             "mfcc_deeper": (1, 1249, 13), "dnn": (1, 130, 13), "cnn1": (1, 130, 13),
             "cnn2": (1, 130, 13), "cnn3": (1, 130, 13), "spotify_dense": (21,)}
    for program in sys.argv[1:]:
        for name, shape in sizes.items():
            compare_program(program, name, shape)


if __name__ == "__main__":
    main()
