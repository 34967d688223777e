"""Words by which watermarks and placeholders give themselves away, in texts and in names.

A text that mentions a mark or a picture is content: what counts must make up next to all of it. A name is a label, and
what designers write in one differs: a purchased photograph is called by its file name, "shutterstock_184402117".
"""

import re
import unicodedata
from collections import Counter

from data_pipeline.anomaly.preview_words import (
    AGENCY,
    BESIDE,
    DOUBTFUL,
    DOUBTFUL_NAME,
    LABEL,
    MARK,
    MARK_NAME,
    NO_MARK,
    STAMP,
    WARNING,
)

_SPACELESS = r"\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af"  # scripts that set no spaces between words
_PHRASE = re.compile(
    rf" ?(?:(?P<mark>{MARK})|(?P<doubtful>{DOUBTFUL})|(?P<warning>{WARNING})|(?P<stamp>{STAMP})|(?P<beside>{BESIDE}))"
    rf"(?:(?= )|$|(?=[{_SPACELESS}])|(?<=[{_SPACELESS}])|(?<=\D)(?=\d))"
)
_NAME_PART = re.compile(rf" ?(?:(?P<mark>{MARK_NAME})|(?P<label>{LABEL}))")  # "watermark1", "Wasserzeichenebene"
_NAMED = re.compile(rf"^(for )?(preview|specimen|comp|proof) only\b|\b{AGENCY}( com)? (preview|comp|overlay)\b")
_DOUBTFUL_NAME = re.compile(DOUBTFUL_NAME)
_NO_MARK = re.compile(NO_MARK)
_OWNER = re.compile(  # a copyright, an address of a site or of a person
    r"©|\(c\)|\bcopyright\b|(?<![\w.@-])([\w.-]+@)?([\w-]{2,}\.)+[a-z]{2,}(?![\w-])", re.IGNORECASE
)
_MAX_OWNER_WORDS = 8
_REPEATED = 3  # times: a mark, where a headline says it once
_THING = (
    r"(own |company |brand |business |personal |custom )?"
    r"(designs?|logo ?(type)?|images?|photos?|pictures?|art ?works?|art|text|screens?|screen ?shots?|contents?|name"
    r"|title|headline|slogan|tag ?line|brand|message|label|graphics?|cover)"
)
_VERB = r"(place|put|insert|add|drop|paste|drag|replace|change|edit|type|write|upload|enter)"
_LEAD = rf"({_VERB} |(with|for|and) )?"
_ASKING_ABROAD = (
    # French, Spanish, German, Italian, Portuguese, Russian
    r"(placez |ins[ée]rez |ajoutez )?votre (propre )?(logo|image|photo|texte|design|nom|slogan) ici"
    r"|(coloca |inserta |pon )?(tu|su) (logo|imagen|foto|texto|dise[ñn]o|nombre|eslogan) aqu[ií]"
    r"|hier (ihr|dein)e? (logo|bild|foto|text|design|name|slogan)|(ihr|dein)e? (logo|bild|foto|text|design|slogan) hier"
    r"|(il )?(tuo|vostro) (logo|testo|nome|design) qui|(coloque )?(o )?seu (logo|texto|nome|design) aqui"
    r"|ваше? (текст|фото|дизайн|название) здесь|ваш логотип( здесь)?"
    # Chinese
    r"|(请|請)?(在此|在这里|在這裡|此处|此處|(点击|點擊|单击|單擊)(此处|此處|这里|這裡)?)(处|處)?"
    r"(输入|輸入|添加|填写|填寫|插入|替换|替換|放置|编辑|編輯)(您的|你的)?(公司)?"
    r"(文字|文本|标题|標題|副标题|副標題|内容|內容|正文|图片|圖片|照片| ?logo|标志|標誌|名称|名稱)+"
    r"|(您|你)的 ?(公司)?(logo|标志|標誌|文字|图片|圖片|标题|標題)(在此|在这里|在這裡)?"
    # Japanese
    r"|(ここ|こちら)に(あなたの|貴社の|御社の)?(ロゴ|テキスト|文字|文章|画像|写真|タイトル|デザイン|見出し)(を|が)?"
    r"((入り|入れ)ます|入れてください|(入力|配置|挿入|追加)(します|してください)?)?"
    r"|ダミー(テキスト|文|画像|コピー)?|(テキスト|タイトル|文章)が入ります"
    # Korean
    r"|여기에 ?((당신|귀사)의 ?)?(회사 ?)?(로고|텍스트|글|이미지|사진|제목|내용)(를|을)? ?"
    r"((입력|삽입|추가)(하세요|하십시오)?|넣으세요)?|(당신|귀사)의 ?(로고|이미지|디자인)"
)
_ASKING = re.compile(
    rf"{_LEAD}(in )?(your|the|an?|this|my) {_THING} (goes )?(in )?here|{_LEAD}(the )?{_THING} (goes )?here"
    rf"|(insert|place) (your|an?) {_THING}|your (company |brand |business )?(logo|designs?|slogan|tag ?line|art ?work)"
    r"|your (company|brand|business)( name)?|(sample|dummy|place ?holder) (text|image|photo|picture|logo|title)"
    rf"|((image|photo|picture|logo|text) )?place ?holder( \d+( ?x ?\d+)?)?|{_ASKING_ABROAD}"
)
_ASKING_NAME = re.compile(
    rf"\b{_VERB} ((in |with )?(your|the|an?|this|any|my) )?({_THING})\b( here)?|\byour {_THING}( goes)? here\b"
    rf"|\byour (company |brand |business )?(logo|designs?|art ?work)\b|\b(edit|replace|change) (me|this)\b"
    rf"|\bplace ?holders?\b|\b(double|dbl) ?click\b|^({_ASKING_ABROAD})$"
)
_TOOL = re.compile(r"\b(icon|button|btn|label|link|menu|tab|bar|field|input|form|tooltip|hover|bg)s?\b")
_MAX_NAME_WORDS = 8  # a name is one to a few words: a sentence that says "logo" is content
_WORD = re.compile(r"[^\W\d_]+")
# Words of Cicero that any Latin sentence has, and some a Romance one: they tell nothing.
_COMMON = frozenset(
    _WORD.findall(
        """
        a ab ac ad ante at aut cum de do ea est et etiam eu ex hac id in is leo massa me mi nam ne nec neque nisi non
        ob per porta pro qua quam qui quis quo quod sed sem si sine sint sit sub sunt te tu ut vel
        """
    )
)
# Cicero's words, cut up, that typesetters have filled pages with since the 1960s, and what generators add to them.
_LOREM = frozenset(
    _WORD.findall(
        """
        accumsan adipiscing adipisicing aenean aliqua aliquam aliquet aliquip amet anim arcu assum auctor augue aute
        bibendum blandit cillum commodo condimentum congue consectetuer consectetur consequat convallis cras culpa
        cupidatat curabitur cursus dapibus deserunt diam dictum dictumst dignissim dolor dolore doming donec dui duis
        efficitur egestas eget eiusmod eleifend elementum elit enim erat eros esse euismod excepteur exercitation facer
        facilisi facilisis fames faucibus felis fermentum feugiat finibus fringilla fugiat fusce gravida habitasse
        hendrerit iaculis imperdiet incididunt integer interdum ipsum irure justo labore laboris laborum lacinia lacus
        laoreet lectus liber libero ligula lobortis lorem luctus maecenas magna malesuada mattis mauris maximus mazim
        metus minim molestie mollis mollit morbi nibh nihil nisl nobis nonummy nostrud nulla nullam nunc occaecat odio
        officia option orci ornare pariatur pellentesque pharetra phasellus placerat platea porttitor possim posuere
        potenti praesent pretium primis proident proin pulvinar purus quisque reprehenderit rhoncus risus rutrum
        sagittis sapien scelerisque semper senectus sodales sollicitudin soluta suscipit suspendisse tellus tempor
        tempus tincidunt tortor tristique turpis ullamco ullamcorper ultrices ultricies urna varius vehicula velit
        venenatis veniam vestibulum vitae vivamus viverra voluptate volutpat vulputate wisi
        """
    )
)
_FEWEST_WORDS = 3
_FEWEST_APART = 4
_ACCENTS = re.compile("([A-Za-z])[\u0300-\u036f]+")  # elsewhere they make other letters of letters
_SIGNS = re.compile(r"\((tm|sm|r|c)\)|[™℠©®ⒸⓒⓇⓡ🅪🅫🅬]", re.IGNORECASE)  # some are letters once decomposed
_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])")


