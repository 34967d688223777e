"""What a PSD says of its own rights: copyright, data mining, and whether a machine made it.

Read from its image resources: Photoshop's copyright flag and URL, IPTC-IIM, and the XMP packet (Dublin Core, XMP
Rights, PLUS, IPTC Extension, TDMRep). Nothing else of them is read: no history, no paths; the authors only on request.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from xml.etree import ElementTree

from psd_tools.constants import Resource

from data_pipeline.document import Document

_MAX_XMP_BYTES = 32 << 20  # Photoshop's lists of ancestors have grown to that
_MAX_TEXT = 2_000  # characters of one statement

_RDF = "{http://www.w3.org/1999/02/22-rdf-syntax-ns#}"
_DC = "{http://purl.org/dc/elements/1.1/}"
_XMP_RIGHTS = "{http://ns.adobe.com/xap/1.0/rights/}"
_PLUS = "{http://ns.useplus.org/ldf/xmp/1.0/}"
_IPTC = "{http://iptc.org/std/Iptc4xmpExt/2008-02-29/}"
_TDM = "{http://www.w3.org/ns/tdmrep/}"
_CC = "{http://creativecommons.org/ns#}"

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
# IPTC NewsCodes, "Digital Source Type": those that say that a trained model made it or a part of it.
_GENERATED = {"trainedAlgorithmicMedia", "compositeWithTrainedAlgorithmicMedia", "compositeSynthetic"}
_AI_SYSTEM = (f"{_IPTC}AISystemUsed", f"{_IPTC}AIPromptInformation")  # IPTC 2025.1; absent where none was used

_IIM_BYLINE, _IIM_COPYRIGHT = 80, 116  # datasets of IPTC-IIM's record 2


@dataclass(frozen=True)
class Rights:
    """None is what the file does not say.

    `mining` is PLUS's term in our words, `unknown` where it is none of its terms; `digital_source` is IPTC's digital
    source type, `generated` what says that a trained model made it or a part of it; `is_unreadable` tells of
    statements that cannot be read.
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
    xmp = _xmp(raw.get(Resource.XMP_METADATA, b""))
    statements = xmp or {}
    flag = raw.get(Resource.COPYRIGHT_FLAG, b"")
    marked = _first(statements, f"{_XMP_RIGHTS}Marked")
    source = _last_part(_first(statements, f"{_IPTC}DigitalSourceType"))
    return Rights(
        copyrighted=bool(flag[0]) if flag else _truth(marked),
        notice=_first(statements, f"{_DC}rights", f"{_XMP_RIGHTS}UsageTerms") or iim.get(_IIM_COPYRIGHT),
        url=_first(statements, f"{_XMP_RIGHTS}WebStatement", f"{_CC}license") or _text(raw.get(Resource.URL, b"")),
        mining=_mining(statements),
        digital_source=source,
        generated=source if source in _GENERATED else _first(statements, *_AI_SYSTEM),
        is_unreadable=xmp is None or not iim_is_whole,
        authors=", ".join(statements.get(f"{_DC}creator", ()))[:_MAX_TEXT] or iim.get(_IIM_BYLINE),
    )


def _mining(statements: Mapping[str, list[str]]) -> str | None:
    said = _last_part(_first(statements, f"{_PLUS}DataMining"))
    if said is not None:
        return _MINING.get(said.upper(), "unknown")
    # W3C's TDM reservation protocol: 1 reserves the right to mine.
    return {"1": "reserved", "0": "unspecified"}.get(_first(statements, f"{_TDM}reservation") or "")


def _xmp(packet: bytes) -> dict[str, list[str]] | None:
    """Every property of what the packet describes, by its name, with its values; None where it cannot be read."""
    packet = packet.strip(b"\0 \t\r\n")
    if not packet:
        return {}
    if len(packet) > _MAX_XMP_BYTES or re.search(rb"<!(DOCTYPE|ENTITY)", packet, re.IGNORECASE):
        return None  # XMP has no document type; one that has may expand without end
    try:
        root = ElementTree.fromstring(packet)
    except (ElementTree.ParseError, ValueError, LookupError):  # LookupError: an encoding that there is not
        return None
    statements: dict[str, list[str]] = {}
    for description in root.iterfind(f".//{_RDF}RDF/{_RDF}Description"):  # not those of what went into it
        for name, value in (*description.items(), *_elements(description)):
            if value.strip():
                statements.setdefault(name, []).append(value.strip()[:_MAX_TEXT])
    return statements


def _elements(description: ElementTree.Element) -> Iterator[tuple[str, str]]:
    """The properties that a description holds as elements: a value, a reference, or a list of values."""
    for element in description:
        yield element.tag, element.get(f"{_RDF}resource") or element.text or ""
        for item in element.findall(f"*/{_RDF}li"):
            yield element.tag, item.get(f"{_RDF}resource") or item.text or ""


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
