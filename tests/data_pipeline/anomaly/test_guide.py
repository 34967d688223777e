"""Guides and grids, and the lines, stripes and icons of designs."""

from dataclasses import replace

import numpy as np
import pytest

from data_pipeline.anomaly.alpha import ink_of
from data_pipeline.anomaly.guide import Guide
from data_pipeline.drawing import Group, Pixels, random_design
from data_pipeline.drawing.anomalies import POSITIVES
from data_pipeline.drawing.guides import baseline
from data_pipeline.drawing.inks import repeated, tinted, words
from data_pipeline.drawing.lookalikes import NEGATIVES, NEGATIVES_BELOW
from tests.data_pipeline.anomaly.drawn_subjects import GROUND, HEIGHT, WIDTH, filled, subject

_DETECTOR = Guide(threshold=0.9)
_PANEL = Pixels(name="Panel", rgba=filled((30, 30, 90), 200, 150), left=50, top=40)


def _lines(name: str, rows: range, columns: range = range(0), ink: tuple[int, int, int] = (0, 255, 255)) -> Pixels:
    plane = np.zeros((HEIGHT, WIDTH), np.uint8)
    plane[list(rows)] = 255
    plane[:, list(columns)] = 255
    return Pixels(name=name, rgba=tinted(plane, ink))


@pytest.mark.parametrize("variant", POSITIVES["guide"], ids=lambda one: one.__name__)
@pytest.mark.parametrize("seed", range(3))
def test_drawn_guides_are_found(variant, seed) -> None:
    rng = np.random.default_rng(seed)
    width, height, layers = random_design(rng)
    assert _DETECTOR.measure(subject([*layers, variant(rng, width, height)], None, width, height)) > 0.9


@pytest.mark.parametrize("variant", NEGATIVES["guide"], ids=lambda one: one.__name__)
@pytest.mark.parametrize("seed", range(6))
def test_what_only_looks_like_a_guide_is_not(variant, seed) -> None:
    rng = np.random.default_rng(seed)
    width, height, layers = random_design(rng)
    assert _DETECTOR.measure(subject([*layers, variant(rng, width, height)], None, width, height)) <= 0.9


@pytest.mark.parametrize("variant", NEGATIVES_BELOW["guide"], ids=lambda one: one.__name__)
def test_paper_and_wallpaper_lie_below_the_design(variant) -> None:
    pattern = variant(np.random.default_rng(0), WIDTH, HEIGHT)
    assert _DETECTOR.measure(subject([GROUND, pattern, _PANEL], pattern.name)) == 0


def test_the_lines_of_the_paper_that_is_written_on_are_no_guides() -> None:
    ruled, squared = (
        _lines("Layer 1", range(10, HEIGHT, 20)),
        _lines("Layer 1", range(10, HEIGHT, 20), range(9, 320, 20)),
    )
    written = Pixels(name="Headline", rgba=filled((30, 30, 90), 60, 20), left=50, top=40)
    for lines in (ruled, squared):
        assert _DETECTOR.measure(subject([GROUND, lines, written], "Layer 1")) == 0
        assert _DETECTOR.measure(subject([GROUND, _PANEL, lines, written], "Layer 1")) == 1
        assert _DETECTOR.measure(subject([GROUND, replace(lines, name="Grid"), written], "Grid")) == 1


def test_the_share_of_ink_on_lines_is_measured() -> None:
    lines = _lines("Layer 1", range(10, HEIGHT, 20))
    lines.rgba[11:15, :300] = (0, 255, 255, 255)  # type: ignore[index]  # 12 lines of 320 px, and 1200 px beside them
    assert _DETECTOR.measure(subject([GROUND, lines])) == pytest.approx(12 * 320 / (12 * 320 + 1200))


@pytest.mark.parametrize(("name", "value"), [("Guides", 1), ("layout_guides", 1), ("12 col GRID", 1), ("Line 1", 0)])
def test_a_single_line_is_a_guide_by_its_name_alone(name, value) -> None:
    assert _DETECTOR.measure(subject([GROUND, _lines(name, range(100, 102))])) == value


@pytest.mark.parametrize("name", ["City guide route", "Style guide rule", "Margin line", "Baseline", "Columns", "Trim"])
def test_a_line_whose_name_contains_a_word_for_guides_belongs_to_the_design(name) -> None:
    assert _DETECTOR.measure(subject([GROUND, _lines(name, range(100, 102))])) == 0
    assert _DETECTOR.measure(subject([GROUND, _lines(name, range(10, HEIGHT, 20), range(10, WIDTH, 20))])) == 0


