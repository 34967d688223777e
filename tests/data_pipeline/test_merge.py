import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data_pipeline.compose import compose
from data_pipeline.merge import merge
from data_pipeline.nearest import nearest_groups
from data_pipeline.overlap import closure, covered, levels
from schemas.options import CurateOptions
from schemas.stack import PlainLayer, Stack

LEVELS = CurateOptions()
SIDE = 12


def composite(stack):
    """Alpha-blended premultiplied in float64, not rounded."""
    canvas = np.zeros((stack.height, stack.width, 4))
    for layer in stack.layers:
        left, top, right, bottom = layer.box
        part = canvas[top:bottom, left:right]
        alpha = layer.rgba[..., 3:] / 255
        source = np.concatenate([layer.rgba[..., :3] / 255, np.ones_like(alpha)], axis=-1) * alpha
        part[:] = source + (1 - alpha) * part
    return canvas


def layer(box, value=200, alpha=255, ids=(), **record):
    rgba = np.zeros((box[3] - box[1], box[2] - box[0], 4), np.uint8)
    rgba[..., :3] = value
    rgba[..., 3] = alpha
    return PlainLayer(box, rgba, ids, **record)


@st.composite
def stacks(draw, most=9):
    count = draw(st.integers(1, most))
    seed = draw(st.integers(0, 2**32 - 1))
    opaque = draw(st.floats(0.05, 1))
    noise = np.random.default_rng(seed)
    layers = []
    for index in range(count):
        left, top = noise.integers(0, SIDE - 1, 2)
        right, bottom = noise.integers(left + 1, SIDE + 1), noise.integers(top + 1, SIDE + 1)
        rgba = noise.integers(0, 256, (bottom - top, right - left, 4), np.uint8)
        rgba[noise.random(rgba.shape[:2]) > opaque] = 0
        rgba[rgba[..., 3] == 0] = 0
        record = {"owner_id": int(noise.integers(2)), "baked": bool(noise.integers(2))}
        layers.append(PlainLayer((int(left), int(top), int(right), int(bottom)), rgba, (index,), **record))
    return Stack(SIDE, SIDE, tuple(layers))


def tree_paths(stack, seed):
    noise = np.random.default_rng(seed)
    return [tuple(int(v) for v in noise.integers(0, 2, noise.integers(0, 4))) for _ in stack.layers]


def overlap(a, b, threshold=0):
    planes = np.zeros((2, SIDE, SIDE))
    for plane, one in zip(planes, (a, b), strict=True):
        plane[one.box[1] : one.box[3], one.box[0] : one.box[2]] = one.rgba[..., 3]
    return bool((planes > threshold).all(axis=0).any())


def longest_chain(stack, threshold=0):
    """By trying every layer below, without any map of the canvas."""
    length = []
    for j, upper in enumerate(stack.layers):
        below = [length[i] for i in range(j) if overlap(stack.layers[i], upper, threshold)]
        length.append(1 + max(below, default=0))
    return max(length)


@given(stacks())
def test_levels_change_no_bit(stack):
    merged = merge(stack, LEVELS, [()] * len(stack.layers)).painted()
    assert np.array_equal(composite(merged), composite(stack))
    assert np.array_equal(compose(merged), compose(stack))


@given(stacks())
def test_levels_reach_the_longest_chain(stack):
    assert len(merge(stack, LEVELS, [()] * len(stack.layers)).painted().layers) == longest_chain(stack)


@given(stacks(), st.floats(0, 1))
def test_levels_reach_the_longest_chain_above_a_threshold(stack, overlap_alpha):
    merged = merge(stack, CurateOptions(overlap_alpha=overlap_alpha), [()] * len(stack.layers))
    assert len(merged.groups) == longest_chain(stack, overlap_alpha * 255)


@given(stacks())
def test_merging_again_changes_nothing(stack):
    once = merge(stack, LEVELS, [()] * len(stack.layers)).painted()
    twice = merge(once, LEVELS, [()] * len(once.layers)).painted()
    assert [one.box for one in once.layers] == [one.box for one in twice.layers]
    assert all(np.array_equal(a.rgba, b.rgba) for a, b in zip(once.layers, twice.layers, strict=True))


@given(stacks())
def test_closure_is_that_of_all_overlaps(stack):
    count = len(stack.layers)
    order = np.zeros((count, count), bool)
    for j in range(count):
        for i in range(j):
            order[i, j] = overlap(stack.layers[i], stack.layers[j])
    for k in range(count):
        order |= order[:, k : k + 1] & order[k]
    assert np.array_equal(closure(covered(stack, 0) > 0), order)


@given(stacks(), st.integers(0, 99), st.integers(1, 9))
def test_tree_reaches_the_target_and_changes_no_bit(stack, seed, target):
    paths = tree_paths(stack, seed)
    merged = merge(stack, CurateOptions(merge="tree", target_layers=target), paths)
    count = len(stack.layers)
    assert len(merged.groups) == min(count, max(target, longest_chain(stack)))
    assert sorted(i for group in merged.groups for i in group) == list(range(count))
    assert np.array_equal(composite(merged.painted()), composite(stack))