def plain_words(text: str) -> str:
    """Words and numbers alone, in lower case, with one space between them; without accents on Latin letters,
    trade signs and what is not seen, in letters of plain width, and letters that stand apart as one word."""
    decomposed = unicodedata.normalize("NFKD", _SIGNS.sub(" ", text))
    visible = "".join(sign for sign in decomposed if unicodedata.category(sign) != "Cf")
    seen = _ACCENTS.sub(r"\1", visible)
    words = re.findall(r"[^\W_]+", unicodedata.normalize("NFKC", seen))
    is_spaced = len(words) >= _FEWEST_APART and all(len(word) == 1 for word in words)
    return ("" if is_spaced else " ").join(words).lower()


def _parts(pattern: re.Pattern[str], said: str) -> Counter[str]:
    """Of words that are made of a pattern's parts alone, how often each kind of part occurs; empty for others.

    A part that is read is not read again in another way, so that many take no longer than their number.
    """
    kinds: Counter[str] = Counter()
    end = 0
    while end < len(said):
        part = pattern.match(said, end)
        if part is None:
            return Counter()
        kinds[str(part.lastgroup)] += 1
        end = part.end()
    return kinds


def is_watermark_text(text: str) -> bool:
    """Whether a text is a preview's mark, whether or not it is repeated: a stamp makes one of a warning, and so does
    repetition of what is doubtful."""
    kinds = _parts(_PHRASE, plain_words(text))
    is_forbidden = bool(kinds["warning"] and (kinds["stamp"] or kinds["doubtful"]))
    return bool(kinds["mark"]) or is_forbidden or kinds["doubtful"] >= _REPEATED


