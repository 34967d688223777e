"""Perceptual hashes stay near under what designers do to one picture, and far between pictures."""

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw

from data_pipeline.compose import compose
from data_pipeline.curate import curate
from data_pipeline.drawing import random_design
from data_pipeline.drawing.document import draw
from data_pipeline.duplicates import perceptual_hash, picture_hashes
from schemas.options import CurateOptions
from schemas.sample import Sample
from schemas.stack import PlainLayer, Stack

_NEAR_BITS = 30


def apart(one: str | None, other: str | None) -> int:
    assert one is not None
    assert other is not None
    return (int(one, 16) ^ int(other, 16)).bit_count()


@pytest.fixture(scope="module")
def composites(tmp_path_factory: pytest.TempPathFactory) -> list[np.ndarray]:
    pictures = []
    for seed in range(12):
        file = io.BytesIO()
        draw(file, *random_design(np.random.default_rng(seed)))
        # Drawn pictures are blocks of random colours: in some the detector of mosaiced faces sees one.
        options = CurateOptions(max_mean=255, min_within2=0, over_cap="flatten", blurred_face="ignore")
        sample = curate(file, options)
        assert isinstance(sample, Sample)
        pictures.append(sample.composite)
    return pictures


def test_pictures_of_different_designs_are_far_apart(composites: list[np.ndarray]) -> None:
    hashes = [perceptual_hash(picture) for picture in composites]
    distances = [apart(one, other) for index, one in enumerate(hashes) for other in hashes[index + 1 :]]
    assert min(distances) > 2 * _NEAR_BITS


def test_a_resized_recoloured_or_recompressed_picture_stays_near(composites: list[np.ndarray]) -> None:
    for picture in composites:
        original = perceptual_hash(picture)
        image = Image.fromarray(picture).convert("RGB")
        smaller = image.resize((image.width * 2 // 3, image.height * 2 // 3), Image.Resampling.LANCZOS)
        jpeg = io.BytesIO()
        image.save(jpeg, "JPEG", quality=70)
        darker = Image.fromarray((picture * [0.9, 0.9, 0.9, 1] + [8, 8, 8, 0]).astype(np.uint8))
        for changed in (smaller, Image.open(jpeg), darker):
            assert apart(original, perceptual_hash(np.asarray(changed.convert("RGBA")))) <= _NEAR_BITS


def disc() -> Image.Image:
    image = Image.new("RGB", (800, 800), (250, 250, 250))
    ImageDraw.Draw(image).ellipse((200, 200, 600, 600), fill=(200, 40, 60))
    return image


def gradient() -> Image.Image:
    ramp = np.linspace(20, 230, 800).astype(np.uint8)
    return Image.fromarray(np.broadcast_to(ramp[:, None, None], (800, 800, 3)).copy())


def test_a_symmetric_picture_stays_near() -> None:
    hashes = []
    for image in (disc(), gradient()):
        webp = io.BytesIO()
        image.save(webp, "WEBP", quality=80)
        shifted = [Image.fromarray(np.roll(np.asarray(image), 1, axis)) for axis in (0, 1)]
        smaller = image.resize((700, 700), Image.Resampling.LANCZOS)
        hashes.append(perceptual_hash(np.asarray(image.convert("RGBA"))))
        for changed in (Image.open(webp), *shifted, smaller):
            assert apart(hashes[-1], perceptual_hash(np.asarray(changed.convert("RGBA")))) <= _NEAR_BITS
    assert apart(*hashes) > 2 * _NEAR_BITS


def test_a_plain_picture_has_no_hash() -> None:
    assert perceptual_hash(np.full((40, 60, 4), (90, 100, 110, 255), np.uint8)) is None
    assert perceptual_hash(np.zeros((40, 60, 4), np.uint8)) is None


def test_transparent_pixels_count_as_white() -> None:
    rgba = np.random.default_rng(1).integers(0, 256, (64, 64, 4), np.uint8)
    rgba[..., 3] = np.where(rgba[..., 3] < 128, 0, 255)
    hidden = rgba.copy()
    hidden[rgba[..., 3] == 0, :3] = 7
    assert perceptual_hash(rgba) == perceptual_hash(hidden)


def stack(*layers: tuple[int, int, np.ndarray]) -> Stack:
    parts = [PlainLayer((x, y, x + rgba.shape[1], y + rgba.shape[0]), rgba) for x, y, rgba in layers]
    return Stack(100, 80, tuple(parts))


def test_pictures_are_layers_of_many_colours_and_some_size_wherever_they_lie() -> None:
    rng = np.random.default_rng(2)
    photo = rng.integers(0, 256, (40, 50, 4), np.uint8)
    plain = np.full((80, 100, 4), 200, np.uint8)
    icon = rng.integers(0, 256, (10, 10, 4), np.uint8)
    one, other = stack((0, 0, plain), (5, 6, photo), (1, 1, icon)), stack((20, 30, photo), (0, 0, photo))
    assert len(picture_hashes(one)) == 1
    assert picture_hashes(one) == picture_hashes(other)
    assert picture_hashes(stack((0, 0, photo[::-1].copy()))) != picture_hashes(other)


def test_real_designs_of_one_template_share_their_picture(real_psds: Path) -> None:
    found = []
    for path in sorted(real_psds.glob("designs/LaravelRUS_laravel.ru/*.psd")):
        sample = curate(path)
        if isinstance(sample, Sample) and sample.stack.height == sample.composite.shape[0] > sample.stack.width:
            assert np.array_equal(compose(sample.stack), sample.composite)
            found.append(perceptual_hash(sample.composite))
    assert len(found) == 3
    assert max(apart(found[0], other) for other in found) <= _NEAR_BITS
