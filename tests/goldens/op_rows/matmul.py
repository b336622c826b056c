"""Matrix products."""

import torch
import torch.nn.functional as F

ROWS = {
    "matmul": torch.matmul,
    "matmul/primes": torch.matmul,
    "matmul/ones": torch.matmul,
    "matmul/transposed_left": lambda a, b: a.T @ b,
    "matmul/transposed_right": lambda a, b: a @ b.T,
    "matmul/transposed_both": lambda a, b: a.T @ b.T,
    "matmul/rows": torch.matmul,
    "matmul/columns": torch.matmul,
    "matmul/dot": torch.matmul,
    "matmul/batched": torch.matmul,
    "matmul/batched_left": torch.matmul,
    "matmul/batched_right": torch.matmul,
    "matmul/batches_broadcast": torch.matmul,
    "matmul/batched_rows": torch.matmul,
    "matmul/batched_columns": torch.matmul,
    "matmul/no_rows": torch.matmul,
    "matmul/nothing_between": torch.matmul,
    "linear": F.linear,
    "linear/without_bias": F.linear,
    "linear/sequence": F.linear,
    "linear/one_sample": F.linear,
    "linear/vector": F.linear,
    "linear/no_samples": F.linear,
    "linear/constant_input": F.linear,
}
