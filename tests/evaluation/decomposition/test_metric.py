"""The metric against its worked cases, and against its text written out."""

import json
from pathlib import Path
from typing import Any

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given, settings

from evaluation.decomposition.alignment import accumulated
from evaluation.decomposition.cut import cuts_of_array
from evaluation.decomposition.literal import literal_score
from evaluation.decomposition.metric import aggregate, decompose, decomposition, score
from schemas.decomposition import Row
from schemas.stack import PlainLayer, Stack
from tests.evaluation.drawn_layers import random_layers, random_pair

EXACT = 1e-9
WORKED = (
    "identical_3", "noisy_3", "pred_undersegmented", "pred_oversegmented", "merge_limit_0", "merge_limit_1",
    "merge_limit_3", "merge_limit_5", "gt_not_editable", "disjoint_grouped", "empty_layer_in_pred",
    "single_pred_layer", "faint_gt_alpha", "random_4v4_s10", "random_5v3_s11", "random_3v6_s12",
)  # fmt: skip


def expected_rows(rows: list[dict[str, float]]) -> np.ndarray:
    return np.array([[row["cost"], row["rgb_l1"], row["alpha_iou"]] for row in rows])


@pytest.fixture(scope="module")
def worked(metric_cases: Path) -> dict[str, dict[str, Any]]:
    cases = json.loads((metric_cases / "expected.json").read_text())["cases"]
    return {case["name"]: case for case in cases}


@pytest.mark.parametrize("name", WORKED)
def test_every_number_of_a_worked_case_comes_out(
    name: str, worked: dict[str, dict[str, Any]], metric_cases: Path
) -> None:
    case = worked[name]
    expected = case["expected"]
    with np.load(metric_cases / case["arrays"]) as arrays:
        pred, truth = arrays["pred"], arrays["gt"]
    ours = decomposition(
        cuts_of_array(pred), cuts_of_array(truth), pred.shape[2], pred.shape[1], case["max_edits"], case["gt_editable"]
    )
    assert ours.pred_groups == expected["groups_pred"]
    assert ours.truth_groups == expected["groups_gt"]
    assert [list(pair) for pair in ours.path] == expected["initial_path"]
    costs = np.array([[one.cost for one in line] for line in ours.comparisons])
    rgb_l1 = [[one.rgb_l1 for one in line] for line in ours.comparisons]
    alpha_iou = [[one.alpha_iou for one in line] for line in ours.comparisons]
    np.testing.assert_allclose(costs, expected["initial_cost_matrix"], atol=EXACT, rtol=0)
    np.testing.assert_allclose(accumulated(costs), expected["initial_accumulated"], atol=EXACT, rtol=0)
    np.testing.assert_allclose(rgb_l1, expected["rgb_l1_matrix"], atol=EXACT, rtol=0)
    np.testing.assert_allclose(alpha_iou, expected["alpha_iou_matrix"], atol=EXACT, rtol=0)
    np.testing.assert_allclose(ours.rows, expected_rows(expected["per_edit"]), atol=EXACT, rtol=0)
    assert score(pred, truth, case["max_edits"], case["gt_editable"]) == ours.rows


def test_no_worked_case_is_left_out(worked: dict[str, dict[str, Any]]) -> None:
    assert set(worked) == set(WORKED)


def test_the_random_stacks_come_out(metric_cases: Path) -> None:
    cases = json.loads((metric_cases / "random.json").read_text())
    assert len(cases) == 16
    with np.load(metric_cases / "random.npz") as arrays:
        for case in cases:
            pred, truth = (arrays[f"{case['seed']}_{side}"] for side in ("pred", "truth"))
            ours = score(pred, truth, case["max_edits"], case["gt_editable"])
            np.testing.assert_allclose(ours, expected_rows(case["rows"]), atol=EXACT, rtol=0)


@given(st.integers(0, 2**32 - 1), st.integers(0, 6), st.booleans())
@settings(max_examples=250)
def test_rows_are_those_of_the_text(seed: int, max_edits: int, gt_editable: bool) -> None:
    pred, truth = random_pair(seed)
    expected = literal_score(pred, truth, max_edits, gt_editable)
    np.testing.assert_allclose(score(pred, truth, max_edits, gt_editable), expected, atol=EXACT, rtol=0)


