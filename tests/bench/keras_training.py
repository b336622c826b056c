"""A training as Keras does it, in PyTorch, for the peers of studies B, C and D: Glorot-uniform weights, Adam, epochs over
shuffled batches, a validation after each. Channels-last and fused Adam, as somebody has it who wants it fast."""
import copy
import os
import statistics
import time
from dataclasses import dataclass, field

import torch
from torch import nn


@dataclass
class Recipe:
    lr: float = 1e-3
    eps: float = 1e-7  # Keras's default
    keras_eps: bool = False  # added before the bias correction, as Keras does; PyTorch adds it after
    batch: int = 32
    epochs: int = 100
    patience: int = 0  # epochs without a lower validation loss that end it; 0: all epochs
    l2: float = 0  # times the sum of squared weights of all linear layers but the last, added to the loss, also when reported
    time_flip: float = 0  # probability
    zoom: float = 0  # each axis by U(1 - zoom, 1 + zoom)
    steps: int = 0  # an epoch; 0: every example once. More go on in another order


@dataclass
class Course:
    """What a fit was like: of every epoch, and at two of them."""
    valid_loss: list = field(default_factory=list)
    valid_accuracy: list = field(default_factory=list)
    test: dict = field(default_factory=dict)  # "last", "best" (lowest validation loss) -> figures
    best_epoch: int = 0  # counted from 1
    seconds: float = 0


def set_threads(count):
    os.environ.setdefault("OMP_NUM_THREADS", str(count))
    torch.set_num_threads(count)


def zoomed(batch, zoom):
    """(N, C, H, W) about its centre, nearest neighbour, edges extended, each example by factors of its own."""
    def shown(n):
        factor = 1 + zoom * (2 * torch.rand(len(batch), 1) - 1)
        centre = (n - 1) / 2
        return (centre + (torch.arange(n) - centre) * factor + 0.5).floor().clamp(0, n - 1).long()

    rows, columns = shown(batch.shape[2]), shown(batch.shape[3])
    example = torch.arange(len(batch))[:, None, None]
    return batch.permute(0, 2, 3, 1)[example, rows[:, :, None], columns[:, None]].permute(0, 3, 1, 2)


def initialised(net):
    for module in net.modules():
        if isinstance(module, (nn.Conv2d, nn.Linear)):
            nn.init.xavier_uniform_(module.weight)
            nn.init.zeros_(module.bias)
    return net


class Adam:
    def __init__(self, parameters, recipe):
        self.recipe, self.steps = recipe, 0
        self.adam = torch.optim.Adam(parameters, recipe.lr, eps=recipe.eps, fused=True)

    def step(self, loss):
        """m / (sqrt(v) + eps) with Keras's course of the rate is PyTorch's form with an eps that shrinks."""
        self.steps += 1
        if self.recipe.keras_eps:
            for group in self.adam.param_groups:
                group["eps"] = self.recipe.eps / (1 - group["betas"][1] ** self.steps) ** 0.5
        self.adam.zero_grad()
        loss.backward()
        self.adam.step()


class Fit:
    def __init__(self, net, recipe, seed):
        torch.manual_seed(seed)
        self.net = initialised(net).to(memory_format=torch.channels_last)
        self.recipe = recipe
        self.penalised = [m.weight for m in self.net.modules() if isinstance(m, nn.Linear)][:-1]
        self.adam = Adam(self.net.parameters(), recipe)
        self.ahead = torch.empty(0, dtype=torch.long)  # of an order that the next epoch goes on with

    def order(self, count):
        if not self.recipe.steps:
            return torch.randperm(count)
        wanted = self.recipe.steps * self.recipe.batch
        while len(self.ahead) < wanted:
            self.ahead = torch.cat([self.ahead, torch.randperm(count)])
        order, self.ahead = self.ahead[:wanted], self.ahead[wanted:]
        return order

    def penalty(self):
        return self.recipe.l2 * sum(w.square().sum() for w in self.penalised) if self.recipe.l2 else 0

    def train_epoch(self, x, y):
        self.net.train()
        for chosen in self.order(len(x)).split(self.recipe.batch):
            batch = x[chosen].contiguous(memory_format=torch.channels_last)
            if self.recipe.zoom:
                batch = zoomed(batch, self.recipe.zoom)
            if self.recipe.time_flip:
                flipped = torch.rand(len(batch)) < self.recipe.time_flip
                batch[flipped] = batch[flipped].flip(2)
            self.adam.step(nn.functional.cross_entropy(self.net(batch), y[chosen]) + self.penalty())

    @torch.no_grad()
    def evaluate(self, x, y, groups=None, batch=None):
        """Loss and accuracy; "song accuracy" by the mean of the softmax over parts with the same of `groups`. In batches of
        the training's size, as Keras does it, if of no other."""
        self.net.eval()
        batches = x.split(batch or self.recipe.batch)
        logits = torch.cat([self.net(part.contiguous(memory_format=torch.channels_last)) for part in batches])
        figures = {"loss": (nn.functional.cross_entropy(logits, y) + self.penalty()).item(),
                   "accuracy": (logits.argmax(1) == y).float().mean().item()}
        if groups is not None:
            names, song = groups.unique(return_inverse=True)
            strengths = torch.zeros(len(names), logits.shape[1]).index_add(0, song, logits.softmax(1))
            of_song = torch.zeros(len(names), dtype=y.dtype).scatter(0, song, y)
            figures["song accuracy"] = (strengths.argmax(1) == of_song).float().mean().item()
        return figures


def trained(net, recipe, seed, train, valid, test, groups=None):
    """Trains a net on x and y of a part each, tests the last epoch's weights and those of the lowest validation loss."""
    fit, course, best, begin = Fit(net, recipe, seed), Course(), None, time.perf_counter()
    for epoch in range(recipe.epochs):
        fit.train_epoch(*train)
        figures = fit.evaluate(*valid)
        course.valid_loss.append(figures["loss"])
        course.valid_accuracy.append(figures["accuracy"])
        if figures["loss"] <= min(course.valid_loss):
            best, course.best_epoch = copy.deepcopy(fit.net.state_dict()), epoch + 1
        if recipe.patience and epoch + 1 - course.best_epoch >= recipe.patience:
            break
    course.seconds = time.perf_counter() - begin
    course.test["last"] = fit.evaluate(*test, groups)
    if best is not None:  # no epoch had a loss that is a number
        fit.net.load_state_dict(best)
    course.test["best"] = fit.evaluate(*test, groups)
    return course


def mean_deviation(values, digits=4):
    """The (n - 1) standard deviation, as the harness has it."""
    deviation = statistics.stdev(values) if len(values) > 1 else 0
    return f"{statistics.fmean(values):.{digits}f} ± {deviation:.{digits}f}"
