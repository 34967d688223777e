"""What previews of pictures say, by language: patterns of plain words, as `wording.plain_words` leaves them.

A mark says that it is one. What is doubtful, headlines and captions say as well, such as "sample image". A warning
forbids, as packages do too. A stamp is a word that headlines are made of. Latin letters stand without accents.
"""

AGENCY = (
    r"(shutter ?stock|istock( ?photo)?|getty ?images|dreamstime|deposit ?photos|123rf|(a )?alamy|adobe ?stock|fotolia"
    r"|freepik|vecteezy|envato( elements)?|big ?stock( ?photo)?|stock ?photo|can ?stock ?photo|pond5|panther ?media"
    r"|age ?fotostock|mauritius images|colour ?box|thinkstock|rawpixel|pixta|amana ?images|ピクスタ|アマナイメージズ"
    r"|写真ac|视觉中国|千图网|包图网|摄图网|昵图网|фотобанк лори)"
)
_NUMBERED = (  # and what agencies write on previews
    rf"(www )?{AGENCY} com \d+|{AGENCY} (id )?\d{{5,}}|image id [a-z\d]{{5,}} (www )?{AGENCY}( com)?"
    rf"|{AGENCY}( com)? (preview|comp)( (image|copy|file|version))?( only)?"
)
_COPY = r"(image|picture|photo|copy|file|version)"
_MARKS = {
    "en": rf"(this is (a|an) )?(for )?(preview|sample|specimen|comp|proof)( {_COPY})?( purposes?)? only"
    + r"|for (evaluation|review|approval|comping)( purposes?)? only",
    "fr": r"(pour )?(apercu|specimen|previsualisation) (seulement|uniquement)",
    "de": r"nur (zur )?(ansicht|vorschau)|nur (als )?muster",
    "es": r"solo (para )?(vista previa|previsualizacion|muestra)",
    "it": r"solo (per )?anteprima",
    "pt": r"(apenas|somente) (para )?(previa|pre visualizacao|visualizacao|amostra)",
    "ru": r"только для (предварительного )?просмотра",
    "zh": r"(仅供|僅供)(预览|預覽|试看|試看)(使用|之用)?",
    "ja": r"プレビュー(専用|用)|見本専用",
    "ko": r"미리보기 ?(전용|용)",
}
_DOUBTFUL = {
    "en": rf"(this is (a|an) )?((low res(olution)?|unlicensed) )?(preview|sample|specimen|comp|proof) {_COPY}"
    + r"|(low res(olution)?|unlicensed) (preview|sample|comp|image)",
    "fr": r"image d apercu|filigranes?",
    "de": r"(vorschau|muster) ?bild",
    "es": r"imagen de muestra",
    "it": r"immagine (campione|di anteprima)|filigrana",
    "pt": r"imagem de amostra",
    "zh": r"(预览|預覽)(图|圖)|样图|樣圖",
    "ja": r"(見本|サンプル)画像",
    "ko": r"(미리보기|샘플) ?이미지",
}
_WATERMARKS = (
    r"watermark(s|ed)?|water mark",
    r"wasserzeichen",
    r"marcas? de agua|marcas? d ?agua",
    r"водян(ой|ые) знаки?",
    r"浮?水印",
    r"透かし|ウォーターマーク",
    r"워터마크",
)
_WARNINGS = {
    "en": r"(please )?do not (copy|use|distribute|reproduce)( or \w+)?"
    + r"|not for (re ?sale|((commercial|final|public|print) )?use|distribution|print(ing)?|publication)",
    "fr": r"ne pas (copier|utiliser|reproduire|diffuser)|reproduction interdite|interdit a la (re)?vente",
    "de": r"(bitte )?nicht (kopieren|verwenden|vervielfaltigen)"
    + r"|nicht (zum|fur den) (weiter)?verkauf|kopieren verboten",
    "es": r"no (copiar|usar|reproducir|distribuir)|prohibida (su|la) (venta|reproduccion|copia)",
    "it": r"non (copiare|usare|riprodurre)|vietata la (vendita|riproduzione)|riproduzione vietata",
    "pt": r"nao (copiar|usar|reproduzir|distribuir)|proibida a (venda|reproducao|copia)|venda proibida",
    "ru": r"не (копировать|использовать)|не для (пере)?продажи|копирование запрещено",
    "zh": r"(请勿|請勿|禁止|严禁|嚴禁|不得)(盗用|盜用|盗图|盜圖|转载|轉載|复制|複製|使用|下载|下載|商用|外传|外傳)",
    "ja": r"(無断)?(転載|複製|複写|使用|利用|転用)(禁止|厳禁|不可)",
    "ko": r"(무단 ?)?(전재|복제|도용|사용|배포)( ?및 ?(재배포|복제|배포|사용))? ?금지",
}
_STAMPS = {
    "en": r"sample|preview|proof|draft|specimen",
    "fr": r"apercu|echantillon|epreuve|brouillon",
    "de": r"muster|vorschau|entwurf",
    "es": r"muestra|vista previa|borrador",
    "it": r"campione|anteprima|bozza",
    "pt": r"amostra|previa|rascunho",
    "ru": r"образец|предпросмотр|черновик",
    "zh": r"样品|样本|樣本|样稿|预览|預覽",
    "ja": r"(見本|サンプル|プレビュー)(につき)?",
    "ko": r"샘플|견본|미리보기",
}
_AGENCYS_OWN = rf"((by|property of) )?(www )?{AGENCY}( com)?( (photo|image)s?)?"

