"""What is computed again gives the gradients of what was kept."""

import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode

from model.configs import MMDIT_CONFIGS
from model.mmdit import VldMmdit
from model.recompute import Recompute
from tests.model.packs import MIXED, inputs, run


@pytest.mark.parametrize("recompute", [Recompute.SELECTIVE, Recompute.FULL])
def test_gradients_are_the_same(recompute):
    model = VldMmdit(MMDIT_CONFIGS["tiny"])

    def gradients(how):
        model.recompute = how
        model.zero_grad()
        sum(out.square().sum() for out in run(model, MIXED, *inputs(MIXED, model.config))).backward()
        return [parameter.grad.clone() for parameter in model.parameters() if parameter.grad is not None]

    for kept, again in zip(gradients(Recompute.NONE), gradients(recompute), strict=True):
        assert torch.equal(kept, again)


class CountedProducts(TorchDispatchMode):
    """How many matrix products are computed."""

    def __init__(self):
        super().__init__()
        self.count = 0

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        self.count += func in (torch.ops.aten.mm.default, torch.ops.aten.addmm.default)
        return func(*args, **(kwargs or {}))


def products_of_backward(recompute):
    model = VldMmdit(MMDIT_CONFIGS["tiny"], recompute)
    loss = sum(out.sum() for out in run(model, MIXED, *inputs(MIXED, model.config)))
    with CountedProducts() as counted:
        loss.backward()
    return counted.count


def test_matrix_products_are_computed_again_under_full_recompute_alone():
    kept, selective, full = (products_of_backward(recompute) for recompute in Recompute)
    assert selective == kept
    assert full > kept
