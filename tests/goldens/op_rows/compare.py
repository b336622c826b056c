"""Comparisons."""

import torch

ROWS = {
    "eq": torch.eq,
    "ne": torch.ne,
    "lt": torch.lt,
    "le": torch.le,
    "gt": torch.gt,
    "ge": torch.ge,
    "gt/number": lambda a: a > 1,
    "lt/number": lambda a: a < 1,
    "ge/broadcast": torch.ge,
    "eq/i64": torch.eq,
    "lt/empty": torch.lt,
    "isnan": torch.isnan,
    "isfinite": torch.isfinite,
}
