import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from audit.recompose import recompose, worst_difference


@given(st.integers(0, 2**32 - 1))
def test_it_agrees_with_pillow_on_opaque_grounds(seed: int) -> None:
    """Pillow blends with integers: two layers are within two roundings."""
    rng = np.random.default_rng(seed)
    ground, layer = (rng.integers(0, 256, (7, 9, 4), dtype=np.uint8) for _ in range(2))
    ground[..., 3] = 255
    ours = recompose(9, 7, [((0, 0, 9, 7), ground), ((0, 0, 9, 7), layer)])
    pillow = Image.alpha_composite(Image.fromarray(ground), Image.fromarray(layer))
    assert worst_difference(ours, np.asarray(pillow)) <= 1


def test_one_layer_comes_back_exactly() -> None:
    rgba = np.random.default_rng(0).integers(0, 256, (64, 64, 4), dtype=np.uint8)
    rgba[rgba[..., 3] == 0] = 0
    whole = recompose(66, 65, [((2, 1, 66, 65), rgba)])
    np.testing.assert_array_equal(whole[1:, 2:], rgba)
    assert not whole[0].any()


def test_a_difference_is_rounded_up() -> None:
    a, b = np.full((2, 2, 4), 255, np.uint8), np.full((2, 2, 4), 255, np.uint8)
    assert worst_difference(a, b) == 0
    b[1, 1, 0] = 253
    assert worst_difference(a, b) == 2
