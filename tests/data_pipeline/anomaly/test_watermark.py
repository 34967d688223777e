"""Watermarks: what is one, and what only looks like one."""

import numpy as np
import pytest
from psd_tools.constants import BlendMode

from data_pipeline.anomaly.alpha import shrunk
from data_pipeline.anomaly.watermark import Watermark, are_spots, crossing, repetition
from data_pipeline.drawing import Group, Pixels, Text, random_design
from data_pipeline.drawing.anomalies import POSITIVES, tiled_text
from data_pipeline.drawing.inks import repeated, tinted, words
from data_pipeline.drawing.lookalikes import NEGATIVES, NEGATIVES_BELOW
from tests.data_pipeline.anomaly.drawn_subjects import GROUND, HEIGHT, WIDTH, called, filled, subject

_DETECTOR = Watermark(threshold=0.5)


def _tiled(opacity: int = 90, angle: float = 30, mode: BlendMode = BlendMode.NORMAL) -> Pixels:
    mark = words(np.random.default_rng(0), "PREVIEW", 14, angle=angle)[..., 3]
    plane = repeated(mark, WIDTH, HEIGHT, (mark.shape[1] * 1.2, mark.shape[0] * 1.3), 20)
    return Pixels(name="Layer 3", rgba=tinted(plane, (255, 255, 255)), opacity=opacity, blend_mode=mode)


@pytest.mark.parametrize("variant", POSITIVES["watermark"], ids=lambda one: one.__name__)
@pytest.mark.parametrize("seed", range(3))
def test_drawn_watermarks_are_found(variant, seed) -> None:
    rng = np.random.default_rng(seed)
    width, height, layers = random_design(rng)
    assert _DETECTOR.measure(subject([*layers, variant(rng, width, height)], None, width, height)) > 0.5


@pytest.mark.parametrize("variant", NEGATIVES["watermark"], ids=lambda one: one.__name__)
@pytest.mark.parametrize("seed", range(3))
def test_what_only_looks_like_a_watermark_is_not(variant, seed) -> None:
    rng = np.random.default_rng(seed)
    width, height, layers = random_design(rng)
    assert _DETECTOR.measure(subject([*layers, variant(rng, width, height)], None, width, height)) <= 0.5


@pytest.mark.parametrize("opacity", [25, 90, 180])
@pytest.mark.parametrize("angle", [-60, 0, 45])
def test_tiled_text_at_any_angle_and_opacity(opacity, angle) -> None:
    assert _DETECTOR.measure(subject([GROUND, _tiled(opacity, angle)])) > 0.8


@pytest.mark.parametrize("mode", [BlendMode.SCREEN, BlendMode.MULTIPLY, BlendMode.OVERLAY, BlendMode.SOFT_LIGHT])
def test_a_mark_in_another_blend_mode_is_found(mode) -> None:
    ramp = filled((0, 0, 0))
    ramp[..., :3] = np.linspace(40, 220, WIDTH).astype(np.uint8)[None, :, None]
    mark = _tiled(mode=mode)
    if mode is BlendMode.MULTIPLY:
        mark.rgba[..., :3] = 20  # type: ignore[index]  # it has pixels
    assert _DETECTOR.measure(subject([Pixels(rgba=ramp), mark])) > 0.5


def test_a_repeated_pattern_below_other_things_belongs_to_the_design() -> None:
    panel = Pixels(name="Panel", rgba=filled((30, 30, 90), 200, 150), left=50, top=40)
    assert _DETECTOR.measure(subject([GROUND, _tiled()], "Layer 3")) > 0.5
    assert _DETECTOR.measure(subject([GROUND, _tiled(), panel], "Layer 3")) == 0
    (dots,) = NEGATIVES_BELOW["watermark"]
    pattern = dots(np.random.default_rng(1), WIDTH, HEIGHT)
    assert _DETECTOR.measure(subject([GROUND, pattern, panel], "Pattern")) == 0


def test_a_faint_pattern_of_a_plain_ground_with_a_headline_above_belongs_to_the_design() -> None:
    headline = Pixels(name="Headline", rgba=filled((30, 30, 90), 60, 20), left=50, top=40)
    panel = Pixels(name="Panel", rgba=filled((30, 30, 90), 200, 150), left=50, top=40)
    assert _DETECTOR.measure(subject([GROUND, _tiled(), headline], "Layer 3")) == 0
    assert _DETECTOR.measure(subject([GROUND, panel, _tiled(), headline], "Layer 3")) > 0.5


