"""Muon in float32, for CPUs: matrices of one shape are orthogonalised together.

`torch.optim.Muon` works in bfloat16 and matrix by matrix, which on a CPU without bfloat16 units costs more than the
model itself. Newton-Schulz coefficients: Keller Jordan's (https://kellerjordan.github.io/posts/muon/).
"""

from collections.abc import Iterable

import torch

COEFFICIENTS = (3.4445, -4.7750, 2.0315)


def orthogonal(matrices: torch.Tensor, steps: int = 5) -> torch.Tensor:
    """Near-orthogonal matrices with the same singular vectors; (n, rows, columns)."""
    tall = matrices.size(1) > matrices.size(2)
    x = matrices.mT if tall else matrices
    x = x / (x.norm(dim=(1, 2), keepdim=True) + 1e-7)
    a, b, c = COEFFICIENTS
    for _ in range(steps):
        gram = x @ x.mT
        x = torch.baddbmm(a * x, torch.baddbmm(b * gram, gram, gram, alpha=c), x)
    return x.mT if tall else x


class Muon:
    """Momentum, Nesterov, orthogonalised, scaled so that the rate means the same for every shape."""

    def __init__(self, matrices: Iterable[torch.Tensor], weight_decay: float, momentum: float = 0.95) -> None:
        self.weight_decay, self.momentum = weight_decay, momentum
        self.shapes: dict[torch.Size, list[torch.Tensor]] = {}
        for matrix in matrices:
            self.shapes.setdefault(matrix.shape, []).append(matrix)
        self.buffers = {shape: torch.zeros_like(torch.stack(group)) for shape, group in self.shapes.items()}

    @torch.no_grad()
    def step(self, rate: float) -> None:
        for shape, group in self.shapes.items():
            gradients = torch.stack([matrix.grad for matrix in group if matrix.grad is not None])
            buffer = self.buffers[shape].lerp_(gradients, 1 - self.momentum)
            update = orthogonal(gradients.lerp(buffer, self.momentum))
            scale = max(1.0, shape[0] / shape[1]) ** 0.5
            for matrix, direction in zip(group, update, strict=True):
                matrix.mul_(1 - rate * self.weight_decay).add_(direction, alpha=-rate * scale)
