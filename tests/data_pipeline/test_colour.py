"""Colours of every mode to sRGB."""

import io
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image, ImageCms
from psd_tools import PSDImage
from psd_tools.constants import ColorMode

from data_pipeline.colour import ColourSpace, colour_space, to_rgb, to_srgb
from data_pipeline.document import Document, open_document
from data_pipeline.drawing import Pixels, draw_bytes
from data_pipeline.pixels import to_uint8
from schemas.options import CurateOptions

_LAB = ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB"))


def _space(mode: ColorMode, **fields: object) -> ColourSpace:
    return replace(ColourSpace(mode, None, None, damaged_profile=False), **fields)


def _planes(*values: int) -> list[np.ndarray]:
    return [np.full((2, 3), value, np.uint8) for value in values]


def test_rgb_stays_as_it_is() -> None:
    assert to_rgb(_space(ColorMode.RGB), _planes(1, 2, 3))[0, 0].tolist() == [1, 2, 3]


def test_grey_is_repeated() -> None:
    assert to_rgb(_space(ColorMode.GRAYSCALE), _planes(77))[1, 2].tolist() == [77, 77, 77]


def test_indexed_colours_come_from_the_palette() -> None:
    palette = np.arange(768, dtype=np.uint16).reshape(256, 3).astype(np.uint8)
    assert to_rgb(_space(ColorMode.INDEXED, palette=palette), _planes(5))[0, 0].tolist() == [15, 16, 17]


@pytest.mark.parametrize(
    ("stored", "rgb"),
    [((255, 255, 255, 255), (255, 255, 255)), ((255, 255, 255, 0), (0, 0, 0)), ((0, 255, 255, 255), (0, 255, 255))],
)
def test_cmyk_without_a_profile_is_what_the_inks_leave(stored: tuple[int, ...], rgb: tuple[int, ...]) -> None:
    assert tuple(to_rgb(_space(ColorMode.CMYK), _planes(*stored))[0, 0].tolist()) == rgb


def test_lab_agrees_with_its_definition() -> None:
    transform = ImageCms.buildTransform(_LAB, ImageCms.createProfile("sRGB"), "LAB", "RGB")
    space = _space(ColorMode.LAB, transform=transform)
    assert np.abs(to_rgb(space, _planes(255, 128, 128)).astype(int) - 255).max() <= 1  # L* 100
    assert np.ptp(to_rgb(space, _planes(137, 128, 128))[0, 0].astype(int)) <= 2  # neutral
    assert abs(int(to_rgb(space, _planes(137, 128, 128))[0, 0, 0]) - 128) <= 2  # L* 53.7 is sRGB 128


def test_sixteen_bits_are_rounded() -> None:
    samples = np.array([[0, 128, 129, 65535]], ">u2")
    assert to_uint8(samples.view(np.uint8), 16, 4).tolist() == [[0, 0, 1, 255]]


def test_thirty_two_bits_get_srgbs_curve() -> None:
    samples = np.array([[0, 0.21404114, 1, 2, np.nan]], ">f4")
    assert to_uint8(samples.view(np.uint8), 32, 5).tolist() == [[0, 127 + 1, 255, 255, 0]]


def test_a_set_bit_is_black() -> None:
    assert to_uint8(np.array([[0b10100000]], np.uint8), 1, 3).tolist() == [[0, 255, 0]]


def _document(icc_profile: bytes | None) -> Document:
    rgba = np.full((8, 8, 4), 255, np.uint8)
    rgba[..., :3] = (200, 100, 50)
    data = draw_bytes(8, 8, [Pixels(rgba=rgba)], icc_profile=icc_profile)
    document = open_document(io.BytesIO(data), CurateOptions())
    assert isinstance(document, Document)
    return document


def test_srgb_itself_needs_no_transform() -> None:
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    space = colour_space(_document(profile))
    assert space.transform is None
    assert not space.damaged_profile


def test_a_damaged_profile_is_reported() -> None:
    space = colour_space(_document(b"no profile at all" * 20))
    assert space.transform is None
    assert space.damaged_profile


def test_a_wider_profile_is_converted_as_pillow_does(real_psds: object) -> None:
    path = next(path for path in sorted(real_psds.rglob("*.psd")) if b"Adobe RGB (1998)" in path.read_bytes())  # type: ignore[attr-defined]
    profile = PSDImage.open(path).image_resources.get_data(1039)
    space = colour_space(_document(profile))
    assert space.transform is not None
    rgba = np.random.default_rng(0).integers(1, 256, (5, 6, 4)).astype(np.uint8)
    expected = ImageCms.profileToProfile(
        Image.fromarray(np.ascontiguousarray(rgba[..., :3])),
        ImageCms.ImageCmsProfile(io.BytesIO(profile)),
        ImageCms.createProfile("sRGB"),
        renderingIntent=ImageCms.Intent.RELATIVE_COLORIMETRIC,
        flags=ImageCms.Flags.BLACKPOINTCOMPENSATION,
    )
    assert expected is not None
    np.testing.assert_array_equal(to_srgb(space, rgba)[..., :3], np.asarray(expected))
