from pathlib import Path

import numpy as np
import pytest
import torch

from evaluation.reconstruction.frechet import INCEPTION_FEATURES
from evaluation.reconstruction.inception import Inception, features, load_inception
from tests.evaluation.drawn_cutouts import cutout, noisy


@pytest.fixture(scope="module")
def network() -> Inception:
    torch.set_num_threads(1)
    torch.manual_seed(0)
    random = Inception()
    for module in random.modules():
        if isinstance(module, torch.nn.Conv2d):
            torch.nn.init.kaiming_normal_(module.weight)  # or nothing of the picture would be left at the end
    return random


def test_a_picture_has_its_features_whatever_lies_beside_it(network: Inception) -> None:
    measured = features(network)
    a, b = cutout(90, 70)[..., :3], noisy(cutout(90, 70))[..., :3]
    both = measured([a, b])
    assert both.shape == (2, INCEPTION_FEATURES)
    assert both[:1] == pytest.approx(measured([a]), rel=1e-3, abs=1e-4 * float(both.max()))
    assert np.abs(both[0] - both[1]).max() > 0.01 * both.max()


def test_a_weight_file_fills_the_network_with_or_without_counters(network: Inception, tmp_path: Path) -> None:
    tensors = network.state_dict()
    kept = {name: tensor for name, tensor in tensors.items() if not name.endswith("num_batches_tracked")}
    torch.save({**kept, "fc.weight": torch.zeros(2, 2)}, tmp_path / "inception.pth")
    loaded = load_inception(tmp_path / "inception.pth").state_dict()
    assert all(torch.equal(loaded[name], tensors[name]) for name in tensors)


def test_another_networks_file_is_named(tmp_path: Path) -> None:
    torch.save({"features.0.weight": torch.zeros(2)}, tmp_path / "alexnet.pth")
    with pytest.raises(ValueError, match=r"alexnet\.pth has no tensor Conv2d_1a_3x3"):
        load_inception(tmp_path / "alexnet.pth")


def test_the_network_has_the_parameters_of_inception_v3(network: Inception) -> None:
    """Torchvision counts 23,834,568 with a classifier of 1000 classes, without the auxiliary one."""
    assert sum(parameter.numel() for parameter in network.parameters()) == 23_834_568 - 1000 * (2048 + 1)
