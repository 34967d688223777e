"""Channels that a layer does not blend: they keep what lies below; all else is as without the restriction."""

from dataclasses import replace

import numpy as np
import pytest
from psd_tools.constants import BlendMode

from data_pipeline.compose import compose
from data_pipeline.drawing import ColourOverlay, Group, Pixels
from tests.data_pipeline.flatten.test_broken import broken
from tests.data_pipeline.flatten.test_walk import disc, flattened, ground

_TOP = Pixels(name="Top", rgba=disc((200, 60, 90)), left=8, top=8, opacity=200)


@pytest.mark.parametrize("mode", [BlendMode.NORMAL, BlendMode.MULTIPLY, BlendMode.SCREEN, BlendMode.HUE])
@pytest.mark.parametrize("channels", [(0,), (1, 2), (0, 1, 2)])
def test_a_restricted_channel_keeps_the_backdrop(mode: BlendMode, channels: tuple[int, ...]) -> None:
    top = replace(_TOP, blend_mode=mode)
    plain, _ = flattened([ground(), top])
    flat, _ = flattened([ground(), replace(top, restricted_channels=channels)])
    assert flat.unsupported == ()
    expected = compose(plain.stack)[..., :3].astype(int)
    base = ground().rgba
    assert base is not None
    expected[..., list(channels)] = base[..., list(channels)]
    assert np.abs(compose(flat.stack)[..., :3] - expected).max() <= 1.5


def test_a_restricted_layer_depends_on_its_backdrop() -> None:
    flat, _ = flattened([ground(), replace(_TOP, restricted_channels=(0,))])
    assert flat.stack.layers[1].baked
    assert flat.stack.layers[1].backdrop_dependence > 0.05


@pytest.mark.parametrize(
    "layers",
    [
        [replace(_TOP, restricted_channels=(0,))],
        [ground(), replace(_TOP, restricted_channels=(3,))],
        [ground(), replace(_TOP, restricted_channels=(0,), effects=(ColourOverlay((9, 200, 90)),))],
        [ground(), Group(layers=(_TOP,), restricted_channels=(0,))],
    ],
    ids=["on transparency", "a fourth channel", "effects", "pass through"],
)
def test_restrictions_that_are_not_drawn_are_named(layers: list) -> None:
    flat, _ = flattened(layers)
    assert flat.unsupported == ("channel_restrictions",)


def test_a_restriction_of_inks_is_named() -> None:
    flat, _ = flattened([ground(), replace(_TOP, restricted_channels=(0,))], mode="CMYK")
    assert flat.unsupported == ("channel_restrictions",)


def test_a_truncated_block_is_named() -> None:
    block = b"8BIMbrst\0\0\0\4"
    sound, damaged = block + b"\0\0\0\1", b"8BIMbrst\0\0\0\2\0\0" + b"8B"
    flat = broken([ground(), replace(_TOP, restricted_channels=(1,))], sound, damaged)
    assert "channel_restrictions" in flat.unsupported
