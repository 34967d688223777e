"""Words that give a layer away, and sentences that only contain them."""

import pytest

from data_pipeline.anomaly.wording import (
    asks_in_name,
    asks_in_text,
    is_stamp_text,
    is_warning_text,
    is_watermark_group,
    is_watermark_name,
    is_watermark_text,
    lorem_share,
    plain_words,
)


@pytest.mark.parametrize(
    "text",
    ["Preview only", "Sample copy, not for resale", "PREVIEW ONLY\rPREVIEW ONLY", "shutterstock.com · 184402117",
     "iStock-1187623", "www.dreamstime.com", "Adobe Stock | #204411873", "Do not copy! Preview only", "Watermark",
     "Sample image", "ＷＡＴＥＲＭＡＲＫ", "wátermark", "PREVIEW - NOT FOR RESALE", "W A T E R M A R K",
     "water\u200bmark"],
)  # fmt: skip
def test_texts_of_previews(text) -> None:
    assert is_watermark_text(text)


@pytest.mark.parametrize(
    "text",
    ["shutterstock", "Getty Images", "Photos: shutterstock.com", "Remove watermarks in one click", "No watermark",
     "Free preview for 14 days", "Our watermark policy", "Do not use the lift", "", "© 2024", "NOT FOR RESALE",
     "Do not copy!"],
)  # fmt: skip
def test_texts_that_mention_agencies_and_marks(text) -> None:
    assert not is_watermark_text(text)


@pytest.mark.parametrize(
    "name", ["watermark", "Water-mark copy 2", "PREVIEW ONLY", "depositphotos preview", "do_not_use", "WatermarkText"]
)
def test_names_of_previews(name) -> None:
    assert is_watermark_name(name)


@pytest.mark.parametrize(
    "name",
    ["shutterstock_184402117", "iStock-1187623 copy", "preview copy", "sample image", "Adobe Stock", "no watermark",
     "watermark-free photo", "Preview", "this is the long story of a watermark on paper"],
)  # fmt: skip
def test_names_of_purchased_pictures_and_copies(name) -> None:
    assert not is_watermark_name(name)


@pytest.mark.parametrize(
    "text",
    ["Nur zur Ansicht", "Wasserzeichen", "Aperçu seulement", "Specimen - ne pas copier", "Marca de agua",
     "Marca d'água", "MUESTRA: prohibida la venta", "Solo anteprima", "Водяной знак", "Только для просмотра", "水印",
     "仅供预览", "样图 请勿转载", "透かし", "見本画像", "サンプル 無断転載禁止", "워터마크",
     "미리보기 전용", "ピクスタ 48213377"],
)  # fmt: skip
def test_texts_of_previews_in_other_languages(text) -> None:
    assert is_watermark_text(text)


@pytest.mark.parametrize(
    "text",
    ["Nicht zum Verkauf", "Muster", "Das Muster der Tapete", "Muestra gratis", "Образец", "見本", "样品",
     "图片仅供参考", "Nicht verwenden, wenn das Siegel gebrochen ist", "转载请注明出处",
     "去水印", "サンプル", "No copiar"],
)  # fmt: skip
def test_texts_in_other_languages_that_content_says_too(text) -> None:
    assert not is_watermark_text(text)


def test_stamps_warnings_and_names_in_other_languages() -> None:
    assert all(map(is_stamp_text, ["Muster", "Vorschau", "Aperçu", "MUESTRA", "Образец", "样品", "見本", "샘플"]))
    assert all(map(is_warning_text, ["Nicht zum Weiterverkauf", "Ne pas copier", "Не для продажи", "無断転載禁止"]))
    assert all(
        map(is_watermark_name, ["Wasserzeichen", "水印 拷贝", "水印层", "Водяной знак", "透かし", "Marca d'água"])
    )
    assert not any(map(is_watermark_name, ["无水印", "ohne Wasserzeichen", "Muster", "filigrana dorada", "样品"]))
    assert all(map(is_watermark_group, ["Wasserzeichen", "水印"]))


@pytest.mark.parametrize("unit", ["shutterstock preview ", "stock photo ", "do not use or do not copy ", "preview "])
def test_a_text_of_a_thousand_marks_is_read_at_once(unit: str) -> None:
    """Read in every way there is, it would take as long as the universe has lasted."""
    assert not is_watermark_text(unit * 1000 + "picture")
    assert not is_stamp_text(unit * 1000 + "picture")


def test_words_that_marks_and_other_things_are_made_of() -> None:
    assert all(map(is_warning_text, ["NOT FOR RESALE", "Do not copy!", "Do not use\rdo not distribute"]))
    assert not any(map(is_warning_text, ["Do not use the lift", "Preview only", ""]))
    assert all(map(is_stamp_text, ["SAMPLE", "© Shutterstock", "iStock", "Preview", "Proof by Getty Images"]))
    assert not any(map(is_stamp_text, ["Sample sale", "A preview", ""]))
    assert all(map(is_watermark_group, ["Watermark", "water-mark tiles", "Watermark layers"]))
    assert not any(map(is_watermark_group, ["Watermark paper texture", "no watermark", "Preview only"]))


@pytest.mark.parametrize(
    "text",
    ["Your logo here", "YOUR LOGO", "Insert your text here", "Logo here!", "Your company name here", "Sample text",
     "Company slogan goes here", "Votre logo ici", "Tu logo aquí", "Ihr Logo hier", "Seu logo aqui", "Ваш логотип",
     "Ваш дизайн здесь"],
)  # fmt: skip
def test_texts_that_ask_for_the_buyers_own(text) -> None:
    assert asks_in_text(text)


@pytest.mark.parametrize(
    "text",
    ["Add a photo", "We print your logo on mugs", "Your name", "Upload your picture and win", "Your story starts here",
     "Logo design from 99", "Tu nombre", "Ihr Name", "Votre texte sera imprimé", "Place of birth", "Edit", "Image"],
)  # fmt: skip
def test_texts_that_speak_of_pictures(text) -> None:
    assert not asks_in_text(text)


@pytest.mark.parametrize(
    "name",
    ["PLACE YOUR DESIGN HERE", "<- Put your photo here ->", "YOUR_DESIGN_HERE", "Double click to edit", "Edit Me",
     "Smart Object (change your design here)", "Logo placeholder", "Replace this image", "Place Image"],
)  # fmt: skip
def test_names_of_what_is_to_be_replaced(name) -> None:
    assert asks_in_name(name)


@pytest.mark.parametrize(
    "name",
    ["logo", "Image 2", "add photo icon", "input placeholder", "Change colour", "Edit button", "place",
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
    assert plain_words("ＤÉ\u200bjà   vu: ещё, プレビュー") == "deja vu ещё プレビュー"


def test_long_texts_take_no_time() -> None:
    for unit in ("preview only ", "do not copy or ", "shutterstock com 12345 ", "your ", "lorem ", "a_b"):
        text = unit * 20_000
        is_watermark_text(text + "x")
        asks_in_text(text)
        lorem_share(text)
        asks_in_name(text)
        is_watermark_name(text)
