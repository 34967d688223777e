"""Blend modes of CMYK and Lab documents, against psd-tools' formulas on the channels and transcriptions in numpy.

psd-tools' formulas of inks were measured against Photoshop.
"""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from PIL import ImageCms
from psd_tools.composite.blend import get_blend_func
from psd_tools.constants import BlendMode, ColorMode

from data_pipeline.colour import ColourSpace, colour_space, to_planes, to_rgb
from data_pipeline.compose import compose
from data_pipeline.drawing import Bevel, ColourOverlay, Group, Invert, Pixels
from data_pipeline.drawing.layers import Node
from data_pipeline.flatten.bake import bake
from data_pipeline.flatten.blend import FILLED, MODES, filled, mode_index
from data_pipeline.flatten.channels import has_own_channels, in_own_channels, mixture
from data_pipeline.flatten.fragment import Fragment
from tests.data_pipeline.drawn_profile import ink_profile
from tests.data_pipeline.flatten.adjustments.drawn_adjustments import colours
from tests.data_pipeline.flatten.test_bake import IN_RGB
from tests.data_pipeline.flatten.test_walk import disc, flattened, ground, opened

_INKS = ColourSpace(ColorMode.CMYK, None, None, damaged_profile=False)
_LAB = colour_space(opened([ground()], mode="LAB"))
_PRINTED = colour_space(opened([ground()], mode="CMYK", icc_profile=ink_profile()))
_BLENDING = tuple(mode for mode in MODES if mode != BlendMode.NORMAL)
_ADDING = (BlendMode.MULTIPLY, BlendMode.SCREEN, BlendMode.LINEAR_BURN, BlendMode.LINEAR_DODGE)
_CONTRAST = (
    BlendMode.OVERLAY,
    BlendMode.SOFT_LIGHT,
    BlendMode.HARD_LIGHT,
    BlendMode.VIVID_LIGHT,
    BlendMode.LINEAR_LIGHT,
    BlendMode.PIN_LIGHT,
    BlendMode.HARD_MIX,
)
_RGB_IN_LAB = (
    BlendMode.DARKEN,
    BlendMode.LIGHTEN,
    BlendMode.COLOR_BURN,
    BlendMode.COLOR_DODGE,
    BlendMode.DIFFERENCE,
    BlendMode.EXCLUSION,
    BlendMode.SUBTRACT,
    BlendMode.DIVIDE,
)

# What white changes nothing in, and what black.
_WHITE, _BLACK = (
    (BlendMode.MULTIPLY, BlendMode.LINEAR_BURN, BlendMode.DARKER_COLOR),
    (BlendMode.SCREEN, BlendMode.LINEAR_DODGE, BlendMode.LIGHTER_COLOR),
)


def _name(mode: BlendMode) -> str:
    return mode.name.lower()


def _pair() -> tuple[np.ndarray, np.ndarray]:
    """Two pictures of every kind of colour, uint8 RGB."""
    return colours(seed=1)[..., :3], colours(seed=2)[..., :3][::-1]


def _planes(space: ColourSpace, rgb: np.ndarray) -> np.ndarray:
    return np.stack(to_planes(space, rgb), -1)


def _back(space: ColourSpace, planes: np.ndarray) -> np.ndarray:
    return to_rgb(space, [np.ascontiguousarray(planes[..., c]) for c in range(planes.shape[2])]).astype(float)


def _returned(space: ColourSpace, below: np.ndarray, own: np.ndarray, planes: np.ndarray) -> np.ndarray:
    """Blended planes as RGB in [0, 255], without what the way there and back does to the nearer of the two colours."""
    back, *ends = (_back(space, one) for one in (planes, _planes(space, below), _planes(space, own)))
    apart = [np.abs(back - end).sum(axis=2, keepdims=True) for end in ends]
    share = apart[0] / np.maximum(apart[0] + apart[1], 1e-9)
    return np.clip(back + (1 - share) * (below - ends[0]) + share * (own - ends[1]), 0, 255)


def _byte(channel: np.ndarray) -> np.ndarray:
    return np.floor(np.clip(channel, 0, 255) + 0.5).astype(np.uint8)


