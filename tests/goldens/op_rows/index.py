"""Gathering and scattering."""

import torch
import torch.nn.functional as F

ROWS = {
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
}
