"""A part of the network and its inputs in, its output out, with a choice of what the backward pass computes again.

`selective` keeps what is dear to compute, matrix products and attention, and computes the rest again; `full` keeps
only the input of each block.
"""

from collections.abc import Callable
from enum import StrEnum
from functools import partial
from typing import Any

import torch
from torch.utils.checkpoint import CheckpointPolicy, checkpoint, create_selective_checkpoint_contexts

_DEAR = {torch.ops.aten.mm.default, torch.ops.aten.addmm.default}


class Recompute(StrEnum):
    NONE = "none"
    SELECTIVE = "selective"
    FULL = "full"


def run_block(block: Callable[..., Any], recompute: Recompute, *inputs: Any) -> Any:
    """`block(*inputs)`; `full` is done here, and `selective` by the block, of the parts beside its attention."""
    if recompute == Recompute.FULL and torch.is_grad_enabled():
        return checkpoint(block, *inputs, use_reentrant=False, preserve_rng_state=False)  # nothing is random
    return block(*inputs, recompute=recompute)


def run_part(part: Callable[..., Any], recompute: Recompute, *inputs: Any) -> Any:
    """`part(*inputs)`; with `selective` its matrix products are kept. May be compiled, and has no attention in it.

    Compiled code hides its matrix products from a checkpoint around it: the checkpoint must lie inside.
    """
    if recompute == Recompute.SELECTIVE and torch.is_grad_enabled():
        contexts = partial(create_selective_checkpoint_contexts, _policy)
        return checkpoint(part, *inputs, use_reentrant=False, context_fn=contexts)
    return part(*inputs)


def _policy(context: Any, operator: Any, *arguments: Any, **named: Any) -> CheckpointPolicy:
    return CheckpointPolicy.MUST_SAVE if operator in _DEAR else CheckpointPolicy.PREFER_RECOMPUTE