def _assert_equal(ours: np.ndarray, expected: np.ndarray, undecided: np.ndarray) -> None:
    """Within a step; where float32 and float64 round a channel apart, it is a step of the channel and more of RGB."""
    assert undecided.mean() < 0.2
    apart = np.abs(ours * 255 - expected)[~undecided]
    assert apart.max() <= 6
    assert (apart > 1e-3).mean() < 0.02


def _undecided(mode: BlendMode, below: np.ndarray, own: np.ndarray) -> np.ndarray:
    """Where rounding errors choose one of two answers."""
    if mode == BlendMode.HARD_MIX:
        return (np.abs(below.astype(int) + own - 255) < 2).any(axis=2)
    return np.zeros(below.shape[:2], bool)


@pytest.mark.parametrize("mode", _BLENDING, ids=_name)
def test_inks_are_blended_as_psd_tools_does(mode: BlendMode) -> None:
    below, own = _pair()
    b, s = _planes(_INKS, below), _planes(_INKS, own)
    blended = get_blend_func(mode, ColorMode.CMYK)(b.astype(np.float32) / 255, s.astype(np.float32) / 255)
    expected = _returned(_INKS, below, own, _byte(blended * 255))
    _assert_equal(mixture(_INKS, mode, below, own), expected, _undecided(mode, b, s))


def test_black_is_taken_from_the_backdrop_but_in_luminosity() -> None:
    below, own = np.full((1, 1, 3), 255, np.uint8), np.full((1, 1, 3), 60, np.uint8)
    assert mixture(_INKS, BlendMode.COLOR, below, own) == pytest.approx(1)
    assert mixture(_INKS, BlendMode.LUMINOSITY, below, own) == pytest.approx(60 / 255)


@pytest.mark.parametrize("mode", [mode for mode in _CONTRAST if mode != BlendMode.HARD_MIX], ids=_name)
def test_both_axes_of_lab_follow_modes_that_know_a_middle(mode: BlendMode) -> None:
    below, own = _pair()
    b, s = _planes(_LAB, below), _planes(_LAB, own)
    scale = np.array([255, 256, 256], np.float32)
    blended = get_blend_func(mode, ColorMode.LAB)(b / scale, s / scale)
    _assert_equal(mixture(_LAB, mode, below, own), _returned(_LAB, below, own, _byte(blended * scale)), b[..., 0] < 0)


@pytest.mark.parametrize("mode", _ADDING, ids=_name)
def test_both_axes_of_lab_add_up_where_white_or_black_changes_nothing(mode: BlendMode) -> None:
    below, own = _pair()
    b, s = _planes(_LAB, below).astype(float), _planes(_LAB, own).astype(float)
    lightness = get_blend_func(mode, ColorMode.LAB)(b[..., :1] / 255, s[..., :1] / 255) * 255
    planes = _byte(np.concatenate([lightness, b[..., 1:] + s[..., 1:] - 128], axis=2))
    _assert_equal(mixture(_LAB, mode, below, own), _returned(_LAB, below, own, planes), b[..., 0] < 0)


@pytest.mark.parametrize("mode", MODES[MODES.index(BlendMode.DARKER_COLOR) :], ids=_name)
def test_lightness_chroma_and_angle_of_lab_are_exchanged(mode: BlendMode) -> None:
    below, own = _pair()
    b, s = _planes(_LAB, below).astype(float), _planes(_LAB, own).astype(float)
    (lightness, angle, chroma), (own_lightness, own_angle, own_chroma) = (
        (one[..., 0], np.arctan2(one[..., 2] - 128, one[..., 1] - 128), np.hypot(one[..., 1] - 128, one[..., 2] - 128))
        for one in (b, s)
    )
    if mode == BlendMode.HUE:
        angle, chroma = own_angle, chroma * (own_chroma >= 2)  # grey has no hue, nor has what rounding makes of it
    elif mode == BlendMode.SATURATION:
        chroma = own_chroma * (chroma >= 2)
    elif mode == BlendMode.COLOR:
        angle, chroma = own_angle, own_chroma
    elif mode == BlendMode.LUMINOSITY:
        lightness = own_lightness
    planes = np.stack([lightness, 128 + chroma * np.cos(angle), 128 + chroma * np.sin(angle)], -1)
    if mode in (BlendMode.DARKER_COLOR, BlendMode.LIGHTER_COLOR):
        sign = 1 if mode == BlendMode.LIGHTER_COLOR else -1
        planes = np.where((sign * (own_lightness - lightness) > 0)[..., np.newaxis], s, b)
    expected = _returned(_LAB, below, own, _byte(planes))
    _assert_equal(mixture(_LAB, mode, below, own), expected, b[..., 0] < 0)


