"""A model's answer in, what is wrong with it as a caption out, and the share of the PSD's words that it quotes.

A poster may say whatever it likes: what stands in quotation marks is looked at by no rule but that on control
characters. Every repetition in a pattern is bounded, so that a hostile answer costs no more than its length.
"""

import re
import unicodedata
from collections import Counter
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
    META = "meta"  # it speaks of the picture as given, the question or itself
    WRONG_LANGUAGE = "wrong_language"
    MARKUP = "markup"  # lists or headings where sentences were asked for
    CONTROL = "control_characters"  # what is not printed, or turns the direction of what is
    EARLIER = "earlier"  # the model gave no answer: this is what was there before


UNANSWERED = frozenset({Flag.FAILED, Flag.EARLIER})


# Where a pattern may stand; \W is bounded, or a row of full stops would be run through from each of them.
_START = r"\A\W{0,8}"
_SENTENCE = r"(?:\A|[.!?。！？\n])\W{0,8}"
_LINE = r"(?:\A|\n)[ \t]{0,8}"
_WORD = r"\b"
_ANYWHERE = ""

_PICTURE = r"(?:image|picture|photo(?:graph)?|file|screenshot)s?"
_GIVEN = r"(?:provided|uploaded|shared|sent|attached|submitted)"
_TOLD = r"(?:description|caption|summary)"
_AI = r"(?:ai|artificial intelligence|(?:large )?(?:language|vision) model)"
_CANNOT = r"(?:can't|cannot|can not|won't|will not|couldn't|could not)"
_ANSWER = (
    r"(?:help|assist|provide|describe|identify|recogni[sz]e|see|view|access|analy[sz]e|determine|process|generate|"
    r"create|caption|comply|fulfil|give|tell|do)\b"
)
_COUNT = "一二三四五六七八九十"

# Looked for in text of small letters without quotations, with straight apostrophes.
_SAYS: dict[Flag, dict[str, tuple[str, ...]]] = {
    Flag.REFUSING: {
        _START: (
            r"(?:(?:i'm|i am) )?(?:(?:so|very|really) )?sorry(?:[.!]|(?:,| but| that)? i\b|,? but\b)",
            r"(?:(?:my|our) )?apologies[,.! ]",
            r"unfortunately,? (?:i|the image|the picture|no)\b",
            r"unable to\b",
            r"it(?:'s| is) (?:not possible|impossible) to\b",
            r"(?:there is |there's )?no (?:image|picture) (?:is|was|has|to|provided|attached|visible)\b",
            r"(?:非常|很|十分|真的)?(?:抱歉|对不起|不好意思)(?:[，,。！!\s]|我)",  # "抱歉的表情" is a face
            r"无法(?:识别|描述|查看|提供)",
        ),
        _SENTENCE: (
            rf"i {_CANNOT} (?:\w{{1,12}} )?{_ANSWER}",
            r"i(?:'m| am) (?:unable|not able)\b",
            r"i (?:don't|do not) (?:see|have)\b",
            r"i (?:must decline|(?:do )?apologi[sz]e)\b",
            r"我们?(?:无法|不能|没有?看到|看不到|看不见|没有收到)",
        ),
        _WORD: (rf"as an? {_AI}\b[^.,]{{0,40}},? i\b",),
        _ANYWHERE: (r"作为(?:一个|一名|一款)?(?:人工智能|ai)(?:语言)?(?:助手|模型)?[，,我]",),
    },
    Flag.META: {
        _START: (
            r"(?:sure|certainly|of course|absolutely|okay|ok)(?: thing)?[,!.:]",
            rf"(?:here|below)(?:'s| is| are)\b[^.:\n]{{0,60}}\b{_TOLD}",
            rf"(?:\w{{1,12}} )?(?:{_TOLD}|title)(?: (?:of|for) [^.:\n]{{0,40}})?\W{{0,4}}:",
            r"as (?:requested|instructed)\b",
            r"i(?:'d| would) be (?:happy|glad)\b|i'll (?:describe|help)\b",
            r"the user (?:wants|asks|asked|is asking|has)\b",
            r"(?:好的|当然可以|当然|没问题|可以的)[！!]",
            r"(?:好的|当然可以|没问题)[，,。]",  # "当然，" goes on to a caption
            r"(?:以下|下面)是",
            r"(?:图片|图像)?(?:描述|说明)\W{0,4}[：:]",
        ),
        _SENTENCE: (
            r"(?:please )?(?:let me know|tell me|feel free to (?:ask|let|reach|contact|share))\b",
            r"(?:i )?hope (?:this|that|it) (?:helps|is)\b",
            r"i (?:think|believe|assume|guess) (?:this|that|it|the)\b",
            r"would you like\b",
            r"if you (?:need|want|have|would like|require)\b",
            r"please (?:provide|upload|share|send)\b",
            r"note\s?:",
            r"希望(?:这|以上|上述)(?:个|些|段)?(?:描述|内容|回答|对)",
        ),
        _WORD: (
            # the asker's deed; a picture "provided by an agency" is a thing seen
            rf"{_PICTURE} (?:(?:that|which) )?you(?:'ve| have)? (?:{_GIVEN}|gave)\b",
            r"(?:the|this) (?:image|picture|photo) (?:(?:that|which) )?(?:is |was )?(?:provided|uploaded)\b(?! by\b)",
            rf"(?:the|this) (?:given|{_GIVEN}) (?:{_PICTURE}|design)\b",
            r"you(?:'ve| have)? (?:provided|uploaded|sent)\b",
            rf"your (?:{_PICTURE}|design) (?:shows|is|has|depicts|features|contains)\b",
            # what the model was told
            r"designer's file\b",
            r"(?:as|per|according to) (?:the|your) (?:prompt|instructions?)\b",
            r"(?:hidden|switched off|turned off) in the (?:file|psd|document)\b",
            r"gr[ae]y (?:back)?ground\b[^.]{0,60}\bnot (?:a )?(?:part|belong)",
        ),
        _ANYWHERE: (
            r"(?<![为向给])[您你]所?(?:提供|上传|发送|分享)[的了]",
            r"用户所?(?:提供|上传|发送)的",
            r"以上(?:描述|内容|回答)仅供",
            r"请(?:随时|重新上传|告诉我)",
            r"根据(?:设计文件|提示词?|要求|[您你]的)",
            r"灰(?:色背景|色?底)不属于",
        ),
    },
    Flag.MARKUP: {
        _START: (r"[\[{]",),
        _LINE: (
            r"#{1,6} ",
            r"[-*•·–] ?[^\W\d]",
            r"[(（]?\d{1,2}[.)）] \w",
            r"\d{1,2}[.)](?=[\u3400-\u9fff])",
            r"\d{1,2}、(?!\d)",  # "3、5、7" are numbers
            rf"[{_COUNT}]{{1,2}}、(?![{_COUNT}])",
            r"[①-⑳]",
            r"\|[^|\n]{1,200}\|",
        ),
        _ANYWHERE: (
            r"\*\*\w|```",
            r"</?[a-z][a-z0-9]{0,15}(?: [^<>\n]{0,80})?>",
            r"<\||addcriterion\b",  # a chat's own signs; the second is a known slip of Qwen2.5-VL
        ),
    },
}
_PATTERNS = {
    flag: [re.compile(f"{where}(?:{'|'.join(patterns)})") for where, patterns in by_place.items()]
    for flag, by_place in _SAYS.items()
}

