"""Adjustments of CMYK and Lab documents against the same on the channels, in numpy."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageCms
from psd_tools.constants import BlendMode, ColorMode, Tag
from psd_tools.psd import adjustments as blocks
from psd_tools.psd.descriptor import DescriptorBlock

from data_pipeline.colour import ColourSpace, colour_space, to_planes, to_rgb
from data_pipeline.compose import compose
from data_pipeline.document import Document, open_document
from data_pipeline.drawing import DropShadow, Pixels
from data_pipeline.flatten import flatten
from data_pipeline.flatten.adjustments.planes import by_plane_tables, ink_mixer
from schemas.options import CurateOptions
from tests.data_pipeline.flatten.adjustments.drawn_adjustments import adjusted_document, as_change, colours, filled
from tests.data_pipeline.flatten.test_walk import disc, flattened, ground

_INKS = ColourSpace(ColorMode.CMYK, None, None, damaged_profile=False)
_SAME = np.tile(np.arange(256) / 255, (4, 1))
_SAME_ROWS = np.concatenate([np.eye(4) * 100, np.zeros((4, 1))], axis=1).astype(">i2")


def _flattened(path: Path) -> tuple[np.ndarray, np.ndarray, tuple[str, ...]]:
    """The colours below the adjustment layer, the picture with it, and what is named."""
    document = open_document(path, CurateOptions())
    assert isinstance(document, Document)
    space = colour_space(document)
    flat = flatten(document, space)
    document.psd[1].visible = False
    plain = flatten(document, space)
    below, picture = (np.asarray(compose(one.stack))[..., :3] for one in (plain, flat))
    return below, picture.astype(int), flat.unsupported


def _lab(rgb: np.ndarray) -> np.ndarray:
    """8-bit L, a, b, the axes offset by 128."""
    srgb, lab = ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB")
    converted = ImageCms.profileToProfile(Image.fromarray(np.ascontiguousarray(rgb)), srgb, lab, outputMode="LAB")
    return np.asarray(converted) ^ np.array([0, 128, 128], np.uint8)


def _smooth(brightness: int) -> DescriptorBlock:
    return filled(DescriptorBlock(), {b"Brgh": brightness, b"Cntr": 0})


_NEUTRAL: dict[str, tuple[Tag, Any]] = {
    "balance": (Tag.COLOR_BALANCE, blocks.ColorBalance((0,) * 3, (0,) * 3, (0,) * 3, False)),
    "brightness": (Tag.CONTENT_GENERATOR_EXTRA_DATA, _smooth(0)),
    "curves": (Tag.CURVES, blocks.Curves(version=1, count_map=1, data=[[(0, 0), (255, 255)]])),
    "levels": (Tag.LEVELS, blocks.Levels([blocks.LevelRecord(0, 255, 0, 255, 100)] * 29, version=2)),
    "photo filter": (Tag.PHOTO_FILTER, blocks.PhotoFilter(2, None, 0, (65535, 0, 0, 0), 0, 0)),
}


@pytest.mark.parametrize("mode", ["CMYK", "LAB"])
@pytest.mark.parametrize("name", _NEUTRAL)
def test_neutral_settings_change_nothing_and_are_named(mode: str, name: str, tmp_path: Path) -> None:
    below, picture, named = _flattened(adjusted_document(tmp_path / "a.psd", *_NEUTRAL[name], mode=mode))
    assert np.abs(picture - below).max() <= 1
    assert named == (f"adjustment_in_{mode.lower()}",)


@pytest.mark.parametrize(
    ("mode", "kinds"),
    [("CMYK", (Tag.EXPOSURE, Tag.VIBRANCE)), ("LAB", (Tag.EXPOSURE, Tag.VIBRANCE, Tag.CHANNEL_MIXER))],
)
def test_what_photoshop_does_not_offer_is_not_drawn(mode: str, kinds: tuple[Tag, ...], tmp_path: Path) -> None:
    settings = {
        Tag.EXPOSURE: blocks.Exposure(version=1, exposure=1.0, offset=0.0, gamma=1.0),
        Tag.VIBRANCE: filled(DescriptorBlock(), {b"vibrance": 9, b"Strt": 9}),
        Tag.CHANNEL_MIXER: blocks.ChannelMixer(data=[100, 0, 0, 0, 0], monochrome=1),
    }
    for tag in kinds:
        _, _, named = _flattened(adjusted_document(tmp_path / "a.psd", tag, settings[tag], mode=mode))
        assert len(named) == 1
        assert named[0].startswith("adjustment:")


def test_inverted_inks_are_what_was_left_of_the_paper(tmp_path: Path) -> None:
    below, picture, _ = _flattened(adjusted_document(tmp_path / "a.psd", Tag.INVERT, b"", mode="CMYK"))
    below = below.astype(float)
    most = below.max(axis=2, keepdims=True)
    left = np.concatenate([np.rint(below * 255 / np.maximum(most, 1)), most], axis=2)
    expected = (255 - left[..., :3]) * (255 - left[..., 3:]) / 255
    kept = np.rint(left[..., :3] * left[..., 3:] / 255)  # the way there and back
    assert np.abs(picture - np.clip(below + expected - kept, 0, 255)).max() <= 2


def test_lightness_and_both_axes_are_inverted(tmp_path: Path) -> None:
    below, picture, _ = _flattened(adjusted_document(tmp_path / "a.psd", Tag.INVERT, b"", mode="LAB"))
    space = ColourSpace(ColorMode.LAB, None, None, damaged_profile=False)
    lab = np.stack(to_planes(space, below), axis=2)
    assert np.array_equal(lab, _lab(below))
    grey = picture[0].astype(np.uint8)[np.newaxis]
    assert np.abs(_lab(grey)[0, :, 0].astype(int) - (255 - lab[0, :, 0].astype(int))).max() <= 2


def test_a_threshold_of_lab_is_black_and_white(tmp_path: Path) -> None:
    path = adjusted_document(tmp_path / "a.psd", Tag.THRESHOLD, b"\0\x80\0\0", mode="LAB")
    below, picture, _ = _flattened(path)
    lightness = _lab(below)[..., 0].astype(int)
    assert (picture[lightness > 132] > 200).all()
    assert (picture[lightness < 124] < 55).all()


def test_brightness_in_lab_is_of_the_lightness(tmp_path: Path) -> None:
    path = adjusted_document(tmp_path / "a.psd", Tag.CONTENT_GENERATOR_EXTRA_DATA, _smooth(60), mode="LAB")
    below, picture, _ = _flattened(path)
    assert (picture[0, 4:-4].mean(axis=1) > below[0, 4:-4].mean(axis=1) + 5).all()
    assert np.ptp(picture[0], axis=1).max() <= 3


def test_tables_are_looked_up_in_each_plane() -> None:
    rng = np.random.default_rng(5)
    tables = rng.random((4, 256))
    rgb = as_change(colours())
    planes = to_planes(_INKS, colours()[..., :3])
    held = np.rint(tables * 255).astype(np.uint8)
    after = to_rgb(_INKS, [held[c][planes[c]] for c in range(4)]).astype(float)
    before = to_rgb(_INKS, planes).astype(float)
    expected = np.clip(rgb + (after - before) / 255, 0, 1)
    assert np.abs(by_plane_tables(tables, _INKS)(rgb) - expected).max() < 1e-6
    assert np.array_equal(by_plane_tables(_SAME, _INKS)(rgb), rgb)
    with pytest.raises(ValueError, match="not finite"):
        by_plane_tables(np.full((4, 256), np.nan), _INKS)


def test_inks_are_mixed() -> None:
    rgb = as_change(colours())
    same = blocks.ChannelMixer(data=_SAME_ROWS[0].tolist(), unknown=_SAME_ROWS[1:].tobytes())
    assert np.array_equal(ink_mixer(same, _INKS)(rgb), rgb)
    rows = np.array(_SAME_ROWS)
    rows[0, 4] = 100  # no cyan is left
    mixer = blocks.ChannelMixer(data=rows[0].tolist(), unknown=rows[1:].tobytes())
    left = to_planes(_INKS, colours()[..., :3])
    before, after = to_rgb(_INKS, left), to_rgb(_INKS, [np.full_like(left[0], 255), *left[1:]])
    expected = np.clip(rgb + (after.astype(float) - before) / 255, 0, 1)
    assert np.abs(ink_mixer(mixer, _INKS)(rgb) - expected).max() < 1e-6
    with pytest.raises(ValueError, match="for 4 inks"):
        ink_mixer(blocks.ChannelMixer(data=[100, 0, 0, 0, 0]), _INKS)


def test_inks_of_a_colour_look_like_it() -> None:
    rgb = colours()[..., :3]
    assert np.abs(to_rgb(_INKS, to_planes(_INKS, rgb)).astype(int) - rgb).max() <= 1


@pytest.mark.parametrize("mode", ["CMYK", "LAB"])
def test_blending_in_another_mode_than_rgb_is_named(mode: str) -> None:
    top = Pixels(rgba=disc((90, 20, 200)), blend_mode=BlendMode.LUMINOSITY)
    white = np.full((48, 48, 4), 255, np.uint8)
    flat, _ = flattened([ground(), top], mode=mode, stored=white)
    assert flat.unsupported == (f"blending_in_{mode.lower()}",)
    styled = Pixels(rgba=disc((90, 20, 200)), effects=(DropShadow(blend_mode=BlendMode.MULTIPLY),))
    flat, _ = flattened([ground(), styled], mode=mode, stored=white)
    assert flat.unsupported == (f"blending_in_{mode.lower()}",)
    flat, _ = flattened([ground(), Pixels(rgba=disc((90, 20, 200)))], mode=mode, stored=white)
    assert flat.unsupported == ()
