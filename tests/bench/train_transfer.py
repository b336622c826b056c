"""Study E in PyTorch, on pictures: what apps/transfer_learning is compared with.

    python tests/bench/train_transfer.py PICTURES --results report/results.json --net resnet34 alexnet --scratch --seeds 3
    python tests/bench/train_transfer.py PICTURES --results report/results.json --net resnet34 --weights report/weights --seeds 3

The pictures of a study's results.json, resized by area to --size, less the training part's mean, over its deviation; its
split by --rule. Without --scratch fastai's fine_tune, written out: a frozen epoch and ten by one cycle, on the body of
pretrained-NET_fastai-picture.safetensors in the folder --weights. With --scratch all weights drawn, Adam 1e-3, the rate halved
after 3 epochs without a lower validation loss, stopped after 8, neither before step 200. Of each the peak of the validation
accuracy and what the test part says of the weights that are tested: mean and deviation over the seeds. Needs torch,
torchvision (timm for resnetrs50), NumPy, Pillow and safetensors.
"""
import argparse
import copy
import json
import os
import time

import numpy as np
import torch
from torch import nn

from keras_training import mean_deviation, set_threads
from mel_pictures import folds_of_results, genre, read_results, rule_of
from torch_nets import with_fastai_head

NETS = ("alexnet", "vgg16_bn", "resnet34", "resnet50", "resnetrs50")


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("pictures", help="the folder that --data named")
    parser.add_argument("--results", required=True, help="a results.json whose pictures and split are taken")
    parser.add_argument("--rule", help="of --results; default: its first")
    parser.add_argument("--net", nargs="+", choices=NETS, default=["resnet34"])
    parser.add_argument("--weights", help="the folder of the run's weights")
    parser.add_argument("--scratch", action="store_true")
    parser.add_argument("--size", type=int, default=128)
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--epochs", type=int, help="default: 10, or 60 from scratch")
    parser.add_argument("--lr", type=float, default=1e-2, help="of fine_tune")
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--json", action="store_true", help="a line of JSON a fit as well")
    a = parser.parse_args()
    if not a.scratch and not a.weights:
        parser.error("a body to start from: --weights FOLDER; or --scratch")
    return a


# --- pictures

def overlaps(old, new):
    """(new, old): which share of a new pixel each old one is."""
    edges = np.arange(new + 1) * old / new
    begin, end = edges[:-1, None], edges[1:, None]
    at = np.arange(old)[None]
    return np.clip(np.minimum(end, at + 1) - np.maximum(begin, at), 0, None) * new / old


def picture(path, size):
    from PIL import Image
    levels = np.asarray(Image.open(path).convert("L"), np.float64) / 255
    small = overlaps(levels.shape[0], size) @ levels @ overlaps(levels.shape[1], size).T
    return np.round(small.clip(0, 1) * 255) / 255


def collection(a):
    """(N, 1, size, size), labels, and the split's three parts."""
    results = read_results(a.results)
    names = [clip["name"] for clip in results["clips"]]
    x = np.stack([picture(os.path.join(a.pictures, name), a.size) for name in names])[:, None]
    genres = sorted({genre(os.path.join(a.pictures, name)) for name in names})
    y = np.array([genres.index(genre(os.path.join(a.pictures, name))) for name in names])
    split = folds_of_results(results, a.rule)[0]
    of_training = x[split[0]]
    x = (x - of_training.mean()) / of_training.std()
    print(f"{rule_of(results, a.rule)['name']}: {' / '.join(str(len(part)) for part in split)} pictures")
    return torch.from_numpy(x.astype(np.float32)), torch.from_numpy(y), [torch.from_numpy(part) for part in split]


# --- nets

def body_of(a, net):
    if a.scratch:
        return None
    from safetensors.torch import load_file
    weights = load_file(os.path.join(a.weights, f"pretrained-{net}_fastai-picture.safetensors"))
    return {name: value for name, value in weights.items() if not name.startswith("head.")}


def drawn(net_name, classes, body):
    net = with_fastai_head(net_name, classes, body)
    for module in net[-7:]:
        if isinstance(module, nn.Linear):
            nn.init.kaiming_normal_(module.weight)
    return net.to(memory_format=torch.channels_last)


def depth_of(net_name, parameter):
    """0 and 1 of the body, 2 of the head."""
    place = [int(part) for part in parameter.split(".") if part.isdigit()]
    if net_name in ("alexnet", "vgg16_bn"):
        return 2 if place[0] > 0 else int(place[1] >= {"alexnet": 6, "vgg16_bn": 22}[net_name])
    return 2 if place[0] > 7 else int(place[0] >= 6 and net_name != "resnetrs50")


# --- training

class Course:
    """What a fit was like."""

    def __init__(self):
        self.valid_loss, self.valid_accuracy, self.test_accuracy, self.begin = [], [], 0, time.perf_counter()

    def end(self):
        self.seconds = time.perf_counter() - self.begin


