"""OpenRaster files: laid out as its specification asks, and read as far as plain layers can say what they say."""

import io
import zipfile

import numpy as np
import pytest
from PIL import Image

from data_pipeline.compose import compose
from data_pipeline.stack_io.formats import read_stack, write_stack
from schemas.stack import PlainLayer, Stack


def png(colour, size=(2, 2)):
    out = io.BytesIO()
    Image.new("RGBA", size, colour).save(out, "PNG")
    return out.getvalue()


def ora(path, xml, **pictures):
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("mimetype", "image/openraster")
        archive.writestr("stack.xml", xml)
        for name, data in pictures.items():
            archive.writestr(f"data/{name}.png", data)
    return path


def read(tmp_path, inside, **pictures):
    return read_stack(ora(tmp_path / "a.ora", f'<image w="8" h="6"><stack>{inside}</stack></image>', **pictures))


def test_the_archive_is_laid_out_as_the_specification_asks(tmp_path):
    rgba = np.full((300, 400, 4), 200, np.uint8)
    high = PlainLayer((5, 6, 395, 300), np.ascontiguousarray(rgba[6:, :390]), name="high")
    stack = Stack(400, 300, (PlainLayer((0, 0, 400, 300), rgba, name="low"), high))
    write_stack(stack, tmp_path / "a.ora")
    with zipfile.ZipFile(tmp_path / "a.ora") as archive:
        first = archive.infolist()[0]
        assert (first.filename, first.compress_type, archive.read(first)) == ("mimetype", 0, b"image/openraster")
        xml = archive.read("stack.xml").decode()
        merged = np.asarray(Image.open(archive.open("mergedimage.png")))
        thumbnail = Image.open(archive.open("Thumbnails/thumbnail.png"))
    assert xml.index("high") < xml.index("low")  # the top one comes first
    np.testing.assert_array_equal(merged, compose(stack))
    assert thumbnail.size == (256, 192)


def test_groups_are_read_from_the_top(tmp_path):
    stack = read(
        tmp_path,
        '<layer name="top" src="data/a.png"/><stack name="g"><layer name="two" src="data/a.png" x="3"/>'
        '<stack name="h"><layer name="one" src="data/a.png" y="1"/></stack></stack><layer src="data/a.png"/>',
        a=png("red"),
    )
    assert [(layer.name, layer.groups) for layer in stack.layers] == [
        ("", ()), ("one", ("g", "h")), ("two", ("g",)), ("top", ()),
    ]  # fmt: skip
    assert [layer.box for layer in stack.layers[1:3]] == [(0, 1, 2, 3), (3, 0, 5, 2)]


def test_a_layer_is_cropped_to_the_canvas(tmp_path):
    stack = read(tmp_path, '<layer src="data/a.png" x="-1" y="5"/><layer src="data/a.png" x="80"/>', a=png("red"))
    assert [layer.box for layer in stack.layers] == [(8, 0, 8, 0), (0, 5, 1, 6)]


def test_opacity_is_multiplied_into_alpha_and_rounded(tmp_path):
    stack = read(tmp_path, '<layer src="data/a.png" opacity="0.5"/>', a=png((9, 8, 7, 201)))
    assert stack.layers[0].rgba[0, 0].tolist() == [9, 8, 7, 101]


def test_what_is_hidden_is_no_layer(tmp_path):
    hidden = '<stack visibility="hidden"><layer src="data/none.png"/></stack><layer src="x" visibility="hidden"/>'
    assert len(read(tmp_path, f'{hidden}<layer src="data/a.png"/>', a=png("red")).layers) == 1


@pytest.mark.parametrize(
    ("inside", "message"),
    [
        ('<layer name="n" src="data/a.png" composite-op="svg:multiply"/>', "layer 'n' is blended by svg:multiply"),
        ('<stack name="g" opacity="0.5"><layer src="data/a.png"/></stack>', "stack 'g' is faded"),
        ('<stack name="g" x="3"><layer src="data/a.png"/></stack>', "stack 'g' is faded or moved"),
        ('<layer name="n" src="data/a.png" opacity="nan"/>', "opacity='nan'"),
        ('<layer name="n" src="data/a.png" opacity="2"/>', "opacity='2'"),
        ('<layer src="data/b.png"/>', r"data/b\.png: is not there"),
        ('<layer src="../a.png"/>', r"\.\./a\.png: is not there"),
        ('<layer src="data/a.png" x="1.5"/>', "x='1.5', which is no whole number"),
        ('<text name="t"/>', "holds a text"),
        ('<layer src="data/a.svg"/>', r"data/a\.svg: is not there"),
        ("<stack>" * 300 + "</stack>" * 300, "nested deeper"),
        ("<layer>", "is no XML"),
    ],
)
def test_what_plain_layers_cannot_say_is_named(tmp_path, inside, message):
    with pytest.raises(ValueError, match=rf"a\.ora: .*{message}"):
        read(tmp_path, inside, a=png("red"))


@pytest.mark.parametrize(
    "doctype",
    [
        '<!DOCTYPE image [<!ENTITY a "ha"><!ENTITY b "&a;&a;">]>',
        '<!DOCTYPE image SYSTEM "file:///etc/passwd">',
        "<!DOCTYPE image>",
    ],
)
def test_a_document_type_is_refused(tmp_path, doctype):
    path = ora(tmp_path / "a.ora", f'{doctype}<image w="8" h="6"><stack/></image>')
    with pytest.raises(ValueError, match=r"stack\.xml: declares a document type"):
        read_stack(path)


def test_another_zip_is_no_openraster_file(tmp_path):
    with zipfile.ZipFile(tmp_path / "a.ora", "w") as archive:
        archive.writestr("mimetype", "application/epub+zip")
    with pytest.raises(ValueError, match="mimetype: is not that of OpenRaster"):
        read_stack(tmp_path / "a.ora")
