"""Whether a layer's or a group's name calls it a guide or a grid, says nothing, or says that it is something else.

What is called "Guides" is one; a "City guide route" and a "Calendar grid" belong to the design, and so do "Columns".
"""

import re

from data_pipeline.anomaly.wording import plain_words

# Of what a guide is one, before or after the word itself.
_OF = (
    r"layout|page|columns?|cols?|rows?|baseline|margins?|gutters?|bleed|trim|cut|safe(ty)?|print|cent(er|re)|ruler"
    r"|design|web|bootstrap|desktop|tablet|mobile|artboard|construction|isometric|perspective|modular|square"
    r"|golden|ratio|horizontal|vertical|base|pixel|px|my|\d+(px|cols?)?"
)
_AFTER = r"copy|layers?|lines?|on|off|hide|me|hidden|delete|(do not|non) print(ing)?|overlay|system|png|psd"
_MANY = (
    r"guides|guide ?lines?|rulers|grid ?lines|(rule of )?thirds|crop ?marks|safe(ty)? ?(area|zone|margin)s?"
    r"|(bleed|trim|cut|crop) ?(lines?|marks|area|zone)"
    # German, French, Spanish and Portuguese, Russian, Chinese, Japanese, Korean
    r"|hilfslinien?|reperes|guias|направляющие|参考线|參考線|ガイド(ライン)?|안내선|가이드"
)
_ONE = (
    r"guide|grids?|margins"
    # German, French, Spanish, Italian, Portuguese, Russian, Chinese, Japanese, Korean
    r"|raster|gitter|grille|rejilla|cuadricula|reticula|griglia|grade|malha|сетка|网格|網格|グリッド|그리드|격자"
)
_BEFORE, _BESIDE = rf"(({_OF}|logo|icon) ){{0,4}}", rf"( ?\d+)?( ({_OF}|{_AFTER})){{0,4}}"
_AID = re.compile(rf"{_BEFORE}({_MANY}|{_ONE}){_BESIDE}")
_AID_GROUP = re.compile(rf"{_BEFORE}({_MANY}){_BESIDE}")
_UNTOLD = re.compile(  # what editors call a layer that nobody named
    r"(layer|shape|rectangle|line|path|polygon|vector smart object|smart object|group|untitled"
    r"|ebene|form|rechteck|linie|calque|forme|rectangle|trace|capa|forma|rectangulo|linea|livello|rettangolo|camada"
    r"|retangulo|linha|слой|фигура|прямоугольник|линия|图层|圖層|形状|形狀|矩形|直线|レイヤー|シェイプ|長方形|ライン"
    r"|레이어|모양|사각형|선)? ?\d*( ?(copy|kopie|copie|copia|копия|拷贝|拷貝|のコピー|복사)( \d+)?)*"
)


def is_aid(name: str) -> bool:
    """Whether a layer is called a guide or a grid, and nothing else."""
    return bool(_AID.fullmatch(plain_words(name)))


def is_aid_group(name: str) -> bool:
    """Whether a group is called guides, and nothing else: one called "Grid" holds pictures."""
    return bool(_AID_GROUP.fullmatch(plain_words(name)))


def says_nothing(name: str) -> bool:
    """Whether a name is none that somebody gave."""
    return bool(_UNTOLD.fullmatch(plain_words(name)))
