"""Merges, on flat squares whose figures are plain."""

import numpy as np
import pytest

from evaluation.decomposition.alignment import Path
from evaluation.decomposition.costs import Comparisons
from evaluation.decomposition.cut import Cut, cuts_of_array
from evaluation.decomposition.edits import Merge, applied, best_merge, gains, is_tied

RED, GREEN, BLUE = (255, 0, 0, 255), (0, 255, 0, 255), (0, 0, 255, 255)
GROUND, LEFT, RIGHT, LOW = (0, 0, 8, 8), (0, 0, 3, 3), (4, 0, 7, 3), (0, 5, 8, 8)


def layers(*painted: tuple[tuple[tuple[int, int, int, int], tuple[int, int, int, int]], ...]) -> list[Cut]:
    """One layer for each tuple of (box, colour)."""
    stack = np.zeros((len(painted), 8, 8, 4), np.uint8)
    for rgba, parts in zip(stack, painted, strict=True):
        for (left, top, right, bottom), colour in parts:
            rgba[top:bottom, left:right] = colour
    return list(cuts_of_array(stack))


WHOLE = layers(((GROUND, RED),), ((LEFT, GREEN), (RIGHT, BLUE)), ((LOW, GREEN),))
APART = layers(((GROUND, RED),), ((LEFT, GREEN),), ((RIGHT, BLUE),), ((LOW, GREEN),))
PATH: Path = [(0, 0), (1, 1), (2, 1), (3, 2)]  # of APART with WHOLE
REVERSED: Path = [(j, i) for i, j in PATH]


def best(pred: list[Cut], truth: list[Cut], path: Path, gt_editable: bool = True) -> Merge | None:
    known = Comparisons()
    reverse = [(j, i) for i, j in path]
    return best_merge(gains(pred, truth, path, known), gains(truth, pred, reverse, known) if gt_editable else [])


def test_what_is_split_in_the_prediction_is_merged_there() -> None:
    merge = best(APART, WHOLE, PATH)
    assert merge is not None
    assert (merge.side, merge.index) == ("pred", 1)
    pred, truth = applied(merge, APART, WHOLE)
    assert truth is WHOLE
    assert Comparisons().of(pred[1], WHOLE[1]).cost == 0


def test_what_is_split_in_the_truth_is_merged_there() -> None:
    merge = best(WHOLE, APART, REVERSED)
    assert merge is not None
    assert (merge.side, merge.index) == ("truth", 1)
    pred, truth = applied(merge, WHOLE, APART)
    assert pred is WHOLE
    assert len(truth) == 3


def test_a_truth_that_may_not_be_edited_is_not() -> None:
    merge = best(WHOLE, APART, REVERSED, False)
    assert merge is None or merge.side == "pred"


def test_a_perfect_match_is_left_alone() -> None:
    same = [(0, 0), (1, 1), (2, 2)]
    assert best(WHOLE, WHOLE, same) is None


def test_two_layers_are_not_merged() -> None:
    merge = best(APART[1:3], WHOLE[1:2], [(0, 0), (1, 0)])
    assert merge is None


def test_on_a_tie_the_truth_is_merged() -> None:
    """Both sides hold the same superfluous split, so both gains are the same number."""
    ours = layers(((GROUND, RED),), ((LEFT, GREEN),), ((RIGHT, BLUE),))
    crossed: Path = [(0, 0), (1, 1), (1, 2), (2, 1), (2, 2)]
    alone = best(ours, ours, crossed, False)
    both = best(ours, ours, crossed)
    assert alone is not None
    assert both == Merge("truth", alone.index, alone.gain)


def test_of_equal_gains_the_lowest_layers_are_merged() -> None:
    three = layers(((GROUND, RED),), ((GROUND, RED),), ((GROUND, RED),), ((GROUND, RED),))
    path: Path = [(0, 0), (1, 0), (2, 0), (3, 0)]
    empty = layers(((LEFT, BLUE),))
    merge = best(three, empty, path, False)
    assert merge is None  # merging equals gains nothing at all

    soft = (255, 0, 0, 100)
    faint = layers(*[((GROUND, soft),)] * 4)
    merge = best(faint, layers(((GROUND, RED),)), path, False)
    assert merge is not None
    assert merge.index == 0


def test_partners_may_go_over_to_the_layer_above() -> None:
    """The merge of 0 and 1 fits the partner of 0; that of 1 fits layer 2, and only so does the merge gain."""
    ours = layers(((LEFT, GREEN),), ((RIGHT, BLUE),), ((LOW, GREEN),))
    theirs = layers(((LEFT, GREEN), (RIGHT, BLUE)), ((LOW, GREEN),))
    path: Path = [(0, 0), (1, 1), (2, 1)]
    known = Comparisons()
    merge = best(ours, theirs, path, False)
    now = (1 - known.of(ours[0], theirs[0]).cost) + (1 - known.of(ours[1], theirs[1]).cost)
    assert merge is not None
    assert (merge.index, merge.gain) == (0, pytest.approx(2 - now))


def test_the_mask_of_a_true_merge_is_the_predicted_layer() -> None:
    """Colour that the truth has outside of the prediction costs nothing when true layers are tried, only IoU."""
    pred = layers(((LEFT, RED),))
    truth = layers(((LEFT, RED),), ((RIGHT, BLUE),), ((LOW, GREEN),))
    path: Path = [(0, 0), (0, 1), (0, 2)]
    known = Comparisons()
    merge = best(pred, truth, path)
    assert merge is not None
    assert merge.side == "truth"
    lower, upper = truth[merge.index : merge.index + 2]
    (comparison,) = known.of_merged(lower, upper, pred)
    assert comparison.rgb_l1 == (0 if merge.index == 0 else pytest.approx(1 / 3))


def test_gains_that_only_rounding_tells_apart_are_tied() -> None:
    assert is_tied([0.5, 0.5 + 1e-15], [0.1], 1e-12)
    assert is_tied([0.5], [0.5 + 1e-15], 1e-12)
    assert is_tied([1e-16, -0.5], [], 1e-12)
    assert not is_tied([0.5, 0.4], [0.3], 1e-12)
    assert not is_tied([-0.1, -0.1], [-0.1], 1e-12)
    assert not is_tied([], [], 1e-12)
