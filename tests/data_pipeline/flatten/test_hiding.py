"""Masks that hide a layer's effects: they cut the picture that the layer and its effects give without them."""

from dataclasses import replace

import numpy as np
import pytest
from psd_tools.constants import BlendMode, Tag

from data_pipeline.compose import compose
from data_pipeline.drawing import ColourOverlay, DropShadow, Fill, Group, Mask, Node, Pixels, Stroke
from tests.data_pipeline.flatten.test_walk import disc, flattened, ground

_HIDES = ((Tag.LAYER_MASK_AS_GLOBAL_MASK, True),)
_PATH_HIDES = ((Tag.VECTOR_MASK_AS_GLOBAL_MASK, True),)
_RAMP = Mask(np.tile(np.linspace(0, 255, 30).astype(np.uint8), (48, 1)), left=9, top=0)
_HALF = ((24.0, -9.0), (90.0, -9.0), (90.0, 90.0), (24.0, 90.0))
_SHADOW = DropShadow((9, 9, 90), distance=7.0, size=4.0)
_PLAIN = Pixels(rgba=disc((200, 120, 40)), left=8, top=9, effects=(_SHADOW,))
_NORMAL_STROKE = Stroke(4, (9, 200, 9), "centre")
_CASES: dict[str, list[Node]] = {
    "shadow": [_PLAIN],
    "shadow in another mode": [replace(_PLAIN, effects=(replace(_SHADOW, blend_mode=BlendMode.MULTIPLY),))],
    "stroke": [replace(_PLAIN, effects=(_NORMAL_STROKE,))],
    "faint stroke and overlay": [
        replace(_PLAIN, effects=(replace(_NORMAL_STROKE, opacity=0.5), ColourOverlay((90, 9, 9), opacity=0.5)))
    ],
    "faded": [replace(_PLAIN, opacity=140, fill=90, effects=(_SHADOW, _NORMAL_STROKE))],
    "in another mode": [replace(_PLAIN, blend_mode=BlendMode.SCREEN, effects=(_SHADOW, _NORMAL_STROKE))],
    "with what is clipped": [_PLAIN, Pixels(rgba=disc((60, 180, 220)), left=16, top=12, clipping=True)],
    "group": [
        Group(
            blend_mode=BlendMode.NORMAL,
            layers=(replace(_PLAIN, effects=()), Pixels(rgba=disc((60, 180, 220)), left=16, top=12)),
            effects=(_SHADOW,),
        )
    ],
}


def _picture(layers: list[Node]) -> np.ndarray:
    return np.asarray(compose(flattened([ground(), *layers])[0].stack)[..., :3]) / 255


def _ramp() -> np.ndarray:
    whole = np.zeros((48, 48, 1))
    whole[:, 9:39, 0] = _RAMP.array / 255
    return whole


@pytest.mark.parametrize("name", _CASES)
def test_the_layer_mask_cuts_the_layer_with_its_effects(name: str) -> None:
    base, *clipped = _CASES[name]
    below, whole = _picture([]), _picture(_CASES[name])
    cut = _picture([replace(base, mask=_RAMP, switches=_HIDES), *clipped])
    assert np.abs(cut - (below + _ramp() * (whole - below))).max() <= 2 / 255


@pytest.mark.parametrize("name", _CASES)
def test_the_vector_mask_cuts_the_layer_with_its_effects(name: str) -> None:
    base, *clipped = _CASES[name]
    below, whole = _picture([]), _picture(_CASES[name])
    masked = replace(base, mask=Mask(np.full((48, 48), 255, np.uint8)), vector_mask=(_HALF,))
    cut = _picture([replace(masked, switches=_PATH_HIDES), *clipped])
    assert np.abs(cut[:, :24] - below[:, :24]).max() <= 1 / 255
    assert np.abs(cut[:, 24:] - whole[:, 24:]).max() <= 1 / 255


def test_without_the_switch_effects_follow_the_mask() -> None:
    masked = replace(_PLAIN, mask=_RAMP)
    assert np.abs(_picture([masked]) - _picture([replace(masked, switches=_HIDES)])).max() > 20 / 255


def test_of_two_masks_one_shapes_and_one_hides() -> None:
    stroked = replace(_PLAIN, effects=(Stroke(3, (9, 200, 9)),), mask=_RAMP, vector_mask=(_HALF,))
    picture = _picture([replace(stroked, switches=_HIDES)])
    shaped = _picture([replace(stroked, mask=Mask(np.full((48, 48), 255, np.uint8)))])
    below = _picture([])
    assert np.abs(picture - (below + _ramp() * (shaped - below))).max() <= 2 / 255


def test_a_layer_stays_a_layer() -> None:
    flat, _ = flattened([ground(), replace(_PLAIN, mask=_RAMP, switches=_HIDES)])
    assert [layer.layer_ids for layer in flat.stack.layers] == [(0,), (2,), (1,)]


def test_it_is_named_where_there_are_effects_and_a_mask() -> None:
    masked = replace(_PLAIN, mask=_RAMP, switches=_HIDES)
    assert flattened([ground(), masked])[0].unsupported == ("mask_hides_effects",)
    assert flattened([ground(), replace(masked, mask=None)])[0].unsupported == ()
    assert flattened([ground(), replace(masked, effects=())])[0].unsupported == ()


def test_a_mask_that_is_switched_off_hides_nothing() -> None:
    layer = replace(_PLAIN, mask=replace(_RAMP, disabled=True), switches=_HIDES)
    flat, _ = flattened([ground(), layer])
    assert flat.unsupported == ()
    assert np.array_equal(compose(flat.stack), compose(flattened([ground(), _PLAIN])[0].stack))


def test_a_shapes_own_path_hides_nothing_and_is_named() -> None:
    path = ((9.0, 9.0), (40.0, 9.0), (20.0, 40.0))
    shape = Fill(
        rgba=np.zeros((0, 0, 4), np.uint8), paint=(200, 120, 40), vector_mask=(path,), effects=(_NORMAL_STROKE,)
    )
    asked, _ = flattened([ground(), replace(shape, switches=_PATH_HIDES)])
    plain, _ = flattened([ground(), shape])
    assert asked.unsupported == ("mask_hides_effects",)
    assert np.array_equal(compose(asked.stack), compose(plain.stack))
