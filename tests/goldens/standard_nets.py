#!/usr/bin/env python3
"""Golden values of tests/nets/standard_nets.cpp and tests/layers/models.cpp: torchvision's and timm's
nets, and the same bodies with fastai's head, whose code is spelt out here (fastai 2,
vision/learner.py, create_head).

    python tests/goldens/standard_nets.py [NAME ...]

writes standard_nets.safetensors and state_dicts.txt beside this file. Parameters, running statistics
and pictures come on both sides from one integer hash (golden_values.h). Everything is computed in
f64. Takes some minutes and 3 GB.
"""
import collections
import pathlib
import sys

import numpy as np
import timm
import torch
import torchvision
from safetensors.torch import load_file, save_file
from torch import nn

from layers import STEPS, hashed, set_parameters

HERE = pathlib.Path(__file__).parent
FILE = HERE / "standard_nets.safetensors"
TORCHVISION = ("alexnet", "vgg11", "vgg11_bn", "vgg16", "vgg16_bn", "resnet34", "resnet50")
TIMM = ("resnetrs50",)
FASTAI = ("alexnet_fastai", "vgg16_bn_fastai", "resnet34_fastai", "resnet50_fastai",
          "resnetrs50_fastai")
GRADIENTS = ("resnet34", "resnet50", "resnetrs50", "alexnet_fastai", "resnet34_fastai")
TRAINED = ("resnet34", "resnetrs50")
BATCH, SIZE, CLASSES = 4, 64, 10


def set_statistics(module):
    """Buffer k gets hash 3000 + k: means within .1 of 0, variances within .5 of 1."""
    for k, (name, b) in enumerate(module.named_buffers()):
        v = hashed(3000 + k, b.shape)
        if name.endswith("running_mean"):
            b.copy_(v * 0.1)
        if name.endswith("running_var"):
            b.copy_(1 + v * 0.5)


class AdaptiveConcatPool2d(nn.Module):
    def forward(self, x):
        maximum = nn.functional.adaptive_max_pool2d(x, 1)
        return torch.cat([maximum, nn.functional.adaptive_avg_pool2d(x, 1)], 1)


def with_fastai_head(net, features, classes):
    body = collections.OrderedDict()
    for name, child in net.named_children():
        if name in ("avgpool", "global_pool"):
            break
        body[name] = child
    body["head"] = nn.Sequential(
        AdaptiveConcatPool2d(), nn.Flatten(),
        nn.BatchNorm1d(2 * features), nn.Dropout(.25),
        nn.Linear(2 * features, 512, bias=False), nn.ReLU(),
        nn.BatchNorm1d(512), nn.Dropout(.5), nn.Linear(512, classes, bias=False))
    return nn.Sequential(body)


def make(name, classes=CLASSES):
    if name in TIMM:
        return timm.create_model(name, num_classes=classes)
    if name in TORCHVISION:
        kwargs = {} if name == "alexnet" or name.startswith("resnet") else {"init_weights": False}
        return getattr(torchvision.models, name)(num_classes=classes, **kwargs)
    published = name.removesuffix("_fastai")
    features = {"alexnet": 256, "vgg16_bn": 512, "resnet34": 512}.get(published, 2048)
    return with_fastai_head(make(published), features, classes)


def goldens(name):
    net = make(name).double()
    for module in net.modules():
        if isinstance(module, nn.Dropout):
            module.p = 0.0
    set_parameters(net)
    initial = {key: value.clone() for key, value in net.named_buffers()}
    set_statistics(net)
    x, target = hashed(1000, (BATCH, 3, SIZE, SIZE)), torch.arange(BATCH) * 3 % CLASSES
    net.eval()
    with torch.no_grad():
        out = {"logits": net(x[:2])}
        if name == "resnetrs50":  # windows that the picture's end cuts off, and one of one value
            out["odd_logits"] = net(hashed(1001, (2, 3, 35, 9)))

    for key, value in net.named_buffers():
        value.copy_(initial[key])
    net.train()
    if name in GRADIENTS:
        nn.functional.cross_entropy(net(x), target).backward()
        out["gradients"] = torch.tensor([  # norm, product with a hash
            [p.grad.norm().item(), (p.grad * hashed(4000 + k, p.shape)).sum().item()]
            for k, p in enumerate(net.parameters())])
        for key, value in net.named_buffers():
            value.copy_(initial[key])
    if name in TRAINED:
        optimizer = torch.optim.Adam(net.parameters(), lr=1e-5, eps=1e-8)
        losses = []
        for _ in range(STEPS):
            optimizer.zero_grad()
            loss = nn.functional.cross_entropy(net(x), target)
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
        out["losses"] = torch.tensor(losses)
        net.eval()
        with torch.no_grad():
            out["trained_logits"] = net(x)
    print(name, {key: list(value.flatten()[:2].numpy()) for key, value in out.items()}, flush=True)
    return {f"{name}.{key}": value for key, value in out.items()}


def state_dict_names():
    """One line a tensor: net, name, sizes; the order is the state dict's."""
    with open(HERE / "state_dicts.txt", "w") as file:
        for name in TORCHVISION + TIMM:
            with torch.device("meta"):
                net = make(name, classes=1000)
            for key, value in net.state_dict().items():
                print(name, key, *value.shape, file=file)


if __name__ == "__main__":
    versions = {"torch": torch.__version__, "torchvision": torchvision.__version__,
                "timm": timm.__version__, "numpy": np.__version__}
    print(versions)
    state_dict_names()
    values = load_file(FILE) if sys.argv[1:] else {}
    for net_name in sys.argv[1:] or TORCHVISION + TIMM + FASTAI:
        values |= goldens(net_name)
    save_file(values, FILE, metadata=versions)
