import numpy as np
import pytest

from inference.addresses import find
from schemas.stack import PlainLayer, Stack


def named(*paths: str) -> Stack:
    layers = []
    for path in paths:
        *groups, name = path.split("/")
        layers.append(PlainLayer((0, 0, 1, 1), np.zeros((1, 1, 4), np.uint8), name=name, groups=tuple(groups)))
    return Stack(1, 1, tuple(layers))


STACK = named("ground", "Header/title", "Footer/title", "Footer/2")


@pytest.mark.parametrize(
    ("address", "index"), [(0, 0), (3, 3), ("ground", 0), ("Footer/title", 2), ("2", 3), ("Header/title", 1)]
)
def test_a_layer_is_found(address: int | str, index: int) -> None:
    assert find(STACK, address) == index


@pytest.mark.parametrize(
    ("address", "message"),
    [
        (4, r"there is no layer 4; the layers are 0 \(bottom\) to 3 \(top\)"),
        (-1, "there is no layer -1"),
        ("title", "2 layers are called 'title': give an index, one of 1, 2"),
        ("gruond", "no layer is called 'gruond'; did you mean ground"),
        ("xyz", "no layer is called 'xyz'; known are 2, ground, title"),
        ("", "no layer is called ''"),
    ],
)
def test_an_unclear_address_is_explained(address: int | str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        find(STACK, address)


def test_layers_without_names_have_indices() -> None:
    with pytest.raises(ValueError, match=r"no layer is called 'title': give an index, 0 \(bottom\) to 1 \(top\)"):
        find(named("", ""), "title")