# A straight mark opens after anything but a letter or digit: that of 27" is none, nor is an apostrophe.
_QUOTED = re.compile(
    r"\"(?<!\w\")[^\"]*\"|“[^“”]*”"
    r"|'(?<!\w')(?:[^'\n]|(?<=\w)'(?=\w)){1,300}'(?!\w)|‘(?:[^‘’\n]|(?<=\w)’(?=\w)){1,300}’(?!\w)"
    r"|「[^「」]*」|『[^『』]*』|《[^《》]*》|〈[^〈〉]*〉"
)
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
_HAN = r"\u3400-\u9fff\uf900-\ufaff"
_ANY_HAN = re.compile(rf"[{_HAN}]")
# Neither Latin nor Han: Greek to Thai and on, kana, Hangul.
_OTHER_SCRIPT = re.compile(
    r"[\u0370-\u1cff\u1f00-\u1fff\u2c00-\u2c5f\u2d00-\u2dff\u3040-\u31ff\ua000-\ua71f\ua800-\uab2f\uabc0-\ud7ff"
    r"\ufb07-\ufdff\ufe70-\ufeff\uff66-\uffdc]"
)
_LETTER = re.compile(r"[^\W\d_]")
_NO_LETTERS = re.compile(r"[\W\d_]+")
_TOKEN = re.compile(rf"[{_HAN}]|[^\W{_HAN}]+")
_TOKEN_OR_QUOTED = re.compile(f"{_TOKEN.pattern}|{_QUOTED.pattern}")

_MOST_OTHER = 0.2  # of the letters, in scripts that neither language has
_MOST_HAN = 0.3  # in English
_LEAST_HAN = 0.25  # in Chinese, which may name the products of a whole shop
_FEWEST_FOREIGN = 3
_ENGLISH = re.compile(r"\b(?:the|of|and|with|is|are|in|on|at|by|to|its|it|from|an|above|below)\b")
_FOREIGN = re.compile(  # of Spanish, French, German, Italian and Portuguese; hardly one is an English word
    r"\b(?:el|los|las|con|una|del|que|le|les|avec|et|une|du|des|dans|sur|der|das|und|mit|einem|einer|eine|auf|im|ist|"
    r"il|gli|di|della|che|uma|um)\b"
)

