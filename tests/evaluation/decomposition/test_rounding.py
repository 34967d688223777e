import hypothesis.strategies as st
from hypothesis import given
from PIL import Image

from evaluation.decomposition.cut import cuts_of_array
from evaluation.decomposition.literal import alpha_iou, cost, rgb_l1
from evaluation.decomposition.rounding import rounded_comparisons
from tests.evaluation.drawn_layers import random_pair


@given(st.integers(0, 2**32 - 1))
def test_figures_are_those_of_whole_canvases_to_the_last_bit(seed: int) -> None:
    pred, truth = random_pair(seed)
    height, width = pred.shape[1:3]
    known = rounded_comparisons(width, height)
    for p, ours in zip(pred, cuts_of_array(pred), strict=True):
        for g, theirs in zip(truth, cuts_of_array(truth), strict=True):
            a, b = Image.fromarray(p), Image.fromarray(g)
            comparison = known.of(ours, theirs)
            assert comparison.rgb_l1 == rgb_l1(a, b)
            assert comparison.rgb_l1_reversed == rgb_l1(b, a)
            assert comparison.alpha_iou == alpha_iou(a, b)
            assert comparison.cost == cost(a, b)


def test_a_merge_is_compared_as_pillow_makes_it() -> None:
    pred, truth = random_pair(8)
    lower, upper, *_ = cuts_of_array(pred)
    known = rounded_comparisons(pred.shape[2], pred.shape[1])
    merged = Image.alpha_composite(Image.fromarray(pred[0]), Image.fromarray(pred[1]))
    costs = [comparison.cost for comparison in known.of_merged(lower, upper, cuts_of_array(truth))]
    assert costs == [cost(merged, Image.fromarray(g)) for g in truth]