@pytest.mark.parametrize("mode", _RGB_IN_LAB, ids=_name)
def test_modes_that_photoshop_does_not_offer_in_lab_stay_in_rgb(mode: BlendMode) -> None:
    assert has_own_channels(_INKS, mode)
    assert not has_own_channels(_LAB, mode)
    assert not mixture(_LAB, mode, *_pair()).size


def test_normal_and_other_documents_stay_in_rgb() -> None:
    assert not any(has_own_channels(IN_RGB, mode) for mode in MODES)
    for space in (_INKS, _LAB):
        assert not has_own_channels(space, BlendMode.NORMAL)
        assert not has_own_channels(space, BlendMode.DISSOLVE)


def test_a_profile_that_separates_nothing_leaves_inks_to_rgb() -> None:
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    transform = ImageCms.buildTransform(*[ImageCms.createProfile("sRGB")] * 2, "RGB", "RGB")
    space = replace(_INKS, transform=transform, profile=profile)
    assert not has_own_channels(space, BlendMode.MULTIPLY)


@pytest.mark.parametrize(
    ("space", "mode", "grey"),
    [
        *((space, mode, 255) for space in (_INKS, _PRINTED, _LAB) for mode in _WHITE),
        *((space, mode, 0) for space in (_INKS, _LAB) for mode in _BLACK),  # a profile's black is not all four inks
    ],
)
def test_what_changes_nothing_changes_nothing(space: ColourSpace, mode: BlendMode, grey: int) -> None:
    below = np.float32(np.random.default_rng(0).random((20, 20, 3)))  # not on the 8 bits of the channels
    own = np.full(below.shape, grey, np.uint8)
    np.testing.assert_allclose(mixture(space, mode, below, own), below, atol=1e-6)


@pytest.mark.parametrize("mode", [mode for mode in _BLENDING if mode != BlendMode.HARD_MIX], ids=_name)
def test_inks_that_the_profile_has_separated_are_blended_as_they_were(mode: BlendMode) -> None:
    rng = np.random.default_rng(5)
    b, s = (_planes(_PRINTED, rng.integers(0, 256, (50, 50, 3), np.uint8)) for _ in range(2))
    blended = get_blend_func(mode, ColorMode.CMYK)(b.astype(np.float32) / 255, s.astype(np.float32) / 255)
    below, own = (np.uint8(_back(_PRINTED, one)) for one in (b, s))
    off = np.abs(mixture(_PRINTED, mode, below, own) * 255 - _back(_PRINTED, _byte(blended * 255)))
    assert off.mean() < 2.5


@pytest.mark.parametrize("space", [_INKS, _PRINTED, _LAB], ids=["CMYK", "profile", "LAB"])
@pytest.mark.parametrize("mode", [BlendMode.DARKER_COLOR, BlendMode.LIGHTER_COLOR], ids=_name)
def test_a_colour_that_is_taken_whole_is_exact(space: ColourSpace, mode: BlendMode) -> None:
    below, own = _pair()
    mixed = np.rint(mixture(space, mode, below, own) * 255)
    taken = (mixed == own).all(axis=2)
    assert 0.3 < taken.mean() < 0.7
    np.testing.assert_array_equal(mixed[~taken], below[~taken])


