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


HERE = [("cpu", torch.float32, sample_by_sample, 1e-5)]
if torch.cuda.is_available():
    HERE += [("cuda", torch.bfloat16, way, 2e-2) for way in (sample_by_sample, variable_length, attend)]


@pytest.mark.parametrize(("device", "dtype", "way", "tolerance"), HERE)
def test_every_way_that_is_here_is_softmax_within_each_sample(device, dtype, way, tolerance):
    q, k, v, offsets, lengths = packed(dtype, device)
    out = way(q, k, v, offsets, lengths).float()
    q, k, v = (x.float() for x in (q, k, v))
    for start, end in ((0, 5), (5, 6), (6, 15)):
        scores = torch.einsum("qhd,khd->hqk", q[start:end], k[start:end]) / 4
        expected = torch.einsum("hqk,khd->qhd", scores.softmax(-1), v[start:end])
        torch.testing.assert_close(out[start:end], expected, atol=tolerance, rtol=tolerance)


def test_another_sample_changes_nothing():
    q, k, v, offsets, lengths = packed()
    before = attend(q, k, v, offsets, lengths)
    k[6:], v[6:] = 7, 7
    assert torch.equal(attend(q, k, v, offsets, lengths)[:6], before[:6])


def test_a_cpu_attends_sample_by_sample():
    assert best(torch.device("cpu"), torch.bfloat16) is sample_by_sample
