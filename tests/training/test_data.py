"""What is read of a shard is what its recipe names: right pixels, right caption, frames that compose."""

import pickle
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from model.packing import SampleShape
from schemas.stack import PlainLayer
from tests.training.drawn_shards import WORDS, indexed, members_of, sample_of, soft_stack
from tests.training.test_picture_file import encoded
from training.data import Reader
from training.indexing import build_index
from training.painting import frames_shape, paint_layers, paint_picture
from training.recipes import Planned, Recipe, Task
from training.storage import find_shards

SHAPE = SampleShape(((1, 1),), 1)
GROUND = (200, 30, 99)


def planned(recipe, index=0):
    return Planned(0, 0, index, recipe, SHAPE)


def layered(size, layers, **more):
    return Recipe(Task.IMAGE_TO_LAYERS, size, 0, groups=tuple((k, k + 1) for k in range(layers)), **more)


def over(frames):
    """float64, premultiplied: frames blended from the first to the last, [H, W, 4] in 0..1."""
    below = np.zeros(frames.shape[1:])
    for frame in frames / 255.0:
        alpha = frame[..., 3:]
        below = np.concatenate([frame[..., :3] * alpha, alpha], -1) + (1 - alpha) * below
    return below


def premultiplied(frame):
    return np.concatenate([frame[..., :3] / 255.0 * frame[..., 3:] / 255.0, frame[..., 3:] / 255.0], -1)


def painted(paint, pictures, canvas, recipe):
    frames = np.full(frames_shape(recipe), 77, np.uint8)  # as memory that was used before
    paint(pictures, canvas, recipe, frames)
    return frames


@settings(max_examples=25)
@given(st.integers(0, 999), st.integers(1, 6), st.booleans(), st.sampled_from([None, GROUND]), st.integers(0, 2))
def test_the_first_frame_is_the_blend_of_the_others(seed, layers, opaque, ground, blanks):
    rng = np.random.default_rng(seed)
    size = (int(rng.integers(1, 90)), int(rng.integers(1, 90)))
    stack = soft_stack(rng, layers, int(rng.integers(2, 120)), int(rng.integers(2, 120)), opaque)
    cuts = sorted({0, layers, *rng.integers(0, layers + 1, 2).tolist()})
    groups = tuple(pairwise(cuts))
    recipe = Recipe(Task.TEXT_TO_LAYERS, size, None, groups=groups, blanks=blanks, ground=ground)
    frames = painted(paint_layers, stack.layers, (stack.width, stack.height), recipe)
    assert frames.shape == (1 + (ground is not None) + len(groups) + blanks, size[1], size[0], 4)
    assert np.abs(over(frames[1:]) - premultiplied(frames[0])).max() <= 1.01 / 255
    assert not frames[len(frames) - blanks :].any()
    assert not frames[frames[..., 3] == 0].any()
    if ground is not None:
        assert (frames[1] == (*ground, 255)).all()
        assert (frames[0][..., 3] == 255).all()


def test_at_its_own_size_nothing_changes(tmp_path):
    stack = soft_stack(np.random.default_rng(0), 4, 64, 96)
    one = sample_of(stack)
    reader = Reader([indexed(tmp_path, members_of(one))])
    frames = reader.example(planned(layered((64, 96), 4))).frames
    np.testing.assert_array_equal(frames[0], one.composite)
    for frame, layer in zip(frames[1:], stack.layers, strict=True):
        left, top, right, bottom = layer.box
        np.testing.assert_array_equal(frame[top:bottom, left:right], layer.rgba)
        assert frame.astype(int).sum() == layer.rgba.astype(int).sum()


@pytest.mark.parametrize("size", [(32, 32), (160, 128), (96, 64)])
def test_merging_leaves_the_composite_as_it_was(size):
    stack = soft_stack(np.random.default_rng(3), 5, 100, 70, opaque=False)
    recipe = layered(size, 5, ground=GROUND)
    whole = painted(paint_layers, stack.layers, (100, 70), recipe)
    merged = painted(paint_layers, stack.layers, (100, 70), replace(recipe, groups=((0, 2), (2, 5))))
    assert np.abs(whole[0].astype(int) - merged[0]).max() <= 2
    assert np.abs(over(whole[2:4]) - premultiplied(merged[2])).max() <= 1.01 / 255


def test_resized_layers_are_means_of_premultiplied_colour():
    """Halved, every pixel against the filter's own weights (1, 5, 5, 1 in twelfths, by the cubic of half the slope)."""
    rng = np.random.default_rng(5)
    rgba = rng.integers(0, 256, (40, 40, 4), np.uint8)
    (frame,) = painted(
        paint_picture, PlainLayer((0, 0, 40, 40), rgba), (40, 40), Recipe(Task.TEXT_TO_RGBA, (20, 20), 0)
    )
    weight = 1 - 3 * np.array([0.75, 0.25]) ** 2 + 2 * np.array([0.75, 0.25]) ** 3
    taps = np.array([*weight, *weight[::-1]]) / weight.sum() / 2
    expected, inner = premultiplied(rgba), slice(1, 19)
    for _ in range(2):
        expected = np.stack([taps @ expected[2 * k - 1 : 2 * k + 3].transpose(1, 0, 2) for k in range(1, 19)])
        expected = expected.transpose(1, 0, 2)
    assert np.abs(expected - premultiplied(frame[inner, inner])).max() < 1.01 / 255


