"""What people write, and what is said of it where it is wrong."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from inference.edit_spelling import parse_edits, read_script
from inference.edits import Edit, Move, Opacity, Recolour, Remove, Reorder, Replace, Resize, Rotate


@pytest.mark.parametrize(
    ("text", "edits"),
    [
        ("move layer=2 dx=10 dy=-4", [Move(2, 10, -4)]),
        ("move layer=2 dy=1; opacity layer=title value=0.5;", [Move(2, 0, 1), Opacity("title", 0.5)]),
        (
            'recolour layer="Big; title" colour=#0aFF01\nremove layer=0',
            [Recolour("Big; title", (10, 255, 1)), Remove(0)],
        ),
        ("resize layer=1 scale=2", [Resize(1, (2, 2))]),
        ("resize layer=1 scale=2,0.5", [Resize(1, (2, 0.5))]),
        ("resize layer=1 box=-1,2,30,40", [Resize(1, box=(-1, 2, 30, 40))]),
        ("rotate layer=1 degrees=-1e1; reorder layer=1 to=0", [Rotate(1, -10), Reorder(1, 0)]),
    ],
)
def test_the_short_spelling(text: str, edits: list[Edit]) -> None:
    assert list(parse_edits(text)) == edits


def test_a_script_says_the_same(tmp_path: Path) -> None:
    script = tmp_path / "edits.yaml"
    script.write_text(
        "- move: {layer: 2, dx: 10, dy: -4}\n- opacity: {layer: '2', value: 1}\n"
        "- recolour: {layer: title, colour: '#0aFF01'}\n- resize: {layer: 0, scale: [2, 0.5]}\n"
        "- resize: {layer: 0, box: [1, 2, 3, 4]}\n"
    )
    assert read_script(script) == (
        Move(2, 10, -4),
        Opacity("2", 1),
        Recolour("title", (10, 255, 1)),
        Resize(0, (2, 0.5)),
        Resize(0, box=(1, 2, 3, 4)),
    )
    (tmp_path / "edits.json").write_text('[{"remove": {"layer": 3}}]')
    assert read_script(tmp_path / "edits.json") == (Remove(3),)


def test_a_picture_lies_beside_the_script(tmp_path: Path) -> None:
    Image.new("RGB", (3, 2), "red").save(tmp_path / "red.png")
    (tmp_path / "edits.yaml").write_text("- replace: {layer: 0, picture: red.png}")
    (edit,) = read_script(tmp_path / "edits.yaml")
    assert isinstance(edit, Replace)
    assert np.array_equal(edit.picture, np.full((2, 3, 4), (255, 0, 0, 255), np.uint8))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "there is no edit; write e.g."),
        ("move layer=1; mvoe layer=1", "edit 2: there is no operation 'mvoe'; did you mean move"),
        ("opacity layer=1 valeu=1", "edit 1: opacity has no parameter 'valeu'; did you mean value"),
        ("opacity layer=1", "edit 1: opacity needs value; opacity takes layer, value"),
        ("move dx=1", "move needs layer"),
        ("move layer=1 dx", "'dx' is no parameter=value"),
        ("move layer=1 dx=1 dx=2", "move has dx twice"),
        ("move layer=1 dx=1.5", "dx is '1.5'; it must be a whole number of pixels"),
        ("move layer=1 dx=inf", "whole number"),
        ("move layer= dx=1", "layer is ''"),
        ("opacity layer=1 value=nan", "value is nan; an opacity lies in"),
        ("opacity layer=1 value=1.01", "value is 1.01"),
        ("rotate layer=1 degrees=inf", "degrees is inf"),
        ("resize layer=1", "resize takes either scale or box"),
        ("resize layer=1 scale=1 box=1,2,3,4", "resize takes either scale or box"),
        ("resize layer=1 scale=0", "scale is 0,0; a factor must be a number above 0"),
        ("resize layer=1 scale=1,-2", "scale is 1,-2"),
        ("resize layer=1 scale=nan", "scale is nan,nan"),
        ("resize layer=1 scale=1,2,3", "a factor, or two"),
        ("resize layer=1 box=5,5,5,9", "right must exceed left"),
        ("resize layer=1 box=1,2,3", "left,top,right,bottom"),
        ("recolour layer=1 colour=red", "colour is 'red'; it must be '#rrggbb'"),
        ("recolour layer=1 colour=#fff", "it must be '#rrggbb'"),
        ("replace layer=1 picture=none.png", "replace: none.png cannot be read: No such file"),
        ("replace layer=1 picture=", "picture is ''; it must be a file"),
        ('move layer="x', "the edits cannot be read: no closing quotation"),
    ],
)
def test_one_sentence_says_what_is_wrong(text: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        parse_edits(text)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("- move: {layer: 1", "cannot be read"),
        ("move: {layer: 1}", "is no list of edits"),
        ("[]", "is no list of edits"),
        ("- move", "edit 1 is no operation"),
        ("- {move: {layer: 1}, remove: {layer: 2}}", "edit 1 is no operation"),
        ("- move: 3", "move has no parameters"),
        ("- recolour: {layer: 1, colour: #ff0000\n}", "colour is None; it must be '#rrggbb', in quotes"),
        ("- move: {layer: true}", "layer is True"),
        ("- move: {layer: 1, dx: 1.5}", "dx is 1.5; it must be a whole number"),
        ("- opacity: {layer: 1, value: .nan}", "value is nan"),
        ("- resize: {layer: 1, scale: {a: 1}}", "a factor, or two"),
        ("- replace: {layer: 1, picture: 7}", "picture is 7; it must be a file"),
        ("[" * 700, "cannot be read"),
        ("\xff", "is no list"),
    ],
)
def test_one_sentence_says_what_is_wrong_with_a_script(tmp_path: Path, content: str, message: str) -> None:
    script = tmp_path / "edits.yaml"
    script.write_text(content, encoding="utf-8")
    with pytest.raises(ValueError, match=message) as caught:
        read_script(script)
    assert "edits.yaml" in str(caught.value)


def test_a_script_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"script .*none\.yaml cannot be read: .*No such file"):
        read_script(tmp_path / "none.yaml")
