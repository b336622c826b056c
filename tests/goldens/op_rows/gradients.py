"""What autograd says."""

import torch


def gradients(outputs, inputs, output_gradients):
    found = torch.autograd.grad(outputs, inputs, output_gradients, allow_unused=True)
    return [torch.zeros_like(x) if g is None else g for g, x in zip(found, inputs)]


def backward(f, inputs, dy):
    """Gradients of f's inputs, for the rows that test a backward on its own."""
    inputs = [x.clone().requires_grad_() for x in inputs]
    y = f(*inputs)
    return gradients([y], inputs, [dy])
