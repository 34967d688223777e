"""Two ranks that share the tokens of a pack are one rank, forward and backward."""

from pathlib import Path

import pytest
import torch
import torch.distributed as dist
import torch.multiprocessing as multiprocessing

from model.configs import MMDIT_CONFIGS
from model.mmdit import VldMmdit
from model.packing import layout_of
from model.sequence_parallel import check_heads
from tests.model.packs import MIXED, inputs

CONFIG = MMDIT_CONFIGS["tiny"]


def one_rank():
    torch.manual_seed(0)
    model = VldMmdit(CONFIG)
    images, texts, sigma = inputs(MIXED, CONFIG)
    out = model(torch.cat(images), torch.cat(texts), sigma, layout_of(MIXED))
    out.square().sum().backward()
    return out.detach(), gradient_of(model)


def gradient_of(model):
    return torch.cat([p.grad.flatten() if p.grad is not None else p.new_zeros(p.numel()) for p in model.parameters()])


def work(rank: int, folder: str) -> None:
    torch.set_num_threads(1)
    dist.init_process_group("gloo", f"file://{folder}/store", rank=rank, world_size=2)
    torch.manual_seed(0)
    model = VldMmdit(CONFIG)
    images, texts, sigma = inputs(MIXED, CONFIG)
    layout = layout_of(MIXED, rank=rank, ranks=2)
    image, text = torch.cat(images)[slice(*layout.image_run)], torch.cat(texts)[slice(*layout.text_run)]
    out = model(image, text, sigma, layout, group=dist.group.WORLD)
    out.square().sum().backward()
    gradient = gradient_of(model)
    dist.all_reduce(gradient)
    torch.save((out.detach(), gradient), f"{folder}/{rank}.pt")
    dist.destroy_process_group()


def test_two_ranks_are_one(tmp_path: Path):
    multiprocessing.spawn(work, (str(tmp_path),), nprocs=2)
    outs, gradients = zip(*(torch.load(tmp_path / f"{rank}.pt", weights_only=True) for rank in (0, 1)), strict=True)
    out, gradient = one_rank()
    torch.testing.assert_close(torch.cat(outs), out, atol=1e-5, rtol=1e-5)
    torch.testing.assert_close(gradients[0], gradient, atol=1e-4, rtol=1e-4)
    assert torch.equal(gradients[0], gradients[1])


def test_heads_that_cannot_be_shared_out_are_refused():
    with pytest.raises(ValueError, match="by 5 ranks; 1, 2, 3, 4, 6, 8, 12, 24 can share them"):
        check_heads(24, 5)
    check_heads(24, 8)
