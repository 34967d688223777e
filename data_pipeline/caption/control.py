"""A model's answer in, what is wrong with it as a caption out, and the share of the PSD's words that it quotes."""

import re
from collections.abc import Sequence
from enum import StrEnum

from data_pipeline.caption.vision import NO_ANSWER, Answer


class Flag(StrEnum):
    """Stored in `captions.flags`: a value is never renamed."""

    FAILED = "failed"  # the model gave no answer
    EMPTY = "empty"
    TRUNCATED = "truncated"  # it reached the most tokens that it may take
    LOOPING = "looping"  # it repeats itself
    REFUSING = "refusing"
    META = "meta"  # it speaks of the picture, the question or itself
    WRONG_LANGUAGE = "wrong_language"
    MARKUP = "markup"  # lists or headings where sentences were asked for


_REFUSING = re.compile(
    r"^\W*(i'?m sorry|i am sorry|sorry,|i (can(no|')?t|am (unable|not able)|won'?t)\b|unfortunately, i|as an ai\b)"
    r"|^\W*(抱歉|对不起|很抱歉|我(无法|不能))|作为(一个|一名)?(人工智能|AI)",
    re.IGNORECASE,
)
_META = re.compile(
    r"\b(the|this|that|an?) (image|picture|photo(graph)?)s? (you|that you|which you|was provided|provided)\b"
    r"|\byou('ve| have)? (provided|uploaded|shared|sent)\b|\bas an ai\b|\b(language|vision) model\b"
    r"|\b(sure|certainly|of course)[,!.:]|^\W*(here('s| is| are)\b|caption\s*:|description\s*:)"
    r"|\b(would you like|let me know|hope this helps|feel free to)\b|\bthe (designer's file|prompt|instructions?)\b"
    r"|您(提供|上传|发送)|你(提供|上传|发送)|^\W*(好的|当然)[，,。!！]|希望(这|以上)|以下是",
    re.IGNORECASE,
)
_MARKUP = re.compile(r"^\s*(#{1,6} |[-*•] |\d{1,2}[.)、] )|\*\*|```", re.MULTILINE)
_HAN = re.compile(r"[\u3400-\u9fff\uf900-\ufaff]")
_LETTER = re.compile(r"[^\W\d_]")
_QUOTED = re.compile(r"\"[^\"]*\"|“[^”]*”|「[^」]*」|《[^》]*》")
_TOKEN = re.compile(r"[\u3400-\u9fff\uf900-\ufaff]|\w+")
_LOOP_GRAM = 4  # words, or characters of Chinese
_LOOP_TIMES = 4  # that one run of so many words may stand in a caption
_LOOP_SHARE = 0.35  # of all runs that may have stood there before
_FEWEST = 24  # words, below which nothing but a threefold sentence is a loop


def flags(answer: Answer, language: str) -> tuple[Flag, ...]:
    """What is wrong, in the order of `Flag`."""
    if answer.finish_reason in NO_ANSWER:
        return (Flag.FAILED,)
    text = answer.text.strip()
    if not _LETTER.search(text):
        return (Flag.EMPTY,)
    found = {
        Flag.TRUNCATED: answer.finish_reason != "stop",
        Flag.LOOPING: is_looping(text),
        Flag.REFUSING: bool(_REFUSING.search(text)),
        Flag.META: bool(_META.search(_QUOTED.sub('""', text))),  # a poster may say whatever it likes
        Flag.WRONG_LANGUAGE: _is_of_another(text, language),
        Flag.MARKUP: bool(_MARKUP.search(text)),
    }
    return tuple(flag for flag, is_so in found.items() if is_so)


def is_looping(text: str) -> bool:
    """Whether the same four words come again and again, or a third of all runs of four have been there before."""
    words = _TOKEN.findall(text.lower())
    runs = [tuple(words[k : k + _LOOP_GRAM]) for k in range(len(words) - _LOOP_GRAM + 1)]
    if not runs:
        return False
    counts: dict[tuple[str, ...], int] = {}
    for run in runs:
        counts[run] = counts.get(run, 0) + 1
    if max(counts.values()) > _LOOP_TIMES:
        return True
    return len(words) >= _FEWEST and 1 - len(counts) / len(runs) > _LOOP_SHARE


def quoted_share(text: str, psd_texts: Sequence[str]) -> float | None:
    """The share of the words of the PSD's texts that stand in a caption; None where there are no words.

    Words are compared without case, and each as often as it is there.
    """
    wanted = [word for one in psd_texts for word in _TOKEN.findall(one.lower())]
    if not wanted:
        return None
    left: dict[str, int] = {}
    for word in _TOKEN.findall(text.lower()):
        left[word] = left.get(word, 0) + 1
    found = 0
    for word in wanted:
        if left.get(word, 0) > 0:
            left[word] -= 1
            found += 1
    return found / len(wanted)


def _is_of_another(text: str, language: str) -> bool:
    """Whether most letters outside quotations are of the other language's script."""
    letters = _LETTER.findall(_QUOTED.sub("", text))
    if not letters:
        return False
    share = sum(bool(_HAN.match(letter)) for letter in letters) / len(letters)
    return share < 0.3 if language == "zh" else share > 0.3
