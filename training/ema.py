"""The moving average of the weights, held as the optimizer holds them: each rank averages what it optimises.

The float32 weights of ZeRO's partition are averaged, so it is the same under ZeRO-1, 2 and 3, and nothing is gathered.
"""

from collections.abc import Sequence

import torch
from torch import Tensor

_AT_ONCE = 1 << 24  # elements that are held twice while they change places


class ShardedEma:
    """`flats` are tensors like the weights', in float32."""

    def __init__(self, weights: Sequence[Tensor], decay: float) -> None:
        self.flats = [flat.detach().clone() for flat in weights]
        self._decay = decay

    @torch.no_grad()
    def update(self, weights: Sequence[Tensor], updates: int) -> None:
        """After `updates` steps of the optimizer. Short runs forget how they began: the decay grows to its own."""
        decay = min(self._decay, (1 + updates) / (10 + updates))
        for average, flat in zip(self.flats, weights, strict=True):
            average.lerp_(flat, 1 - decay)

    @torch.no_grad()
    def exchange(self, weights: Sequence[Tensor]) -> None:
        """The weights become the average and the average the weights, bit for bit; done twice, all is as it was."""
        for average, flat in zip(self.flats, weights, strict=True):
            for one, other in zip(average.split(_AT_ONCE), flat.split(_AT_ONCE), strict=True):
                kept = one.clone()
                one.copy_(other)
                other.copy_(kept)
