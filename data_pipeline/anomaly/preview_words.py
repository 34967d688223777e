"""What previews of pictures say, by language: patterns of plain words, as `wording.plain_words` leaves them.

A mark says that it is one. A warning forbids, as packages do too. A stamp is a word that headlines are made of as well.
Latin letters stand without accents.
"""

AGENCY = (
    r"(shutter ?stock|istock( ?photo)?|getty ?images|dreamstime|deposit ?photos|123rf|alamy|adobe ?stock|fotolia"
    r"|freepik|vecteezy|envato( elements)?|big ?stock( ?photo)?|stock ?photo|can ?stock ?photo|pond5|panther ?media"
    r"|age ?fotostock|mauritius images|colour ?box|thinkstock|rawpixel|pixta|amana ?images|ピクスタ|アマナイメージズ"
    r"|写真ac|视觉中国|千图网|包图网|摄图网|昵图网|фотобанк лори)"
)
_NUMBERED = rf"(www )?{AGENCY} com( \d+)?|{AGENCY} \d{{5,}}|{AGENCY} (preview|comp)"
_WATERMARKS = (
    r"water ?mark(ed)?s?",
    r"wasserzeichen",
    r"marcas? de agua|marcas? d ?agua",
    r"водян(ой|ые) знаки?",
    r"浮?水印",
    r"透かし",
    r"워터마크",
)
_MARKS = {
    "en": r"(this is (a|an) )?((preview|sample|specimen|comp|proof) (only|image|copy)|for preview only)",
    "fr": r"(apercu|specimen) (seulement|uniquement)|image d apercu|filigrane",
    "de": r"nur (zur )?(ansicht|vorschau)|(vorschau|muster) ?bild",
    "es": r"solo (vista previa|muestra)|imagen de muestra",
    "it": r"solo anteprima|immagine (campione|di anteprima)",
    "pt": r"(apenas|somente) (previa|amostra|visualizacao)|imagem de amostra",
    "ru": r"только для (предварительного )?просмотра",
    "zh": r"(仅供|僅供)(预览|預覽)|(预览|預覽)(图|圖)|样图|樣圖",
    "ja": r"(見本|サンプル)画像|プレビュー(用|専用)",
    "ko": r"미리보기 ?(전용|이미지)",
}
_WARNINGS = {
    "en": r"(please )?do not (copy|use|distribute|reproduce)( or \w+)?"
    + r"|not for (re ?sale|(commercial )?use|distribution)",
    "fr": r"ne pas (copier|utiliser|reproduire|diffuser)|reproduction interdite|interdit a la (re)?vente",
    "de": r"(bitte )?nicht (kopieren|verwenden|vervielfaltigen)"
    + r"|nicht (zum|fur den) (weiter)?verkauf|kopieren verboten",
    "es": r"no (copiar|usar|reproducir|distribuir)|prohibida (su|la) (venta|reproduccion|copia)",
    "it": r"non (copiare|usare|riprodurre)|vietata la (vendita|riproduzione)|riproduzione vietata",
    "pt": r"nao (copiar|usar|reproduzir|distribuir)|proibida a (venda|reproducao|copia)|venda proibida",
    "ru": r"не (копировать|использовать)|не для (пере)?продажи|копирование запрещено",
    "zh": r"(请勿|請勿|禁止|严禁)(盗用|盜用|转载|轉載|复制|複製|商用)",
    "ja": r"(無断)?(転載|複製|使用)禁止",
    "ko": r"무단 ?(전재|복제|도용) ?금지",
}
_STAMPS = {
    "en": r"sample|preview|proof|draft|specimen",
    "fr": r"apercu|epreuve|brouillon",
    "de": r"muster|vorschau|entwurf",
    "es": r"muestra|vista previa|borrador",
    "it": r"campione|anteprima|bozza",
    "pt": r"amostra|previa|rascunho",
    "ru": r"образец|предпросмотр|черновик",
    "zh": r"样品|样本|樣本|样稿|预览|預覽",
    "ja": r"見本|サンプル|プレビュー",
    "ko": r"샘플|견본|미리보기",
}

MARK = "(" + "|".join([*_MARKS.values(), *_WATERMARKS, _NUMBERED]) + ")"
WARNING = "(" + "|".join(_WARNINGS.values()) + ")"
STAMP = "(" + "|".join([*_STAMPS.values(), rf"(by )?{AGENCY}"]) + ")"
# What layers and groups are called; Chinese and Japanese set no spaces between words.
NAME = (
    r"(\b(water ?marks?|wasserzeichen|marcas? de agua|marcas? d ?agua|водян(ой|ые) знаки?)\b|浮?水印|透かし|워터마크)"
)
_WITHOUT = (
    r"\b(no|non|without|remove[ds]?|free|anti|un) water ?mark|\bwater ?mark (free|remov\w*)",
    r"\bohne wasserzeichen",
    r"\bsin marcas? de agua|\bsem marcas? d ?agua",
    r"\bбез водян",
    r"(无|無|去|去除|没有)浮?水印",
    r"透かし(なし|無し)",
    r"워터마크 ?(없|제거)",
)
NO_MARK = "(" + "|".join(_WITHOUT) + ")"
