"""Samples and a vision-language model in, captions out, each checked and, where something is wrong, asked for again."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np

from data_pipeline.caption.control import Flag, flags, quoted_share
from data_pipeline.caption.picture import Picture
from data_pipeline.caption.prompt import COMPOSITE, LAYER, Prompt, prompt
from data_pipeline.caption.vision import Answer, Question, Sampling, VisionModel
from data_pipeline.neutral_grey import GREY, over_grey
from data_pipeline.resize import resize_picture, target_size
from schemas.caption_options import CaptionOptions
from schemas.captions import Caption, SampleCaptions

_MOST_PX = 1 << 20  # of a picture that is shown: some 1,300 visual tokens
_LEAST_PX = 56  # of a side: two visual tokens
_MOST_ASPECT = 50  # Qwen2.5-VL takes up to 200
_SEEN = "seen/1"  # how pictures are made of what is stored; raised with every change of `seen`
_TRIES = ((0.0, 0), (0.7, 1), (1.0, 2))  # temperature and seed


@dataclass(frozen=True, eq=False)
class Pictured:
    """A stored sample as a model is to see it.

    `shown` are the texts of the type layers that stand in the picture, `hidden` those of the file's others.
    """

    composite: Picture = field(repr=False)
    layers: tuple[Picture, ...] = field(repr=False, default=())
    shown: tuple[str, ...] = ()
    hidden: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class _Wanted:
    """One caption; `layer` is None for the composite's."""

    sample: int
    layer: int | None
    length: str
    language: str
    asked: Prompt
    picture: Picture
    tokens: int

    def question(self, temperature: float, seed: int) -> Question:
        return Question((self.picture,), self.asked.words, Sampling(self.tokens, temperature, seed))


def ask_for_captions(
    model: VisionModel, captioner: str, samples: Sequence[Pictured], options: CaptionOptions
) -> list[SampleCaptions]:
    """`captioner` names the way to the model. Of all answers the first with the fewest flags is kept."""
    wanted = [one for index, sample in enumerate(samples) for one in _wanted(index, sample, options)]
    captions: list[list[Caption]] = [[] for _ in samples]
    layer_captions: list[list[Caption | None]] = [[None] * len(sample.layers) for sample in samples]
    for one, (answer, found) in zip(wanted, _best_answers(model, wanted), strict=True):
        caption = _caption(one, answer, found, model, captioner, samples[one.sample])
        if one.layer is None:
            captions[one.sample].append(caption)
        else:
            layer_captions[one.sample][one.layer] = caption
    return [SampleCaptions(tuple(own), tuple(rest)) for own, rest in zip(captions, layer_captions, strict=True)]


def _best_answers(model: VisionModel, wanted: Sequence[_Wanted]) -> list[tuple[Answer, tuple[Flag, ...]]]:
    """Of each caption the best answer of all tries, and what is wrong with it."""
    best: dict[int, tuple[Answer, tuple[Flag, ...]]] = {}
    for temperature, seed in _TRIES:
        again = [k for k in range(len(wanted)) if k not in best or _is_worth_a_try(best[k][1])]
        answers = model.answers([wanted[k].question(temperature, seed) for k in again]) if again else []
        for k, answer in zip(again, answers, strict=True):
            found = flags(answer, wanted[k].language)
            if k not in best or _badness(found) < _badness(best[k][1]):
                best[k] = answer, found
    return [best[k] for k in range(len(wanted))]


def _badness(found: tuple[Flag, ...]) -> tuple[bool, int]:
    """Whether there is nothing to keep at all, and how much is wrong with the rest."""
    return Flag.FAILED in found or Flag.EMPTY in found, len(found)


def _is_worth_a_try(found: tuple[Flag, ...]) -> bool:
    """A model that gives no answer has been asked often enough."""
    return bool(found) and Flag.FAILED not in found


def _wanted(index: int, sample: Pictured, options: CaptionOptions) -> Iterator[_Wanted]:
    shown = sample.shown if options.caption_text else ()
    hidden = sample.hidden if options.caption_text else ()
    tokens = {"long": options.caption_tokens, "short": options.caption_tokens // 4}
    for language in options.languages:
        for length in options.lengths:
            asked = prompt(COMPOSITE, length, language, shown, hidden)
            yield _Wanted(index, None, length, language, asked, sample.composite, tokens[length])
    if not options.caption_layers:
        return
    length, language = options.lengths[0], options.languages[0]
    asked = prompt(LAYER, length, language)
    for layer, picture in enumerate(sample.layers):
        yield _Wanted(index, layer, length, language, asked, picture, tokens[length])


def shown(
    decoded: Callable[[], np.ndarray], size: tuple[int, int], pixels_hash: str = "", stored: Callable[[], bytes] = bytes
) -> Picture:
    """A stored image as a model is shown it, undecoded until somebody looks.

    `decoded` gives straight uint8 RGBA of `size` (width, height), `stored` the file, `pixels_hash` that of size and
    pixels, where it is known.
    """
    is_seen_as_it_is = target_size(*size, _MOST_PX) == size and not any(_margins(size))
    return Picture(
        lambda: seen(decoded()), f"{_SEEN} {pixels_hash}" if pixels_hash else "", stored if is_seen_as_it_is else bytes
    )


def seen(rgba: np.ndarray) -> np.ndarray:
    """Over neutral grey, uint8 RGB, reduced to what a model looks at; what is too thin for it gets a margin."""
    height, width = rgba.shape[:2]
    size = target_size(width, height, _MOST_PX)
    rgb = over_grey(rgba if size == (width, height) else resize_picture(rgba, size))
    wider, taller = _margins(size)
    if not wider and not taller:
        return rgb
    margins = ((taller // 2, taller - taller // 2), (wider // 2, wider - wider // 2), (0, 0))
    return np.pad(rgb, margins, constant_values=GREY)


def _margins(size: tuple[int, int]) -> tuple[int, int]:
    """By how much it has to be wider and taller."""
    least_px = max(_LEAST_PX, -(-max(size) // _MOST_ASPECT))
    return max(0, least_px - size[0]), max(0, least_px - size[1])


def _caption(
    one: _Wanted, answer: Answer, found: tuple[Flag, ...], model: VisionModel, captioner: str, sample: Pictured
) -> Caption:
    return Caption(
        text=answer.text.strip(),
        language=one.language,
        length=one.length,
        captioner=captioner,
        flags=tuple(flag.value for flag in found),
        model=model.name,
        revision=model.revision or None,
        prompt_version=one.asked.version,
        finish_reason=answer.finish_reason,
        message=answer.message,
        tokens=answer.tokens,
        quoted=quoted_share(answer.text, sample.shown) if one.layer is None else None,
    )
