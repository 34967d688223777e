"""Ulysses: each rank holds a run of every stream's tokens, and for attention all tokens of a share of the heads.

Legend: n tokens of this rank, S tokens of all ranks, H heads, D channels of a head. The exchange is DeepSpeed-Ulysses'
(arXiv 2309.14509), with runs of unequal length, as packs are not padded.
"""

from typing import Any

import torch
import torch.distributed as dist
from torch import Tensor


def check_heads(heads: int, ranks: int) -> None:
    """ValueError where heads cannot be shared out."""
    if heads % ranks:
        fitting = [count for count in range(1, heads + 1) if heads % count == 0]
        raise ValueError(
            f"{heads} heads cannot be shared by {ranks} ranks; {', '.join(map(str, fitting))} can share them"
        )


def to_heads(x_nHD: Tensor, rank_tokens: tuple[int, ...], group: dist.ProcessGroup) -> Tensor:
    """[S, H / ranks, D]: all tokens, rank after rank, of this rank's heads."""
    return _ToHeads.apply(x_nHD, rank_tokens, group)


def to_tokens(x_ShD: Tensor, rank_tokens: tuple[int, ...], group: dist.ProcessGroup) -> Tensor:
    """[n, H, D]: the inverse of `to_heads`."""
    return _ToTokens.apply(x_ShD, rank_tokens, group)


class _ToHeads(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, rank_tokens: tuple[int, ...], group: dist.ProcessGroup) -> Tensor:
        ctx.rank_tokens, ctx.group = rank_tokens, group
        return _scatter_heads(x, rank_tokens, group)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None, None]:
        return _gather_heads(gradient, ctx.rank_tokens, ctx.group), None, None


class _ToTokens(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, rank_tokens: tuple[int, ...], group: dist.ProcessGroup) -> Tensor:
        ctx.rank_tokens, ctx.group = rank_tokens, group
        return _gather_heads(x, rank_tokens, group)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None, None]:
        return _scatter_heads(gradient, ctx.rank_tokens, ctx.group), None, None


def _scatter_heads(x_nHD: Tensor, rank_tokens: tuple[int, ...], group: dist.ProcessGroup) -> Tensor:
    ranks, (own, heads, channels) = len(rank_tokens), x_nHD.shape
    sent = x_nHD.unflatten(1, (ranks, heads // ranks)).transpose(0, 1).contiguous()  # [ranks, n, H / ranks, D]
    received = x_nHD.new_empty(sum(rank_tokens), heads // ranks, channels)
    dist.all_to_all_single(received, sent.flatten(0, 1), list(rank_tokens), [own] * ranks, group=group)
    return received


def _gather_heads(x_ShD: Tensor, rank_tokens: tuple[int, ...], group: dist.ProcessGroup) -> Tensor:
    ranks, own = len(rank_tokens), rank_tokens[dist.get_rank(group)]
    received = x_ShD.new_empty(ranks * own, *x_ShD.shape[1:])
    dist.all_to_all_single(received, x_ShD.contiguous(), [own] * ranks, list(rank_tokens), group=group)
    return received.unflatten(0, (ranks, own)).transpose(0, 1).flatten(1, 2)
