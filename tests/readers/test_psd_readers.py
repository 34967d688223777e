"""A PSD that we write opens with the same layers in psd-tools, ag-psd, ImageMagick and Pillow."""

import base64
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from psd_tools import PSDImage

from data_pipeline.compose import compose
from data_pipeline.curate import curate
from data_pipeline.fidelity import over_white
from data_pipeline.stack_io.formats import write_stack
from schemas.sample import Sample
from schemas.stack import PlainLayer, Stack

PACKAGES = Path(sys.prefix) / "readers" / "node_modules"  # `make test` installs them
SCRIPT = Path(__file__).with_name("ag_psd_layers.cjs")


def layer(box, seed, name, groups=()):
    rng = np.random.default_rng(seed)
    rgba = rng.integers(0, 256, (box[3] - box[1], box[2] - box[0], 4), dtype=np.uint8)
    rgba[::2, ::2, 3] = 255
    rgba[1::4, :, 3] = 0
    rgba[rgba[..., 3] == 0] = 0
    return PlainLayer(box, rgba, name=name, groups=groups)


STACK = Stack(
    70,
    50,
    (
        layer((0, 0, 70, 50), 0, "Ground"),
        layer((3, 5, 40, 31), 1, "Слой 🦊", ("Outer", "内側")),
        layer((69, 49, 70, 50), 2, "corner", ("Outer",)),
        PlainLayer((10, 10, 14, 13), np.zeros((3, 4, 4), np.uint8), name="blank"),
        layer((0, 20, 1, 50), 3, "edge"),
    ),
)
TREE = ["Ground", ["Outer", ["内側", "Слой 🦊"], "corner"], "blank", "edge"]


@pytest.fixture(params=["written.psd", "written.psb"])
def written(request, tmp_path):
    write_stack(STACK, tmp_path / request.param)
    return tmp_path / request.param


def shape(node):
    """Names alone: a group is the list of its own and its children's."""
    return node["name"] if node.get("children") is None else [node["name"], *map(shape, node["children"])]


def leaves(node):
    return [node] if node.get("children") is None else [leaf for child in node["children"] for leaf in leaves(child)]


def assert_same_layers(root):
    assert [shape(child) for child in root["children"]] == TREE
    for ours, theirs in zip(STACK.layers, leaves(root), strict=True):
        assert tuple(theirs["box"]) == ours.box
        np.testing.assert_array_equal(theirs["rgba"], ours.rgba)


def test_psd_tools_reads_the_same_layers(written):
    def described(one):
        rgba = None if one.is_group() else np.rint(one.numpy() * 255).astype(np.uint8)
        children = [described(child) for child in one] if one.is_group() else None
        return {"name": one.name, "children": children, "box": one.bbox, "rgba": rgba}

    assert_same_layers({"children": [described(one) for one in PSDImage.open(written)]})


def test_ag_psd_reads_the_same_layers(written):
    if shutil.which("node") is None or not PACKAGES.is_dir():
        pytest.skip("ag-psd is not installed: it takes node and npm, with which `make test` installs it")
    run = subprocess.run(
        ["node", SCRIPT, written], env=os.environ | {"NODE_PATH": str(PACKAGES)}, capture_output=True, check=True
    )
    root = json.loads(run.stdout)
    assert (root["width"], root["height"]) == (STACK.width, STACK.height)
    for leaf in leaves(root):
        left, top, right, bottom = leaf["box"]
        data = np.frombuffer(base64.b64decode(leaf["rgba"]), np.uint8)
        leaf["rgba"] = data.reshape(bottom - top, right - left, 4)
    assert_same_layers(root)


@pytest.fixture
def convert():
    path = shutil.which("convert-im6.q16") or shutil.which("magick") or shutil.which("convert")
    identified = path and subprocess.run([path, "-version"], capture_output=True, check=False).stdout
    if not identified or b"ImageMagick" not in identified:
        pytest.skip("ImageMagick is not installed: `apt-get install imagemagick`")
    return path


def test_imagemagick_reads_the_same_layers_and_picture(written, convert, tmp_path):
    told = subprocess.run(
        [convert, written, "-format", "%p %wx%h%X%Y %[label]\n", "info:"], capture_output=True, text=True, check=True
    ).stdout.splitlines()
    assert len(told) == 1 + len(STACK.layers)  # the picture comes first
    subprocess.run([convert, written, "-define", "png:color-type=6", tmp_path / "%d.png"], check=True)
    composite = compose(STACK)
    seen = np.asarray(Image.open(tmp_path / "0.png").convert("RGBA"))
    np.testing.assert_array_equal(seen[..., 3], composite[..., 3])
    whole = composite[..., 3] == 255
    np.testing.assert_array_equal(seen[whole], composite[whole])
    for index, one in enumerate(STACK.layers, start=1):
        left, top, right, bottom = one.box
        assert told[index].startswith(f"{index} {right - left}x{bottom - top}+{left}+{top}")
        assert not one.name.isascii() or told[index].endswith(f" {one.name}")
        rgba = np.array(Image.open(tmp_path / f"{index}.png").convert("RGBA"))
        rgba[rgba[..., 3] == 0] = 0
        np.testing.assert_array_equal(rgba, one.rgba)


def test_pillow_shows_the_picture_as_photoshop_stores_it_matted_with_white(tmp_path):
    write_stack(STACK, tmp_path / "written.psd")
    with Image.open(tmp_path / "written.psd") as picture:
        assert picture.mode == "RGBA"
        seen = np.asarray(picture)
    composite = compose(STACK)
    np.testing.assert_array_equal(seen[..., 3], composite[..., 3])
    np.testing.assert_array_equal(seen[..., :3], over_white(composite))


def test_our_own_pipeline_takes_it_for_gold(written):
    result = curate(written)
    assert isinstance(result, Sample)
    assert result.document.gold
    assert result.document.unsupported == []
