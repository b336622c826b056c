#!/usr/bin/env python3
"""Golden values of tests/layers, tests/optim and tests/nets, from PyTorch and torchvision.

    python tests/goldens/layers.py

writes rnn.safetensors, optim.safetensors and nets.safetensors beside this file.
Parameters and inputs come on both sides from one integer hash (golden_values.h has it in C++), so
that no weights are stored. Everything is computed in f64. Takes some minutes and 6 GB, for VGG.
"""
import math
import pathlib
import sys

import numpy as np
import torch
import torchvision
from safetensors.torch import save_file
from torch import nn

HERE = pathlib.Path(__file__).parent
torch.set_default_dtype(torch.float64)
torch.set_num_threads(2)


def hashed(key, shape):
    """Uniform in [-1, 1): murmur3's finaliser of key * 0x9E3779B1 + i, element by element."""
    n = int(np.prod(shape, dtype=np.int64))
    x = np.arange(n, dtype=np.uint32) + np.uint32((key * 0x9E3779B1) & 0xFFFFFFFF)
    x ^= x >> np.uint32(16)
    x *= np.uint32(0x85EBCA6B)
    x ^= x >> np.uint32(13)
    x *= np.uint32(0xC2B2AE35)
    x ^= x >> np.uint32(16)
    return torch.from_numpy(x.astype(np.float64) / 2**31 - 1).reshape(tuple(shape))


