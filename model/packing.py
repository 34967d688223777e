"""Samples of any size, layer count and text length in, one packed sequence out, and the tables that describe it.

Legend: F frames, C channels, h w latent cells, T image tokens, U text tokens, S = T + U tokens, B samples, P predicted
tokens. Nothing is padded: samples lie one behind another, and attention runs within each by its offsets.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import pairwise

import torch
from einops import rearrange
from torch import Tensor

Grid = tuple[int, int]  # rows and columns of a frame, in tokens
CONDITION_LAYER = -1


@dataclass(frozen=True)
class SampleShape:
    """What one sample is made of, in tokens.

    `frames` are predicted: the composite, then layers bottom to top, or a single picture. `condition` is the clean
    picture behind them, which is not predicted; None where there is none.
    """

    frames: tuple[Grid, ...]
    text: int
    condition: Grid | None = None

    def __post_init__(self) -> None:
        if not self.frames:
            raise ValueError("a sample has one frame or more")
        if min(side for grid in self.grids for side in grid) < 1 or self.text < 1:
            raise ValueError(f"a sample of frames {self.grids} and {self.text} text tokens; none of them may be empty")

    @property
    def grids(self) -> tuple[Grid, ...]:
        """Of all frames, the condition last."""
        return self.frames if self.condition is None else (*self.frames, self.condition)

    @property
    def layers(self) -> tuple[int, ...]:
        """The layer index of each of `grids`: the composite has 0, the condition -1."""
        return (*range(len(self.frames)), *(() if self.condition is None else (CONDITION_LAYER,)))

    @property
    def predicted_tokens(self) -> int:
        return sum(rows * columns for rows, columns in self.frames)

    @property
    def image_tokens(self) -> int:
        return sum(rows * columns for rows, columns in self.grids)

    @property
    def tokens(self) -> int:
        return self.image_tokens + self.text


@dataclass(frozen=True, eq=False)
class Layout:
    """Where the tokens of a pack lie. Image tokens and text tokens are two streams, each sample by sample.

    Under sequence parallelism the streams are cut into one run a rank (`of_rank`); tables of tokens are then those of
    this rank's run, and those of attention stay whole.
    """

    shapes: tuple[SampleShape, ...]
    image_sample_T: Tensor  # int64, the sample of each image token
    text_sample_U: Tensor
    predicted_P: Tensor  # int64, the image tokens that are predicted
    image_run: tuple[int, int]  # first and last + 1 of the whole image stream
    text_run: tuple[int, int]
    rank_tokens: tuple[int, ...]  # text and image tokens of every rank
    order_S: Tensor  # int64, sample by sample, text first: where each token lies among all ranks' [text, image]
    offsets_B1: Tensor = field(repr=False)  # int32, where each sample begins in `order_S`, and the end

    @cached_property
    def inverse_S(self) -> Tensor:
        """The inverse of the permutation `order_S`."""
        return torch.argsort(self.order_S)

    @property
    def lengths(self) -> tuple[int, ...]:
        """Tokens of each sample."""
        return tuple(shape.tokens for shape in self.shapes)


def layout_of(
    shapes: Sequence[SampleShape], device: torch.device | str = "cpu", rank: int = 0, ranks: int = 1
) -> Layout:
    """The tables of a pack, or of one rank's run of it."""
    if not shapes:
        raise ValueError("a pack has one sample or more")
    image_counts = [shape.image_tokens for shape in shapes]
    text_counts = [shape.text for shape in shapes]
    image_runs, text_runs = _runs(sum(image_counts), ranks), _runs(sum(text_counts), ranks)
    image_run, text_run = image_runs[rank], text_runs[rank]
    samples = torch.arange(len(shapes))
    image_sample = samples.repeat_interleave(torch.tensor(image_counts))
    text_sample = samples.repeat_interleave(torch.tensor(text_counts))
    predicted = _predicted(shapes)
    inside = (predicted >= image_run[0]) & (predicted < image_run[1])
    lengths = torch.tensor([shape.tokens for shape in shapes])
    return Layout(
        shapes=tuple(shapes),
        image_sample_T=image_sample[slice(*image_run)].to(device),
        text_sample_U=text_sample[slice(*text_run)].to(device),
        predicted_P=(predicted[inside] - image_run[0]).to(device),
        image_run=image_run,
        text_run=text_run,
        rank_tokens=tuple(b - a + d - c for (a, b), (c, d) in zip(image_runs, text_runs, strict=True)),
        order_S=_order(text_sample, image_sample, text_runs, image_runs).to(device),
        offsets_B1=torch.cat([lengths.new_zeros(1), lengths.cumsum(0)]).to(torch.int32).to(device),
    )


def _runs(count: int, ranks: int) -> list[tuple[int, int]]:
    """A stream of `count` tokens in runs as equal as can be."""
    ends = [count * rank // ranks for rank in range(ranks + 1)]
    return list(pairwise(ends))


def _predicted(shapes: Sequence[SampleShape]) -> Tensor:
    parts, start = [], 0
    for shape in shapes:
        parts.append(torch.arange(start, start + shape.predicted_tokens))
        start += shape.image_tokens
    return torch.cat(parts)


def _order(
    text_sample: Tensor, image_sample: Tensor, text_runs: list[tuple[int, int]], image_runs: list[tuple[int, int]]
) -> Tensor:
    """All ranks' [text, image] one behind another, sorted by sample, text before image, each as it was."""
    samples = [
        torch.cat([2 * text_sample[slice(*text)], 2 * image_sample[slice(*image)] + 1])
        for text, image in zip(text_runs, image_runs, strict=True)
    ]
    return torch.argsort(torch.cat(samples), stable=True)


def patchify(z_FChw: Tensor, patch: int) -> Tensor:
    """Tokens [F * rows * columns, C * patch * patch]: by frame, then row, then column; inside a token (C, ph, pw)."""
    if z_FChw.shape[2] % patch or z_FChw.shape[3] % patch:
        raise ValueError(f"latents of {list(z_FChw.shape[2:])} cells; both sides must be multiples of {patch}")
    return rearrange(z_FChw, "f c (h ph) (w pw) -> (f h w) (c ph pw)", ph=patch, pw=patch)


def unpatchify(x_TC: Tensor, grid: Grid, patch: int) -> Tensor:
    """The inverse of `patchify`, for frames of one grid: latents [F, C, h, w]."""
    rows, columns = grid
    return rearrange(x_TC, "(f h w) (c ph pw) -> f c (h ph) (w pw)", h=rows, w=columns, ph=patch, pw=patch)
