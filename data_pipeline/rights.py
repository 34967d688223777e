"""What a PSD says of its own rights: copyright, data mining, and whether a machine made it.

Read from its image resources: Photoshop's copyright flag and URL, IPTC-IIM, and the XMP packet (Dublin Core, XMP
Rights, PLUS, IPTC Extension, TDMRep). Nothing else of them is read: no history, no paths; the authors only on request.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from xml.etree import ElementTree

from psd_tools.constants import Resource

from data_pipeline.document import Document

_MAX_XMP_BYTES = 8 << 20  # Photoshop's lists of ancestors grow without end; a tree may take fifty times its text
_MAX_TEXT = 2_000  # characters of one statement

_RDF = "{http://www.w3.org/1999/02/22-rdf-syntax-ns#}"
_DC = "{http://purl.org/dc/elements/1.1/}"
_XMP_RIGHTS = "{http://ns.adobe.com/xap/1.0/rights/}"
_PLUS = "{http://ns.useplus.org/ldf/xmp/1.0/}"
_IPTC = "{http://iptc.org/std/Iptc4xmpExt/2008-02-29/}"
_CC = "{http://creativecommons.org/ns#}"
_RESERVATION = re.compile(r"\{https?://www\.w3\.org/ns/tdmrep[/#]?\}reservation")  # all are met with

# Where a property has its value but in itself: qualified, in a node of its own, in a list, and these within each other.
_NODES = (f"{_RDF}value", f"{_RDF}Description", f"{_RDF}Description/{_RDF}value")
_PLACES = (*_NODES, f"*/{_RDF}li", *(f"*/{_RDF}li/{node}" for node in _NODES))
_VALUES = tuple(f"{_RDF}{name}" for name in ("resource", "about", "value"))  # attributes that hold it

# PLUS LDF vocabulary, "Data Mining": the end of the term's URL -> what the table says.
_MINING = {
    "DMI-UNSPECIFIED": "unspecified",
    "DMI-ALLOWED": "allowed",
    "DMI-PROHIBITED": "prohibited",
    "DMI-PROHIBITED-AIMLTRAINING": "prohibited_ai_training",
    "DMI-PROHIBITED-GENAIMLTRAINING": "prohibited_generative_ai_training",
    "DMI-PROHIBITED-EXCEPTSEARCHENGINEINDEXING": "prohibited_except_search",
    "DMI-PROHIBITED-SEECONSTRAINT": "prohibited_see_constraint",
    "DMI-PROHIBITED-SEEEMBEDDEDRIGHTSEXPR": "prohibited_see_rights_expression",
}
_PROHIBITED = re.compile(r"(?:DMI-)?PROHIBITED")  # and any later term that begins so
# W3C's TDM reservation protocol: 1 reserves the right to mine.
_RESERVED = {"1": "reserved", "true": "reserved", "0": "unspecified", "false": "unspecified"}
_STRICTEST_FIRST = (
    "prohibited",
    "prohibited_except_search",
    "prohibited_ai_training",
    "prohibited_generative_ai_training",
    "prohibited_see_constraint",
    "prohibited_see_rights_expression",
    "reserved",
    "unknown",
    "allowed",
    "unspecified",
)
_PROHIBITED_BYTES = re.compile(rb"DMI-PROHIBITED[A-Z-]*", re.IGNORECASE)
_RESERVED_BYTES = re.compile(rb"tdm:reservation\s*(?:>|=\s*[\"'])\s*(?:1|true)\b", re.IGNORECASE)

# IPTC NewsCodes, "Digital Source Type": those that say that a trained model made it or a part of it.
_GENERATED = {
    term.casefold(): term
    for term in ("trainedAlgorithmicMedia", "compositeWithTrainedAlgorithmicMedia", "compositeSynthetic")
}
_AI_SYSTEM = (f"{_IPTC}AISystemUsed", f"{_IPTC}AIPromptInformation")  # IPTC 2025.1
_NO_SYSTEM = ("none", "n/a")  # what some write there for none

_IIM_BYLINE, _IIM_COPYRIGHT = 80, 116  # datasets of IPTC-IIM's record 2


@dataclass(frozen=True)
class Rights:
    """None is what the file does not say.

    `mining` is PLUS's term in our words, `unknown` where it is none of its terms, the strictest of several;
    `digital_source` is IPTC's digital source type, `generated` what says that a trained model made it or a part of it;
    `is_unreadable` tells of statements that cannot be read, of which a prohibition alone is looked for.
    """

    copyrighted: bool | None = None
    notice: str | None = None
    url: str | None = None
    mining: str | None = None
    digital_source: str | None = None
    generated: str | None = None
    is_unreadable: bool = False
    authors: str | None = None

    @property
    def prohibits_mining(self) -> bool:
        """Whether it is said in so many words that it may not be mined, or not be trained on."""
        return self.mining is not None and self.mining.startswith(("prohibited", "reserved"))


def rights_of(document: Document) -> Rights:
    """What the document says of itself. What cannot be read is missing, and makes the result unreadable."""
    resources = document.psd.image_resources
    raw = {
        key: resources[key].data
        for key in (Resource.COPYRIGHT_FLAG, Resource.URL, Resource.IPTC_NAA, Resource.XMP_METADATA)
        if key in resources and isinstance(resources[key].data, bytes)
    }
    iim, iim_is_whole = _iim(raw.get(Resource.IPTC_NAA, b""))
    packet = raw.get(Resource.XMP_METADATA, b"")
    xmp = _xmp(packet)
    statements = xmp or {}
    marks = [bool(flag) for flag in raw.get(Resource.COPYRIGHT_FLAG, b"")[:1]]
    marks += [mark for value in statements.get(f"{_XMP_RIGHTS}Marked", ()) if (mark := _truth(value)) is not None]
    sources = [_last_part(value) for value in statements.get(f"{_IPTC}DigitalSourceType", ())]
    return Rights(
        copyrighted=any(marks) if marks else None,
        notice=_first(statements, f"{_DC}rights", f"{_XMP_RIGHTS}UsageTerms") or iim.get(_IIM_COPYRIGHT),
        url=_first(statements, f"{_XMP_RIGHTS}WebStatement", f"{_CC}license") or _text(raw.get(Resource.URL, b"")),
        mining=_prohibition(packet) if xmp is None else _mining(statements),
        digital_source=sources[0] if sources else None,
        generated=_generated(statements, sources),
        is_unreadable=xmp is None or not iim_is_whole,
        authors=", ".join(statements.get(f"{_DC}creator", ()))[:_MAX_TEXT] or iim.get(_IIM_BYLINE),
    )


def _mining(statements: Mapping[str, list[str]]) -> str | None:
    said = [_mining_term(value) for value in statements.get(f"{_PLUS}DataMining", ())]
    for name, values in statements.items():
        if _RESERVATION.fullmatch(name):
            said += [_RESERVED.get(value.lower(), "unknown") for value in values]
    return min(said, key=_STRICTEST_FIRST.index, default=None)


def _mining_term(value: str) -> str:
    term = (_last_part(value) or "").upper()
    return _MINING.get(term) or ("prohibited" if _PROHIBITED.match(term) else "unknown")


def _prohibition(packet: bytes) -> str | None:
    """The strictest prohibition in the bytes of a packet that cannot be parsed, were it of something that went in."""
    packet = packet.replace(b"\0", b"")  # what is left of UTF-16 and UTF-32 is ASCII
    said = {_mining_term(term.decode()) for term in set(_PROHIBITED_BYTES.findall(packet))}
    if _RESERVED_BYTES.search(packet):
        said.add("reserved")
    return min(said, key=_STRICTEST_FIRST.index, default=None)


def _generated(statements: Mapping[str, list[str]], sources: Iterable[str | None]) -> str | None:
    named = (_GENERATED.get((source or "").casefold()) for source in sources)
    systems = (value for name in _AI_SYSTEM for value in statements.get(name, ()) if value.lower() not in _NO_SYSTEM)
    return next((source for source in named if source), None) or next(systems, None)


def _xmp(packet: bytes) -> dict[str, list[str]] | None:
    """Every property of what the packet describes, by its name, with its values; None where it cannot be read."""
    packet = packet.strip(b"\0 \t\r\n")
    if not packet:
        return {}
    if len(packet) > _MAX_XMP_BYTES:
        return None
    try:
        root = ElementTree.fromstring(packet, ElementTree.XMLParser(target=_Builder()))
    except (ElementTree.ParseError, ValueError, LookupError):  # LookupError: an encoding that there is not
        return None
    statements: dict[str, list[str]] = {}
    for rdf in root.iter(f"{_RDF}RDF"):  # which may be the root
        for description in rdf.iterfind(f"{_RDF}Description"):  # not those of what went into it
            for name, value in (*description.items(), *_elements(description)):
                if value.strip():
                    statements.setdefault(name, []).append(value.strip()[:_MAX_TEXT])
    return statements


class _Builder(ElementTree.TreeBuilder):
    def doctype(self, name: str, public: str | None, system: str | None) -> None:
        """Called before what it declares is read: XMP has no document type, and one that has may expand without end."""
        raise ElementTree.ParseError(f"a document type, {name}")


def _elements(description: ElementTree.Element) -> Iterator[tuple[str, str]]:
    """The properties that a description holds as elements: a value, a reference, one of these qualified, or a list."""
    for element in description:
        for place in (element, *(found for path in _PLACES for found in element.iterfind(path))):
            for value in (*(place.get(name) for name in _VALUES), place.text):
                if value:
                    yield element.tag, value


def _iim(data: bytes) -> tuple[dict[int, str], bool]:
    """Record 2 of an IPTC-IIM block by dataset, the first of each; and whether the block could be read to its end.

    A dataset is 0x1C, its record, its number, two bytes of length, its value (IPTC-IIM 4.2, section 1.5); Photoshop
    pads the block with zeros.
    """
    found: dict[int, str] = {}
    at = 0
    while data[at : at + 1] == b"\x1c" and at + 5 <= len(data):
        record, number = data[at + 1], data[at + 2]
        length = int.from_bytes(data[at + 3 : at + 5], "big")
        if length & 0x8000 or at + 5 + length > len(data):  # an extended length belongs to pictures, not to words
            return found, False
        value = _text(data[at + 5 : at + 5 + length])
        if record == 2 and value is not None:
            found.setdefault(number, value)
        at += 5 + length
    return found, not data[at:].strip(b"\0")


def _text(data: bytes) -> str | None:
    """UTF-8 where it is that, else the Latin-1 that old files hold; None where nothing is said."""
    try:
        text = data.decode()
    except UnicodeDecodeError:
        text = data.decode("latin-1")
    return text.replace("\0", "").strip()[:_MAX_TEXT] or None


def _first(statements: Mapping[str, list[str]], *names: str) -> str | None:
    for name in names:
        if name in statements:
            return statements[name][0]
    return None


def _last_part(term: str | None) -> str | None:
    """`DMI-ALLOWED` of `http://ns.useplus.org/ldf/vocab/DMI-ALLOWED`, or of `plus:DMI-ALLOWED`."""
    return None if term is None else re.split(r"[/#:]", term.rstrip("/"))[-1] or None


def _truth(value: str | None) -> bool | None:
    return {"true": True, "false": False}.get((value or "").lower())
