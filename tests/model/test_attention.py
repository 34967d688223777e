"""Every way to attend that this machine has gives the same; samples never see each other."""

import pytest
import torch

from model.attention import attend, best, sample_by_sample, variable_length

LENGTHS = (5, 1, 9)


def packed(dtype=torch.float32, device="cpu"):
    torch.manual_seed(0)
    q, k, v = torch.randn(3, sum(LENGTHS), 2, 16, device=device).to(dtype)
    offsets = torch.tensor([0, 5, 6, 15], dtype=torch.int32, device=device)
    return q, k, v, offsets, LENGTHS


def test_sample_by_sample_is_softmax_within_each_sample():
    q, k, v, offsets, lengths = packed()
    out = sample_by_sample(q, k, v, offsets, lengths)
    for start, end in ((0, 5), (5, 6), (6, 15)):
        scores = torch.einsum("qhd,khd->hqk", q[start:end], k[start:end]) / 4
        expected = torch.einsum("hqk,khd->qhd", scores.softmax(-1), v[start:end])
        torch.testing.assert_close(out[start:end], expected, atol=1e-5, rtol=1e-5)


def test_another_sample_changes_nothing():
    q, k, v, offsets, lengths = packed()
    before = attend(q, k, v, offsets, lengths)
    k[6:], v[6:] = 7, 7
    assert torch.equal(attend(q, k, v, offsets, lengths)[:6], before[:6])


def test_a_cpu_attends_sample_by_sample():
    assert best(torch.device("cpu"), torch.bfloat16) is sample_by_sample


@pytest.mark.skipif(not torch.cuda.is_available(), reason="torch's variable-length attention runs on a GPU alone")
def test_a_gpu_gives_the_same_in_one_kernel():
    arguments = packed(torch.bfloat16, "cuda")
    torch.testing.assert_close(variable_length(*arguments), sample_by_sample(*arguments), atol=2e-2, rtol=2e-2)
    torch.testing.assert_close(attend(*arguments), sample_by_sample(*arguments), atol=2e-2, rtol=2e-2)
