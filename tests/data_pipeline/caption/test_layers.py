import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from data_pipeline.caption import CaptionFacts, NodeFacts, captioner
from data_pipeline.caption.appearance import colour_name, place
from data_pipeline.caption.wording import clean, telling_name
from schemas.options import MODEL_CAPTIONERS
from schemas.stack import PlainLayer, Stack


def facts(*nodes, size=(640, 480), colour=(0, 0, 255)):
    """One layer for each node, drawn in one colour."""
    width, height = size
    layers = []
    for node in nodes:
        rgba = np.zeros((node.box[3] - node.box[1], node.box[2] - node.box[0], 4), np.uint8)
        rgba[...] = (*colour, 255)
        layers.append(PlainLayer(node.box, rgba))
    composite = np.zeros((height, width, 4), np.uint8)
    composite[..., 3] = 255
    return CaptionFacts(composite, Stack(width, height, tuple(layers)), tuple((node,) for node in nodes), size)


POSTER = facts(
    NodeFacts("Background", "pixel", None, (0, 0, 640, 480)),
    NodeFacts("Rectangle 3", "shape", None, (10, 400, 110, 470)),
    NodeFacts("badge", "shape", None, (500, 10, 600, 60)),
    NodeFacts("Summer sale", "type", "Summer\rsale", (200, 20, 440, 140)),
    NodeFacts("price", "type", "from 9.99", (280, 230, 360, 250)),
)


def test_the_composite_reads_as_sentences():
    long, short = captioner("layers").caption(POSTER)
    assert long.text == (
        'A landscape design over a blue background. The headline "Summer sale" stands at the top. '
        'Smaller text reads "from 9.99" in the centre. It also shows a blue shape at the bottom left and '
        'a blue shape named "badge" at the top right.'
    )
    assert short.text == 'A landscape design with the headline "Summer sale" over a blue background.'
    assert (long.length, short.length) == ("long", "short")


def test_layers_are_captioned_one_by_one():
    assert [caption.text for caption in captioner("layers").caption_layers(POSTER)] == [
        "A blue background.",
        "A blue shape at the bottom left.",
        'A blue shape named "badge" at the top right.',
        'The text "Summer sale" at the top.',
        'The text "from 9.99" in the centre.',
    ]


def test_a_merged_layer_names_what_it_holds():
    rgba = np.zeros((10, 100, 4), np.uint8)
    rgba[:, :10] = (255, 0, 0, 255)
    rgba[:, 90:] = (0, 0, 0, 255)
    nodes = (NodeFacts("Ellipse 1", "shape", None, (0, 0, 10, 10)), NodeFacts("x", "type", "Buy", (90, 0, 100, 10)))
    merged = CaptionFacts(rgba, Stack(100, 10, (PlainLayer((0, 0, 100, 10), rgba),)), (nodes,), (100, 10))
    (caption,) = captioner("layers").caption_layers(merged)
    assert caption.text == 'A red shape along the left side and the text "Buy" along the right side.'


def test_many_things_are_counted_not_listed():
    nodes = [NodeFacts(f"Ellipse {k}", "shape", None, (10 * k, 0, 10 * k + 9, 9)) for k in range(30)]
    assert "30 blue shapes" in captioner("layers").caption(facts(*nodes))[0].text


def test_letters_of_an_icon_font_are_icons():
    icons = [NodeFacts("\uf00c", "type", "\uf00c", (10 * k, 0, 10 * k + 9, 9)) for k in range(3)]
    assert captioner("layers").caption(facts(*icons))[0].text == "A landscape design. It shows three blue icons."


def test_an_effect_alone_has_no_caption():
    assert captioner("layers").caption_layers(facts(NodeFacts("Stroke", "stroke", None, (0, 0, 9, 9)))) == (None,)


def test_none_says_nothing():
    assert captioner("none").caption(POSTER) == ()
    assert captioner("none").caption_layers(POSTER) == (None,) * 5


@pytest.mark.parametrize("name", MODEL_CAPTIONERS)
def test_what_a_model_will_caption_has_no_caption_yet(name):
    assert captioner(name).caption(POSTER) == ()
    assert captioner(name).caption_layers(POSTER) == (None,) * 5


@pytest.mark.parametrize(
    "name",
    ["Layer 1 copy 2", "Rectangle 3", "Слой 25", "Ellipse 2 copie", "Прямоугольник, скругл. углы 2", "Arrière-plan",
     "图层 3", "1", "\uf00c", "", "...", "Background", "Group 2", "Безымянный", "a"],
)  # fmt: skip
def test_default_names_are_not_quoted(name):
    assert telling_name(name) == ""


@pytest.mark.parametrize(
    ("name", "said"),
    [("badge", "badge"), ("partials/footer.psb", "footer"), ("button__volume_off", "button volume off"),
     ("#side-ads", "side ads"), ("Нос", "Нос"), ("IIIF-logo", "IIIF logo"), ("😀 smile", "😀 smile")],
)  # fmt: skip
def test_telling_names_are_words(name, said):
    assert telling_name(name) == said


def test_hostile_text_is_one_bounded_line():
    assert clean('<b>"hi"</b>\r\x03\x00\u202e\ud800\uf00c x', 99) == "<b>'hi'</b> x"
    assert clean("word " * 1000, 20) == "word word word word…"
    assert len(clean("x" * 1000, 20)) == 20


@given(st.text(alphabet=st.characters(), max_size=300), st.sampled_from(["type", "pixel", "shape", "levels", ""]))
def test_any_name_gives_text_that_can_be_stored(name, kind):
    hostile = facts(NodeFacts(name, kind, name, (0, 0, 9, 9)))
    said = (*captioner("layers").caption(hostile), *captioner("layers").caption_layers(hostile))
    for text in [caption.text for caption in said if caption]:
        assert text.encode("utf-8")
        assert text.replace("\u200c", "").replace("\u200d", "").isprintable()
        assert len(text) < 1000


@pytest.mark.parametrize(
    ("colour", "name"),
    [((255, 255, 255), "white"), ((0, 0, 0), "black"), ((128, 128, 128), "grey"), ((220, 30, 30), "red"),
     ((255, 165, 0), "orange"), ((120, 70, 20), "brown"), ((0, 128, 0), "dark green"), ((30, 60, 220), "blue"),
     ((173, 216, 230), "light blue"), ((255, 220, 0), "yellow"), ((128, 0, 128), "dark purple"),
     ((0, 128, 128), "teal")],
)  # fmt: skip
def test_colours_have_their_names(colour, name):
    rgba = np.full((4, 4, 4), 255, np.uint8)
    rgba[..., :3] = colour
    assert colour_name(rgba) == name


def test_a_picture_of_many_colours_has_none():
    rgba = np.random.default_rng(0).integers(0, 256, (64, 64, 4), np.uint8)
    assert colour_name(rgba) == ""
    assert colour_name(np.zeros((4, 4, 4), np.uint8)) == ""


def test_places():
    assert place((0, 0, 10, 10), 100, 100) == "at the top left"
    assert place((45, 45, 55, 55), 100, 100) == "in the centre"
    assert place((0, 80, 100, 100), 100, 100) == "across the bottom"
    assert place((90, 0, 100, 100), 100, 100) == "along the right side"
    assert place((0, 0, 100, 100), 100, 100) == "filling the picture"
