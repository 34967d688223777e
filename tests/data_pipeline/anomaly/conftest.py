"""Photographs of faces, which are no part of the repository."""

import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from data_pipeline.anomaly.faces import Face, faces

PORTRAITS = Path(os.environ.get("LAMINA_FACES", Path(__file__).parents[4] / "shared" / "faces"))


@pytest.fixture(scope="session")
def portraits() -> list[np.ndarray]:
    """uint8 [H, W, 3], each of one sharp face."""
    if not PORTRAITS.is_dir():
        pytest.skip(f"{PORTRAITS} does not exist; LAMINA_FACES names a folder of portraits")
    return [np.asarray(Image.open(path).convert("RGB")) for path in sorted(PORTRAITS.glob("*.jpg"))]


@pytest.fixture(scope="session")
def sharp(portraits: list[np.ndarray]) -> list[tuple[np.ndarray, Face]]:
    """The head and shoulders of every portrait, the face about 110 px wide, and that face."""
    result = []
    for portrait in portraits:
        face = faces(portrait)[0]
        (x, y), reach = face.centre, 1.4 * face.width
        box = (round(x - reach), max(0, round(y - reach)), round(x + reach), round(y + reach))
        picture = np.asarray(
            Image.fromarray(portrait).crop(box).resize((308, round(308 * (box[3] - box[1]) / (2 * reach))))
        )
        result.append((picture, faces(picture)[0]))
    return result