def set_parameters(module):
    """Parameter k gets hash k: matrices and kernels scaled by sqrt(6 / fan_in), others by .1, a
    batch norm's weight (rank 1, "weight") around 1."""
    with torch.no_grad():
        for k, (name, p) in enumerate(module.named_parameters()):
            v = hashed(k, p.shape)
            if p.dim() >= 2:
                v = v * math.sqrt(6 / (p.numel() // p.shape[0]))
            else:
                v = v * 0.1 + (1 if name.endswith("weight") else 0)
            p.copy_(v)


# --- recurrent layers ----------------------------------------------------------------------------

RNNS = {
    "rnn_tanh": lambda: nn.RNN(2, 3, num_layers=2, bidirectional=True, batch_first=True),
    "rnn_relu": lambda: nn.RNN(2, 3, nonlinearity="relu"),
    "lstm": lambda: nn.LSTM(2, 3, num_layers=2, bidirectional=True, batch_first=True),
    "lstm_deep": lambda: nn.LSTM(2, 3, num_layers=3),
    "gru": lambda: nn.GRU(2, 3, num_layers=2, bidirectional=True),
    "gru_no_bias": lambda: nn.GRU(2, 3, bias=False, batch_first=True),
}


def rnn_goldens():
    out = {}
    for case, make in RNNS.items():
        net = make()
        set_parameters(net)
        states = net.num_layers * (2 if net.bidirectional else 1)
        x = hashed(1000, (4, 5, 2)).requires_grad_()  # (N, T, .) or (T, N, .)
        n = 4 if net.batch_first else 5
        h0 = hashed(1001, (states, n, 3)).requires_grad_()
        c0 = hashed(1002, (states, n, 3)).requires_grad_()
        lstm = isinstance(net, nn.LSTM)
        y, hn = net(x, (h0, c0) if lstm else h0)
        results = {"output": y, "h_n": hn}
        if lstm:
            results = {"output": y, "h_n": hn[0], "c_n": hn[1]}
        loss = sum((v * hashed(2000 + i, v.shape)).sum() for i, v in enumerate(results.values()))
        loss.backward()
        results |= {"d.x": x.grad, "d.h0": h0.grad}
        if lstm:
            results["d.c0"] = c0.grad
        results |= {"d." + name: p.grad for name, p in net.named_parameters()}
        out |= {f"{case}.{name}": v.detach().contiguous() for name, v in results.items()}
    save_file(out, HERE / "rnn.safetensors")


# --- optimisers and schedules ----------------------------------------------------------------------

OPTIMIZERS = {
    "sgd": lambda p: torch.optim.SGD(p, lr=0.1, weight_decay=0.01),
    "sgd_momentum": lambda p: torch.optim.SGD(p, lr=0.1, momentum=0.9, dampening=0.3,
                                              weight_decay=0.01),
    "sgd_nesterov": lambda p: torch.optim.SGD(p, lr=0.1, momentum=0.9, nesterov=True),
    "adam": lambda p: torch.optim.Adam(p, lr=0.01),
    "adam_decay": lambda p: torch.optim.Adam(p, lr=0.01, betas=(0.8, 0.95), eps=1e-6,
                                             weight_decay=0.1),
    "adamw": lambda p: torch.optim.AdamW(p, lr=0.01, weight_decay=0.1),
    "adamw_groups": lambda p: torch.optim.AdamW(
        [{"params": p[:1], "lr": 0.1, "weight_decay": 0.0}, {"params": p[1:]}], lr=0.01),
    "adam_idle": lambda p: torch.optim.Adam(p, lr=0.01),
    "rmsprop": lambda p: torch.optim.RMSprop(p, lr=0.01),
    "rmsprop_momentum": lambda p: torch.optim.RMSprop(p, lr=0.01, alpha=0.9, momentum=0.9,
                                                      weight_decay=0.1),
}
STEPS = 20


def optimizer_goldens(out):
    for case, make in OPTIMIZERS.items():
        params = [nn.Parameter(hashed(1, (3, 4))), nn.Parameter(hashed(2, (5,)))]
        optimizer = make(params)
        path = []
        for t in range(STEPS):
            for i, p in enumerate(params):
                p.grad = hashed(100 + 2 * t + i, p.shape) + 0.1 * p.detach()
            if case == "adam_idle" and t % 3 == 1:
                params[1].grad = None
            optimizer.step()
            path.append(torch.cat([p.detach().flatten() for p in params]))
        out[case] = torch.stack(path)


def schedule_goldens(out):
    def rates(make, steps, momentum=False):
        p = nn.Parameter(torch.zeros(1))
        optimizer = torch.optim.SGD([p], lr=0.5, momentum=0.9)
        schedule = make(optimizer)
        rows = []
        for _ in range(steps):
            group = optimizer.param_groups[0]
            rows.append([group["lr"], group["momentum"]] if momentum else group["lr"])
            optimizer.step()
            schedule.step()
        return torch.tensor(rows)

    s = torch.optim.lr_scheduler
    out["step_lr"] = rates(lambda o: s.StepLR(o, 7, 0.3), 30)
    out["cosine"] = rates(lambda o: s.CosineAnnealingLR(o, 20, 1e-3), 45)
    out["one_cycle"] = rates(lambda o: s.OneCycleLR(o, 0.3, total_steps=40), 40, momentum=True)

    for case, options in {"plateau": dict(factor=0.5, patience=2, cooldown=1, min_lr=0.02),
                          "plateau_max": dict(mode="max", factor=0.1, patience=1)}.items():
        optimizer = torch.optim.SGD([nn.Parameter(torch.zeros(1))], lr=0.5)
        schedule = s.ReduceLROnPlateau(optimizer, **options)
        rows = []
        for metric in 1 + 0.3 * hashed(7, (60,)) / torch.arange(1, 61):
            schedule.step(metric.item())
            rows.append(optimizer.param_groups[0]["lr"])
        out[case] = torch.tensor(rows)

    # fastai's fit_one_cycle(lr_max=.3): combined_cos(pct, lr/div, lr, lr/div_final), written out
    # from its definition (fastai 2, callback/schedule.py), as fastai is not installed here.
    total, pct, top, div, final = 40, 0.25, 0.3, 25.0, 1e5
    cos = lambda a, b, f: a + (1 + math.cos(math.pi * (1 - f))) * (b - a) / 2
    both = lambda a, b, c, pos: cos(a, b, pos / pct) if pos < pct else cos(b, c, (pos - pct) / (1 - pct))
    out["fastai_one_cycle"] = torch.tensor(
        [[both(top / div, top, top / final, i / total), both(0.95, 0.85, 0.95, i / total)]
         for i in range(total)])


# --- whole nets --------------------------------------------------------------------------------------

def base_features():
    layers, channels = [], 3
    for filters in (32, 64, 128):
        layers += [nn.Conv2d(channels, filters, 3, padding=1), nn.BatchNorm2d(filters), nn.ReLU(),
                   nn.MaxPool2d(2)]
        channels = filters
    return nn.Sequential(*layers)


class BaseCnn(nn.Module):
    def __init__(self, classes):
        super().__init__()
        self.features = base_features()
        self.classifier = nn.Sequential(nn.Flatten(), nn.Dropout(), nn.Linear(8192, 128), nn.ReLU(),
                                        nn.Linear(128, classes))

    def forward(self, x):
        return self.classifier(self.features(x))


class CnnLstm(nn.Module):
    def __init__(self, classes):
        super().__init__()
        self.features = base_features()
        self.rnn = nn.LSTM(1024, 128)
        self.classifier = nn.Linear(128, classes)

    def forward(self, x):
        columns = self.features(x).permute(3, 0, 1, 2).flatten(2)
        return self.classifier(self.rnn(columns)[0][-1])


# name: net, batch, height and width, Adam's lr. VGG on 32 x 32: its f64 loops are slow.
NETS = {
    "base_cnn": (lambda: BaseCnn(4), 4, 64, 1e-4),
    "cnn_lstm": (lambda: CnnLstm(4), 4, 64, 1e-4),
    "alexnet": (lambda: torchvision.models.alexnet(num_classes=10), 2, 64, 1e-5),
    "vgg11_bn": (lambda: torchvision.models.vgg11_bn(num_classes=10, init_weights=False), 4, 32, 1e-6),
}


def net_goldens(names):
    path = HERE / "nets.safetensors"
    out = {}
    if path.exists() and set(names) != set(NETS):
        from safetensors.torch import load_file
        out = load_file(path)
    for name in names:
        make, batch, size, lr = NETS[name]
        net = make()
        set_parameters(net)
        for module in net.modules():
            if isinstance(module, nn.Dropout):
                module.p = 0.0
        x = hashed(1000, (batch, 3, size, size))
        classes = [p for p in net.parameters()][-1].numel()
        target = torch.arange(batch) * 3 % classes
        net.eval()
        with torch.no_grad():
            out[name + ".logits"] = net(x)
        net.train()
        optimizer = torch.optim.Adam(net.parameters(), lr=lr)
        losses = []
        for _ in range(STEPS):
            optimizer.zero_grad()
            loss = nn.functional.cross_entropy(net(x), target)
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
        out[name + ".losses"] = torch.tensor(losses)
        net.eval()
        with torch.no_grad():
            out[name + ".trained_logits"] = net(x)
        print(name, losses[0], losses[-1])
    save_file(out, path)


if __name__ == "__main__":
    print("torch", torch.__version__, "torchvision", torchvision.__version__, "numpy", np.__version__)
    rnn_goldens()
    optim = {}
    optimizer_goldens(optim)
    schedule_goldens(optim)
    save_file(optim, HERE / "optim.safetensors")
    net_goldens(sys.argv[1:] or list(NETS))
