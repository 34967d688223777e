"""Good captions pass; truncated, looping, refusing, empty and meta ones are told apart."""

import pytest

from data_pipeline.caption.control import flags, is_looping, quoted_share
from data_pipeline.caption.vision import FAILED, Answer

GOOD = [
    "A",
    "A square poster with a deep blue ground. The white headline \"I'm sorry, I can't\" stands at the top.",
    'A red card reads "The image you have provided: sure, here is 1. one 2. two".',
    "The picture shows a woman in a yellow coat walking past a brick wall; behind her, a bicycle leans on a lamp post.",
    "Rows of identical white tiles, row upon row upon row, cover the wall; a single blue tile sits in the middle.",
    "No text is visible. A dog sleeps on a green sofa.",
    'A page for a camera shop: "Sony A7 IV", "Sony A7 III", "Sony A7 II" and "Sony A7 R" stand one under another, '
    "each with its price at the right.",
    "Unfortunately named shop signs hang over a narrow street.",
    "I love you is painted in pink on a grey wall.",
]
GOOD_CHINESE = [
    "一张深蓝色的方形海报，顶部是白色标题“Summer Sale”，下方排列着三个红色圆形。",
    "浅灰色背景上有一只橙色的猫，旁边写着“您提供的图片”。",
]


@pytest.mark.parametrize("text", GOOD)
def test_a_good_caption_has_no_flag(text: str) -> None:
    assert flags(Answer(text, "stop"), "en") == ()


@pytest.mark.parametrize("text", GOOD_CHINESE)
def test_a_good_chinese_caption_has_no_flag(text: str) -> None:
    assert flags(Answer(text, "stop"), "zh") == ()


@pytest.mark.parametrize(
    ("text", "flag"),
    [
        ("", "empty"),
        (" \n", "empty"),
        ("...", "empty"),
        ("123 456", "empty"),
        ("I'm sorry, but I can't help with that.", "refusing"),
        ("Sorry, I can't assist with this request.", "refusing"),
        ("I am unable to describe people.", "refusing"),
        ("I cannot identify the person.", "refusing"),
        ("I can't view it.", "refusing"),
        ("As an AI, I do not see.", "refusing"),
        ("抱歉，我无法描述这张图片。", "refusing"),
        ("The image you've provided shows a cat.", "meta"),
        ("The image you provided is a logo.", "meta"),
        ("This is a logo; you have uploaded it in low quality.", "meta"),
        ("Certainly! A cat sits on a mat.", "meta"),
        ("Sure, here is the description: a cat.", "meta"),
        ("Here's a detailed caption of a poster.", "meta"),
        ("Caption: a cat on a mat", "meta"),
        ("A cat sits on a mat. Let me know if you want more.", "meta"),
        ("As the prompt says, a cat on a mat.", "meta"),
        ("好的，这张海报是蓝色的。", "meta"),
        ("您提供的图片是一张海报。", "meta"),
        ("- a cat\n- a mat", "markup"),
        ("1. A cat.\n2. A mat.", "markup"),
        ("## Poster\nA cat.", "markup"),
        ("A **red** poster.", "markup"),
        ("一只橙色的猫坐在垫子上。", "wrong_language"),
        ("Red red red red red red red red red red.", "looping"),
        ("A cat on a mat. " * 6, "looping"),
    ],
)
def test_a_bad_caption_is_flagged(text: str, flag: str) -> None:
    assert flag in flags(Answer(text, "stop"), "en")


def test_english_for_chinese_is_the_wrong_language() -> None:
    assert flags(Answer("A cat sits on a mat.", "stop"), "zh") == ("wrong_language",)


def test_text_that_is_quoted_has_no_language() -> None:
    assert flags(Answer('A sign reads "营业时间为上午九点到下午五点，周末休息".', "stop"), "en") == ()


def test_an_answer_that_was_cut_is_truncated() -> None:
    assert flags(Answer("A cat sits on", "length"), "en") == ("truncated",)
    assert flags(Answer("A cat sits on", "content_filter"), "en") == ("truncated",)


def test_no_answer_is_failed_and_nothing_else() -> None:
    assert flags(Answer("", FAILED), "en") == ("failed",)


@pytest.mark.parametrize("loop", ["and a tree ", "a small white flower in a pot, ", "白色的花，"])
def test_loops_of_any_length_are_found(loop: str) -> None:
    start = "In a garden stands a house with a red door and two windows. Beside it there is "
    assert is_looping(start + loop * 12)
    assert not is_looping(start + loop)


def test_a_long_loop_is_found_by_its_share() -> None:
    sentence = "The wall behind the table is covered with framed photographs of mountains, lakes and old wooden boats. "
    assert is_looping(sentence * 3)
    assert not is_looping(sentence)


@pytest.mark.parametrize(
    ("text", "texts", "share"),
    [
        ("", [], None),
        ("A cat", ["", "...", "!"], None),
        ('It says "Summer Sale".', ["Summer sale"], 1.0),
        ('It says "summer".', ["Summer sale"], 0.5),
        ("nothing", ["Summer sale"], 0.0),
        ('"go" stands once', ["go go"], 0.5),
        ("标题是“春节快乐”", ["春节", "快乐吧"], 0.8),
        ("caf\u00e9 and 9 lives", ["CAF\u00c9", "9"], 1.0),
    ],
)
def test_quoted_words_are_counted(text: str, texts: list[str], share: float | None) -> None:
    assert quoted_share(text, texts) == share


def test_a_hostile_answer_takes_no_time() -> None:
    for text in ("a" * 100_000, '"' * 100_000, "1. " * 30_000, "I'm sorry" * 10_000, "the image " * 10_000):
        flags(Answer(text, "stop"), "en")
