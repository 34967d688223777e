"""What is packed comes back; tables of a pack say where its tokens lie."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from model.packing import SampleShape, layout_of, patchify, unpatchify

GRID = st.tuples(st.integers(1, 4), st.integers(1, 4))
SHAPE = st.builds(
    SampleShape,
    frames=st.lists(GRID, min_size=1, max_size=4).map(tuple),
    text=st.integers(1, 5),
    condition=st.one_of(st.none(), GRID),
)
SHAPES = st.lists(SHAPE, min_size=1, max_size=4)


@given(frames=st.integers(1, 3), grid=GRID, patch=st.integers(1, 3))
def test_patches_come_back(frames, grid, patch):
    z = torch.randn(frames, 5, grid[0] * patch, grid[1] * patch)
    assert torch.equal(unpatchify(patchify(z, patch), grid, patch), z)


def test_a_token_holds_its_channel_then_row_then_column():
    z = torch.arange(2 * 2 * 2 * 4.0).reshape(2, 2, 2, 4)
    assert patchify(z, 2)[1].tolist() == [2, 3, 6, 7, 10, 11, 14, 15]  # of frame 0, second column


def test_latents_that_cannot_be_cut_are_refused():
    with pytest.raises(ValueError, match="multiples of 2"):
        patchify(torch.zeros(1, 16, 3, 4), 2)


@given(SHAPES)
def test_samples_follow_each_other_text_first(shapes):
    layout = layout_of(shapes)
    texts, images = sum(shape.text for shape in shapes), sum(shape.image_tokens for shape in shapes)
    stream = torch.cat([layout.text_sample_U, layout.image_sample_T])
    assert stream[layout.order_S].tolist() == [k for k, shape in enumerate(shapes) for _ in range(shape.tokens)]
    assert layout.offsets_B1.tolist() == [sum(s.tokens for s in shapes[:k]) for k in range(len(shapes) + 1)]
    assert torch.equal(layout.order_S[layout.inverse_S], torch.arange(texts + images))
    for k, shape in enumerate(shapes):
        order = layout.order_S[layout.offsets_B1[k] : layout.offsets_B1[k + 1]]
        assert (order[: shape.text] < texts).all()
        assert (order[shape.text :] >= texts).all()
        assert (order.diff() > 0).all()


@given(SHAPES)
def test_all_but_conditions_are_predicted(shapes):
    layout = layout_of(shapes)
    expected, start = [], 0
    for shape in shapes:
        expected += range(start, start + shape.predicted_tokens)
        start += shape.image_tokens
    assert layout.predicted_P.tolist() == expected


@given(SHAPES, st.integers(1, 4))
def test_the_runs_of_ranks_are_the_whole(shapes, ranks):
    whole = layout_of(shapes)
    parts = [layout_of(shapes, rank=rank, ranks=ranks) for rank in range(ranks)]
    assert torch.equal(torch.cat([part.image_sample_T for part in parts]), whole.image_sample_T)
    assert torch.equal(torch.cat([part.text_sample_U for part in parts]), whole.text_sample_U)
    predicted = torch.cat([part.predicted_P + part.image_run[0] for part in parts])
    assert torch.equal(predicted, whole.predicted_P)
    streams = torch.cat([torch.cat([part.text_sample_U, part.image_sample_T]) for part in parts])
    assert (streams[parts[0].order_S].diff() >= 0).all()
    assert parts[0].rank_tokens == tuple(len(part.text_sample_U) + len(part.image_sample_T) for part in parts)


@pytest.mark.parametrize(
    ("frames", "text", "message"),
    [((), 1, "one frame or more"), (((0, 1),), 1, "none of them may be empty"), (((1, 1),), 0, "0 text tokens")],
)
def test_an_empty_sample_is_refused(frames, text, message):
    with pytest.raises(ValueError, match=message):
        SampleShape(frames, text)


def test_an_empty_pack_is_refused():
    with pytest.raises(ValueError, match="one sample or more"):
        layout_of([])
