"""Dropout."""

import numpy as np
import torch


def philox(seed, offset, n):
    """n words of Philox-4x32-10 (Salmon et al. 2011), four to a counter."""
    blocks = (n + 3) // 4
    counter = np.arange(offset, offset + blocks, dtype=np.uint64)
    low = np.uint64(0xFFFFFFFF)
    c = [counter & low, counter >> np.uint64(32), np.zeros_like(counter), np.zeros_like(counter)]
    k = [seed & 0xFFFFFFFF, seed >> 32]
    for _ in range(10):
        a, b = c[0] * np.uint64(0xD2511F53), c[2] * np.uint64(0xCD9E8D57)
        c = [(b >> np.uint64(32)) ^ c[1] ^ np.uint64(k[0]), b & low,
             (a >> np.uint64(32)) ^ c[3] ^ np.uint64(k[1]), a & low]
        k = [(k[0] + 0x9E3779B9) & 0xFFFFFFFF, (k[1] + 0xBB67AE85) & 0xFFFFFFFF]
    return np.stack(c, 1).reshape(-1)[:n]


def dropout(x, p, offset=0):
    """Our mask: numbers in the order of memory, channels-last for pictures; 24 bits each."""
    u = torch.from_numpy((philox(7, offset, x.numel()) >> np.uint64(8)) / 2.0**24)
    if x.dim() == 4:
        n, c, h, w = x.shape
        u = u.reshape(n, h, w, c).permute(0, 3, 1, 2)
    u = u.reshape(x.shape)
    return torch.where(u < p, torch.zeros_like(x), x / (1 - p) if p < 1 else x)


ROWS = {
    "dropout": lambda x: dropout(x, 0.5),
    "dropout/.2": lambda x: dropout(x, 0.2),
    "dropout/0": lambda x: dropout(x, 0),
    "dropout/1": lambda x: dropout(x, 1),
    "dropout/state": lambda x: dropout(x, 0.5, offset=3),
}
