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
    "A recipe card: the ingredients are listed on the left, and the instructions are printed on the right.",
    'A glowing diagram of a language model fills the centre, with the headline "AI Summit" above it.',
    "In the top left corner of the screen is a red card with a white heart. In the bottom left corner of the screen is "
    "a blue card with a white star. In the top right corner of the screen is a green card with a white leaf.",
    'The first block "Lorem ipsum dolor sit amet" stands at the top left, the second "Lorem ipsum dolor sit amet" at '
    'the top right, the third "Lorem ipsum dolor sit amet" below.',
    'The word "SALE SALE SALE SALE SALE SALE SALE SALE SALE" fills the ground.',
    'A menu lists the dish "Soup", the dish "Duck", the dish "Fish", the dish "Rice" and the dish "Tea".',
    'The field labelled "Password" holds "************************" in grey.',
    "A green card with the text 'Let me know if you can't come' in white script over leaves.",
    "A sticker of a deodorant called Sure, with a blue tick behind the name.",
    'A 27" monitor stands on a desk and shows the text "Of course, you can" in white.',
    'A monitor of 24" and one of 27", "Sure, both" written below.',
    'In large white capitals it reads:\n"1. Dream\n2. Plan\n3. Do"\nA thin golden line runs below.',
    "A grey bubble says “Would you like some coffee? Let me know.”, a blue one ‘Sure, it’s fine!’.",
    "A golf course with a flag in the distance. Of course, no player is in sight.",
    "After the prompt, a green cursor blinks.",
    'The left column has the title "Basic" in black text on a white background and the price "$9" in large black text '
    'on a white background. The right column has the title "Team" in black text on a white background and the price '
    '"$49" in large black text on a white background; the footer is in black text on a white background.',
    "Large white characters 夏祭り run down the left side of a poster, and fireworks burst over a dark river.",
    "A woman in a white dress holds a photo you could take for a painting.",
    "A photo provided by an agency fills the left half of a card; a picture attached to a wall is on the right.",
    "A hotel voucher with the line Feel free to relax in gold on green.",
    "A man in a suit looks sorry, his eyes are lowered.",
    "I ♥ NY is printed in black and red on a white shirt.",
    "I can't breathe is written in black on a wall.",
    "Sorry, we are closed hangs on a wooden door.",
    "A red button with a white arrow stands at the top left. A blue button with a white arrow stands at the top. "
    "A green button with a white arrow stands at the top right. A grey button with a white arrow stands in the centre.",
    'The hashtags "#sale #summer" stand in white at the foot of a pink gradient.',
    "A café called La Vie est Belle et le Chat, with the name in gold on the window and a cat in front of it.",
    "Unquoted prices of $1,000,000,000 and 100000000000 euros fill the ground.",
    '"A red card on a green ground."',
]
GOOD_CHINESE = [
    "一张深蓝色的方形海报，顶部是白色标题“Summer Sale”，下方排列着三个红色圆形。",
    "浅灰色背景上有一只橙色的猫，旁边写着“您提供的图片”。",
    "左上角是白色圆角卡片，卡片中央有一个红色图标；右上角是白色圆角卡片，卡片中央有一个蓝色图标；"
    "左下角是白色圆角卡片，卡片中央有一个绿色图标；右下角是白色圆角卡片，卡片中央写着“首页”。",
    "第一个图标是白色线条的房子，第二个图标是白色线条的心形，第三个图标是白色线条的星星，第四个图标是白色线条的信封。",
    "名片正面为黑色，中央印着金色标志‘LUXE HOTEL & SPA RESORT GROUP’。",
    "菜单依次写着“红烧肉”，写着“清蒸鱼”，写着“炒青菜”，写着“番茄汤”，写着“米饭”。",
    "对话框中写着「好的，没问题」和『我不能来』，旁边是一只卡通小狗。",
    "画面中是 iPhone 15 Pro Max、MacBook Air 和 Apple Watch Ultra 三件产品，排列在白色桌面上。",
    "抱歉的表情出现在一只卡通小熊的脸上，它双手合十。",
    "当然，最醒目的是中央那颗红色的爱心。",
    "广告语为您提供优质的服务位于中央，字体为白色。",
    "3、5、7三个数字排成一行，背景为蓝色。",
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
        ("I’m sorry, but I can’t assist with that.", "refusing"),
        ("I apologize, but I cannot describe this picture.", "refusing"),
        ("I don't see any image.", "refusing"),
        ("Sorry but I can not identify people in photos.", "refusing"),
        ("Unfortunately I can't see the content.", "refusing"),
        ("As an artificial intelligence, I have no eyes.", "refusing"),
        ("It is not possible to describe this, as it is blank.", "refusing"),
        ("A man in a suit. I cannot identify him.", "refusing"),
        ("\"I'm sorry, I can't help with that.\"", "refusing"),
        ("非常抱歉，我无法识别这张图片的内容。", "refusing"),
        ("我看不到图片，请重新上传。", "refusing"),
        ("作为AI，我不能描述人物。", "refusing"),
        ("The provided image shows a red card.", "meta"),
        ("The image you’ve provided shows a cat.", "meta"),
        ("The picture that was uploaded is a flyer.", "meta"),
        ("**Description:** A flyer in blue.", "meta"),
        ("A flyer in blue. The text comes from the designer’s file.", "meta"),
        ('A flyer. The text "Old price" is switched off in the file.', "meta"),
        ("A red star on a neutral grey background, which is not part of the layer.", "meta"),
        ("A blue flyer with a dog. If you need more details, please tell me.", "meta"),
        ("The poster is blue. I hope this helps!", "meta"),
        ("A blue flyer. (Note: the text is partly covered, so I guessed it.)", "meta"),
        ("I'd be happy to help! The poster is blue.", "meta"),
        ("I think this is a poster for a concert.", "meta"),
        ("The user wants a description of a poster.", "meta"),
        ("Your image shows a poster.", "meta"),
        ("| Element | Colour |\n|---|---|\n| ground | blue |", "markup"),
        ("当然可以！这是一张蓝色的海报。", "meta"),
        ("用户提供的图片是一张海报。", "meta"),
        ("根据设计文件，画面中的文字是“夏日促销”。", "meta"),
        ("以上描述仅供参考。", "meta"),
        ("没问题，下面是图片的描述：一张海报。", "meta"),
        ("一颗红色的星星，灰底不属于图层。", "meta"),
        ("赤い背景の上に白い文字があり、とてもきれいなポスターです。", "wrong_language"),
        ("На синем фоне изображена белая кошка.", "wrong_language"),
        ("이 포스터는 파란색 배경에 흰 글씨가 있습니다.", "wrong_language"),
        ("Un cartel azul con un gato blanco y el texto grande en el centro.", "wrong_language"),
        ("Auf einem blauen Grund steht eine weiße Katze mit einer roten Schleife.", "wrong_language"),
        ('{"caption": "A blue flyer"}', "markup"),
        ("<p>A blue flyer.</p>", "markup"),
        ("A blue flyer.<|im_end|>", "markup"),
        ("addCriterion\nA blue flyer", "markup"),
        ("(1) A blue flyer.\n(2) A white cat.", "markup"),
        ("1) A blue flyer.\n2) A white cat.", "markup"),
        ("1、一只猫\n2、一张垫子", "markup"),
        ("1.一只猫\n2.一张垫子", "markup"),
        ("一、背景\n红色\n二、文字\n白色", "markup"),
        ("A poster with a red line" + "!" * 40, "looping"),
        ("A number " + "0" * 40, "looping"),
        ('It reads "SALE ' + "SALE " * 40, "looping"),  # the quotation has no end
        ("A house. " + "The house is red. " * 3, "looping"),
        ("一张海报，" + "白色的花" * 6, "looping"),
        ("A red\x00 poster.", "control_characters"),
        ('It reads "\u202etxet" in white.', "control_characters"),
    ],
)
def test_a_bad_caption_is_flagged(text: str, flag: str) -> None:
    assert flag in flags(Answer(text, "stop"), "en")


