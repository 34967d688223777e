"""A picture is made when somebody looks, and known by its name before."""

import io
import pickle

import numpy as np
import pytest
from PIL import Image

from data_pipeline.caption.picture import Picture, is_opaque_webp, picture_of

PIXELS = np.arange(5 * 7 * 3, dtype=np.uint8).reshape(5, 7, 3)


def encoded(kind: str, alpha: int = 255, **options: object) -> bytes:
    rgba = np.dstack([PIXELS, np.full((5, 7), alpha, np.uint8)])
    buffer = io.BytesIO()
    Image.fromarray(rgba).save(buffer, kind, **options)
    return buffer.getvalue()


WEBP = encoded("WEBP", lossless=True, exact=True)


def unwanted() -> np.ndarray:
    raise AssertionError("nobody looks")


def test_who_wants_its_name_or_its_file_does_not_make_it() -> None:
    one = Picture(unwanted, "name", lambda: WEBP)
    assert (one.name, one.webp) == ("name", WEBP)


def test_it_is_made_once() -> None:
    made = []
    one = Picture(lambda: made.append(1) or PIXELS)
    assert one.pixels is one.pixels
    assert np.array_equal(np.asarray(Image.open(io.BytesIO(one.png))), PIXELS)
    assert one.name == picture_of(PIXELS).name
    assert made == [1]


def test_without_a_name_size_and_pixels_are_its_name() -> None:
    other = PIXELS.copy()
    other[4, 6, 2] += 1
    names = {picture_of(pixels).name for pixels in (PIXELS, PIXELS.reshape(7, 5, 3), other)}
    assert len(names) == 3
    assert picture_of(np.flip(np.flip(PIXELS, 0).copy(), 0)).name in names  # wherever they lie in memory


def test_another_process_gets_name_and_pixels() -> None:
    sent = pickle.loads(pickle.dumps(Picture(lambda: PIXELS, "name", lambda: WEBP)))
    assert sent.name == "name"
    assert np.array_equal(sent.pixels, PIXELS)


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (WEBP, True),
        (encoded("WEBP", 254, lossless=True), False),
        (encoded("WEBP", quality=90), False),  # not these pixels
        (encoded("WEBP", lossless=True, xmp=b"<x/>"), False),  # may say more than pixels
        (encoded("PNG"), False),
        (WEBP[:20], False),
        (b"", False),
    ],
    ids=["opaque", "translucent", "lossy", "with more", "PNG", "cut short", "nothing"],
)
def test_only_an_opaque_lossless_webp_may_be_sent_as_it_is(data: bytes, expected: bool) -> None:
    assert is_opaque_webp(data) == expected
    assert Picture(unwanted, "", lambda: data).webp == (data if expected else b"")
