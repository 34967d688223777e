"""PSDs of others: plain ones are read layer by layer, all others flattened as `make shards` flattens them."""

import io

import numpy as np
import pytest
from psd_tools import PSDImage
from psd_tools.constants import BlendMode

from data_pipeline.colour import colour_space
from data_pipeline.compose import compose
from data_pipeline.document import open_document
from data_pipeline.drawing import Fill, Group, Mask, Pixels, Stroke, draw, random_design
from data_pipeline.painting import paint_document
from data_pipeline.stack_io.formats import read_stack, write_stack
from data_pipeline.stack_io.pictures import LIMITS
from data_pipeline.stack_io.psd import is_plain, write_psd
from schemas.stack import PlainLayer, Stack


def disc(colour=(200, 30, 40), side=12):
    y, x = np.mgrid[:side, :side] + 0.5
    rgba = np.full((side, side, 4), (*colour, 0), np.uint8)
    rgba[..., 3] = np.rint(255 * np.clip(side / 2 - np.hypot(x - side / 2, y - side / 2), 0, 1))
    rgba[rgba[..., 3] == 0] = 0
    return rgba


GROUND = Pixels(name="Ground", rgba=np.full((16, 20, 4), 255, np.uint8))


def read(tmp_path, *layers, **options):
    draw(tmp_path / "a.psd", 20, 16, (GROUND, *layers), **options)
    return read_stack(tmp_path / "a.psd")


@pytest.mark.parametrize(
    "layer",
    [
        Pixels(rgba=disc(), blend_mode=BlendMode.MULTIPLY),
        Pixels(rgba=disc(), opacity=128),
        Pixels(rgba=disc(), fill=128),
        Pixels(rgba=disc(), visible=False),
        Pixels(rgba=disc(), clipping=True),
        Pixels(rgba=disc(), knockout=1),
        Pixels(rgba=disc(), effects=(Stroke(2, (1, 2, 3)),)),
        Pixels(rgba=disc(), mask=Mask(np.full((4, 4), 255, np.uint8))),
        Pixels(rgba=disc(), restricted_channels=(0,)),
        Pixels(rgba=disc(), vector_mask=(((1, 1), (9, 1), (9, 9)),)),
        Fill(paint=(1, 2, 3)),
        Group(layers=(Pixels(rgba=disc()),), opacity=128),
        Group(layers=(Pixels(rgba=disc()),), blend_mode=BlendMode.MULTIPLY),
        Group(layers=(Pixels(rgba=disc()),), visible=False),
        Group(layers=(Pixels(rgba=disc()),), mask=Mask(np.full((4, 4), 255, np.uint8))),
        Group(layers=(Pixels(rgba=disc()),), artboard=(0, 0, 9, 9)),
        Group(layers=(Pixels(rgba=disc(), opacity=128),)),
    ],
)
def test_anything_but_visible_pixels_in_groups_is_flattened(tmp_path, layer):
    stack = read(tmp_path, layer)
    document = open_document(tmp_path / "a.psd", LIMITS)
    assert not is_plain(document)
    painted = paint_document(document, colour_space(document), LIMITS)
    np.testing.assert_array_equal(compose(stack), painted.composite)


@pytest.mark.parametrize("blend_mode", [BlendMode.PASS_THROUGH, BlendMode.NORMAL])
def test_a_plain_document_is_read_as_it_flattens(tmp_path, blend_mode):
    inner = Group(name="内", layers=(Pixels(name="b", rgba=disc(side=9), left=-3, top=10),), blend_mode=blend_mode)
    group = Group(name="g", layers=(Pixels(name="a", rgba=disc(), left=4), inner), blend_mode=blend_mode)
    stack = read(tmp_path, group, Pixels(name="c", rgba=disc(), left=30))
    document = open_document(tmp_path / "a.psd", LIMITS)
    assert is_plain(document)
    painted = paint_document(document, colour_space(document), LIMITS)
    shown = [layer for layer in stack.layers if layer.rgba.size]
    np.testing.assert_array_equal(compose(Stack(20, 16, tuple(shown))), painted.composite)
    assert [(layer.name, layer.groups) for layer in stack.layers] == [
        ("Ground", ()), ("a", ("g",)), ("b", ("g", "内")), ("c", ()),
    ]  # fmt: skip
    assert [layer.box for layer in stack.layers[2:]] == [(0, 10, 6, 16), (20, 0, 20, 0)]


def test_flattened_layers_have_the_names_and_groups_of_their_nodes(tmp_path):
    ring = Pixels(name="Ring", rgba=disc(), left=3, effects=(Stroke(2, (1, 2, 3)),))
    stack = read(tmp_path, Group(name="Outer", layers=(Group(name="内", layers=(ring,), opacity=200),)))
    named = [(layer.name, layer.groups) for layer in stack.layers]
    assert named[0] == ("Ground", ())
    assert ("Ring", ("Outer", "内")) in named
    assert {groups for name, groups in named[1:]} == {("Outer", "内")}


@pytest.mark.parametrize("depth", [8, 16])
@pytest.mark.parametrize("mode", ["RGB", "L", "CMYK", "LAB"])
def test_every_mode_and_depth_becomes_8_bit_rgb(tmp_path, mode, depth):
    stack = read(tmp_path, Pixels(name="Disc", rgba=disc(), left=2), mode=mode, depth=depth)
    assert stack.layers[1].box == (2, 0, 14, 12)
    assert stack.layers[1].rgba[6, 6, 3] == 255
    if mode == "RGB":
        np.testing.assert_array_equal(stack.layers[1].rgba, disc())


@pytest.mark.parametrize("seed", range(4))
def test_what_is_read_of_a_random_design_can_be_written_and_read_again(tmp_path, seed):
    width, height, layers = random_design(np.random.default_rng(seed))
    draw(tmp_path / "a.psd", width, height, layers)
    stack = read_stack(tmp_path / "a.psd")
    write_stack(stack, tmp_path / "b.psd")
    np.testing.assert_array_equal(compose(read_stack(tmp_path / "b.psd")), compose(stack))


def test_a_psd_without_layers_is_named_as_make_shards_names_it(tmp_path):
    PSDImage.new("RGB", (4, 4)).save(tmp_path / "flat.psd")
    with pytest.raises(ValueError, match=r"flat\.psd: no_layers: a flat rgb picture"):
        read_stack(tmp_path / "flat.psd")


def test_more_than_a_psd_holds_asks_for_a_psb():
    side = 12_000
    huge = PlainLayer((0, 0, side, side), np.broadcast_to(np.uint8(0), (side, side, 4)))
    with pytest.raises(ValueError, match=r"a PSD holds 2 GiB; give the file a name that ends in \.psb"):
        write_psd(Stack(side, side, (huge,) * 4), io.BytesIO())
