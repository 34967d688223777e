"""Descriptors and paths that no Photoshop wrote: named and left out, never raised."""

import io

import numpy as np
from psd_tools.constants import BlendMode

from data_pipeline.colour import colour_space
from data_pipeline.document import Document, open_document
from data_pipeline.drawing import Fill, Gradient, Group, Node, Pixels, Stroke, draw_bytes
from data_pipeline.flatten import Flattened, flatten
from schemas.options import CurateOptions
from schemas.reasons import DropReason

_RAMP = Gradient(((0.0, (255, 0, 0), 1.0), (1.0, (0, 0, 255), 1.0)))
_TRIANGLE = ((5.0, 5.0), (28.0, 9.0), (12.0, 20.0))
_SQUARE = np.full((12, 12, 4), 255, np.uint8)


def broken(layers: list[Node], sound: bytes, damaged: bytes) -> Flattened:
    """A drawn document, flattened after some of its bytes were replaced."""
    data = draw_bytes(32, 24, layers)
    assert sound in data
    document = open_document(io.BytesIO(data.replace(sound, damaged)), CurateOptions())
    assert isinstance(document, Document)
    return flatten(document, colour_space(document))


def test_a_fill_that_cannot_be_drawn_is_named() -> None:
    flat = broken([Fill(paint=_RAMP), Pixels(rgba=_SQUARE)], b"Clrs", b"Clrz")
    assert flat.unsupported == ("fill:gradientfill",)
    assert [node.dropped for node in flat.nodes] == [DropReason.UNDRAWN, None]


def test_a_fill_of_nothing_is_named() -> None:
    flat = broken([Fill(paint=_RAMP), Pixels(rgba=_SQUARE)], b"Grad", b"Grax")
    assert flat.unsupported == ("fill:gradientfill",)


def test_an_artboard_without_its_box_is_the_canvas() -> None:
    flat = broken([Group(artboard=(2, 2, 20, 20), layers=(Pixels(rgba=_SQUARE),))], b"artboardRect", b"artboardReck")
    assert flat.unsupported == ("artboard",)
    assert flat.stack.layers[0].box == (0, 0, 12, 12)


def test_a_path_that_cannot_be_drawn_counts_as_missing() -> None:
    knots, add = b"\0\0\0\3", b"\0\1"
    flat = broken([Fill(paint=(1, 2, 3), vector_mask=(_TRIANGLE,))], knots + add, knots + b"\xff\xff")
    assert (flat.stack.layers[0].rgba[..., 3] == 255).all()


def test_a_stroke_that_a_blend_mode_cuts_in_two_is_filed_once() -> None:
    stroke = Stroke(4, (9, 250, 9), "centre", overprint=True, blend_mode=BlendMode.SCREEN)
    data = draw_bytes(32, 24, [Pixels(rgba=_SQUARE // 2, left=8, top=6, effects=(stroke,))])
    document = open_document(io.BytesIO(data), CurateOptions())
    assert isinstance(document, Document)
    flat = flatten(document, colour_space(document))
    assert [layer.layer_ids for layer in flat.stack.layers] == [(1,), (0,)]
