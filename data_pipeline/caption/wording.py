"""Text and names as designers left them in, words that are safe and worth quoting in a caption out."""

import re
import unicodedata

JOINERS = "\u200c\u200d"  # they shape Persian, Hindi and emoji; every other format character is dropped
_WORD = re.compile(r"[^\W\d_]+")
_EXTENSION = re.compile(r"\.(psd|psb|png|jpe?g|gif|tiff?|svg|ai|eps|pdf|webp|bmp)$", re.IGNORECASE)

# Of names that the program gave, in the languages that are common among designs.
_PROGRAM = """
    layer rectangle rounded ellipse polygon triangle star line path shape custom vector smart object group folder
    background color colour fill gradient pattern solid image bitmap frame artboard slice copy of mask clipping
    ebene rechteck abgerundetes abgerundete ellipse polygon linie form gruppe hintergrund kopie von farbfüllung verlauf
    calque rectangle arrondi ellipse polygone ligne trait forme groupe arrière plan copie de couleur unie dégradé
    capa rectángulo rectangulo redondeado elipse polígono línea linea forma grupo fondo copia relleno
    livello rettangolo arrotondato ellisse poligono linea forma gruppo sfondo copia
    camada retângulo arredondado elipse polígono linha forma grupo fundo cópia
    laag rechthoek ovaal lijn vorm groep achtergrond kopie
    слой прямоугольник скругл углы эллипс многоугольник линия фигура группа фон задний план копия безымянный
    растр контур кривая
    warstwa prostokąt elipsa kształt grupa tło kopia
    图层 矩形 圆角矩形 椭圆 多边形 直线 形状 组 背景 拷贝 副本 圖層 橢圓 群組 拷貝
    レイヤー 長方形 角丸長方形 楕円形 多角形 ライン シェイプ グループ 背景 のコピー コピー
    레이어 사각형 타원 모양 그룹 배경 복사
"""
_PROGRAM_WORDS = frozenset(_PROGRAM.split())


def clean(text: str, most: int) -> str:
    """One line of at most `most` characters, without control characters, icons of private fonts and double quotes."""
    kept = []
    for character in unicodedata.normalize("NFC", text[: 8 * most]):
        if character in JOINERS:
            kept.append(character)
        elif character.isspace() or unicodedata.category(character) == "Cc":
            kept.append(" ")
        elif not unicodedata.category(character).startswith("C"):
            kept.append("'" if character in '"“”„«»' else character)
    line = " ".join("".join(kept).split())
    if len(line) <= most:
        return line
    words = line[:most].rpartition(" ")[0]
    return (words if len(words) > most // 2 else line[: most - 1]).rstrip(" ,;:.-") + "…"


def telling_name(name: str, most: int = 40) -> str:
    """A layer's name as words; empty where the program gave it ("Layer 1 copy 2") or it says nothing."""
    line = clean(name, 4 * most).replace("\\", "/")
    line = _EXTENSION.sub("", line.rstrip("/").rsplit("/", 1)[-1])
    line = re.sub(r"[_\-\s]+", " ", line.strip(" #.<>_-")).strip()
    words = [word.casefold() for word in _WORD.findall(line)]
    if not words or all(word in _PROGRAM_WORDS for word in words) or max(map(len, words)) < 2:
        return ""
    return clean(line, most)


def quoted(text: str) -> str:
    return f'"{text}"'


def with_article(noun: str) -> str:
    """`an orange shape`, `a red shape`."""
    return f"{'an' if noun[0].lower() in 'aeiou' else 'a'} {noun}"


def enumeration(parts: list[str]) -> str:
    """`a`, `a and b`, `a, b and c`."""
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"