def test_an_opaque_or_a_small_pattern_is_none() -> None:
    opaque, small = _tiled(255), _tiled()
    assert _DETECTOR.measure(subject([GROUND, opaque])) == 0
    cropped = Pixels(name="Cloth", rgba=small.rgba[:120, :150], opacity=90)  # type: ignore[index]
    assert _DETECTOR.measure(subject([GROUND, cropped])) == 0


def test_a_mark_that_lies_below_all_is_the_ground() -> None:
    assert _DETECTOR.measure(subject([_tiled()])) == 0


def test_the_name_of_a_group_counts() -> None:
    layer = Pixels(name="Shape 1", rgba=filled((200, 40, 90), 60, 40))
    assert _DETECTOR.measure(subject([GROUND, Group(name="Watermark", layers=(layer,))])) == 1
    assert _DETECTOR.measure(subject([GROUND, Group(name="Header", layers=(layer,))])) == 0
    assert _DETECTOR.measure(called("Nora Lind", text="Nora Lind", group="Page/Watermark")) == 1
    assert _DETECTOR.measure(called("Nora Lind", text="Nora Lind", group="Page/Credits")) == 0


def test_a_type_layer_is_judged_by_what_it_says_not_by_its_name() -> None:
    raster = words(np.random.default_rng(0), "Remove watermarks in one click", 12)
    said = "Remove watermarks in one click"
    assert _DETECTOR.measure(subject([GROUND, Text(name=said, text=said, rgba=raster)])) == 0
    assert _DETECTOR.measure(called("Preview only", text="Preview only")) == 1


def test_the_value_says_how_alike_the_copies_are() -> None:
    rng = np.random.default_rng(4)
    once = np.zeros((HEIGHT, WIDTH), np.float32)
    once[80:120, 90:170] = rng.random((40, 80)) * 99
    assert repetition(once) < 0.4
    plane = tiled_text(rng, WIDTH, HEIGHT).rgba[..., 3]  # type: ignore[union-attr]
    assert repetition(plane.astype(np.float32)) > 0.9


@pytest.mark.parametrize("shape", [(0, 9), (1, 1), (1, 300), (2, 2)])
def test_planes_too_small_to_repeat_anything_measure_nothing(shape) -> None:
    alpha = np.full(shape, 90, np.float32)
    assert repetition(alpha) == 0
    assert crossing(alpha) in (0, 1)


def test_lines_from_corner_to_corner_need_both_diagonals() -> None:
    y, x = np.mgrid[:200, :300]
    falling, rising = np.abs(y / 200 - x / 300) < 0.01, np.abs(y / 200 + x / 300 - 1) < 0.01
    assert crossing((falling | rising) * np.float32(90)) > 0.95
    assert crossing(falling * np.float32(90)) < 0.1
    assert crossing(np.full((200, 300), 90, np.float32)) == 0


def test_crossed_lines_may_bear_a_name_in_the_middle() -> None:
    y, x = np.mgrid[:200, :300]
    lines = (np.abs(y / 200 - x / 300) < 0.005) | (np.abs(y / 200 + x / 300 - 1) < 0.005)
    name, elsewhere = ((abs(y - middle) < 12) & (x % 300 > 20) for middle in (100, 30))
    assert crossing((lines | name) * np.float32(90)) > 0.95
    assert crossing((lines | elsewhere) * np.float32(90)) == 0


def test_discs_and_squares_are_spots_and_letters_rings_and_bars_are_not() -> None:
    y, x = np.mgrid[:200, :300] % 20
    away = np.hypot(x - 9.5, y - 9.5)
    assert are_spots((away < 6) * np.float32(90))
    assert are_spots(((abs(x - 9.5) < 5) & (abs(y - 9.5) < 5)) * np.float32(90))
    assert not are_spots(((away < 8) & (away > 6)) * np.float32(90))
    assert not are_spots((abs(y - 9.5) < 3) * np.float32(90))
    assert not are_spots(((abs(y - 9.5) < 3) & (x > 2)) * np.float32(90))
    assert not are_spots(_tiled(angle=0).rgba[..., 3].astype(np.float32))  # type: ignore[union-attr]
    assert not are_spots(np.zeros((0, 9), np.float32))