def test_english_for_chinese_is_the_wrong_language() -> None:
    assert flags(Answer("A cat sits on a mat.", "stop"), "zh") == ("wrong_language",)


@pytest.mark.parametrize(
    "text",
    ["이 포스터는 파란색 배경에 흰 글씨가 있습니다.", "一张 poster with 蓝色 background and a 白色 title on the top"],
)
def test_chinese_of_few_chinese_characters_is_the_wrong_language(text: str) -> None:
    assert flags(Answer(text, "stop"), "zh") == ("wrong_language",)


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


@pytest.mark.parametrize("words", [1, 2, 3, 4, 7, 23, 40])
def test_a_loop_is_a_run_that_follows_itself_at_once(words: int) -> None:
    run = " ".join(f"w{k}" for k in range(words)) + " "
    times = max(3, -(-8 // words))
    before = " ".join(f"b{k}" for k in range(300)) + " "  # so many that no share of repeats is large
    assert is_looping(before + run * times)
    assert not is_looping(before + run * (times - 1))
    assert not is_looping(before + (run + "between ") * 2 + run)


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
        ("cafe\u0301, STRASSE, ABC", ["caf\u00e9 straße ＡＢＣ"], 1.0),
        ("The end of the road", ["The Art of War"], 0.0),
        ("A road", ["The", "a of"], 1 / 3),
        ("写着“Coffee咖啡”", ["coffee 咖"], 1.0),
    ],
)
def test_quoted_words_are_counted(text: str, texts: list[str], share: float | None) -> None:
    assert quoted_share(text, texts) == share


def test_a_hostile_answer_takes_no_time() -> None:
    rows = (
        '"',
        "'",
        "“",
        "‘",
        " 'a",
        "‘a’b",
        ".",
        "\n",
        "1. ",
        "白",
        "红白",
        "</a ",
        "I'm sorry",
        "the image ",
        "grey ground ",
    )
    for text in ("a" * 100_000, *("a" + row * (100_000 // len(row)) + "a" for row in rows)):
        flags(Answer(text, "stop"), "en")
