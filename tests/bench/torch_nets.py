"""The nets of layers/models/ in PyTorch, for compare.py: as somebody would write them who wants them fast."""
import torch
from torch import nn

# name: (batch, shape of a sample) that --all measures; (3, 64, 64) are study A's pictures
SIZES = {
    "logistic": (64, (3, 64, 64)), "mlp1": (64, (3, 64, 64)), "mlp2": (64, (3, 64, 64)),
    "base_cnn": (64, (3, 64, 64)), "deep_cnn": (64, (3, 64, 64)), "cnn_rnn": (64, (3, 64, 64)),
    "cnn_lstm": (64, (3, 64, 64)), "alexnet": (32, (3, 64, 64)), "vgg11": (16, (3, 64, 64)),
    "vgg11_bn": (16, (3, 64, 64)),
    "convpool": (20, (3, 128, 1024)), "convconvpool": (20, (3, 128, 1024)), "resnet50_keras": (2, (3, 200, 1024)),
    "mfcc_basic": (16, (1, 1249, 13)), "mfcc_deeper": (16, (1, 1249, 13)),
    "dnn": (64, (1, 130, 13)), "cnn1": (64, (1, 130, 13)), "cnn2": (64, (1, 130, 13)), "cnn3": (32, (1, 130, 13)),
    "spotify_logistic": (64, (21,)), "spotify_dense": (64, (21,)),
    "vgg16": (4, (3, 224, 224)), "vgg16_bn": (4, (3, 224, 224)), "resnet34": (8, (3, 224, 224)),
    "resnet50": (8, (3, 224, 224)), "resnetrs50": (8, (3, 224, 224)),
    "alexnet_fastai": (32, (3, 224, 224)), "vgg16_bn_fastai": (4, (3, 224, 224)), "resnet34_fastai": (8, (3, 224, 224)),
    "resnet50_fastai": (8, (3, 224, 224)), "resnetrs50_fastai": (8, (3, 224, 224)),
}


class LastColumn(nn.Module):
    """Each time column of a (N, C, H, W) picture is a step; gives the last state."""

    def __init__(self, kind, features, hidden):
        super().__init__()
        self.rnn = kind(features, hidden)

    def forward(self, x):
        return self.rnn(x.permute(3, 0, 1, 2).flatten(2))[0][-1]


class MaxAndAvgPool2d(nn.Module):
    def forward(self, x):
        pools = nn.functional.adaptive_max_pool2d(x, 1), nn.functional.adaptive_avg_pool2d(x, 1)
        return torch.cat(pools, 1)


class FlattenChannelsLast(nn.Module):
    """Keras's order; of a channels-last tensor it copies nothing."""

    def forward(self, x):
        return x.permute(0, 2, 3, 1).flatten(1)


