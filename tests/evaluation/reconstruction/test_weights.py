from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from evaluation.reconstruction.weights import fill, read_tensors


class _Code:
    """What no weights hold."""


@pytest.fixture
def layer() -> nn.Linear:
    return nn.Linear(2, 3)


def test_tensors_come_back(layer: nn.Linear, tmp_path: Path) -> None:
    torch.save(layer.state_dict(), tmp_path / "a.pth")
    save_file(layer.state_dict(), tmp_path / "a.safetensors")
    for name in ("a.pth", "a.safetensors"):
        other = nn.Linear(2, 3)
        fill(other, read_tensors(tmp_path / name), name)
        assert torch.equal(other.weight, layer.weight)
        assert torch.equal(other.bias, layer.bias)


@pytest.mark.parametrize("name", ["w.pth", "w.safetensors"])
@pytest.mark.parametrize("damage", ["missing", "empty", "text", "cut"])
def test_a_damaged_file_is_named(name: str, damage: str, layer: nn.Linear, tmp_path: Path) -> None:
    path = tmp_path / name
    if name.endswith("pth"):
        torch.save(layer.state_dict(), path)
    else:
        save_file(layer.state_dict(), path)
    whole = path.read_bytes()
    path.unlink()
    if damage != "missing":
        path.write_bytes({"empty": b"", "text": b"version https://git-lfs", "cut": whole[: len(whole) // 2]}[damage])
    with pytest.raises(ValueError, match=rf"w\.{path.suffix[1:]} cannot be read as weights"):
        read_tensors(path)


def test_code_is_not_run(tmp_path: Path) -> None:
    torch.save({"weight": _Code()}, tmp_path / "code.pth")
    with pytest.raises(ValueError, match=r"code\.pth cannot be read"):
        read_tensors(tmp_path / "code.pth")


@pytest.mark.parametrize("content", [{}, [1, 2], {"epoch": 3}])
def test_a_file_without_tensors_is_named(content: object, tmp_path: Path) -> None:
    torch.save(content, tmp_path / "a.pth")
    with pytest.raises(ValueError, match=r"a\.pth holds no tensors"):
        read_tensors(tmp_path / "a.pth")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"bias": None}, "no tensor bias"),
        ({"weight": torch.zeros(3, 5)}, r"weight of \(3, 5\); \(3, 2\) is due"),
        ({"bias": torch.tensor([0, float("nan"), 0])}, "bias is not finite"),
    ],
)
def test_another_networks_weights_are_named(change: dict, message: str, layer: nn.Linear) -> None:
    tensors = {name: tensor for name, tensor in {**layer.state_dict(), **change}.items() if tensor is not None}
    with pytest.raises(ValueError, match=f"w.pth.*{message}"):
        fill(nn.Linear(2, 3), tensors, "w.pth")