def test_alpha_is_averaged_over_squares() -> None:
    rgba = np.random.default_rng(2).integers(0, 256, (70, 50, 4), np.uint8)
    expected = rgba[..., 3].astype(float).reshape(14, 5, 10, 5).mean(axis=(1, 3))
    np.testing.assert_allclose(shrunk(rgba, 14), expected, rtol=1e-5)
    np.testing.assert_array_equal(shrunk(rgba, 70), rgba[..., 3])


def test_words_of_packages_and_headlines_count_where_they_are_faint() -> None:
    for text in ("NOT FOR RESALE", "SAMPLE", "© 2024 Shutterstock", "Watermark", "Sample image", "www.freepik.com"):
        ink = words(np.random.default_rng(0), text, 24)
        assert _DETECTOR.measure(subject([GROUND, Text(name="T", text=text, rgba=ink, left=20, top=20)])) == 0
        faint = Text(name="T", text=text, rgba=ink, left=20, top=20, opacity=90)
        assert _DETECTOR.measure(subject([GROUND, faint])) == 1


def test_small_opaque_letters_are_not_taken_for_faint_ones() -> None:
    for size in range(7, 16):
        ink = words(np.random.default_rng(0), "SAMPLE", size)
        assert _DETECTOR.measure(subject([GROUND, Text(name="T", text="SAMPLE", rgba=ink, left=20, top=20)])) == 0


def test_names_that_only_mention_a_mark_count_where_they_are_faint() -> None:
    for name in ("Watermark Hotel logo", "do not use"):
        assert _DETECTOR.measure(called(name)) == 0
        assert _DETECTOR.measure(called(name, rgba=filled((200, 40, 90, 90), 60, 40))) == 1


def test_names_of_groups_that_only_mention_a_mark_count_where_the_layer_is_faint() -> None:
    faint = filled((200, 40, 90, 90), 60, 40)
    assert _DETECTOR.measure(called("Layer 1", group="Watermark - off before export", rgba=faint)) == 1
    assert _DETECTOR.measure(called("Layer 1", group="Watermark - off before export")) == 0
    assert _DETECTOR.measure(called("Layer 1", group="No watermark", rgba=faint)) == 0


@pytest.mark.parametrize("said", ["© Nora Lind", "northstudio.example", "Copyright", "nora@lind.example"])
def test_an_owner_named_faintly_across_the_picture_is_a_mark(said) -> None:
    def written(size: int, opacity: int, angle: float = 0) -> float:
        ink = words(np.random.default_rng(0), said, size, angle=angle)
        top = min(20, HEIGHT - ink.shape[0])
        return _DETECTOR.measure(subject([GROUND, Text(name="T", text=said, rgba=ink, top=top, opacity=opacity)]))

    assert written(34, 90) == written(34, 90, angle=30) == 1
    assert written(34, 255) == written(34, 190) == 0  # to be read
    assert written(10, 90) == 0  # the line at a page's foot


@pytest.mark.parametrize("period", [9, 24, 60])
def test_faint_lines_along_rows_or_columns_are_no_watermark(period) -> None:
    rows, columns = np.mgrid[:HEIGHT, :WIDTH] % period
    for places in (rows, columns, np.minimum(rows, columns)):
        lines = tinted(np.where(places == 0, 255, 0).astype(np.uint8), (90, 120, 200))
        assert _DETECTOR.measure(subject([GROUND, Pixels(name="Lines", rgba=lines, opacity=90)])) == 0


def test_a_picture_is_no_mark_on_itself_whatever_it_is_called() -> None:
    photo = np.random.default_rng(0).integers(0, 256, (HEIGHT, WIDTH, 4), np.uint8)
    photo[..., 3] = 255
    assert _DETECTOR.measure(called("watermark", rgba=photo)) == 0
    assert _DETECTOR.measure(called("Layer 0", group="Watermark", rgba=photo)) == 0
    assert _DETECTOR.measure(called("watermark", rgba=photo[:60, :80])) == 1


def test_a_mark_in_a_flattened_group_counts_where_it_is_most_of_it() -> None:
    photo = np.random.default_rng(0).integers(0, 256, (100, 100, 4), np.uint8)
    photo[..., 3] = 255
    for side, expected in ((8, 0), (90, 1)):
        group = Group(
            layers=(
                Pixels(name="Photo", rgba=photo, left=10, top=10),
                Pixels(name="Watermark", rgba=filled((9, 9, 9), side, side), left=14, top=14),
            ),
            blend_mode=BlendMode.MULTIPLY,
            opacity=200,
        )
        assert _DETECTOR.measure(subject([GROUND, group])) == expected
