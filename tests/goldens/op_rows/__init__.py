"""The rows of tests/op_cases/ in PyTorch, a module for each file there: outputs = ROWS[name](*inputs)."""

from . import (batch_norm, compare, conv, elementwise, index, loss, matmul, pool, random, reduce,
               resize, rnn, shape, softmax, stft)

FAMILIES = (elementwise, compare, shape, index, reduce, softmax, matmul, conv, pool, batch_norm, rnn,
            loss, random, stft, resize)
ROWS = {name: row for family in FAMILIES for name, row in family.ROWS.items()}
