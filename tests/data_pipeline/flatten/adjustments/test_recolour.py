"""Adjustments pushed onto the layers below, against the adjusted picture, in numpy."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from psd_tools.constants import BlendMode

from data_pipeline.curate import curate
from data_pipeline.flatten.adjustments.recolour import Adjustment, Faded, recoloured
from data_pipeline.flatten.blend import MODES
from data_pipeline.flatten.coverage import Coverage
from data_pipeline.flatten.fragment import Fragment
from schemas.sample import Sample

_BOX = (0, 0, 5, 6)
_LAYERS = st.lists(arrays(np.uint8, (6, 5, 4)), min_size=1, max_size=4)
_CHANGES = {
    "invert": lambda rgb: 1 - rgb,
    "threshold": lambda rgb: np.repeat(rgb.mean(axis=2, keepdims=True) > 0.5, 3, axis=2).astype(np.float32),
    "darken": lambda rgb: rgb**2,
}


def over_white(layers: Sequence[Fragment]) -> np.ndarray:
    picture = np.ones((6, 5, 3))
    for layer in layers:
        alpha = layer.exact_alpha()[..., np.newaxis].astype(np.float64)
        picture = alpha * (layer.rgba[..., :3] / 255) + (1 - alpha) * picture
    return picture


def over_nothing(layers: Sequence[Fragment]) -> np.ndarray:
    """Premultiplied RGBA."""
    picture = np.zeros((6, 5, 4))
    for layer in layers:
        alpha = layer.exact_alpha()[..., np.newaxis].astype(np.float64)
        colour = np.concatenate([layer.rgba[..., :3] / 255, np.ones((6, 5, 1))], axis=2)
        picture = alpha * colour + (1 - alpha) * picture
    return picture


def nothing(box: tuple[int, int, int, int]) -> np.ndarray:
    return 0 * opaque(box)


def opaque(box: tuple[int, int, int, int]) -> np.ndarray:
    return np.ones((box[3] - box[1], box[2] - box[0], 4), np.float32)


def fragments(pictures: Sequence[np.ndarray]) -> list[Fragment]:
    alphas = [(picture[..., 3] / np.float32(255)).astype(np.float32) for picture in pictures]
    return [Fragment(_BOX, rgba, alpha, (k,)) for k, (rgba, alpha) in enumerate(zip(pictures, alphas, strict=True))]


@pytest.mark.parametrize("name", _CHANGES)
@given(_LAYERS, arrays(np.float32, (6, 5), elements=st.floats(0, 1, width=32)))
def test_the_layers_give_the_adjusted_picture(name: str, pictures: list[np.ndarray], coverage: np.ndarray) -> None:
    change = _CHANGES[name]
    adjustment = Adjustment(change, BlendMode.NORMAL, Coverage(0.0, _BOX, coverage), _BOX)
    layers = fragments(pictures)
    ground = [Fragment(_BOX, np.full((6, 5, 4), 255, np.uint8), None, (9,))]
    result = recoloured([*ground, *layers], adjustment, nothing, nothing)
    plain = over_white([*ground, *layers]).astype(np.float32)
    wanted = plain + coverage[..., np.newaxis] * (change(plain) - plain)
    if name == "threshold":  # where rounding decides, either is right
        close = np.abs(plain.mean(axis=2) - 0.5) > 0.01
        assert np.abs(over_white(result) - wanted)[close].max(initial=0) * 255 <= 1.5
    else:
        assert np.abs(over_white(result) - wanted).max() * 255 <= 1.5


@pytest.mark.parametrize("name", _CHANGES)
@given(_LAYERS)
def test_what_plain_layers_cannot_show_on_transparency_is_told(name: str, pictures: list[np.ndarray]) -> None:
    change = _CHANGES[name]
    layers = fragments(pictures)
    result = recoloured(layers, Adjustment(change, BlendMode.NORMAL, Coverage(), _BOX), nothing, nothing)
    plain, shown = over_nothing(layers), over_nothing(result)
    alpha = plain[..., 3:]
    straight = np.divide(plain[..., :3], alpha, out=np.zeros((6, 5, 3)), where=alpha > 0).astype(np.float32)
    wanted = np.concatenate([alpha * change(straight), alpha], axis=2)
    close = np.abs(straight.mean(axis=2) - 0.5) > (0.01 if name == "threshold" else -1)
    allowed = sum(layer.excess for layer in result) + 1.5 / 255
    assert np.abs(shown - wanted)[close].max(initial=0) <= allowed


def test_a_ground_that_is_nearly_opaque_is_hidden_by_a_higher_alpha() -> None:
    ground, veil = np.full((6, 5, 4), 100, np.uint8), np.full((6, 5, 4), 255, np.uint8)
    ground[..., 3], veil[..., 3] = 250, 77
    adjustment = Adjustment(_CHANGES["threshold"], BlendMode.NORMAL, Coverage(), _BOX)
    result = recoloured(fragments([ground, veil]), adjustment, nothing, nothing)
    red, *_, alpha = over_nothing(result)[0, 0]
    assert red >= 245 / 255  # all of it would be white, and 252 opaque
    assert alpha >= 252 / 255
    assert 1.5 / 255 < max(layer.excess for layer in result) < 6 / 255


@given(_LAYERS)
def test_without_coverage_nothing_changes(pictures: list[np.ndarray]) -> None:
    adjustment = Adjustment(_CHANGES["invert"], BlendMode.NORMAL, Coverage(0.0), _BOX)
    layers = fragments(pictures)
    for before, after in zip(layers, recoloured(layers, adjustment, opaque, opaque), strict=True):
        assert np.array_equal(before.rgba, after.rgba)
        assert np.array_equal(before.exact_alpha(), after.exact_alpha())


def test_an_opaque_layer_gets_its_own_colours_adjusted() -> None:
    rgba = np.random.default_rng(0).integers(0, 256, (6, 5, 4), np.uint8)
    rgba[..., 3] = 255
    adjustment = Adjustment(_CHANGES["invert"], BlendMode.NORMAL, Coverage(), _BOX)
    (layer,) = recoloured([Fragment(_BOX, rgba, None, (0,))], adjustment, opaque, opaque)
    assert np.array_equal(layer.rgba[..., :3], 255 - rgba[..., :3])


def test_a_group_fades_what_its_adjustments_did_together() -> None:
    invert = Adjustment(_CHANGES["invert"], BlendMode.NORMAL, Coverage(), _BOX)
    darken = Adjustment(_CHANGES["darken"], BlendMode.NORMAL, Coverage(), _BOX)
    picture = opaque(_BOX) * np.float32([0.2, 0.5, 0.9, 1.0])
    faded = Faded((invert, darken), Coverage(0.25), _BOX).on(picture, _BOX)
    plain = np.array([0.2, 0.5, 0.9])
    assert np.allclose(faded[0, 0, :3], plain + 0.25 * ((1 - plain) ** 2 - plain), atol=1e-6)


@pytest.mark.parametrize("kind", ["curves", "exposure", "huesaturation", "invert", "levels", "posterize", "threshold"])
def test_matches_photoshop(kind: str, real_psds: Path) -> None:
    paths = [path for path in real_psds.glob("features/*/*") if kind in path.stem.split("_", 1)[1]]
    samples = [sample for path in paths if isinstance(sample := curate(path), Sample) and sample.fidelity is not None]
    assert samples
    assert all(sample.fidelity.within2 >= 0.99 for sample in samples if not sample.document.unsupported)


@pytest.mark.parametrize("mode", MODES, ids=lambda mode: mode.name.lower())
@pytest.mark.parametrize("level", [0.0, 0.7])
def test_a_colour_that_rounding_has_pushed_beyond_black_or_white_is_that(mode: BlendMode, level: float) -> None:
    plain = np.full((6, 5, 4), 0.7, np.float32)
    plain[..., :3] = level
    beyond = plain.copy()
    beyond[..., :3] += -1e-7 if level == 0 else 1e-7
    adjustment = Adjustment(lambda rgb: 1 - rgb, mode, Coverage(), _BOX)
    assert np.abs(adjustment.on(beyond, _BOX) - adjustment.on(plain, _BOX)).max() < 1e-6