@pytest.mark.parametrize("mode", FILLED, ids=_name)
def test_fill_opacity_fades_each_ink(mode: BlendMode) -> None:
    below, own = _pair()
    fills = np.full(below.shape[:2], 0.6, np.float32)
    b, s = _planes(_INKS, below) / 255, _planes(_INKS, own) / 255
    fill = float(np.float32(0.6))
    planes = np.vectorize(lambda one, other: filled(mode_index(mode), one, other, fill))(b, s)
    expected = _returned(_INKS, below, own, _byte(planes * 255))
    _assert_equal(mixture(_INKS, mode, below, own, fills), expected, b[..., 0] < 0)


def test_bands_do_not_show() -> None:
    rng = np.random.default_rng(3)
    below, own = (rng.integers(0, 256, (1100, 1024, 3), np.uint8) for _ in range(2))
    whole = mixture(_INKS, BlendMode.SCREEN, below, own)
    np.testing.assert_array_equal(whole[1020:1030], mixture(_INKS, BlendMode.SCREEN, below[1020:1030], own[1020:1030]))


def _over(rgba: np.ndarray, backdrop: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """A layer screened in inks over an opaque backdrop: as it is baked, and as it ought to be."""
    height, width = rgba.shape[:2]
    baked = bake(Fragment((0, 0, width, height), rgba, None, (0,)), BlendMode.SCREEN, backdrop, _INKS)
    assert 0 < baked.backdrop_dependence < 1
    a, alpha = rgba[..., 3:] / 255, baked.exact_alpha()[..., np.newaxis]
    below = np.ascontiguousarray(backdrop[..., :3])
    ought = (1 - a) * below + a * mixture(_INKS, BlendMode.SCREEN, below, rgba[..., :3])
    return alpha * (baked.rgba[..., :3] / 255) + (1 - alpha) * below, ought


def test_bake_gives_the_picture_of_the_mixture() -> None:
    below, own = _pair()
    backdrop = np.concatenate([below / np.float32(255), np.ones((*below.shape[:2], 1), np.float32)], axis=2)
    rgba = np.concatenate([own, np.full((*own.shape[:2], 1), 128, np.uint8)], axis=2)
    np.testing.assert_allclose(*_over(rgba, backdrop), atol=0.5 / 255 + 1e-5)


def test_bands_of_a_bake_do_not_show() -> None:
    rng = np.random.default_rng(4)
    backdrop = rng.random((1030, 1024, 4), np.float32)
    backdrop[..., 3] = 1
    np.testing.assert_allclose(*_over(rng.integers(0, 256, (1030, 1024, 4), np.uint8), backdrop), atol=0.5 / 255 + 1e-5)


def test_an_adjustment_is_blended_on_the_channels_too() -> None:
    rgb = np.float32(_pair()[0] / 255)
    change, mode = in_own_channels(_INKS, lambda colours: 1 - colours, BlendMode.LUMINOSITY)
    assert mode == BlendMode.NORMAL
    np.testing.assert_array_equal(change(rgb), mixture(_INKS, BlendMode.LUMINOSITY, rgb, 1 - rgb))
    assert change(rgb[:0]).shape == (0, 24, 3)


def _picture(layers: list[Node], mode: str) -> tuple[np.ndarray, tuple[str, ...]]:
    flat, _ = flattened(layers, mode=mode)
    return np.asarray(compose(flat.stack)), flat.unsupported


def _light(seed: int) -> np.ndarray:
    """Opaque colours of some light, whose inks come back as they were drawn."""
    rgba = np.random.default_rng(seed).integers(128, 256, (48, 48, 4), np.uint8)
    rgba[..., 3] = 255
    return rgba


@pytest.mark.parametrize(
    "mode",
    [
        BlendMode.MULTIPLY,
        BlendMode.SCREEN,
        BlendMode.LINEAR_BURN,
        BlendMode.EXCLUSION,
        BlendMode.OVERLAY,
        BlendMode.COLOR,
        BlendMode.LUMINOSITY,
        BlendMode.DARKER_COLOR,
    ],
    ids=_name,
)
def test_a_document_of_inks_is_blended_in_its_inks(mode: BlendMode) -> None:
    layers = [Pixels(rgba=_light(1)), Pixels(rgba=_light(2), blend_mode=mode)]
    flat, document = flattened(layers, mode="CMYK")
    b, s = (
        np.stack([np.asarray(layer.numpy("color"))[..., c] for c in range(4)], -1).astype(np.float32)
        for layer in document.psd
    )
    expected = _back(_INKS, _byte(get_blend_func(mode, ColorMode.CMYK)(b, s) * 255))
    off = np.abs(compose(flat.stack)[..., :3] - expected)
    assert (off > 2).mean() < 0.005  # a darker colour may be a matter of rounding
    assert flat.unsupported == ("blending_in_cmyk",)


def test_a_grey_that_multiplies_lab_gives_no_tint() -> None:
    grey = np.full((48, 48, 4), 128, np.uint8)
    grey[..., 3] = 255
    below = np.full((48, 48, 4), (150, 120, 110, 255), np.uint8)
    picture, named = _picture([Pixels(rgba=below), Pixels(rgba=grey, blend_mode=BlendMode.MULTIPLY)], "LAB")
    before, after = (_planes(_LAB, one[..., :3]).astype(int)[0, 0] for one in (below, picture))
    assert np.abs(after[1:] - before[1:]).max() <= 2
    assert after[0] == pytest.approx(before[0] * _planes(_LAB, grey[..., :3])[0, 0, 0] / 255, abs=2)
    assert named == ("blending_in_lab",)


@pytest.mark.parametrize("mode", [BlendMode.HUE, BlendMode.SATURATION, BlendMode.HARD_MIX], ids=_name)
def test_greys_stay_grey_in_lab(mode: BlendMode) -> None:
    """Three of them have a chroma of 1 in 8 bits, which is no hue."""
    greys = np.repeat(np.arange(256, dtype=np.uint8).reshape(16, 16, 1), 3, axis=2)
    vivid = np.full_like(greys, (250, 40, 10))
    below, own = (vivid, greys) if mode == BlendMode.HUE else (greys, greys if mode == BlendMode.HARD_MIX else vivid)
    assert (np.ptp(mixture(_LAB, mode, below, own), axis=2) * 255).max() <= 3


@pytest.mark.parametrize(("mode", "name"), [("CMYK", "cmyk"), ("LAB", "lab")])
def test_highlights_and_shadows_of_a_bevel_are_blended_on_the_channels(mode: str, name: str) -> None:
    bevel = Bevel(4)
    _, named = _picture([ground(), Pixels(rgba=disc((200, 40, 90)), left=9, top=9, effects=(bevel,))], mode)
    assert f"blending_in_{name}" in named


@pytest.mark.parametrize("document", ["CMYK", "LAB"])
@pytest.mark.parametrize(
    "make",
    [
        lambda mode: Pixels(rgba=disc((200, 40, 90)), left=9, top=9, blend_mode=mode),
        lambda mode: Pixels(
            rgba=disc((9, 9, 9)), left=9, top=9, effects=(ColourOverlay((200, 40, 90), blend_mode=mode),)
        ),
        lambda mode: Group(layers=(Pixels(rgba=disc((200, 40, 90)), left=9, top=9),), blend_mode=mode),
        lambda mode: Invert(blend_mode=mode),
        lambda mode: Pixels(rgba=disc((200, 40, 90)), left=9, top=9, blend_mode=mode, fill=100),
    ],
    ids=["layer", "effect", "group", "adjustment", "fill"],
)
def test_every_kind_of_layer_is_blended_on_the_channels(document: str, make: Callable[[BlendMode], Node]) -> None:
    mode = BlendMode.VIVID_LIGHT
    here, _ = _picture([ground((150, 120, 110)), make(mode)], document)
    plain, _ = _picture([ground((150, 120, 110)), make(BlendMode.NORMAL)], document)
    in_rgb, _ = _picture([ground((150, 120, 110)), make(mode)], "RGB")
    assert np.abs(here.astype(int) - plain).max() > 9
    assert np.abs(here.astype(int) - in_rgb).max() > 9
