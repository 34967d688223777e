"""The captioner that needs no model: English sentences from the PSD's own text, layer names, kinds and places.

It says what is stored: type layers that are switched off are left to `psd_text`.
"""

from collections import Counter
from dataclasses import dataclass

from data_pipeline.boxes import intersect, view
from data_pipeline.caption.appearance import colour_name, fills, place
from data_pipeline.caption.facts import CaptionFacts, NodeFacts
from data_pipeline.caption.wording import clean, enumeration, quoted, telling_name, with_article
from schemas.captions import Caption
from schemas.stack import Box, PlainLayer

name = "layers"

_NOUNS = {
    "pixel": "image",
    "smartobject": "graphic",
    "shape": "shape",
    "type": "text",
    "solidcolorfill": "colour fill",
    "gradientfill": "gradient",
    "patternfill": "pattern",
}
_MOST_TEXTS = 8
_MOST_THINGS = 6
_TEXT_CHARACTERS = 160
_NUMBERS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")


@dataclass(frozen=True)
class _Thing:
    """One node in words. `line_px` is the height of a line of its text."""

    noun: str
    words: str  # its text, or its telling name
    colour: str
    box: Box
    place: str
    fills: bool
    line_px: float = 0.0

    @property
    def is_text(self) -> bool:
        return self.noun == "text"

    @property
    def area_px(self) -> int:
        return (self.box[2] - self.box[0]) * (self.box[3] - self.box[1])


def caption(facts: CaptionFacts) -> tuple[Caption, ...]:
    """A long one, and a short one."""
    things = [thing for k in range(len(facts.stack.layers)) for thing in _things(facts, k)]
    ground, rest = _ground(facts, things)
    texts = sorted((thing for thing in rest if thing.is_text), key=lambda thing: (thing.box[1], thing.box[0]))
    headline = _headline(texts)
    others = [thing for thing in rest if not thing.is_text]
    sentences = [f"{_design(facts)}{ground}."]
    if headline:
        sentences.append(f"The headline {quoted(headline.words)} stands {headline.place}.")
    if running := [text for text in texts if text is not headline]:
        sentences.append(_text_sentence("Smaller text" if headline else "Text", running))
    if others:
        also = " also" if texts else ""
        sentences.append(f"It{also} shows {enumeration(_listed(others))}.")
    return (Caption(" ".join(sentences)), Caption(_short(facts, ground, headline, texts, others), length="short"))


def caption_layers(facts: CaptionFacts) -> tuple[Caption | None, ...]:
    """One sentence for each layer that holds something that can be named."""
    captions = []
    for k in range(len(facts.stack.layers)):
        things = _things(facts, k)
        if k == 0 and len(things) == 1 and things[0].fills:
            said = f"{_with_colour(things[0].colour, 'background')}{_name(things[0])}"
        elif things:
            said = enumeration(_listed(things))
        else:
            said = ""
        captions.append(Caption(f"{said[0].upper()}{said[1:]}.") if said else None)
    return tuple(captions)


def _things(facts: CaptionFacts, k: int) -> list[_Thing]:
    layer = facts.stack.layers[k]
    return [_thing(node, layer, facts) for node in facts.nodes[k] if node.kind in _NOUNS and node.box is not None]


def _thing(node: NodeFacts, layer: PlainLayer, facts: CaptionFacts) -> _Thing:
    width, height = facts.canvas
    box = intersect(node.box, (0, 0, width, height)) if node.box else None
    across, down = facts.stack.width / width, facts.stack.height / height
    box = box or (0, 0, width, height)
    small = (int(box[0] * across), int(box[1] * down), int(box[2] * across) + 1, int(box[3] * down) + 1)
    part = intersect(small, layer.box)
    colour = colour_name(view(layer.rgba, layer.box, part)) if part else ""
    text = clean(node.text or "", _TEXT_CHARACTERS) if node.kind == "type" else ""
    lines = 1 + (node.text or "").strip().replace("\r\n", "\n").translate({13: 10, 3: 10}).count("\n")
    return _Thing(
        noun="icon" if node.kind == "type" and not text else _NOUNS[node.kind],  # a font of icons has no letters
        words=text if node.kind == "type" else telling_name(node.name),
        colour=colour,
        box=box,
        place=place(box, width, height),
        fills=fills(box, width, height),
        line_px=(box[3] - box[1]) / lines,
    )


def _ground(facts: CaptionFacts, things: list[_Thing]) -> tuple[str, list[_Thing]]:
    """What lies behind everything, in words, and the things that are not that."""
    if things and things[0].fills and not things[0].is_text:
        background = _with_colour(things[0].colour, "background")
        return f" over {background if things[0].colour else 'a background of several colours'}", things[1:]
    if (facts.composite[..., 3] < 128).mean() > 0.2:
        return " on a transparent background", things
    return "", things


def _headline(texts: list[_Thing]) -> _Thing | None:
    """The text set clearly larger than the others."""
    by_size = sorted(texts, key=lambda text: -text.line_px)
    if not by_size or len(by_size[0].words) > 80:
        return None
    return by_size[0] if len(by_size) == 1 or by_size[0].line_px >= 1.25 * by_size[1].line_px else None


def _design(facts: CaptionFacts) -> str:
    width, height = facts.canvas
    shape = "square" if 0.9 < width / height < 1.1 else "landscape" if width > height else "portrait"
    return f"A {shape} design"


def _text_sentence(subject: str, texts: list[_Thing]) -> str:
    said = [f"{quoted(text.words)} {text.place}" for text in texts[:_MOST_TEXTS]]
    if len(texts) > _MOST_TEXTS:
        said.append(_many(len(texts) - _MOST_TEXTS, "more line"))
    return f"{subject} reads {enumeration(said)}."


def _listed(things: list[_Thing]) -> list[str]:
    """Things in words, the largest first; those of one kind and colour without a name together."""
    alike = Counter((thing.noun, thing.colour) for thing in things if not thing.words)
    said: list[str] = []
    done = set()
    things = sorted(things, key=lambda thing: -thing.area_px)
    left = 0
    for thing in things:
        look = (thing.noun, thing.colour)
        several = alike[look] if not thing.words else 1
        if not thing.words and look in done:
            continue
        if not thing.words:
            done.add(look)
        if len(said) == _MOST_THINGS:
            left += several
        elif several > 1:
            said.append(_many(several, f"{thing.colour} {thing.noun}".strip()))
        elif thing.is_text:
            said.append(f"the text {quoted(thing.words)} {thing.place}")
        else:
            said.append(f"{_with_colour(thing.colour, thing.noun)}{_name(thing)} {thing.place}")
    if left:
        said.append(_many(left, "smaller element"))
    return said


def _short(facts: CaptionFacts, ground: str, headline: _Thing | None, texts: list[_Thing], others: list[_Thing]) -> str:
    if headline:
        what = f" with the headline {quoted(headline.words)}"
    elif texts:
        what = f" with the text {quoted(clean(texts[0].words, 60))}"
    elif others:
        what = f" with {_listed(others)[0]}"
    else:
        what = ""
    return f"{_design(facts)}{what}{ground}."


def _many(count: int, noun: str) -> str:
    number = _NUMBERS[count] if count < len(_NUMBERS) else str(count)
    return f"{number} {noun}{'s' if count > 1 else ''}"


def _with_colour(colour: str, noun: str) -> str:
    return with_article(f"{colour} {noun}" if colour else noun)


def _name(thing: _Thing) -> str:
    return f" named {quoted(thing.words)}" if thing.words else ""
