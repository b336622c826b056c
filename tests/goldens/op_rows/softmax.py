"""Softmax."""

ROWS = {
    "softmax": lambda x: x.softmax(-1),
    "softmax/first": lambda x: x.softmax(0),
    "softmax/middle": lambda x: x.softmax(1),
    "softmax/odd": lambda x: x.softmax(-1),
    "softmax/one_column": lambda x: x.softmax(-1),
    "softmax/empty": lambda x: x.softmax(-1),
    "softmax/extreme": lambda x: x.softmax(-1),
    "softmax/special": lambda x: x.softmax(-1),
    "softmax/masked": lambda x: x.softmax(-1),
    "softmax/infinite": lambda x: x.softmax(-1),
    "log_softmax": lambda x: x.log_softmax(-1),
    "log_softmax/first": lambda x: x.log_softmax(0),
    "log_softmax/middle": lambda x: x.log_softmax(-2),
    "log_softmax/extreme": lambda x: x.log_softmax(-1),
    "log_softmax/special": lambda x: x.log_softmax(-1),
    "log_softmax/masked": lambda x: x.log_softmax(-1),
    "log_softmax/infinite": lambda x: x.log_softmax(-1),
    "softmax_backward": lambda y, dy: y * (dy - (dy * y).sum(1, keepdim=True)),
    "log_softmax_backward": lambda y, dy: dy - y.exp() * dy.sum(-1, keepdim=True),
}
