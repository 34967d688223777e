from pathlib import Path

import numpy as np
from PIL import Image

from evaluation.reconstruction.backgrounds import BACKGROUNDS, over_backgrounds, through_jpeg
from tests.evaluation.drawn_cutouts import cutout


def _one(red: int, green: int, blue: int, alpha: int) -> dict[str, list[int]]:
    over = over_backgrounds(np.array([[[red, green, blue, alpha]]], np.uint8))
    return {name: rgb[0, 0].tolist() for name, rgb in over.items()}


def test_there_are_the_nine_colours_of_the_protocol() -> None:
    assert _one(7, 8, 9, 0) == {
        "gray": [128, 128, 128], "black": [0, 0, 0], "white": [255, 255, 255], "red": [255, 0, 0],
        "green": [0, 255, 0], "blue": [0, 0, 255], "yellow": [255, 255, 0], "cyan": [0, 255, 255],
        "magenta": [255, 0, 255],
    }  # fmt: skip


def test_an_opaque_picture_is_itself_over_every_colour() -> None:
    opaque = cutout(40, 30)
    opaque[..., 3] = 255
    for rgb in over_backgrounds(opaque).values():
        assert np.array_equal(rgb, opaque[..., :3])


def test_colour_under_alpha_zero_does_not_show() -> None:
    picture = cutout(40, 30)
    hidden = picture.copy()
    hidden[picture[..., 3] == 0, :3] = 99
    assert (picture[..., 3] == 0).any()
    for rgb, same in zip(over_backgrounds(picture).values(), over_backgrounds(hidden).values(), strict=True):
        assert np.array_equal(rgb, same)


def test_blends_are_truncated() -> None:
    assert _one(201, 0, 0, 200)["black"] == [157, 0, 0]  # 157.65


def test_blends_are_of_float32() -> None:
    alpha, value = np.divmod(np.arange(1 << 16).reshape(256, 256), 256)
    picture = np.dstack([value, value, value, alpha]).astype(np.uint8)
    unit = picture.astype(np.float32) / 255.0
    differing = 0
    for name, rgb in over_backgrounds(picture).items():
        ground = np.array(BACKGROUNDS[name], np.float32) / 255.0
        blended = unit[..., 3:] * unit[..., :3] + (1 - unit[..., 3:]) * ground
        assert blended.dtype == np.float32
        assert np.array_equal(rgb, np.clip(blended * 255.0, 0, 255).astype(np.uint8))
        exact = (alpha[..., None] * value[..., None] + (255 - alpha[..., None]) * np.array(BACKGROUNDS[name])) // 255
        differing += int((rgb != exact).sum())
    assert differing, "exact arithmetic, truncated, is another blend"


def test_jpeg_changes_a_picture_and_keeps_its_size() -> None:
    rgb = over_backgrounds(cutout(45, 31))["red"]
    stored = through_jpeg(rgb)
    assert stored.shape == rgb.shape
    assert stored.dtype == np.uint8
    assert 0 < np.abs(stored.astype(float) - rgb).mean() < 20


def test_jpeg_is_what_pillow_saves_unasked(tmp_path: Path) -> None:
    rgb = over_backgrounds(cutout(45, 31))["cyan"]
    Image.fromarray(rgb).save(tmp_path / "a.jpg")
    assert np.array_equal(through_jpeg(rgb), np.asarray(Image.open(tmp_path / "a.jpg")))