def equal_squares(seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Seven layers on each side, all of one size, in two colours: many merges are worth the same."""
    rng = np.random.default_rng(seed)
    stack = np.zeros((14, 9, 9, 4), np.uint8)
    palette = rng.integers(0, 256, (2, 3))
    for layer in stack:
        y, x = rng.integers(0, 7, 2)
        layer[y : y + 3, x : x + 3] = (*palette[rng.integers(2)], 255)
    return stack[:7], stack[7:]


@pytest.mark.parametrize("seed", [6748, 8727, 11936, 12864, 16795])
def test_where_rounding_chooses_it_is_that_of_the_text(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    pred, truth = equal_squares(seed)
    rows = score(pred, truth, 6)
    np.testing.assert_allclose(rows, literal_score(pred, truth, 6), atol=EXACT, rtol=0)
    monkeypatch.setattr("evaluation.decomposition.metric.TIE", 0.0)
    assert score(pred, truth, 6) != rows  # exact sums would have chosen another merge


@pytest.mark.parametrize("seed", range(3))
def test_many_layers_are_scored_as_the_text_says(seed: int) -> None:
    rng = np.random.default_rng(seed)
    pred, truth = (random_layers(rng, 20, 24, 20, "noise") for _ in range(2))
    np.testing.assert_allclose(score(pred, truth, 5), literal_score(pred, truth, 5), atol=EXACT, rtol=0)


def test_rows_stop_where_no_merge_betters_the_match() -> None:
    stack = random_layers(np.random.default_rng(0), 5, 12, 12, "noise")
    assert score(stack, stack) == [Row(0.0, 0.0, 1.0)]


def test_one_layer_on_each_side_is_scored() -> None:
    red, blue = np.zeros((2, 1, 4, 4, 4), np.uint8)
    red[...] = (255, 0, 0, 255)
    blue[...] = (0, 0, 255, 255)
    (row,) = score(red, blue)
    assert row == pytest.approx((1 / 3, 2 / 3, 1.0), abs=EXACT)


def test_nothing_on_both_sides_is_the_cost_of_no_overlap() -> None:
    nothing = np.zeros((3, 4, 4, 4), np.uint8)
    assert score(nothing, nothing) == [Row(0.5, 0.0, 0.0)]


def test_the_arrays_are_left_as_they_were() -> None:
    pred, truth = random_pair(3)
    before = pred.copy(), truth.copy()
    score(pred, truth)
    np.testing.assert_array_equal(pred, before[0])
    np.testing.assert_array_equal(truth, before[1])


def test_cropped_layers_are_scored_as_their_canvases_are() -> None:
    rng = np.random.default_rng(5)
    stacks, arrays = [], np.zeros((2, 4, 20, 30, 4), np.uint8)
    for canvases in arrays:
        layers = []
        for canvas in canvases:
            left, top = (int(value) for value in rng.integers(0, 10, 2))
            rgba = rng.integers(0, 256, (9, 12, 4)).astype(np.uint8)
            canvas[top : top + 9, left : left + 12] = rgba
            layers.append(PlainLayer((left, top, left + 12, top + 9), rgba))
        stacks.append(Stack(30, 20, tuple(layers)))
    assert decompose(*stacks).rows == score(*arrays)


def test_a_row_is_a_tuple_and_has_names() -> None:
    (row,) = score(*[random_layers(np.random.default_rng(0), 1, 5, 5, "faint")] * 2)
    assert tuple(row) == (row.cost, row.rgb_l1, row.alpha_iou)


def test_stacks_of_two_sizes_are_refused() -> None:
    with pytest.raises(ValueError, match="not of one size"):
        score(np.zeros((2, 4, 4, 4), np.uint8), np.zeros((2, 4, 5, 4), np.uint8))
    layer = PlainLayer((0, 0, 4, 4), np.zeros((4, 4, 4), np.uint8))
    with pytest.raises(ValueError, match="4x4 and 5x4 px"):
        decompose(Stack(4, 4, (layer,)), Stack(5, 4, (layer,)))


def test_fewer_edits_than_none_are_refused() -> None:
    with pytest.raises(ValueError, match="max_edits"):
        score(*[np.zeros((2, 4, 4, 4), np.uint8)] * 2, max_edits=-1)


LONG = [Row(0.5, 0.4, 0.4), Row(0.3, 0.2, 0.6), Row(0.1, 0.0, 0.8)]
SHORT = [Row(0.2, 0.2, 0.8)]


def test_a_sample_that_stopped_keeps_its_last_row() -> None:
    rows = aggregate([LONG, SHORT], 2)
    assert rows == [pytest.approx((0.35, 0.3, 0.6)), pytest.approx((0.25, 0.2, 0.7)), pytest.approx((0.15, 0.1, 0.8))]


def test_there_is_a_row_for_every_number_of_merges() -> None:
    assert aggregate([SHORT], 5) == [pytest.approx(SHORT[0])] * 6


def test_the_mean_of_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="no sample"):
        aggregate([], 5)
