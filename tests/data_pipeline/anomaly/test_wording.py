"""Words that give a layer away, and sentences that only contain them."""

import pytest

from data_pipeline.anomaly.wording import (
    asks_in_name,
    asks_in_text,
    is_doubtful_name,
    is_doubtful_text,
    is_watermark_group,
    is_watermark_name,
    is_watermark_text,
    lorem_share,
    names_owner,
    plain_words,
)


@pytest.mark.parametrize(
    "text",
    ["Preview only", "Sample copy, not for resale", "PREVIEW ONLY\rPREVIEW ONLY", "shutterstock.com · 184402117",
     "iStock-1187623", "Adobe Stock | #204411873", "Do not copy! Preview only", "PREVIEW - NOT FOR RESALE",
     "ＰＲＥＶＩＥＷ　ＯＮＬＹ", "préview only", "Pre\u200bview only", "Watermark: do not copy",
     "Sample image - do not copy", "Watermark watermark WATERMARK", "Image ID: 2DXY34K www.alamy.com",
     "For evaluation purposes only", "Comp image only"],
)  # fmt: skip
def test_texts_of_previews(text) -> None:
    assert is_watermark_text(text)


@pytest.mark.parametrize(
    "agency", ["Shutterstock", "Adobe Stock", "Getty Images", "iStock", "iStock™", "Alamy®", "123RF (TM)"]
)
@pytest.mark.parametrize(
    "words", ["preview", "preview only", "preview image", "comp image", "PREVIEW COPY only", "comp"]
)
def test_texts_of_agencies_previews(agency, words) -> None:
    assert is_watermark_text(f"{agency} {words}")


@pytest.mark.parametrize(
    "text",
    ["Sample image", "Proof copy", "Watermark", "ＷＡＴＥＲＭＡＲＫ", "wátermark", "water\u200bmark",
     "W A T E R M A R K", "www.dreamstime.com", "iStock™", "Getty Images®", "© 2024 Shutterstock",
     "Copyright Adobe Stock 2024", "SAMPLE", "Sample 2", "SAMPLE SAMPLE SAMPLE", "DRAFT\rDRAFT\rDRAFT\rDRAFT",
     "Proof by Getty Images", "iStock", "NOT FOR RESALE", "Not for print",
     "Do not copy!", "Do not use\rdo not distribute", "Low-res preview", "Alamy stock photo"],
)  # fmt: skip
def test_what_marks_say_and_headlines_and_captions_as_well(text) -> None:
    assert is_doubtful_text(text)
    assert not is_watermark_text(text)


@pytest.mark.parametrize(
    "text",
    ["Sample sale", "A preview", "Do not use the lift", "Sample Sample Records", "Draft beer", "Previews", "Sampler",
     "Copyright 2024", "2024", "NFL Draft 2024", "© 2024 Acme Ltd", "Getty Museum", "Bulletproof", "Water, marked", ""],
)  # fmt: skip
def test_texts_that_contain_what_marks_say(text) -> None:
    assert not is_doubtful_text(text)


@pytest.mark.parametrize(
    "text",
    ["shutterstock", "Getty Images", "Photos: shutterstock.com", "Remove watermarks in one click", "No watermark",
     "Free preview for 14 days", "Our watermark policy", "Do not use the lift", "", "© 2024", "NOT FOR RESALE",
     "Do not copy!"],
)  # fmt: skip
def test_texts_that_mention_agencies_and_marks(text) -> None:
    assert not is_watermark_text(text)


@pytest.mark.parametrize(
    "name",
    ["watermark", "Water-mark copy 2", "PREVIEW ONLY", "depositphotos preview", "WatermarkText", "watermark1",
     "WATERMARK_01.png", "Watermarks", "my watermark", "Watermark (delete)", "do not use - watermark",
     "watermark overlay 50%", "freepik watermark", "preview_watermark", "Wasserzeichenebene", "Filigrane 2",
     "filigrana", "marca d'água copia", "水印2", "水印图层", "透かし", "ウォーターマーク のコピー", "워터마크 레이어"],
)  # fmt: skip
def test_names_of_previews(name) -> None:
    assert is_watermark_name(name)


@pytest.mark.parametrize(
    "name",
    ["Watermark Hotel logo", "watermark icon", "Watermark Books cover", "© north watermark", "do not use",
     "DO_NOT_COPY", "Wasserzeichen Anna Berg", "水印族"],
)  # fmt: skip
def test_names_that_mention_marks_or_forbid(name) -> None:
    assert is_doubtful_name(name)
    assert not is_watermark_name(name)


