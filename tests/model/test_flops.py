"""Operations are those that torch counts."""

import torch
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils.flop_counter import FlopCounterMode

from model.configs import MMDIT_CONFIGS, MmditConfig
from model.flops import forward_flops, training_flops
from model.mmdit import VldMmdit
from model.packing import SampleShape
from tests.model.packs import MIXED, inputs, run

TINY = MMDIT_CONFIGS["tiny"]


@torch.no_grad()
def test_they_are_what_torch_counts():
    with (
        sdpa_kernel(SDPBackend.MATH),
        FlopCounterMode(display=False) as counter,
    ):  # the only one it knows
        run(VldMmdit(TINY), MIXED, *inputs(MIXED, TINY))
    assert forward_flops(MIXED, TINY) == counter.get_total_flops()


def test_the_real_size_agrees_with_the_cost_model():
    """13.6e9 S + 0.737e6 S^2 forward for S tokens of a sample, within rounding and its few text tokens."""
    shape = SampleShape(((64, 64),), 256)
    forward = forward_flops([shape], MmditConfig())
    assert abs(forward / (13.6e9 * shape.tokens + 0.737e6 * shape.tokens**2) - 1) < 0.01
    assert training_flops([shape], MmditConfig()) == 3 * forward
