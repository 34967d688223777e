"""Folders of pictures: ours, the released pipeline's, and what is wrong with one, by the name of the file."""

import json

import numpy as np
import pytest
from PIL import Image

from data_pipeline.compose import compose
from data_pipeline.stack_io.formats import read_stack, write_stack
from schemas.stack import PlainLayer, Stack

CANVAS = (6, 4)


def save(folder, name, colour=(1, 2, 3, 255), size=CANVAS, box=(0, 0, 6, 4), mode="RGBA", form=None):
    """A picture of a canvas with this colour in the box."""
    rgba = np.zeros((size[1], size[0], 4), np.uint8)
    rgba[box[1] : box[3], box[0] : box[2]] = colour
    folder.mkdir(exist_ok=True)
    Image.fromarray(rgba).convert(mode).save(folder / name, form, lossless=True)


def test_the_released_pipelines_layers_are_cropped_to_their_alpha(tmp_path):
    save(tmp_path, "0.png")
    save(tmp_path, "1.png", (9, 8, 7, 100), box=(2, 1, 5, 3))
    stack = read_stack(tmp_path)
    assert (stack.width, stack.height) == CANVAS
    assert [layer.box for layer in stack.layers] == [(0, 0, 6, 4), (2, 1, 5, 3)]
    assert [layer.name for layer in stack.layers] == ["0", "1"]
    np.testing.assert_array_equal(stack.layers[1].rgba, np.full((2, 3, 4), (9, 8, 7, 100)))


def test_a_transparent_canvas_stays_a_layer_without_a_pixel(tmp_path):
    save(tmp_path, "0.png", (9, 9, 9, 0))
    (layer,) = read_stack(tmp_path).layers
    assert (layer.box, layer.rgba.shape) == ((0, 0, 0, 0), (0, 0, 4))


@pytest.mark.parametrize(
    "name", ["{}.png", "layer_{}.png", "layer_{:04d}.png", "image_{}.PNG", "Comfy_{:05d}_.png", "{}.webp"]
)
@pytest.mark.parametrize("first", [0, 1])
def test_layers_are_ordered_by_their_numbers(tmp_path, name, first):
    numbers = range(first, first + 12)
    for number in reversed(numbers):
        save(tmp_path, name.format(number), (number, 0, 0, 255))
    assert [layer.rgba[0, 0, 0] for layer in read_stack(tmp_path).layers] == list(numbers)


def test_a_composite_hidden_files_and_notes_are_no_layers(tmp_path):
    for name in ("0.png", "composite.png", ".1.png"):
        save(tmp_path, name)
    (tmp_path / "1.txt").write_text("a prompt")
    assert len(read_stack(tmp_path).layers) == 1


@pytest.mark.parametrize(
    ("pictures", "message"),
    [
        ([], "holds no picture"),
        (["0.png", "2.png"], r"2\.png: is there, but no picture with the number 1"),
        (["2.png", "3.png"], r"3\.png: is there, but no picture with the number 0"),
        (["1.png", "01.png"], r"1\.png: has the number of 01\.png"),
        (["1.png", "1.webp"], r"1\.webp: has the number of 1\.png"),
        (["0.png", "input.png"], r"input\.png: the name of a layer ends in its number"),
        (["a_0.png", "b_1.png"], r"b_1\.png: is not called as a_0\.png is"),
        (["0.png", "1.tif"], r"1\.tif: a layer is a PNG or a WebP"),
    ],
)
def test_an_unclear_folder_names_the_file(tmp_path, pictures, message):
    for name in pictures:
        save(tmp_path, name)
    with pytest.raises(ValueError, match=f"{tmp_path}: {message}"):
        read_stack(tmp_path)


def test_a_layer_of_another_size_is_named(tmp_path):
    save(tmp_path, "0.png")
    save(tmp_path, "1.png", size=(6, 5))
    with pytest.raises(ValueError, match=r"1\.png: is 6 x 5 px where 6 x 4 px are due"):
        read_stack(tmp_path)


