"""SVGs with pictures inside: what any browser shows, and what of other people's files is read."""

import base64
import io
from xml.etree import ElementTree

import numpy as np
import pytest
from PIL import Image

from data_pipeline.stack_io.formats import read_stack, write_stack
from schemas.stack import PlainLayer, Stack


def uri(size=(2, 2), form="PNG"):
    out = io.BytesIO()
    Image.new("RGBA", size, "red").save(out, form, lossless=True)
    return f"data:image/{form.lower()};base64,{base64.b64encode(out.getvalue()).decode()}"


def image(attributes="", size=(2, 2), href="href"):
    return f'<image width="{size[0]}" height="{size[1]}" {href}="{uri(size)}" {attributes}/>'


def read(tmp_path, inside, attributes='width="8px" height="6" viewBox="0 0 8 6"'):
    spaces = 'xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" xmlns:x="x"'
    (tmp_path / "a.svg").write_text(f"<svg {spaces} {attributes}>{inside}</svg>", encoding="utf-8")
    return read_stack(tmp_path / "a.svg")


def test_names_are_escaped(tmp_path):
    name = "\"><script>alert('1')</script>&amp;"
    layer = PlainLayer((0, 0, 1, 1), np.full((1, 1, 4), 9, np.uint8), name=name, groups=(name,))
    write_stack(Stack(2, 2, (layer,)), tmp_path / "a.svg")
    kinds = {element.tag.rpartition("}")[2] for element in ElementTree.parse(tmp_path / "a.svg").iter()}
    assert kinds == {"svg", "g", "image"}
    assert read_stack(tmp_path / "a.svg").layers[0].name == name


def test_pictures_are_placed_in_pixels_the_bottom_one_first(tmp_path):
    layers = [PlainLayer((x, 1, x + 2, 4), np.full((3, 2, 4), 9, np.uint8)) for x in (0, 3)]
    write_stack(Stack(8, 6, tuple(layers)), tmp_path / "a.svg")
    root = ElementTree.parse(tmp_path / "a.svg").getroot()
    assert (root.get("width"), root.get("height"), root.get("viewBox")) == ("8", "6", "0 0 8 6")
    places = [[image.get(name) for name in ("x", "y", "width", "height")] for image in root]
    assert places == [["0", "1", "2", "3"], ["3", "1", "2", "3"]]


def test_what_other_programs_write_of_the_same_is_read(tmp_path):
    inner = image("id='i' x='-1' y='3.0'")
    other = image("", (3, 1), "xlink:href").replace("base64,", "base64,\n  ")
    group = f'<g id="g" style="display:inline">{inner}</g>'
    stack = read(tmp_path, f"<title>t</title><defs/><x:view/>{group}{other}")
    assert [(layer.name, layer.groups, layer.box) for layer in stack.layers] == [
        ("i", ("g",), (0, 3, 1, 5)),
        ("", (), (0, 0, 3, 1)),
    ]


@pytest.mark.parametrize(
    ("inside", "message"),
    [
        ('<rect width="1" height="1"/>', "it draws a rect"),
        ('<defs><rect width="1" height="1"/></defs>', "it draws a defs"),
        ("<script>alert(1)</script>", "it draws a script"),
        (image('transform="scale(2)" id="i"'), r"image 'i' has transform='scale\(2\)'"),
        (f'<g opacity="0.5">{image()}</g>', "g '' has opacity='0.5'"),
        (image('style="opacity:0.5"'), "has style='opacity:0.5'"),
        (image('class="c"'), "has class='c'"),
        (image('x="0.5"'), "x='0.5', which is no whole number"),
        ('<image width="2" height="2" href="file:///etc/passwd"/>', "inside the file, but 'file:///etc/passwd'"),
        ('<image width="2" height="2" href="https://example.com/a.png"/>', "inside the file, but 'https://example"),
        ('<image width="2" height="2" href="data:image/svg+xml;base64,AAAA"/>', "is no PNG or WebP"),
        ('<image width="2" height="2" href="data:image/png;base64,A"/>', "its data are damaged"),
        ('<image width="2" height="2" href="data:image/png;base64,AAAA"/>', "neither a PNG nor a WebP"),
        ('<image width="2" height="2"/>', "is no PNG or WebP"),
        (image().replace('width="2"', 'width="4"'), "is 2 x 2 px where 4 x 2 px are due"),
        ("<g>" * 300 + "</g>" * 300, "nested deeper"),
    ],
)
def test_what_is_no_plain_layer_is_named(tmp_path, inside, message):
    with pytest.raises(ValueError, match=rf"a\.svg: .*{message}"):
        read(tmp_path, inside)


@pytest.mark.parametrize(
    ("attributes", "message"),
    [
        ('width="8"', "height=None, which is no whole number"),
        ('width="100%" height="6"', "width='100%'"),
        ('width="8" height="6" viewBox="0 0 16 12"', "viewBox '0 0 16 12' is not its size"),
        ('width="99999" height="6"', "too large"),
        ('width="8" height="6" style="opacity:0"', "has style"),
    ],
)
def test_a_canvas_that_is_not_its_pixels_is_named(tmp_path, attributes, message):
    with pytest.raises(ValueError, match=rf"a\.svg: .*{message}"):
        read(tmp_path, image(), attributes)


@pytest.mark.parametrize(
    ("head", "message"),
    [
        ('<!DOCTYPE svg [<!ENTITY a "b">]>', r"a\.svg: the SVG: declares a document type"),
        ('<?xml version="1.0" encoding="klingon"?>', r"a\.svg: the SVG: is no XML: unknown encoding"),
    ],
)
def test_entities_and_unknown_encodings_are_refused(tmp_path, head, message):
    (tmp_path / "a.svg").write_text(f'{head}<svg xmlns="http://www.w3.org/2000/svg" width="1" height="1"/>')
    with pytest.raises(ValueError, match=message):
        read_stack(tmp_path / "a.svg")
