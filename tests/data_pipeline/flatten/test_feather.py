"""Softened masks: against the formula written out, in drawn documents, and in Photoshop's own picture."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from data_pipeline.boxes import grown
from data_pipeline.colour import colour_space
from data_pipeline.document import Document, open_document
from data_pipeline.drawing import Fill, Mask, Pixels
from data_pipeline.fidelity import Distance
from data_pipeline.flatten import Flattened, flatten
from data_pipeline.flatten.feather import feathered, reach_px
from schemas.options import CurateOptions
from tests.data_pipeline.flatten.test_walk import flattened, ground, opened, verified

_CUT = (7, 2, 10, 30)
_MASKS = arrays(np.float32, (6, 9), elements=st.floats(0, 1, width=32))


def distance_of(real_psds: Path, part: str) -> tuple[Distance, tuple[str, ...]]:
    """How far the flattened file lies from the picture that Photoshop stored in it; what flattening names."""
    (path,) = real_psds.glob(f"features/**/{part}")
    document = open_document(path, CurateOptions())
    assert isinstance(document, Document)
    flat, figures = verified(document)
    return figures, flat.unsupported


def softened(values: np.ndarray, outside: float, feather: float, margin: int) -> np.ndarray:
    """Three times the mean over 2 * feather pixels around each, the outermost in part."""
    half = max(feather - 0.5, 0)
    kernel = np.array([half % 1, *np.ones(2 * int(half) + 1), half % 1]) / (2 * half + 1)
    wide = 2 * margin
    padded = np.pad(values.astype(np.float64), wide, constant_values=outside)
    for _ in range(3):
        for axis in (0, 1):
            padded = np.apply_along_axis(np.convolve, axis, padded - outside, kernel, "same") + outside
    return padded[wide - margin : margin - wide, wide - margin : margin - wide]


@given(_MASKS, st.sampled_from([0.0, 1.0]), st.floats(0.0, 4.0))
def test_a_mask_is_softened_by_three_boxes(values: np.ndarray, outside: float, feather: float) -> None:
    box, window = (3, 5, 12, 11), (-13, -11, 28, 27)
    soft = feathered(values, box, outside, feather, window)
    assert soft is not None
    result, place = soft
    whole = np.full((38, 41), outside, np.float32)
    whole[place[1] + 11 : place[3] + 11, place[0] + 13 : place[2] + 13] = result
    assert np.abs(whole - softened(values, outside, feather, 16)).max() < 1e-5


@given(_MASKS, st.floats(0.6, 4.0))
def test_a_window_shows_its_part_of_the_whole(values: np.ndarray, feather: float) -> None:
    box = (3, 5, 12, 11)
    soft, cut = (
        feathered(values, box, 0.0, feather, grown(box, reach_px(feather))),
        feathered(values, box, 0.0, feather, _CUT),
    )
    assert soft is not None
    assert cut is not None
    (whole, place), (part, _) = soft, cut
    top = place[1]
    expected = whole[max(2, top) - top : min(30, place[3]) - top, 7 - place[0] : 10 - place[0]]
    assert np.abs(part - expected).max() < 1e-6


def test_a_feathered_mask_shows_beyond_its_box() -> None:
    mask = Mask(np.full((20, 20), 255, np.uint8), left=14, top=14, feather=4.0)
    flat, _ = flattened([ground(), Pixels(rgba=np.full((48, 48, 4), (9, 9, 9, 255), np.uint8), mask=mask)])
    assert flat.unsupported == ()
    layer = flat.stack.layers[1]
    assert layer.box[0] < 14 - 4
    alpha = layer.rgba[..., 3].astype(int)
    assert (np.diff(alpha[len(alpha) // 2][: alpha.shape[1] // 2]) >= 0).all()
    assert alpha[len(alpha) // 2, 14 - layer.box[0]] in range(120, 150)


def test_a_fill_without_pixels_reaches_as_far_as_its_feathered_mask() -> None:
    mask = Mask(np.full((20, 20), 255, np.uint8), left=14, top=14, feather=4.0)
    flat, _ = flattened([ground(), Fill(paint=(9, 9, 9), rgba=np.zeros((0, 0, 4), np.uint8), mask=mask)])
    assert flat.stack.layers[1].box[0] < 14 - 4


@pytest.mark.parametrize("feather", [float("nan"), float("inf"), -3.0, 1e300])
def test_a_feather_that_no_photoshop_wrote_is_named(feather: float) -> None:
    mask = Mask(np.full((20, 20), 255, np.uint8), left=14, top=14, feather=feather)
    flat, _ = flattened([ground(), Pixels(rgba=np.full((48, 48, 4), 9, np.uint8), mask=mask)])
    assert flat.unsupported == ("mask_feather",)
    assert flat.stack.layers[1].box == (14, 14, 34, 34)


_SQUARE = ((14.0, 14.0), (34.0, 14.0), (34.0, 34.0), (14.0, 34.0))


def with_soft_path(rgba: np.ndarray, left: int, **parameters: float) -> Flattened:
    """A black square shape, flattened after its path was given a density or a feather."""
    whole = Mask(np.full((48, 48), 255, np.uint8), density=255)
    shape = Fill(paint=(0, 0, 0), rgba=rgba, left=left, top=left, vector_mask=(_SQUARE,), mask=whole)
    document = opened([ground(), shape])
    for name, value in parameters.items():
        setattr(document.psd[1].mask.parameters, name, value)
    return flatten(document, colour_space(document))


_NO_RASTER, _RASTER = np.zeros((0, 0, 4), np.uint8), np.full((20, 20, 4), (0, 0, 0, 255), np.uint8)


@pytest.mark.parametrize(("rgba", "left"), [(_NO_RASTER, 0), (_RASTER, 14)], ids=["drawn", "raster"])
def test_a_feathered_path_shows_beyond_its_box(rgba: np.ndarray, left: int) -> None:
    flat = with_soft_path(rgba, left, vector_mask_feather=4.0)
    assert flat.unsupported == ()
    hard = np.zeros((48, 48), np.float32)
    hard[14:34, 14:34] = 1
    layer = flat.stack.layers[1]
    alpha = np.zeros((48, 48))
    alpha[layer.box[1] : layer.box[3], layer.box[0] : layer.box[2]] = layer.rgba[..., 3] / 255
    assert np.abs(alpha - softened(hard, 0.0, 4.0, 16)[16:-16, 16:-16]).max() < 1 / 255


@pytest.mark.parametrize(("rgba", "left"), [(_NO_RASTER, 0), (_RASTER, 14)], ids=["drawn", "raster"])
def test_a_path_of_half_density_lets_the_fill_through_everywhere(rgba: np.ndarray, left: int) -> None:
    flat = with_soft_path(rgba, left, vector_mask_density=102)
    layer = flat.stack.layers[1]
    assert layer.box == (0, 0, 48, 48)
    assert layer.rgba[20, 20, 3] == 255
    assert layer.rgba[2, 2, 3] == 153


def test_a_rasters_own_edge_is_that_of_the_path() -> None:
    """Which Photoshop draws otherwise than psd-tools; a raster that is less than the path tells nothing."""
    soft = _RASTER.copy()
    soft[0, :, 3] = 100
    flat = with_soft_path(soft, 14, vector_mask_density=102)
    assert flat.stack.layers[1].rgba[14, 20, 3] == round(255 * (1 - 0.4 * (1 - 100 / 255)))
    flat = with_soft_path(soft[:5], 14, vector_mask_density=102)
    assert flat.stack.layers[1].rgba[14, 20, 3] == 255


@pytest.mark.parametrize("feather", [float("nan"), -1.0, 5000.0])
def test_a_path_feather_that_no_photoshop_wrote_is_named(feather: float) -> None:
    assert with_soft_path(_RASTER, 14, vector_mask_feather=feather).unsupported == ("mask_feather",)


def test_the_widest_feather_costs_no_more_than_its_rows() -> None:
    values = np.ones((40, 60), np.float32)
    soft = feathered(values, (0, 0, 60, 40), 0.0, 1000.0, (0, 0, 60, 40))
    assert soft is not None
    assert 0 < soft[0].max() < 1e-2


def test_photoshops_own_feathers(real_psds: Path) -> None:
    figures, unsupported = distance_of(real_psds, "psd-tools/807a1362_layer_mask_data.psb")
    assert unsupported == ()
    assert figures.mean < 0.2
    assert figures.within2 > 0.985


def test_a_layer_mask_that_is_but_the_rendered_path_is_applied_once(real_psds: Path) -> None:
    figures, unsupported = distance_of(real_psds, "psd-tools/fc6c3296_vector-mask2.psd")
    assert unsupported == ()
    assert figures.within2 == 1