@pytest.mark.parametrize(
    "name",
    ["Water marks on glass", "watermark paper texture", "high water mark", "water mark stain", "no watermark",
     "透かしブロック", "filigrane doré", "waterproof", "watermelon", "do not use the lift sign", "sample"],
)  # fmt: skip
def test_names_of_marks_that_water_left_and_others(name) -> None:
    assert not is_doubtful_name(name)
    assert not is_watermark_name(name)


@pytest.mark.parametrize(
    "name",
    ["shutterstock_184402117", "iStock-1187623 copy", "preview copy", "sample image", "Adobe Stock", "no watermark",
     "watermark-free photo", "Preview", "this is the long story of a watermark on paper"],
)  # fmt: skip
def test_names_of_purchased_pictures_and_copies(name) -> None:
    assert not is_watermark_name(name)


@pytest.mark.parametrize(
    "text",
    ["Nur zur Ansicht", "Aperçu seulement", "Prévisualisation uniquement", "Specimen - ne pas copier",
     "MUESTRA: prohibida la venta", "Solo anteprima", "Solo per anteprima", "Apenas para visualização",
     "Только для просмотра", "仅供预览", "仅供预览请勿复制", "样图 请勿转载", "样图请勿转载", "サンプル 無断転載禁止",
     "サンプル転載禁止", "見本画像無断複製厳禁", "샘플 무단 복제 금지", "미리보기 전용", "ピクスタ 48213377"],
)  # fmt: skip
def test_texts_of_previews_in_other_languages(text) -> None:
    assert is_watermark_text(text)


@pytest.mark.parametrize(
    "text",
    ["Nicht zum Verkauf", "Muster", "Musterbild", "Filigrane", "Wasserzeichen", "Marca de agua", "Marca d'água",
     "Водяной знак", "水印", "透かし", "見本画像", "样图", "워터마크",
     "Das Muster der Tapete", "Muestra gratis", "Образец", "見本", "样品",
     "图片仅供参考", "Nicht verwenden, wenn das Siegel gebrochen ist", "转载请注明出处",
     "去水印", "サンプル", "No copiar"],
)  # fmt: skip
def test_texts_in_other_languages_that_content_says_too(text) -> None:
    assert not is_watermark_text(text)


@pytest.mark.parametrize(
    "text",
    ["Muster", "Vorschau", "Aperçu", "Échantillon", "MUESTRA", "Образец", "样品", "見本", "見本見本見本", "샘플",
     "Musterbild", "Filigrane", "Marca d'água", "Водяной знак", "水印水印", "透かし", "サンプル画像",
     "Nicht zum Weiterverkauf", "Ne pas copier", "Не для продажи", "無断転載禁止", "请勿下载",
     "무단 복제 및 배포 금지"],
)  # fmt: skip
def test_doubtful_texts_in_other_languages(text) -> None:
    assert is_doubtful_text(text)


@pytest.mark.parametrize(
    "text", ["サンプルプレゼント", "無料サンプル", "見本市", "样品馆", "Max Mustermann", "Muster-Apotheke"]
)
def test_texts_in_other_languages_that_contain_a_stamp(text) -> None:
    assert not is_doubtful_text(text)


def test_names_in_other_languages() -> None:
    assert all(
        map(is_watermark_name, ["Wasserzeichen", "水印 拷贝", "水印层", "Водяной знак", "透かし", "Marca d'água"])
    )
    assert not any(map(is_watermark_name, ["无水印", "ohne Wasserzeichen", "Muster", "filigrana dorada", "样品"]))
    assert all(
        map(is_watermark_group, ["Wasserzeichen", "水印", "Watermark 2", "water-mark tiles", "Watermark layers"])
    )
    assert not any(map(is_watermark_group, ["Watermark paper texture", "no watermark", "Preview only", "Water marks"]))


@pytest.mark.parametrize(
    "text", ["© Nora Lind", "(C) 2019", "COPYRIGHT Nora Lind 2019", "www.north-studio.example", "nora.lind@example.org"]
)
def test_texts_that_say_whose_a_picture_is(text) -> None:
    assert names_owner(text)


@pytest.mark.parametrize(
    "text",
    ["", "Summer 2024", "Copyrights", "9.99", "3.5 km", "e.g. this", "Hello...world", "19.30",
     "© 2024 North Studio. No part of this page may be reproduced"],
)  # fmt: skip
def test_texts_that_name_no_owner_or_say_more(text) -> None:
    assert not names_owner(text)


def test_an_address_of_a_hundred_thousand_letters_is_read_at_once() -> None:
    assert not names_owner("a1." * 50_000)
    assert not names_owner("a-" * 50_000 + "@")


