"""Small random stacks for round trips, and what must survive one."""

import numpy as np
from hypothesis import strategies as st

from schemas.stack import PlainLayer, Stack

# Photoshop's names and XML's have no place for these.
NAMES = st.text(
    st.characters(exclude_categories=("Cc", "Cs", "Zl", "Zp"), exclude_characters="\ufffe\uffff"), max_size=9
)
_ALPHAS = (0, 0, 1, 128, 255, 255)


@st.composite
def stacks(draw, least_layers=0, least_px=1):
    """Layers of any size inside the canvas, on its edges too, some fully transparent, in groups in groups."""
    width, height = draw(st.integers(least_px, 20)), draw(st.integers(least_px, 20))
    return Stack(width, height, tuple(draw(st.lists(layers(width, height), min_size=least_layers, max_size=5))))


@st.composite
def layers(draw, width, height):
    left, top = draw(st.integers(0, width - 1)), draw(st.integers(0, height - 1))
    box = (left, top, draw(st.integers(left + 1, width)), draw(st.integers(top + 1, height)))
    rng = np.random.default_rng(draw(st.integers(0, 999)))
    rgba = rng.integers(0, 256, (box[3] - top, box[2] - left, 4), dtype=np.uint8)
    rgba[..., 3] = draw(st.sampled_from([np.uint8(0), rng.choice(_ALPHAS, rgba.shape[:2]), rgba[..., 3]]))
    rgba[rgba[..., 3] == 0] = 0
    groups = draw(st.lists(st.one_of(st.sampled_from(["a", "b"]), NAMES), max_size=3))
    return PlainLayer(box, rgba, name=draw(NAMES), groups=tuple(groups))


def assert_same(before: Stack, after: Stack) -> None:
    """Canvas, boxes, names, groups and every byte of the pixels."""
    assert (before.width, before.height) == (after.width, after.height)
    assert [(one.box, one.name, one.groups) for one in before.layers] == [
        (one.box, one.name, one.groups) for one in after.layers
    ]
    for one, other in zip(before.layers, after.layers, strict=True):
        np.testing.assert_array_equal(one.rgba, other.rgba)
