"""PowerPoint files of one slide: what PowerPoint's own reader sees, and what of other people's files is read."""

import io

import numpy as np
import pytest
from PIL import Image
from pptx import Presentation
from pptx.oxml.ns import qn
from pptx.util import Emu

from data_pipeline.stack_io.formats import read_stack, write_stack
from schemas.stack import PlainLayer, Stack

PIXEL = 9525


def layer(box, name="", groups=()):
    return PlainLayer(box, np.full((box[3] - box[1], box[2] - box[0], 4), 99, np.uint8), name=name, groups=groups)


STACK = Stack(200, 100, (layer((0, 0, 200, 100), "low"), layer((10, 20, 30, 60), "é <b>", ("g", "h"))))


@pytest.fixture
def deck(tmp_path):
    write_stack(STACK, tmp_path / "a.pptx")
    return Presentation(tmp_path / "a.pptx")


def reread(deck, tmp_path):
    deck.save(tmp_path / "b.pptx")
    return read_stack(tmp_path / "b.pptx")


def test_one_slide_of_the_canvas_holds_the_pictures_in_their_groups(deck):
    (slide,) = deck.slides
    assert (deck.slide_width, deck.slide_height) == (200 * PIXEL, 100 * PIXEL)
    low, group = slide.shapes
    (inner,) = group.shapes
    (picture,) = inner.shapes
    assert [shape.name for shape in (low, group, inner, picture)] == ["low", "g", "h", "é <b>"]
    place = (picture.left, picture.top, picture.width, picture.height)
    assert place == tuple(PIXEL * side for side in (10, 20, 20, 40))
    np.testing.assert_array_equal(np.asarray(Image.open(io.BytesIO(picture.image.blob))), STACK.layers[1].rgba)


def test_nothing_of_the_template_is_left(deck):
    about = deck.core_properties
    assert (about.author, about.title, about.last_modified_by) == ("", "", "")


def test_another_program_saves_it_and_it_reads_the_same(deck, tmp_path):
    back = reread(deck, tmp_path)
    assert [(one.name, one.groups, one.box) for one in back.layers] == [
        ("low", (), (0, 0, 200, 100)),
        ("é <b>", ("g", "h"), (10, 20, 30, 60)),
    ]


@pytest.mark.parametrize("size", [(1, 1), (16, 9), (30, 1600), (6000, 4000)])
def test_a_canvas_beyond_what_slides_may_be_is_scaled_as_a_whole(tmp_path, size):
    stack = Stack(*size, (layer((0, 0, 1, 1)),))
    write_stack(stack, tmp_path / "a.pptx")
    back = read_stack(tmp_path / "a.pptx")
    assert ((back.width, back.height), back.layers[0].box) == (size, (0, 0, 1, 1))


def test_a_canvas_too_narrow_for_a_slide_is_refused(tmp_path):
    with pytest.raises(ValueError, match=r"a\.pptx: a canvas of 1 x 100 px is too narrow for a slide"):
        write_stack(Stack(1, 100, ()), tmp_path / "a.pptx")
    assert not any(tmp_path.iterdir())


def test_the_released_pipelines_export_is_read(tmp_path):
    """Its app puts full canvases on a slide, 96 pixels an inch, in EMU cut to whole numbers."""
    deck = Presentation()
    width, height = 641, 480
    deck.slide_width, deck.slide_height = Emu(int(width / 96 * 914400)), Emu(int(height / 96 * 914400))
    slide = deck.slides.add_slide(deck.slide_layouts[6])
    for colour in ("red", "blue"):
        out = io.BytesIO()
        Image.new("RGBA", (width, height), colour).save(out, "PNG")
        slide.shapes.add_picture(out, 0, 0, deck.slide_width, deck.slide_height)
    stack = reread(deck, tmp_path)
    assert (stack.width, stack.height) == (width, height)
    assert [one.box for one in stack.layers] == [(0, 0, width, height)] * 2
    assert [one.rgba[0, 0].tolist() for one in stack.layers] == [[255, 0, 0, 255], [0, 0, 255, 255]]


def test_what_is_hidden_is_no_layer(deck, tmp_path):
    deck.slides[0].shapes[1]._element.nvGrpSpPr.cNvPr.set("hidden", "1")
    assert [one.name for one in reread(deck, tmp_path).layers] == ["low"]


def test_a_slide_of_another_scale_is_read_by_its_pictures(deck, tmp_path):
    low, group = deck.slides[0].shapes
    group._element.getparent().remove(group._element)
    deck.slide_width, deck.slide_height = deck.slide_width * 2, deck.slide_height * 2
    low.width, low.height = deck.slide_width, deck.slide_height
    assert (reread(deck, tmp_path).width, reread(deck, tmp_path).layers[0].box) == (200, (0, 0, 200, 100))


def crop(deck, low, group):
    low.crop_left = 0.25


def fade(deck, low, group):
    blip = low._element.blipFill.blip
    blip.append(blip.makeelement(qn("a:alphaModFix"), {"amt": "50000"}))


def flip(deck, low, group):
    low._element.spPr.get_or_add_xfrm().set("flipH", "1")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (crop, "picture 'low' is cropped"),
        (fade, "picture 'low' is recoloured or faded"),
        (flip, "picture 'low' is turned or mirrored"),
        (lambda deck, low, group: setattr(low, "rotation", 5), "picture 'low' is turned"),
        (lambda deck, low, group: setattr(low, "left", PIXEL // 2), "picture 'low' does not lie on whole pixels"),
        (lambda deck, low, group: setattr(group.shapes[0].shapes[0], "width", 40 * PIXEL), "'é <b>' is shown at a sc"),
        (lambda deck, low, group: setattr(group, "left", 0), "group 'g' moves or scales"),
        (lambda deck, low, group: deck.slides[0].shapes.add_textbox(0, 0, 9, 9), "a sp; only pictures"),
        (lambda deck, low, group: deck.slides.add_slide(deck.slide_layouts[6]), "has 2 slides"),
        (lambda deck, low, group: setattr(deck, "slide_width", 201 * PIXEL + 99), "the slide does not lie"),
    ],
)
def test_what_is_no_plain_layer_is_named(deck, tmp_path, change, message):
    change(deck, *deck.slides[0].shapes)
    with pytest.raises(ValueError, match=rf"b\.pptx: .*{message}"):
        reread(deck, tmp_path)


def test_a_picture_outside_the_file_is_not_looked_up(deck, tmp_path):
    low = deck.slides[0].shapes[0]
    relation = deck.slides[0].part.relate_to(
        "file:///etc/passwd", low.part.rels[low._element.blip_rId].reltype, is_external=True
    )
    low._element.blipFill.blip.rEmbed = relation
    with pytest.raises(ValueError, match="picture 'low' does not lie inside the file"):
        reread(deck, tmp_path)