@pytest.mark.parametrize("image_format", ["webp", "png"])
def test_pictures_are_the_composite_or_a_layer_with_its_own_caption(tmp_path, image_format):
    stack = soft_stack(np.random.default_rng(1), 3, 64, 64, opaque=False)
    one = sample_of(stack, 7)
    reader = Reader([indexed(tmp_path, members_of(one, image_format))])
    whole = reader.example(planned(Recipe(Task.TEXT_TO_RGBA, (64, 64), 1)))
    np.testing.assert_array_equal(whole.frames, one.composite[None])
    assert whole.prompt == "7"
    layer = reader.example(planned(Recipe(Task.TEXT_TO_RGBA, (64, 64), 3, picture=1)))
    left, top, right, bottom = stack.layers[1].box
    np.testing.assert_array_equal(layer.frames[0, top:bottom, left:right], stack.layers[1].rgba)
    assert layer.prompt == "layer 1 of 7"
    laid = reader.example(planned(Recipe(Task.TEXT_TO_RGB, (64, 64), None, picture=1, ground=GROUND)))
    ground = np.broadcast_to(np.uint8([*GROUND, 255]), (64, 64, 4))
    assert np.abs(over(np.stack([ground, layer.frames[0]])) - laid.frames[0] / 255.0).max() < 0.51 / 255
    assert laid.prompt == " "


@pytest.mark.parametrize(("mode", "kind"), [("RGB", "JPEG"), ("RGBA", "PNG"), ("L", "WEBP")])
def test_flat_pictures_come_with_the_words_beside_them(tmp_path, mode, kind):
    data, picture = encoded(mode, kind, size=(64, 32))
    index = indexed(tmp_path, [("a/x.jpg", data), ("a/x.txt", b" drawn\n")])
    recipe = Recipe(Task.TEXT_TO_RGBA, (64, 32), 0)
    example = Reader([index]).example(planned(recipe))
    assert example.prompt == "drawn"
    alpha = np.asarray(picture.convert("RGBA"))[..., 3]
    np.testing.assert_array_equal(example.frames[0, ..., 3], alpha)
    assert not example.frames[example.frames[..., 3] == 0].any()
    laid = Reader([index]).example(planned(replace(recipe, task=Task.TEXT_TO_RGB, size=(32, 32), ground=GROUND)))
    assert (laid.frames[..., 3] == 255).all()


def test_a_sample_of_the_job_is_read_as_it_is_stored(dataset, tmp_path):
    index = build_index(find_shards(str(dataset), "train"), WORDS)
    reader = Reader([index])
    for number in range(len(index)):
        facts = index.facts(number)
        if facts.kind != "layered":
            continue
        size = (facts.width, facts.height)
        stored = reader.example(planned(Recipe(Task.TEXT_TO_RGBA, size, 0), number))
        frames = reader.example(planned(layered(size, facts.layers), number)).frames
        assert np.abs(over(frames[1:]) - premultiplied(stored.frames[0])).max() <= 1.01 / 255


def test_a_reader_travels_without_its_files(tmp_path):
    reader = Reader([indexed(tmp_path, members_of(sample_of(soft_stack(np.random.default_rng(0), 2, 32, 32))))])
    recipe = planned(layered((32, 32), 2))
    first = reader([recipe])[0]
    again = pickle.loads(pickle.dumps(reader))([recipe])[0]
    np.testing.assert_array_equal(first.frames, again.frames)
    assert (first.planned, first.prompt) == (again.planned, again.prompt)


def test_a_picture_that_is_damaged_is_named(tmp_path):
    one = sample_of(soft_stack(np.random.default_rng(0), 2, 32, 32))
    members = [(name, data[:-20] + bytes(20) if "layer_01" in name else data) for name, data in members_of(one, "png")]
    reader = Reader([indexed(tmp_path, members)])
    said = (
        rf'train-000000.tar, sample {one.key}: an image cannot be decoded: .*; data.skip=\["{one.key}"\] leaves it out'
    )
    with pytest.raises(ValueError, match=said):
        reader([planned(layered((32, 32), 2))])


def test_a_shard_that_is_gone_or_changed_is_named(tmp_path):
    one, other = (sample_of(soft_stack(np.random.default_rng(k), 2, 32, 32), k) for k in range(2))
    index = indexed(tmp_path, members_of(one))
    path = tmp_path / "train-000000.tar"
    indexed(tmp_path, members_of(other))
    with pytest.raises(ValueError, match=rf"train-000000.tar, sample {one.key}: the shard has changed since"):
        Reader([index])([planned(layered((32, 32), 2))])
    path.unlink()
    with pytest.raises(ValueError, match=r"train-000000.tar, sample .*No such file"):
        Reader([index])([planned(layered((32, 32), 2))])


def test_a_box_beyond_the_canvas_is_refused():
    picture = PlainLayer((0, 0, 9, 9), np.zeros((9, 9, 4), np.uint8))
    with pytest.raises(ValueError, match="does not lie inside a canvas of 8 x 9"):
        painted(paint_picture, picture, (8, 9), Recipe(Task.TEXT_TO_RGBA, (32, 32), 0, picture=0))


def test_a_layer_that_shrinks_to_nothing_is_a_blank_frame():
    dot = PlainLayer((50, 50, 51, 51), np.full((1, 1, 4), 90, np.uint8))
    ground = PlainLayer((0, 0, 100, 100), np.full((100, 100, 4), 255, np.uint8))
    frames = painted(paint_layers, (ground, dot), (100, 100), layered((2, 2), 2))
    assert not frames[2].any()
    assert (frames[0] == 255).all()
