"""Photo filters, the colour that they have in Photoshop's own file among them."""

from pathlib import Path

import numpy as np
import pytest
from psd_tools import PSDImage
from psd_tools.constants import Tag
from psd_tools.psd.adjustments import PhotoFilter

from data_pipeline.colour import colour_space
from data_pipeline.document import Document, open_document
from data_pipeline.flatten import flatten
from data_pipeline.flatten.adjustments.photo_filter import photo_filter
from data_pipeline.flatten.adjustments.stored_colour import stored_rgb
from schemas.options import CurateOptions
from tests.data_pipeline.flatten.adjustments.drawn_adjustments import adjusted_document, as_change, colours

_ORANGE = (65535, 32768, 0, 0)


def test_a_colour_is_multiplied_by_its_share_of_the_filters() -> None:
    rgb = as_change(colours())
    drawn = photo_filter(PhotoFilter(2, None, 0, _ORANGE, 40, 0))(rgb)
    assert np.abs(drawn - rgb * [1, 1 - 0.4 * 32767 / 65535, 0.6]).max() < 1e-6


def test_luminosity_is_preserved() -> None:
    rgb = as_change(colours())
    drawn = photo_filter(PhotoFilter(2, None, 0, _ORANGE, 40, 1))(rgb)
    weights = [0.3, 0.59, 0.11]
    assert np.abs(drawn @ weights - rgb @ weights).max() < 1e-6
    assert np.allclose(drawn[0, -1], 1)


def test_the_colour_of_photoshops_warming_filter(real_psds: Path) -> None:
    (path,) = real_psds.glob("features/psd-tools/*_photo-filter.psd")
    (layer,) = PSDImage.open(path)
    colour = stored_rgb(layer.color_space, layer.color_components)
    assert np.abs(colour * 255 - [236, 138, 0]).max() <= 1  # as Photoshop shows it


def test_the_colour_of_version_3_is_one_of_xyz() -> None:
    white = tuple(round(65536 * part) for part in (0.96422, 1.0, 0.82521))
    rgb = as_change(colours())
    assert np.abs(photo_filter(PhotoFilter(3, white, None, None, 80, 0))(rgb) - rgb).max() < 1e-3
    black = photo_filter(PhotoFilter(3, (0, 0, 0), None, None, 40, 0))(rgb)
    assert np.abs(black - 0.6 * rgb).max() < 1e-6


def test_it_is_named(tmp_path: Path) -> None:
    path = adjusted_document(tmp_path / "a.psd", Tag.PHOTO_FILTER, PhotoFilter(3, (60000, 65536, 9), None, None, 25, 1))
    document = open_document(path, CurateOptions())
    assert isinstance(document, Document)
    assert flatten(document, colour_space(document)).unsupported == ("photo_filter_of_xyz",)


@pytest.mark.parametrize("xyz", [(2**32 - 1, 0, 0), (), None])
def test_a_colour_that_is_none_cannot_be_read(xyz: tuple[int, ...] | None) -> None:
    with pytest.raises(ValueError, match="X, Y and Z"):
        photo_filter(PhotoFilter(3, xyz, None, None, 25, 1))
