"""A block and its inputs in, its output out, with a choice of what the backward pass computes again.

`selective` keeps what is dear to compute, matrix products and attention, and computes the rest again; `full` keeps
only the input of each block.
"""

from collections.abc import Callable
from enum import StrEnum
from functools import partial
from typing import Any

import torch
from torch.utils.checkpoint import CheckpointPolicy, checkpoint, create_selective_checkpoint_contexts

_ops = torch.ops.aten
# Attention that is not among these (FlashAttention-3's) is computed again.
_DEAR = {
    _ops.mm.default,
    _ops.addmm.default,
    _ops._scaled_dot_product_flash_attention.default,
    _ops._scaled_dot_product_flash_attention_for_cpu.default,
    _ops._scaled_dot_product_efficient_attention.default,
    _ops._scaled_dot_product_cudnn_attention.default,
}


class Recompute(StrEnum):
    NONE = "none"
    SELECTIVE = "selective"
    FULL = "full"


def run_block(block: Callable[..., Any], recompute: Recompute, *inputs: Any) -> Any:
    """`block(*inputs)`."""
    if recompute == Recompute.NONE or not torch.is_grad_enabled():
        return block(*inputs)
    if recompute == Recompute.FULL:
        return checkpoint(block, *inputs, use_reentrant=False)
    contexts = partial(create_selective_checkpoint_contexts, _policy)
    return checkpoint(block, *inputs, use_reentrant=False, context_fn=contexts)


def _policy(context: Any, operator: Any, *arguments: Any, **named: Any) -> CheckpointPolicy:
    return CheckpointPolicy.MUST_SAVE if operator in _DEAR else CheckpointPolicy.PREFER_RECOMPUTE
