"""The adversary judges without being judged, and goes on bit by bit. That ranks learn together: `test_vae_work`."""

import pytest
import torch

from tests.training.vae_runs import CPU, learned, pictures
from training.discriminator import Adversary


def test_it_learns_to_tell_made_pictures_from_real_ones():
    adversary = Adversary(1e-3, 0, CPU)
    x, y = pictures(seed=1), torch.zeros(4, 4, 32, 32)
    losses = learned(adversary, 8, x, y)
    assert losses[-1] < 0.75 * losses[0]
    assert (adversary.fools(x) < adversary.fools(y)).all()


def test_the_vae_s_loss_moves_the_reconstruction_and_not_the_judge():
    adversary, y = Adversary(1e-3, 0, CPU), pictures().requires_grad_()
    before = adversary.state()
    adversary.fools(y).sum().backward()
    assert y.grad.any()
    adversary.step()  # with no gradient of its own, nothing moves
    after = adversary.state()
    assert all(torch.equal(before[name], after[name]) for name in before)


def test_what_it_learns_leaves_the_reconstruction_s_gradient_alone():
    adversary, y = Adversary(1e-3, 0, CPU), pictures().requires_grad_()
    adversary.learn(pictures(seed=1), y, 4)
    assert y.grad is None


def test_a_picture_is_judged_by_itself():
    adversary, y = Adversary(1e-3, 0, CPU), pictures()
    alone = torch.cat([adversary.fools(y[k : k + 1]) for k in range(4)])
    torch.testing.assert_close(adversary.fools(y), alone)
    hidden = y.clone()
    hidden[:, 3] = -1
    other = hidden.clone()
    other[:, :3] *= -1
    torch.testing.assert_close(adversary.fools(hidden), adversary.fools(other))


def test_it_goes_on_from_its_state_bit_by_bit():
    x, y = pictures(seed=1), pictures(seed=2)
    undisturbed, first = Adversary(1e-3, 0, CPU), Adversary(1e-3, 0, CPU)
    learned(undisturbed, 5, x, y)
    learned(first, 2, x, y)
    again = Adversary(1e-3, 9, CPU)
    again.load_state(first.state())
    learned(again, 3, x, y)
    ours, theirs = again.state(), undisturbed.state()
    assert ours.keys() == theirs.keys()
    assert all(torch.equal(ours[name], theirs[name]) for name in ours)


def test_another_network_s_state_is_refused():
    with pytest.raises(ValueError, match="of another network"):
        Adversary(1e-3, 0, CPU).load_state({"weights.layers.0.weight": torch.zeros(1)})
