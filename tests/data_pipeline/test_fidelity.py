"""The distance to the stored image, against numpy."""

import io
from pathlib import Path

import hypothesis.strategies as st
import numpy as np
from hypothesis import given
from PIL import ImageCms
from psd_tools import PSDImage

from data_pipeline.colour import colour_space, to_srgb
from data_pipeline.document import Document, open_document
from data_pipeline.drawing import Pixels, draw
from data_pipeline.fidelity import StoredImage, distance, in_srgb, over_white, stored_image
from schemas.options import CurateOptions


def _random(seed: int) -> tuple[np.ndarray, StoredImage]:
    rng = np.random.default_rng(seed)
    ours = rng.integers(0, 256, (9, 11, 4)).astype(np.uint8)
    near = over_white(ours).astype(int) + rng.integers(-3, 4, (9, 11, 3))
    stored = np.clip(near, 0, 255).astype(np.uint8)
    alpha = np.clip(ours[..., 3].astype(int) + rng.integers(-3, 4, (9, 11)), 0, 255).astype(np.uint8)
    return ours, StoredImage(stored[..., 0], stored[..., 1], stored[..., 2], alpha)


@given(st.integers(0, 2**32 - 1))
def test_equals_numpy(seed: int) -> None:
    ours, stored = _random(seed)
    assert stored.alpha is not None
    difference = np.abs(over_white(ours).astype(int) - stored.rgba()[..., :3])
    worst = np.maximum(difference.max(axis=2), np.abs(ours[..., 3].astype(int) - stored.alpha))
    measured = distance(ours, stored)
    assert measured.mean == difference.mean()
    assert measured.within2 == (worst <= 2).mean()


@given(st.integers(0, 255), st.integers(0, 255))
def test_over_white_is_rounded(colour: int, alpha: int) -> None:
    exact = (colour * alpha + 255 * (255 - alpha)) / 255
    result = over_white(np.array([[[colour, colour, colour, alpha]]], np.uint8))
    assert abs(result[0, 0, 0] - exact) <= 0.5


def _stored(**options: object) -> tuple[StoredImage | None, Document]:
    rgba = np.zeros((6, 6, 4), np.uint8)
    rgba[1:5, 1:5] = (40, 200, 90, 128)
    file = io.BytesIO()
    draw(file, 6, 6, [Pixels(rgba=rgba)], **options)  # type: ignore[arg-type]
    file.seek(0)
    document = open_document(file, CurateOptions())
    assert isinstance(document, Document)
    return stored_image(document, colour_space(document)), document


def test_a_transparent_document_is_stored_over_white_with_its_alpha() -> None:
    stored, _ = _stored()
    assert stored is not None
    assert stored.alpha is not None
    assert stored.alpha[2, 2] == 128
    assert stored.rgba()[0, 0].tolist() == [255, 255, 255, 255]
    assert abs(int(stored.red[2, 2]) - (40 * 128 + 255 * 127) // 255) <= 1


def test_a_document_saved_without_one_has_no_stored_image() -> None:
    assert _stored(has_stored=False)[0] is None


def test_srgb_itself_is_left_alone() -> None:
    stored, document = _stored(icc_profile=ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    assert stored is not None
    assert in_srgb(stored, colour_space(document)) is stored


def test_a_profile_is_applied_to_the_colour_and_not_to_the_white_ground(real_psds: Path) -> None:
    path = next(path for path in sorted(real_psds.rglob("*.psd")) if b"Adobe RGB (1998)" in path.read_bytes())
    stored, document = _stored(icc_profile=PSDImage.open(path).image_resources.get_data(1039))
    assert stored is not None
    space = colour_space(document)
    converted = over_white(to_srgb(space, np.full((1, 1, 4), (40, 200, 90, 128), np.uint8)))[0, 0].astype(int)
    ours = in_srgb(stored, space).rgba()
    assert np.abs(ours[2, 2, :3].astype(int) - converted).max() <= 1
    assert ours[0, 0].tolist() == [255, 255, 255, 255]
