"""A rank that meets nobody, for tests of what one process does."""

import torch

from training.distributed import Ranks


class LoneRank(Ranks):
    def barrier(self) -> None:
        """There is nobody to wait for."""

    def summed(self, values: torch.Tensor) -> torch.Tensor:
        return values.double()

    def gathered(self, text: str) -> list[str]:
        return [text]


LONE = LoneRank(0, 1, torch.device("cpu"))