class Fit:
    def __init__(self, a, net_name, seed, data):
        torch.manual_seed(seed)
        self.a, self.name, self.x, self.y = a, net_name, data[0], data[1]
        self.train_part, self.valid_part, self.test_part = data[2]
        self.net = drawn(net_name, int(self.y.max()) + 1, body_of(a, net_name))
        self.course = Course()

    def seen(self, chosen):
        return self.x[chosen].expand(-1, 3, -1, -1).contiguous(memory_format=torch.channels_last)

    def batches(self):
        """Whole ones, as fastai's loaders have it."""
        order = self.train_part[torch.randperm(len(self.train_part))]
        count = max(len(order) // self.a.batch, 1)
        return order[:count * self.a.batch].split(self.a.batch)

    def step(self, chosen, optimizer):
        optimizer.zero_grad()
        nn.functional.cross_entropy(self.net(self.seen(chosen)), self.y[chosen]).backward()
        optimizer.step()

    @torch.no_grad()
    def evaluate(self, part):
        self.net.eval()
        logits = torch.cat([self.net(self.seen(chosen)) for chosen in part.split(self.a.batch)])
        self.net.train()
        right = (logits.argmax(1) == self.y[part]).float().mean().item()
        return nn.functional.cross_entropy(logits, self.y[part]).item(), right

    def end_epoch(self):
        loss, right = self.evaluate(self.valid_part)
        self.course.valid_loss.append(loss)
        self.course.valid_accuracy.append(right)

    def end(self):
        self.course.test_accuracy = self.evaluate(self.test_part)[1]
        self.course.end()
        return self.course


def half_cosine(start, end, share):
    return end + (start - end) / 2 * (1 + np.cos(np.pi * share))


def groups_of(fit, rates):
    """A group of AdamW for each rate, with and without decay."""
    norms = {name for name, module in fit.net.named_modules() if isinstance(module, (nn.BatchNorm1d, nn.BatchNorm2d))}
    groups = {}
    for name, parameter in fit.net.named_parameters():
        plain = name.endswith(".bias") or name.rpartition(".")[0] in norms
        groups.setdefault((depth_of(fit.name, name), plain), []).append(parameter)
    return [{"params": parameters, "top": rates[depth], "weight_decay": 0 if plain else 0.01}
            for (depth, plain), parameters in groups.items()]


def one_cycle(fit, epochs, rates, start, div):
    """The optimiser is new: unfreezing makes fastai's forget."""
    optimizer = torch.optim.AdamW(groups_of(fit, rates), lr=rates[-1], betas=(0.95, 0.99), eps=1e-5, fused=True)
    steps, done = epochs * max(len(fit.train_part) // fit.a.batch, 1), 0
    for _ in range(epochs):
        for chosen in fit.batches():
            share = done / steps
            for group in optimizer.param_groups:
                top = group["top"]
                rising, falling = share / start, (share - start) / (1 - start)
                up = share <= start
                group["lr"] = half_cosine(top / div, top, rising) if up else half_cosine(top, top / 1e5, falling)
                momentum = half_cosine(0.95, 0.85, rising) if up else half_cosine(0.85, 0.95, falling)
                group["betas"] = (momentum, 0.99)
            fit.step(chosen, optimizer)
            done += 1
        fit.end_epoch()


def fine_tune(fit):
    norms = {id(parameter) for module in fit.net.modules() if isinstance(module, nn.BatchNorm2d)
             for parameter in module.parameters()}
    for name, parameter in fit.net.named_parameters():
        parameter.requires_grad_(depth_of(fit.name, name) == 2 or id(parameter) in norms)
    lr = fit.a.lr
    one_cycle(fit, 1, (lr / 10, lr / 10, lr), 0.99, 25)
    fit.net.requires_grad_(True)
    one_cycle(fit, fit.a.epochs or 10, (lr / 200, lr / 20, lr / 2), 0.3, 5)
    return fit.end()


def from_scratch(fit, patience=8, slow=3, count_from=200):
    optimizer = torch.optim.Adam(fit.net.parameters(), 1e-3, fused=True)
    best, best_loss, waited, slowed, steps = None, float("inf"), 0, 0, 0
    for _ in range(fit.a.epochs or 60):
        for chosen in fit.batches():
            fit.step(chosen, optimizer)
            steps += 1
        fit.end_epoch()
        if fit.course.valid_loss[-1] < best_loss:
            best, best_loss, waited, slowed = copy.deepcopy(fit.net.state_dict()), fit.course.valid_loss[-1], 0, 0
        elif steps >= count_from:
            waited, slowed = waited + 1, slowed + 1
        if slowed > slow:
            slowed = 0
            for group in optimizer.param_groups:
                group["lr"] /= 2
        if waited >= patience:
            break
    fit.net.load_state_dict(best)
    return fit.end()


def row(name, courses):
    def column(values):
        return mean_deviation(list(values))

    return (f"{name:<14}{column(max(c.valid_accuracy) for c in courses):>20}"
            f"{column(c.valid_accuracy[-1] for c in courses):>20}{column(c.test_accuracy for c in courses):>20}"
            f"{sum(len(c.valid_loss) for c in courses) / len(courses):>8.1f}"
            f"{sum(c.seconds for c in courses) / len(courses):>9.1f}")


def main():
    a = arguments()
    set_threads(a.threads)
    data = collection(a)
    print(f"{a.size} x {a.size}, {'from scratch' if a.scratch else 'fine-tuned'}, {a.seeds} seeds, {a.threads} threads, torch "
          f"{torch.__version__}")
    print(f"{'':<14}{'peak validation':>20}{'last validation':>20}{'test':>20}{'epochs':>8}{'s a fit':>9}")
    for net in a.net:
        courses = []
        for seed in range(a.seeds):
            courses.append((from_scratch if a.scratch else fine_tune)(Fit(a, net, seed, data)))
            if a.json:
                print(json.dumps({"net": net, "seed": seed, **vars(courses[-1])}), flush=True)
        print(row(net, courses), flush=True)


if __name__ == "__main__":
    main()