def test_tree_joins_the_nearest_first():
    row = [layer((x, 0, x + 1, 1)) for x in range(4)]
    paths = [(1,), (), (1, 2), (1, 2)]
    merged = merge(Stack(4, 1, tuple(row)), CurateOptions(merge="tree", target_layers=3), paths)
    assert merged.groups == ((0,), (1,), (2, 3))
    merged = merge(Stack(4, 1, tuple(row)), CurateOptions(merge="tree", target_layers=2), paths)
    assert merged.groups == ((0, 2, 3), (1,))


def test_tree_refuses_a_pair_that_would_cross_a_third():
    # 0 < 1 and 2 < 3 overlap: joining 0 with 3 and 1 with 2 as the tree asks would need a cycle.
    lies_on = np.zeros((4, 4), bool)
    lies_on[0, 1] = lies_on[2, 3] = True
    groups = nearest_groups(lies_on, [(7,), (8,), (8,), (7,)], 2)
    assert groups == [[0, 2], [1, 3]]


@settings(max_examples=25)
@given(st.integers(0, 2**32 - 1), st.integers(1, 40), st.floats(0, 0.5), st.integers(1, 20))
def test_groups_of_any_order_are_a_linear_extension(seed, count, density, target):
    noise = np.random.default_rng(seed)
    lies_on = np.triu(noise.random((count, count)) < density, 1)
    paths = [tuple(noise.integers(0, 3, noise.integers(0, 3)).tolist()) for _ in range(count)]
    groups = nearest_groups(lies_on, paths, target)
    place = {i: k for k, group in enumerate(groups) for i in group}
    assert all(place[i] < place[j] for i, j in np.argwhere(lies_on))
    assert len(groups) == min(count, max(target, levels(lies_on).max() + 1))


def test_layers_whose_boxes_do_not_meet_share_a_level_unread():
    row = tuple(layer((x, 0, x + 1, 1), value=x) for x in range(5))
    merged = merge(Stack(5, 1, row), LEVELS, [()] * 5)
    assert merged.groups == ((0, 1, 2, 3, 4),)
    assert merged.painted().layers[0].rgba[0, :, 0].tolist() == [0, 1, 2, 3, 4]


def test_the_cap_rejects():
    pile = Stack(2, 2, tuple(layer((0, 0, 2, 2)) for _ in range(4)))
    assert merge(pile, CurateOptions(max_layers=3, target_layers=3), [()] * 4) is None


def test_the_cap_flattens_where_least_is_hidden():
    pile = (layer((0, 0, 4, 1)), layer((0, 0, 4, 1)), layer((0, 0, 1, 1)), layer((0, 0, 2, 1)))
    options = CurateOptions(max_layers=3, target_layers=3, over_cap="flatten")
    merged = merge(Stack(4, 1, pile), options, [()] * 4)
    assert merged.groups == ((0,), (1, 2), (3,))
    assert merged.flattened_groups == (1,)
    assert merged.flattened_groups


@settings(max_examples=25)
@given(stacks(most=30), st.sampled_from(["levels", "tree"]))
def test_flattening_rounds_once(stack, mode):
    options = CurateOptions(merge=mode, max_layers=2, target_layers=2, over_cap="flatten")
    merged = merge(stack, options, [()] * len(stack.layers))
    assert len(merged.groups) <= 2
    # Two layers, each rounded once: half a step of colour and of alpha each.
    assert np.abs(composite(merged.painted()) - composite(stack)).max() <= 2 * 1.01 / 255


def test_the_record_of_a_merged_layer():
    pair = (
        layer((0, 0, 2, 1), alpha=100, ids=(5,), owner_id=3, baked=True, backdrop_dependence=0.9),
        layer((4, 0, 6, 1), alpha=200, ids=(2, 4), owner_id=3),
    )
    (merged,) = merge(Stack(9, 1, pair), LEVELS, [()] * 2).painted().layers
    assert merged.box == (0, 0, 6, 1)
    assert merged.layer_ids == (2, 4, 5)
    assert merged.owner_id == 3
    assert merged.baked
    assert merged.backdrop_dependence == pytest.approx(0.3)
    assert not merged.rgba[0, 2:4].any()


def test_owners_that_differ_are_not_kept():
    pair = (layer((0, 0, 2, 1), owner_id=3), layer((4, 0, 6, 1)))
    (merged,) = merge(Stack(9, 1, pair), LEVELS, [()] * 2).painted().layers
    assert merged.owner_id is None


def test_the_box_of_a_merged_layer_is_tight():
    pair = (layer((0, 0, 3, 2)), layer((5, 0, 7, 2)))
    pair[0].rgba[:, 0] = 0
    (merged,) = merge(Stack(9, 2, pair), LEVELS, [()] * 2).painted().layers
    assert merged.box == (1, 0, 7, 2)


def test_views_of_a_larger_array_are_accepted():
    whole = np.full((6, 6, 4), 255, np.uint8)
    views = Stack(6, 6, tuple(PlainLayer((x, 0, x + 2, 6), whole[:, x : x + 2]) for x in (0, 1, 4)))
    copies = Stack(6, 6, tuple(PlainLayer(one.box, one.rgba.copy()) for one in views.layers))
    ours, theirs = merge(views, LEVELS, [()] * 3), merge(copies, LEVELS, [()] * 3)
    assert ours.groups == theirs.groups == ((0, 2), (1,))
    assert np.array_equal(composite(ours.painted()), composite(theirs.painted()))


def test_an_empty_stack_stays_empty():
    for mode in ("levels", "tree"):
        assert merge(Stack(3, 3, ()), CurateOptions(merge=mode), []).groups == ()
