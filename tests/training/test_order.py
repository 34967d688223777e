"""The order of a run is a function of the seed and the position, fair to sources and whole in every epoch."""

from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from training.order import Draw, Order


@settings(max_examples=20)
@given(st.lists(st.integers(1, 40), min_size=1, max_size=4), st.integers(0, 9), st.data())
def test_a_position_is_the_same_wherever_it_is_come_to_from(sizes, seed, data):
    weights = data.draw(st.lists(st.floats(0.1, 9), min_size=len(sizes), max_size=len(sizes)))
    forth = [Order(sizes, weights, seed).at(position) for position in range(50)]
    back = Order(sizes, weights, seed)
    assert [back.at(position) for position in reversed(range(50))] == forth[::-1]


def test_every_epoch_holds_every_sample_once():
    order = Order([7, 30], [1, 2], seed=0)
    draws = [order.at(position) for position in range(3000)]
    for source, size in ((0, 7), (1, 30)):
        own = [draw for draw in draws if draw.source == source]
        for epoch in range(5):
            assert sorted(draw.index for draw in own if draw.epoch == epoch) == list(range(size))
        assert [draw.epoch for draw in own] == sorted(draw.epoch for draw in own)


def test_epochs_differ_in_order_and_seeds_too():
    orders = [
        [Order([50], [1], seed).at(start + k).index for k in range(50)] for seed, start in ((0, 0), (0, 50), (1, 0))
    ]
    assert len(set(map(tuple, orders))) == 3


def test_sources_have_their_shares():
    order = Order([10, 1000, 5], [1, 3, 0.001], seed=2)
    counts = Counter(order.at(position).source for position in range(10_240))
    assert abs(counts[0] / 10_240 - 0.25) < 0.005
    assert abs(counts[1] / 10_240 - 0.75) < 0.005
    assert counts[2] > 0  # however rare


def test_far_positions_cost_no_more():
    assert isinstance(Order([10, 1000], [1, 3], 5).at(10**12), Draw)


@pytest.mark.parametrize(
    ("sizes", "weights", "message"),
    [
        ([], [], "0 sources"),
        ([3], [1, 2], "1 sources have 2 weights"),
        ([3, 0], [1, 1], "source 1 holds no sample"),
        ([3], [0], "weight 0"),
        ([3], [float("nan")], "weight nan"),
    ],
)
def test_what_cannot_be_drawn_from_is_refused(sizes, weights, message):
    with pytest.raises(ValueError, match=message):
        Order(sizes, weights, 0)


@given(st.lists(st.tuples(st.integers(1, 50), st.floats(0.1, 9)), min_size=1, max_size=4), st.integers(0, 3000))
def test_what_is_drawn_is_counted(sources, positions):
    order = Order([size for size, _ in sources], [weight for _, weight in sources], 0)
    counted = Counter(order.at(position).source for position in range(positions))
    assert order.drawn(positions) == tuple(counted[source] for source in range(len(sources)))