MARK = "|".join([*_MARKS.values(), _NUMBERED])
DOUBTFUL = "|".join([*_DOUBTFUL.values(), *_WATERMARKS])
WARNING = "|".join(_WARNINGS.values())
STAMP = "|".join([*_STAMPS.values(), _AGENCYS_OWN])
BESIDE = r"copyright(ed)?|\d{1,4}"  # years and counters, which say nothing

# What layers and groups are called that hold a mark, with what may stand beside it in such a name.
MARK_NAME = (
    r"watermarks|water ?mark|wasserzeichen|filigran[ea]|marcas? de agua|marcas? d ?agua|водян(ой|ые) знаки?"
    r"|浮?水印|透かし|ウォーターマーク|워터마크"
)
LABEL = (
    rf"{AGENCY}( com)?|\d+"
    r"|layers?|group|folder|text|logo|overlay|pattern|tiles?|copy|my|this|the|new|old|final|delete|hide|off|on|me|here"
    r"|stock|preview|sample|only|do not use|white|black|dark|light|diagonal|full|small|large|png|jpg|psd|svg"
    r"|calque|copie|ebene|gruppe|kopie|muster|capa|copia|grupo|livello|gruppo|camada|слой|группа|копия"
    r"|图层|圖層|层|層|组|組|文字|拷贝|副本|复制|レイヤー|グループ|のコピー|コピー|ロゴ|레이어|그룹|로고|복사|사본"
)
# Elsewhere in a name, the word counts where the layer is faint.
DOUBTFUL_NAME = (
    r"\b(water ?mark|watermarks|marcas? de agua|marcas? d ?agua|водян(ой|ые) знаки?)\b|\bwasserzeichen"
    r"|浮?水印|透かし|ウォーターマーク|워터마크"
)
_WITHOUT = (
    r"\b(no|non|without|remove[ds]?|free|anti|un) water ?mark|\bwater ?mark (free|remov\w*)",
    r"\b(high|low) water|\bwater ?marks? (on|in|from|paper|stains?|rings?|texture)\b",  # marks that water left
    r"\bohne wasserzeichen",
    r"\bsin marcas? de agua|\bsem marcas? d ?agua",
    r"\bбез водян",
    r"(无|無|去|去除|没有)浮?水印",
    r"透かし(なし|無し|ブロック|彫)",  # and blocks and carvings that let light through
    r"워터마크 ?(없|제거)",
)
NO_MARK = "|".join(_WITHOUT)