class SamePool(nn.Module):
    """TensorFlow's "same": ceil(n / 2) outputs, half of the padding, rounded down, in front."""

    def __init__(self, kernel):
        super().__init__()
        self.kernel = kernel

    def forward(self, x):
        padding = []
        for n in (x.shape[3], x.shape[2]):
            total = max((-(-n // 2) - 1) * 2 + self.kernel - n, 0)
            padding += [total // 2, total - total // 2]
        if any(padding):
            x = nn.functional.pad(x, padding, value=-float("inf"))
        return nn.functional.max_pool2d(x, self.kernel, 2)


def keras_norm(channels, kind=nn.BatchNorm2d):
    return kind(channels, eps=1e-3, momentum=0.01)


def with_classifier(features, classifier, shape):
    """Numbers in `classifier` are Linear layers of so many units; the first takes what the features give."""
    features = nn.Sequential(*features).eval()
    with torch.no_grad():
        values = features(torch.zeros(1, *shape)).numel()
    layers = []
    for layer in classifier:
        if isinstance(layer, int):
            layers.append(nn.Linear(values, layer))
            values = layer
        else:
            layers.append(layer)
    return nn.Sequential(features, *layers).train()


# --- study A

def features(filters, convs=1):
    layers, channels = [], 3
    for n in filters:
        for inputs in (channels, n)[:convs]:
            layers += [nn.Conv2d(inputs, n, 3, padding=1), nn.BatchNorm2d(n), nn.ReLU()]
        layers.append(nn.MaxPool2d(2))
        channels = n
    return layers


def perceptron(shape, *units):
    layers = [nn.Flatten()]
    for n in units:
        layers += [n, nn.ReLU()]
    return with_classifier([], layers[:-1], shape)


def cnn(shape, classes, filters, convs=1):
    return with_classifier(features(filters, convs), [nn.Flatten(), nn.Dropout(0.5), 128, nn.ReLU(), classes], shape)


def recurrent(shape, classes, kind):
    column = 128 * (shape[1] // 8)
    return nn.Sequential(*features((32, 64, 128)), LastColumn(kind, column, 128), nn.Linear(128, classes))


# --- studies B, C and D

def study_b_head(classes):
    return [nn.Dropout(0.5), FlattenChannelsLast(), 1024, keras_norm(1024, nn.BatchNorm1d), nn.ReLU(),
            nn.Dropout(0.5), classes]


def convpool(shape, classes):
    layers, channels = [], shape[0]
    for filters, kernel, stride in ((32, 4, 2), (32, 3, 2), (64, 2, 1), (128, 2, 1)):
        layers += [nn.Conv2d(channels, filters, kernel, stride), nn.ReLU(), keras_norm(filters), nn.MaxPool2d(2)]
        channels = filters
    return with_classifier(layers, study_b_head(classes), shape)


def convconvpool(shape, classes):
    layers = [nn.Conv2d(shape[0], 32, 2, 2), nn.ReLU(), nn.Conv2d(32, 32, 2, 2), nn.ReLU(), keras_norm(32),
              nn.MaxPool2d(2), nn.Conv2d(32, 64, 2), nn.ReLU(), nn.Conv2d(64, 64, 2), nn.ReLU(), keras_norm(64),
              nn.MaxPool2d(2)]
    return with_classifier(layers, study_b_head(classes), shape)


def resnet50_keras(shape, classes):
    """torchvision's with stride 2 in the first 1x1, biases, an unpadded pooling and Keras's batch norm."""
    import torchvision
    net = torchvision.models.resnet50()
    for name, module in list(net.named_modules()):
        parent = net.get_submodule(name.rpartition(".")[0])
        if isinstance(module, nn.Conv2d):
            strided = ".0.conv" in name and not name.startswith("layer1")
            stride = module.stride if not strided else 2 if name.endswith("conv1") else 1
            conv = nn.Conv2d(module.in_channels, module.out_channels, module.kernel_size, stride, module.padding)
            setattr(parent, name.rpartition(".")[2], conv)
        elif isinstance(module, nn.BatchNorm2d):
            setattr(parent, name.rpartition(".")[2], keras_norm(module.num_features))
    net.maxpool = nn.MaxPool2d(3, 2)
    body = list(net.children())[:-2]
    return with_classifier([*body, nn.AvgPool2d(7)], study_b_head(classes), shape)


def mfcc_net(shape, classes, filters, kernels, hidden, same):
    layers, channels = [], shape[0]
    for n, kernel in zip(filters, kernels):
        layers += [nn.Conv2d(channels, n, kernel, padding="same" if same else 0), nn.ReLU(), SamePool(kernel),
                   keras_norm(n)]
        channels = n
    return with_classifier(layers, [FlattenChannelsLast(), hidden, nn.ReLU(), nn.Dropout(0.3), classes], shape)


def dnn(shape, classes):
    hidden = [layer for n in (512, 256, 64) for layer in (n, nn.ReLU(), nn.Dropout(0.3))]
    return with_classifier([], [FlattenChannelsLast(), *hidden, classes], shape)


def cnn1(shape, classes):
    layers, channels = [], shape[0]
    for n, kernel in ((32, 3), (64, 3), (64, 2)):
        layers += [nn.Conv2d(channels, n, kernel), nn.ReLU(), SamePool(kernel)]
        channels = n
    return with_classifier(layers, [FlattenChannelsLast(), 64, nn.ReLU(), classes], shape)


def cnn2(shape, classes):
    layers, channels = [], shape[0]
    for n, kernel, dropout in ((32, 3, 0.2), (64, 3, 0.1), (64, 2, 0.1)):
        layers += [nn.Conv2d(channels, n, kernel), nn.ReLU(), keras_norm(n), SamePool(kernel), nn.Dropout(dropout)]
        channels = n
    return with_classifier(layers, [FlattenChannelsLast(), 128, nn.ReLU(), nn.Dropout(0.5), classes], shape)


# --- published nets, and study E's

def published(name, classes):
    if name == "resnetrs50":
        import timm
        return timm.create_model(name, num_classes=classes)
    import torchvision
    return getattr(torchvision.models, name)(num_classes=classes)


def with_fastai_head(name, classes, weights=None):
    """`weights` of the body, by the published net's names."""
    net = published(name, classes)
    if weights is not None:
        lacking = [key for key in net.load_state_dict(weights, strict=False).missing_keys
                   if not key.startswith(("fc.", "classifier."))]
        if lacking:
            raise SystemExit(f"weights of {name} lack {lacking}")
    body = []
    for child, module in net.named_children():
        if child in ("avgpool", "global_pool"):
            break
        body.append(module)
    norm = nn.BatchNorm1d
    features = {"alexnet": 256, "vgg16_bn": 512, "resnet34": 512}.get(name, 2048)
    return nn.Sequential(
        *body, MaxAndAvgPool2d(), nn.Flatten(), norm(2 * features), nn.Dropout(0.25),
        nn.Linear(2 * features, 512, bias=False), nn.ReLU(), norm(512), nn.Dropout(0.5),
        nn.Linear(512, classes, bias=False))


def make_net(name, shape, classes):
    if name.endswith("_fastai"):
        return with_fastai_head(name.removesuffix("_fastai"), classes)
    made = {
        "logistic": lambda: perceptron(shape, classes),
        "spotify_logistic": lambda: perceptron(shape, classes),
        "spotify_dense": lambda: perceptron(shape, 30, 30, classes),
        "mlp1": lambda: perceptron(shape, 512, classes),
        "mlp2": lambda: perceptron(shape, 512, 128, classes),
        "base_cnn": lambda: cnn(shape, classes, (32, 64, 128)),
        "deep_cnn": lambda: cnn(shape, classes, (32, 64, 128, 256, 256), convs=2),
        "cnn_rnn": lambda: recurrent(shape, classes, nn.RNN),
        "cnn_lstm": lambda: recurrent(shape, classes, nn.LSTM),
        "convpool": lambda: convpool(shape, classes),
        "convconvpool": lambda: convconvpool(shape, classes),
        "resnet50_keras": lambda: resnet50_keras(shape, classes),
        "mfcc_basic": lambda: mfcc_net(shape, classes, (32, 32, 32), (3, 3, 2), 64, False),
        "mfcc_deeper": lambda: mfcc_net(shape, classes, (32, 32, 32, 64, 64), (3, 3, 2, 3, 3), 128, True),
        "dnn": lambda: dnn(shape, classes),
        "cnn1": lambda: cnn1(shape, classes),
        "cnn2": lambda: cnn2(shape, classes),
        "cnn3": lambda: cnn2(shape, classes),
    }
    return made[name]() if name in made else published(name, classes)