def is_doubtful_text(text: str) -> bool:
    """Whether a text is made of what marks say, and headlines, captions and packages as well."""
    return bool(_parts(_PHRASE, plain_words(text)).keys() - {"beside"})


def names_owner(text: str) -> bool:
    """Whether a text says whose a picture is, and hardly more."""
    return len(text.split()) <= _MAX_OWNER_WORDS and bool(_OWNER.search(text))


def is_watermark_name(name: str) -> bool:
    """Whether a layer is called a preview's mark, and nothing else."""
    return any(
        _is_mark_name(said) or (_is_short(said) and bool(_NAMED.search(said)) and not _NO_MARK.search(said))
        for said in _as_words(name)
    )


def is_doubtful_name(name: str) -> bool:
    """Whether a layer's name mentions a mark, as those of hotels and glasses do, or forbids use."""
    return any(
        _parts(_PHRASE, said).keys() == {"warning"}
        or (_is_short(said) and bool(_DOUBTFUL_NAME.search(said)) and not _NO_MARK.search(said))
        for said in _as_words(name)
    )


def is_watermark_group(name: str) -> bool:
    """Whether a group is called a preview's mark, and nothing else."""
    return any(map(_is_mark_name, _as_words(name)))


def _is_mark_name(said: str) -> bool:
    return bool(_parts(_NAME_PART, said)["mark"]) and not _NO_MARK.search(said)


def _is_short(said: str) -> bool:
    return len(said.split()) <= _MAX_NAME_WORDS


def _as_words(name: str) -> tuple[str, str]:
    """A name's plain words, and those that capitals part."""
    return plain_words(name), plain_words(_CAMEL.sub(" ", name))


def asks_in_text(text: str) -> bool:
    """Whether a text does nothing but ask for the buyer's own: a button that says "Add a photo" is content."""
    return bool(_ASKING.fullmatch(plain_words(text)))


def asks_in_name(name: str) -> bool:
    """Whether a name says that the layer is to be replaced."""
    said = plain_words(name)
    is_label = len(said.split()) <= _MAX_NAME_WORDS and not _TOOL.search(said)
    return is_label and bool(_ASKING_NAME.search(said))


def lorem_share(text: str) -> float:
    """The share of filler Latin among the words of a text that are not common to all Latin; 0 for fewer than three
    such words, unless they are "lorem ipsum"."""
    words = [word for word in map(str.lower, _WORD.findall(text)) if word not in _COMMON]
    if len(words) < _FEWEST_WORDS and words != ["lorem", "ipsum"]:
        return 0.0
    return sum(word in _LOREM for word in words) / len(words)
