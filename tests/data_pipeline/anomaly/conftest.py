"""Photographs of faces, which are no part of the repository."""

import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

PORTRAITS = Path(os.environ.get("LAMINA_FACES", Path(__file__).parents[4] / "shared" / "faces"))


@pytest.fixture(scope="session")
def portraits() -> list[np.ndarray]:
    """uint8 [H, W, 3], each of one sharp face."""
    if not PORTRAITS.is_dir():
        pytest.skip(f"{PORTRAITS} does not exist; LAMINA_FACES names a folder of portraits")
    return [np.asarray(Image.open(path).convert("RGB")) for path in sorted(PORTRAITS.glob("*.jpg"))]