@pytest.mark.parametrize("unit", ["shutterstock preview ", "stock photo ", "do not use or do not copy ", "preview "])
def test_a_text_of_a_thousand_marks_is_read_at_once(unit: str) -> None:
    """Read in every way there is, it would take as long as the universe has lasted."""
    assert not is_watermark_text(unit * 1000 + "picture")
    assert not is_doubtful_text(unit * 1000 + "window")


@pytest.mark.parametrize(
    "text",
    ["Your logo here", "YOUR LOGO", "Insert your text here", "Logo here!", "Your company name here", "Sample text",
     "Company slogan goes here", "Votre logo ici", "Tu logo aquí", "Ihr Logo hier", "Seu logo aqui", "Ваш логотип",
     "Ваш дизайн здесь", "PLACEHOLDER", "Image placeholder 300 x 250", "在此输入文字", "点击添加标题",
     "单击此处添加文本", "請在此處輸入標題文字", "您的LOGO", "ここにロゴ", "ここにテキストを入力してください",
     "テキストが入ります", "여기에 로고를 넣으세요",
     "당신의 로고"],
)  # fmt: skip
def test_texts_that_ask_for_the_buyers_own(text) -> None:
    assert asks_in_text(text)


@pytest.mark.parametrize(
    "text",
    ["Add a photo", "We print your logo on mugs", "Your name", "Upload your picture and win", "Your story starts here",
     "Logo design from 99", "Tu nombre", "Ihr Name", "Votre texte sera imprimé", "Place of birth", "Edit", "Image",
     "输入密码", "您的订单", "标题", "点击购买", "ここに来て", "テキスト", "여기에 서명", "사진",
     "Placeholders of history"],
)  # fmt: skip
def test_texts_that_speak_of_pictures(text) -> None:
    assert not asks_in_text(text)


@pytest.mark.parametrize(
    "name",
    ["PLACE YOUR DESIGN HERE", "<- Put your photo here ->", "YOUR_DESIGN_HERE", "Double click to edit", "Edit Me",
     "Smart Object (change your design here)", "Logo placeholder", "Replace this image", "Place Image",
     "Ihr Design hier", "votre logo ici", "在此输入文字", "ここに画像"],
)  # fmt: skip
def test_names_of_what_is_to_be_replaced(name) -> None:
    assert asks_in_name(name)


@pytest.mark.parametrize(
    "name",
    ["logo", "Image 2", "add photo icon", "input placeholder", "Change colour", "Edit button", "place",
     "hier ihr logo nicht",
     "why a sentence that tells how to replace your logo is no name"],
)  # fmt: skip
def test_names_of_pictures_and_buttons(name) -> None:
    assert not asks_in_name(name)


@pytest.mark.parametrize(
    "text",
    ["Lorem ipsum", "LOREM IPSUM dolor", "Sed ut perspiciatis lorem dolore veniam", "Duis aute irure dolor in velit",
     "Pellentesque habitant morbi tristique senectus et netus"],
)  # fmt: skip
def test_filler_latin(text) -> None:
    assert lorem_share(text) > 0.5


@pytest.mark.parametrize(
    "text",
    ["In principio erat Verbum, et Verbum erat apud Deum", "Semper et ubique non sibi sed suis", "Ubi amor, ibi dolor",
     "Gallia est omnis divisa in partes tres, quarum unam incolunt Belgae", "Carpe diem", "Et cetera", "Dolores",
     "El amor es una rosa que no se marchita en el tiempo", "Elle est venue et il est parti en plein hiver",
     "Il dolore e la porta di casa nostra", "A massa do pão, sem sal e sem pressa", "Magna carta libertatum", ""],
)  # fmt: skip
def test_latin_and_its_daughters_that_say_something(text) -> None:
    assert lorem_share(text) <= 0.5


def test_words_are_compared_without_marks_and_case() -> None:
    assert plain_words("  <-- Your_LOGO,\rhere! ") == "your logo here"
    assert plain_words("iStock™ (c) Alamy® Ⓡ ℠") == "istock alamy"
    assert plain_words("ＤÉ\u200bjà   vu: ещё, プレビュー") == "deja vu ещё プレビュー"


def test_long_texts_take_no_time() -> None:
    for unit in ("preview only ", "do not copy or ", "shutterstock com 12345 ", "your ", "lorem ", "a_b"):
        text = unit * 20_000
        is_watermark_text(text + "x")
        asks_in_text(text)
        lorem_share(text)
        asks_in_name(text)
        is_watermark_name(text)
