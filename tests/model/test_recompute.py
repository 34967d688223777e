"""What is computed again gives the gradients of what was kept."""

from dataclasses import replace

import pytest
import torch
from functorch.compile import min_cut_rematerialization_partition
from torch._dynamo.backends.common import aot_autograd
from torch.utils._python_dispatch import TorchDispatchMode

from model import block
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


PRODUCTS = (torch.ops.aten.mm.default, torch.ops.aten.addmm.default)


class CountedProducts(TorchDispatchMode):
    """How many matrix products are computed."""

    def __init__(self):
        super().__init__()
        self.count = 0

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        self.count += func in PRODUCTS
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


def products_of_compiled_backward(recompute):
    """As a compiler sees it: of the graphs that run during backward, parted from the forward as inductor does."""
    count = 0

    def counted(graph, inputs):
        products = sum(node.target in PRODUCTS for node in graph.graph.nodes)

        def call(inputs):
            nonlocal count
            count += products
            return graph(*inputs)

        call._boxed_call = True
        return call

    torch._dynamo.reset()
    model = VldMmdit(replace(MMDIT_CONFIGS["tiny"], depth=1), recompute)
    backend = aot_autograd(fw_compiler=counted, partition_fn=min_cut_rematerialization_partition)
    one = model.transformer_blocks[0]  # of fixed sizes, which is compiled sooner than what `compile_blocks` makes
    one.before_attention = torch.compile(one.before_attention, backend=backend, dynamic=False)
    one.after_attention = torch.compile(one.after_attention, backend=backend, dynamic=False)
    loss = sum(out.sum() for out in run(model, MIXED, *inputs(MIXED, model.config)))
    forward = count
    loss.backward()
    return count - forward


def test_compiled_selective_recompute_computes_no_matrix_product_again():
    kept, selective, full = (products_of_compiled_backward(recompute) for recompute in Recompute)
    assert 0 < selective == kept < full


def test_attention_is_not_computed_again_under_selective_recompute(monkeypatch):
    calls = []
    attend = block.attend
    monkeypatch.setattr(block, "attend", lambda *arguments: calls.append(1) or attend(*arguments))
    for recompute, times in ((Recompute.SELECTIVE, 1), (Recompute.FULL, 2)):
        calls.clear()
        model = VldMmdit(MMDIT_CONFIGS["tiny"], recompute)
        sum(out.sum() for out in run(model, MIXED, *inputs(MIXED, model.config))).backward()
        assert len(calls) == times * model.config.depth