def test_even_lines_that_leave_a_margin_are_the_rows_of_a_table() -> None:
    lines = _lines("Layer 1", range(20, HEIGHT - 19, 20))
    assert _DETECTOR.measure(subject([GROUND, lines])) == 1
    assert _DETECTOR.measure(subject([GROUND, replace(lines, rgba=lines.rgba[:, 20:], left=10)])) == 0  # type: ignore[index]
    assert _DETECTOR.measure(subject([GROUND, replace(lines, rgba=lines.rgba[:160])])) == 0  # type: ignore[index]


@pytest.mark.parametrize("opacity", [90, 255])
def test_even_lines_that_begin_below_a_header_are_those_of_a_list_or_a_table(opacity) -> None:
    for columns in (range(0), range(80, WIDTH, 80)):
        lines = replace(_lines("Layer 1", range(60, HEIGHT, 20), columns), opacity=opacity)
        assert _DETECTOR.measure(subject([GROUND, _PANEL, lines])) == 0
        assert _DETECTOR.measure(subject([GROUND, _PANEL, replace(lines, name="Grid")], "Grid")) == 1


def test_a_few_thin_lines_divide_a_page_however_faint_they_are() -> None:
    lines = replace(_lines("Layer 1", range(40, HEIGHT, 40)), opacity=60)
    assert _DETECTOR.measure(subject([GROUND, _PANEL, lines])) == 0


def test_letters_on_a_layer_called_guide_are_no_lines() -> None:
    line = words(np.random.default_rng(0), "there is no love sincerer than the love of food", 11)[..., 3]
    letters = repeated(line, WIDTH, HEIGHT, (line.shape[1] * 1.1, line.shape[0] * 1.5), 0)
    assert _DETECTOR.measure(subject([GROUND, Pixels(name="Guide", rgba=tinted(letters, (9, 9, 9)))])) == 0


def test_dashes_on_a_layer_called_guides_are_lines() -> None:
    dashes = _lines("Guides", range(60, 61), range(90, 91))
    dashes.rgba[:, ::8] = dashes.rgba[::8] = 0  # type: ignore[index]
    dashes.rgba[:, 1::8] = dashes.rgba[1::8] = 0  # type: ignore[index]
    assert _DETECTOR.measure(subject([GROUND, dashes])) == 1


@pytest.mark.parametrize(("name", "value"), [("Layer 1", 1), ("Grid", 1), ("graph paper", 0), ("Grid_pattern 2", 0)])
def test_lines_of_paper_and_patterns_belong_to_the_design(name, value) -> None:
    assert _DETECTOR.measure(subject([GROUND, _lines(name, range(10, HEIGHT, 20), range(10, WIDTH, 20))])) == value


def test_a_line_in_a_group_of_guides_is_one() -> None:
    group = Group(name="Guides", layers=(_lines("Shape 1", range(100, 101)),))
    assert _DETECTOR.measure(subject([GROUND, group])) == 1


def test_a_panel_called_grid_is_no_guide() -> None:
    panel = Pixels(name="grid", rgba=filled((90, 90, 120), 300, 70), left=10, top=20)
    assert _DETECTOR.measure(subject([GROUND, panel])) == 0


def test_a_thin_frame_around_the_page_is_no_guide() -> None:
    frame = filled((9, 9, 9), 310, 230)
    frame[2:-2, 2:-2] = 0
    assert _DETECTOR.measure(subject([GROUND, Pixels(name="Rectangle 1", rgba=frame, left=5, top=5)])) == 0


def test_a_named_circle_of_construction_is_a_guide() -> None:
    y, x = np.mgrid[:HEIGHT, :WIDTH]
    ring = np.where(np.abs(np.hypot(x - WIDTH / 2, y - HEIGHT / 2) - 100) < 1, 255, 0).astype(np.uint8)
    assert _DETECTOR.measure(subject([GROUND, Pixels(name="logo guides", rgba=tinted(ring, (255, 0, 0)))])) == 1


def test_ink_is_counted_by_row_column_and_alpha() -> None:
    rgba = np.random.default_rng(3).integers(0, 4, (30, 40, 4)).astype(np.uint8)
    ink = ink_of(rgba)
    np.testing.assert_array_equal(ink.rows, (rgba[..., 3] > 0).sum(axis=1))
    np.testing.assert_array_equal(ink.columns, (rgba[..., 3] > 0).sum(axis=0))
    np.testing.assert_array_equal(ink.by_alpha, np.bincount(rgba[..., 3].ravel(), minlength=256))


def test_lines_on_a_large_canvas_are_found() -> None:
    drawn = baseline(np.random.default_rng(0), 1500, 1100)
    ground = Pixels(rgba=filled((9, 9, 9), 1500, 1100))
    assert _DETECTOR.measure(subject([ground, drawn], None, 1500, 1100)) == 1