# Of words as characters: 1 to 40 of them that follow themselves at once, three times and over at least eight words.
_AGAIN = re.compile(r"(.)\1{7}|(..)\2{3}|(...)\3{2}", re.DOTALL)
_AGAIN_LONG = re.compile(r"(.{4,40}?)\1{2}", re.DOTALL)
_ENDLESS = re.compile(r"(\S)\1{19}")
_HEAD, _FARTHEST = 8, 40  # a long loop's first eight words come again so many words later at the latest
_RUN, _RUN_OF_CHINESE = 8, 12  # words, characters
_MOST_REPEATED = 0.3  # of all runs

_STOP = re.compile(r"a|an|and|are|as|at|by|for|from|in|is|it|of|on|or|the|this|to|with")


def flags(answer: Answer, language: str) -> tuple[Flag, ...]:
    """What is wrong, in the order of `Flag`."""
    if answer.finish_reason in NO_ANSWER:
        return (Flag.FAILED,)
    text = answer.text.strip()
    if not _LETTER.search(text):
        return (Flag.EMPTY,)
    if _QUOTED.fullmatch(text):
        text = text[1:-1]  # the model's own marks, not a poster's
    said = _without_quotations(text)
    low = said.lower().replace("’", "'")
    found = {
        Flag.TRUNCATED: answer.finish_reason != "stop",
        Flag.LOOPING: is_looping(text),
        Flag.REFUSING: _says(low, Flag.REFUSING),
        Flag.META: _says(low, Flag.META),
        Flag.WRONG_LANGUAGE: _is_of_another(said, language),
        Flag.MARKUP: _says(low, Flag.MARKUP),
        Flag.CONTROL: bool(_CONTROL.search(text)),
    }
    return tuple(flag for flag, is_so in found.items() if is_so)


def is_looping(text: str) -> bool:
    """Whether words follow themselves again and again, or a third of all runs of words have been there before.

    A quotation counts as one word: a poster may repeat itself.
    """
    if _ENDLESS.search(_without_quotations(text)):
        return True
    number: dict[str, int] = {}
    words = "".join(chr(number.setdefault(word, len(number))) for word in _TOKEN_OR_QUOTED.findall(text.lower()))
    if _AGAIN.search(words):
        return True
    last: dict[str, int] = {}
    for k, head in enumerate(_runs(words, _HEAD)):
        if k - last.get(head, -_FARTHEST - 1) <= _FARTHEST and _AGAIN_LONG.match(words, last[head]):
            return True
        last[head] = k
    is_chinese = 2 * len(_ANY_HAN.findall(text)) > len(words)
    runs = _runs(words, _RUN_OF_CHINESE if is_chinese else _RUN)
    return bool(runs) and 1 - len(set(runs)) / len(runs) > _MOST_REPEATED


def _runs(words: str, length: int) -> list[str]:
    return [words[k : k + length] for k in range(len(words) - length + 1)]


def quoted_share(text: str, psd_texts: Sequence[str]) -> float | None:
    """The share of the words of the PSD's texts that stand in a caption; None where there are no words.

    Words are compared without case or width, and each as often as it is there. English words that every caption has
    ("the") count only where there are no others.
    """
    every = [word for one in psd_texts for word in _words(one)]
    wanted = Counter([word for word in every if not _STOP.fullmatch(word)] or every)
    if not wanted:
        return None
    return (wanted & Counter(_words(text))).total() / wanted.total()


def _words(text: str) -> list[str]:
    return _TOKEN.findall(unicodedata.normalize("NFKC", text).casefold())


def _without_quotations(text: str) -> str:
    """One "_" stands for each: a word, but no letter."""
    return _QUOTED.sub("_", text)


def _says(low: str, flag: Flag) -> bool:
    return any(pattern.search(low) for pattern in _PATTERNS[flag])


def _is_of_another(said: str, language: str) -> bool:
    """Whether the letters are of another script, or an English caption's words of another language of the same."""
    letters = _NO_LETTERS.sub("", said)
    if not letters:
        return False
    if len(_OTHER_SCRIPT.findall(letters)) > _MOST_OTHER * len(letters):
        return True
    han = len(_ANY_HAN.findall(letters)) / len(letters)
    if language == "zh":
        return han < _LEAST_HAN
    foreign, english = (len(own.findall(said.lower())) for own in (_FOREIGN, _ENGLISH))
    return han > _MOST_HAN or foreign >= max(_FEWEST_FOREIGN, english)