@pytest.mark.parametrize("mode", ["L", "LA", "P", "RGB", "1"])
def test_layers_without_a_colour_or_an_alpha_are_read(tmp_path, mode):
    save(tmp_path, "0.png", (255, 255, 255, 255), mode=mode)
    assert (read_stack(tmp_path).layers[0].rgba == 255).all()


@pytest.fixture
def ours(tmp_path):
    layers = (
        PlainLayer((0, 0, 6, 4), np.full((4, 6, 4), 200, np.uint8), name="Ground"),
        PlainLayer((1, 1, 3, 2), np.full((1, 2, 4), 99, np.uint8), name="../../x", groups=("a/b", "..")),
    )
    write_stack(Stack(6, 4, layers), tmp_path / "ours")
    return tmp_path / "ours"


def test_our_folder_holds_the_composite_cropped_layers_and_where_they_lie(ours):
    assert sorted(path.name for path in ours.iterdir()) == [
        "composite.png",
        "layer_00.png",
        "layer_01.png",
        "stack.json",
    ]
    np.testing.assert_array_equal(np.asarray(Image.open(ours / "composite.png")), compose(read_stack(ours)))
    assert Image.open(ours / "layer_01.png").size == (2, 1)
    assert json.loads((ours / "stack.json").read_text())["layers"][1] == {
        "file": "layer_01.png",
        "box": [1, 1, 3, 2],
        "name": "../../x",
        "groups": ["a/b", ".."],
    }


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda d: d.update(width=2), "the box .* of layer 0 leaves the canvas"),
        (lambda d: d.update(width=10**9), "too large"),
        (lambda d: d.update(version=2), r"\$\.version"),
        (lambda d: d["layers"][0].update(box=[0, 0, 5, 4]), r"layer_00\.png: is 6 x 4 px where 5 x 4 px are due"),
        (lambda d: d["layers"][0].update(box=[3, 0, 2, 4]), "leaves the canvas"),
        (lambda d: d["layers"][0].update(box=[0, 0, 0, 4]), "0 x 4 px and a file"),
        (lambda d: d["layers"][0].update(file=None), "6 x 4 px and no file"),
        (lambda d: d["layers"][0].update(file="layer_09.png"), r"layer_09\.png: is not there"),
        (lambda d: d["layers"][0].update(file="../layer_00.png"), r"\$\.layers\[0\]\.file"),
        (lambda d: d["layers"][0].pop("groups"), "'groups' is a required property"),
        (lambda d: d.clear(), "required property"),
    ],
)
def test_a_stack_json_that_does_not_fit_is_named(ours, change, message):
    described = json.loads((ours / "stack.json").read_text())
    change(described)
    (ours / "stack.json").write_text(json.dumps(described))
    with pytest.raises(ValueError, match=f"ours: .*{message}"):
        read_stack(ours)


def test_a_missing_picture_is_named(ours):
    (ours / "layer_01.png").unlink()
    with pytest.raises(ValueError, match=r"layer_01\.png: is not there, but stack\.json names it"):
        read_stack(ours)


def test_a_stack_replaces_a_stack_and_leaves_nothing_of_it(ours):
    write_stack(Stack(3, 3, ()), ours)
    assert sorted(path.name for path in ours.iterdir()) == ["composite.png", "stack.json"]
    assert [path.name for path in ours.parent.iterdir()] == ["ours"]


def test_a_folder_that_holds_anything_else_is_left_alone(ours):
    (ours / "thesis.doc").write_text("years of work")
    before = sorted(path.read_bytes() for path in ours.iterdir())
    with pytest.raises(ValueError, match=r"holds thesis\.doc, which is not part of a layer stack"):
        write_stack(Stack(3, 3, ()), ours)
    assert sorted(path.read_bytes() for path in ours.iterdir()) == before


def test_a_picture_that_is_larger_than_any_stack_is_not_read(tmp_path):
    with open(tmp_path / "0.png", "wb") as file:
        file.truncate(5 << 30)  # sparse: no disk holds it
    with pytest.raises(ValueError, match=r"0\.png: is larger than"):
        read_stack(tmp_path)
