from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from evaluation.evaluate_reconstruction import LPIPS_SIDE_PX
from evaluation.reconstruction.lpips import Lpips, distances, load_lpips
from tests.evaluation.drawn_cutouts import cutout, noisy


@pytest.fixture(scope="module")
def network() -> Lpips:
    torch.set_num_threads(1)
    torch.manual_seed(0)
    random = Lpips()
    for linear in random.linear:
        linear.weight.abs_()
    return random


@pytest.fixture(scope="module")
def files(network: Lpips, tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[Path]]:
    """The same weights under the names of the published files."""
    folder = tmp_path_factory.mktemp("lpips")
    trunk = {name: tensor for name, tensor in network.state_dict().items() if name.startswith("features")}
    linear = {f"lin{k}.model.1.weight": layer.weight for k, layer in enumerate(network.linear)}
    slices = {"0": 1, "3": 2, "6": 3, "8": 4, "10": 5}
    whole = {f"net.slice{slices[name.split('.')[1]]}.{name[9:]}": tensor for name, tensor in trunk.items()}
    torch.save({**trunk, "classifier.6.bias": torch.zeros(5)}, folder / "alexnet.pth")
    torch.save(linear, folder / "alex.pth", _use_new_zipfile_serialization=False)
    torch.save({"params": {**whole, **linear}}, folder / "all.pth")
    save_file({**whole, **linear}, folder / "all.safetensors")
    return {
        "two files": [folder / "alexnet.pth", folder / "alex.pth"],
        "one file": [folder / "all.pth"],
        "safetensors": [folder / "all.safetensors"],
    }


def _pair() -> tuple[torch.Tensor, torch.Tensor]:
    a, b = (torch.from_numpy(picture[..., :3].copy()) for picture in (cutout(60, 50), noisy(cutout(60, 50))))
    return a.permute(2, 0, 1)[None] / 127.5 - 1, b.permute(2, 0, 1)[None] / 127.5 - 1


@pytest.mark.parametrize("kind", ["two files", "one file", "safetensors"])
def test_published_files_fill_the_network(kind: str, files: dict[str, list[Path]], network: Lpips) -> None:
    a, b = _pair()
    assert torch.equal(load_lpips(files[kind])(a, b), network(a, b))


def test_a_picture_is_no_distance_from_itself(network: Lpips) -> None:
    a, b = _pair()
    assert network(a, a).item() == 0
    assert network(a, b).item() == network(b, a).item() > 0


def test_distances_of_bytes_are_those_of_the_loss(network: Lpips) -> None:
    a, b = cutout(60, 50)[..., :3], noisy(cutout(60, 50))[..., :3]
    assert distances(network)([a, a], [b, a]) == pytest.approx([network(*_pair()).item(), 0], rel=1e-4)


def test_gradients_reach_the_pictures_and_not_the_weights(network: Lpips) -> None:
    a, b = _pair()
    a.requires_grad_()
    network(a, b).sum().backward()
    assert a.grad is not None
    assert a.grad.abs().max() > 0
    assert all(parameter.grad is None for parameter in network.parameters())


def test_the_gradient_is_that_of_finite_differences(network: Lpips) -> None:
    double = Lpips().double()
    double.load_state_dict(network.state_dict())
    a, b = (picture.double() for picture in _pair())
    a.requires_grad_()
    double(a, b).sum().backward()
    step = torch.zeros_like(a)
    step[0, :, 20:30, 20:30] = 1e-6
    with torch.no_grad():
        slope = (double(a + step, b) - double(a - step, b)).item() / 2
    assert a.grad is not None
    assert (a.grad * step).sum().item() == pytest.approx(slope, rel=1e-4)


def test_gradients_are_finite_where_no_feature_answers() -> None:
    silent = Lpips()
    for convolution in silent.features.values():
        convolution.weight.zero_()
        convolution.bias.fill_(-1)
    a = torch.zeros(1, 3, 40, 40, requires_grad=True)
    silent(a, torch.ones(1, 3, 40, 40)).sum().backward()
    assert a.grad is not None
    assert torch.isfinite(a.grad).all()


def test_the_least_side_is_measured(network: Lpips) -> None:
    small = torch.zeros(1, 3, LPIPS_SIDE_PX, LPIPS_SIDE_PX)
    assert network(small, small).item() == 0
    with pytest.raises(RuntimeError):
        network(small[..., 1:, 1:], small[..., 1:, 1:])


def test_a_missing_half_is_named(files: dict[str, list[Path]]) -> None:
    with pytest.raises(ValueError, match=r"alexnet\.pth has no tensor linear"):
        load_lpips(files["two files"][:1])
