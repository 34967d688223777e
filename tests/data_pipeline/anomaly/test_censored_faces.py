"""Where in a picture a censored face is, and how far."""

import numpy as np
import pytest
from PIL import Image

from data_pipeline.anomaly import censored_faces
from data_pipeline.anomaly.bench_faces import gaussian
from data_pipeline.anomaly.blurred_faces import THRESHOLD
from data_pipeline.anomaly.censored_faces import portrait
from data_pipeline.anomaly.faces import Face


def opaque(rgb: np.ndarray) -> np.ndarray:
    return np.dstack([rgb, np.full(rgb.shape[:2], 255, np.uint8)])


def test_letters_and_lines_have_no_room_for_a_face() -> None:
    picture = np.random.default_rng(0).integers(0, 255, (400, 600, 4), np.uint8)
    picture[..., 3] = 0
    picture[:, ::20, 3] = picture[:, 1::20, 3] = picture[::30, :, 3] = 255
    assert portrait(picture) is None
    picture[..., 3] = 255
    assert portrait(picture) is not None
    assert portrait(picture[:30]) is None


def test_a_large_picture_is_reduced_to_a_megapixel_and_the_place_is_that_in_the_whole(
    sharp: list[tuple[np.ndarray, Face]],
) -> None:
    for picture, face in sharp:
        blurred = np.rint(gaussian(picture, 0.06 * face.width)).astype(np.uint8)
        size = picture.shape[1] * 6, picture.shape[0] * 6
        seen = portrait(opaque(np.asarray(Image.fromarray(blurred).resize(size, Image.Resampling.BICUBIC))))
        assert seen is not None
        assert seen.grey.size <= 1.01 * (1 << 20) < size[0] * size[1]
        found = seen.censored(seen.proposals(), THRESHOLD)[0]
        left, top, right, bottom = found.box
        assert found.value == pytest.approx(0.06, rel=0.35)
        centre = (left + right) / 2, (top + bottom) / 2
        assert np.hypot(*np.subtract(centre, np.multiply(face.centre, 6))) < 0.15 * 6 * face.width


def test_what_is_of_no_interest_is_not_looked_at_again(
    sharp: list[tuple[np.ndarray, Face]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    picture, face = sharp[0]
    seen = portrait(opaque(np.rint(gaussian(picture, 0.1 * face.width)).astype(np.uint8)))
    assert seen is not None
    likely = [one for one in seen.proposals() if one.score < 0.5]
    assert likely
    assert seen.censored(likely, THRESHOLD)
    monkeypatch.setattr(censored_faces, "confirmed", lambda *_: pytest.fail("a proposal was looked at again"))
    assert seen.censored(likely, THRESHOLD, lambda box: False) == []
