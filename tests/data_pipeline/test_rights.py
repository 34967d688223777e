"""What a file says of its rights: packets as Photoshop and IPTC's own tools write them, and damaged ones."""

import io
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from psd_tools.constants import Resource

from data_pipeline.curate import curate
from data_pipeline.document import Document, open_document
from data_pipeline.drawing import Pixels, draw_bytes
from data_pipeline.rights import Rights, rights_of
from schemas.options import CurateOptions
from schemas.reasons import Reason, Stage

_NAMESPACES = " ".join(
    f'xmlns:{prefix}="{url}"'
    for prefix, url in {
        "rdf": "http://www.w3.org/1999/02/22-rdf-syntax-ns#",
        "dc": "http://purl.org/dc/elements/1.1/",
        "plus": "http://ns.useplus.org/ldf/xmp/1.0/",
        "xmpRights": "http://ns.adobe.com/xap/1.0/rights/",
        "xmpMM": "http://ns.adobe.com/xap/1.0/mm/",
        "Iptc4xmpExt": "http://iptc.org/std/Iptc4xmpExt/2008-02-29/",
        "tdm": "http://www.w3.org/ns/tdmrep/",
        "cc": "http://creativecommons.org/ns#",
    }.items()
)
_PLUS = "http://ns.useplus.org/ldf/vocab"
_SOURCES = "http://cv.iptc.org/newscodes/digitalsourcetype"


def packet(inside: str = "", attributes: str = "") -> bytes:
    return (
        '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?><x:xmpmeta xmlns:x="adobe:ns:meta/">'
        f'<rdf:RDF {_NAMESPACES}><rdf:Description rdf:about="" {attributes}>{inside}</rdf:Description></rdf:RDF>'
        '</x:xmpmeta><?xpacket end="w"?>'
    ).encode() + b" \n\0"


def dataset(number: int, value: bytes, record: int = 2) -> bytes:
    return bytes((0x1C, record, number)) + len(value).to_bytes(2, "big") + value


def drawn(**resources: bytes) -> bytes:
    white = np.full((8, 8, 4), 255, np.uint8)
    given = {Resource[name]: data for name, data in resources.items()}
    return draw_bytes(8, 8, [Pixels(rgba=white)], stored=white, resources=given)


def rights(**resources: bytes) -> Rights:
    document = open_document(io.BytesIO(drawn(**resources)), CurateOptions())
    assert isinstance(document, Document)
    return rights_of(document)


def test_a_file_that_says_nothing() -> None:
    assert rights() == Rights()
    assert rights(XMP_METADATA=packet()) == Rights()


@pytest.mark.parametrize(
    ("term", "mining", "prohibits"),
    [
        ("DMI-UNSPECIFIED", "unspecified", False),
        ("DMI-ALLOWED", "allowed", False),
        ("DMI-PROHIBITED", "prohibited", True),
        ("DMI-PROHIBITED-AIMLTRAINING", "prohibited_ai_training", True),
        ("DMI-PROHIBITED-GENAIMLTRAINING", "prohibited_generative_ai_training", True),
        ("DMI-PROHIBITED-EXCEPTSEARCHENGINEINDEXING", "prohibited_except_search", True),
        ("DMI-PROHIBITED-SEECONSTRAINT", "prohibited_see_constraint", True),
        ("DMI-PROHIBITED-SEEEMBEDDEDRIGHTSEXPR", "prohibited_see_rights_expression", True),
        ("DMI-PROHIBITED-SOMETHINGNEW", "prohibited", True),
        ("DMI-SOMETHING-NEW", "unknown", False),
    ],
)
def test_every_term_of_data_mining_in_every_form(term: str, mining: str, prohibits: bool) -> None:
    for xmp in (
        packet(attributes=f'plus:DataMining="{_PLUS}/{term}"'),
        packet(f"<plus:DataMining>{_PLUS}/{term}</plus:DataMining>"),
        packet(f'<plus:DataMining rdf:resource="{_PLUS}/{term}"/>'),
        packet(f"<plus:DataMining>{term.lower()}</plus:DataMining>"),
        packet(f'<plus:DataMining rdf:parseType="Resource"><rdf:value>{_PLUS}/{term}</rdf:value></plus:DataMining>'),
        packet(f'<plus:DataMining><rdf:Description rdf:value="{_PLUS}/{term}"/></plus:DataMining>'),
        packet(f"<plus:DataMining><rdf:Bag><rdf:li>{_PLUS}/{term}</rdf:li></rdf:Bag></plus:DataMining>"),
        f'<rdf:RDF {_NAMESPACES}><rdf:Description plus:DataMining="{_PLUS}/{term}"/></rdf:RDF>'.encode(),
    ):
        read = rights(XMP_METADATA=xmp)
        assert (read.mining, read.prohibits_mining) == (mining, prohibits)


def test_the_reservation_protocol() -> None:
    assert rights(XMP_METADATA=packet("<tdm:reservation>1</tdm:reservation>")).prohibits_mining
    assert not rights(XMP_METADATA=packet("<tdm:reservation>0</tdm:reservation>")).prohibits_mining


@pytest.mark.parametrize("namespace", ["https://www.w3.org/ns/tdmrep/", "http://www.w3.org/ns/tdmrep"])
def test_the_reservation_protocol_by_other_addresses(namespace: str) -> None:
    xmp = packet(f'<t:reservation xmlns:t="{namespace}">1</t:reservation>')
    assert rights(XMP_METADATA=xmp).mining == "reserved"


@pytest.mark.parametrize(
    ("terms", "mining"),
    [
        (["ALLOWED", "PROHIBITED"], "prohibited"),
        (["PROHIBITED-AIMLTRAINING", "PROHIBITED", "UNSPECIFIED"], "prohibited"),
        (["UNSPECIFIED", "ALLOWED"], "allowed"),
        (["ALLOWED", "ELSE"], "unknown"),
    ],
)
def test_the_strictest_of_several_statements_counts(terms: list[str], mining: str) -> None:
    items = "".join(f"<rdf:li>{_PLUS}/DMI-{term}</rdf:li>" for term in terms)
    elements = "".join(f"<plus:DataMining>{_PLUS}/DMI-{term}</plus:DataMining>" for term in terms)
    for inside in (f"<plus:DataMining><rdf:Bag>{items}</rdf:Bag></plus:DataMining>", elements):
        assert rights(XMP_METADATA=packet(inside)).mining == mining


@pytest.mark.parametrize(
    ("term", "mining"),
    [("UNSPECIFIED", "reserved"), ("ALLOWED", "reserved"), ("ELSE", "reserved"), ("PROHIBITED", "prohibited")],
)
def test_a_reservation_outweighs_what_does_not_prohibit(term: str, mining: str) -> None:
    inside = f"<plus:DataMining>DMI-{term}</plus:DataMining><tdm:reservation>1</tdm:reservation>"
    assert rights(XMP_METADATA=packet(inside)).mining == mining


@pytest.mark.parametrize(
    ("inside", "generated"),
    [
        (f"<Iptc4xmpExt:DigitalSourceType>{_SOURCES}/trainedAlgorithmicMedia</Iptc4xmpExt:DigitalSourceType>", True),
        (f"<Iptc4xmpExt:DigitalSourceType>{_SOURCES}/digitalCreation</Iptc4xmpExt:DigitalSourceType>", False),
        ("<Iptc4xmpExt:AISystemUsed>A model 2.0</Iptc4xmpExt:AISystemUsed>", True),
        ("<Iptc4xmpExt:AISystemUsed> </Iptc4xmpExt:AISystemUsed>", False),
        ("<Iptc4xmpExt:AISystemUsed>None</Iptc4xmpExt:AISystemUsed>", False),
        ("<Iptc4xmpExt:DigitalSourceType>TRAINEDalgorithmicMedia</Iptc4xmpExt:DigitalSourceType>", True),
        (
            "<Iptc4xmpExt:DigitalSourceType>digitalCapture</Iptc4xmpExt:DigitalSourceType>"
            "<Iptc4xmpExt:DigitalSourceType>compositeSynthetic</Iptc4xmpExt:DigitalSourceType>",
            True,
        ),
    ],
)
def test_what_a_model_made(inside: str, generated: bool) -> None:
    assert (rights(XMP_METADATA=packet(inside)).generated is not None) == generated


def test_statements_in_xmp() -> None:
    read = rights(
        XMP_METADATA=packet(
            '<dc:rights><rdf:Alt><rdf:li xml:lang="x-default">© A &lt;b&gt;</rdf:li></rdf:Alt></dc:rights>'
            "<dc:creator><rdf:Seq><rdf:li>Ann</rdf:li><rdf:li>Bob</rdf:li></rdf:Seq></dc:creator>"
            '<cc:license rdf:resource="https://creativecommons.org/licenses/by/4.0/"/>',
            'xmpRights:Marked="True"',
        )
    )
    assert read == Rights(
        copyrighted=True, notice="© A <b>", url="https://creativecommons.org/licenses/by/4.0/", authors="Ann, Bob"
    )


def test_a_file_is_copyrighted_where_either_mark_says_so() -> None:
    marked = packet(attributes='xmpRights:Marked="True"')
    assert rights(COPYRIGHT_FLAG=b"\0", XMP_METADATA=marked).copyrighted
    assert rights(COPYRIGHT_FLAG=b"\1", XMP_METADATA=marked.replace(b"True", b"False")).copyrighted
    assert rights(COPYRIGHT_FLAG=b"\0").copyrighted is False


def test_statements_of_old_files() -> None:
    iim = dataset(0, b"\0\2") + dataset(80, b"Ann") + dataset(116, "© Müller".encode("latin-1")) + b"\0"
    read = rights(IPTC_NAA=iim, COPYRIGHT_FLAG=b"\1", URL=b"http://example.com")
    assert read == Rights(copyrighted=True, notice="© Müller", url="http://example.com", authors="Ann")


def test_statements_about_what_went_into_the_file_are_not_its_own() -> None:
    part = f'<rdf:Description plus:DataMining="{_PLUS}/DMI-PROHIBITED"/>'
    assert (
        rights(
            XMP_METADATA=packet(f"<xmpMM:Ingredients><rdf:Bag><rdf:li>{part}</rdf:li></rdf:Bag></xmpMM:Ingredients>")
        )
        == Rights()
    )


@pytest.mark.parametrize(
    "xmp",
    [
        b"<x:xmpmeta",
        b"\xff\xfe\x00",
        b'<?xml version="1.0" encoding="no such"?><a/>',
        b'<!DOCTYPE a [<!ENTITY b "cccccc">]><a>&b;</a>',
        '\ufeff<!DOCTYPE a [<!ENTITY b "cccccc">]><a>&b;</a>'.encode("utf-16-be"),
        b'<!DOCTYPE a SYSTEM "file:///etc/passwd"><a/>',
        b'<!doctype a SYSTEM "file:///etc/passwd"><a/>',
    ],
)
def test_an_unreadable_packet_is_flagged(xmp: bytes) -> None:
    assert rights(XMP_METADATA=xmp).is_unreadable
    assert curate(io.BytesIO(drawn(XMP_METADATA=xmp))).document.flags == ["unreadable_rights"]


_PROHIBITING = packet(f"<plus:DataMining>{_PLUS}/DMI-PROHIBITED-AIMLTRAINING</plus:DataMining>").rstrip(b" \n\0")


@pytest.mark.parametrize(
    "xmp",
    [
        pytest.param(_PROHIBITING.replace(b"</rdf:RDF>", b"\1</rdf:RDF>"), id="a control character"),
        pytest.param(_PROHIBITING.replace(b"</rdf:RDF>", b"\xff</rdf:RDF>"), id="bad UTF-8"),
        pytest.param(_PROHIBITING[:-60], id="cut short"),
        pytest.param(_PROHIBITING[:-60].decode().encode("utf-16"), id="cut short, in UTF-16"),
        pytest.param(_PROHIBITING + b"junk", id="junk at its end"),
        pytest.param(_PROHIBITING + b"<a/>" + b" " * (8 << 20) + b"<a/>", id="too long"),
    ],
)
def test_a_prohibition_is_found_in_a_packet_that_cannot_be_parsed(xmp: bytes) -> None:
    assert rights(XMP_METADATA=xmp) == Rights(mining="prohibited_ai_training", is_unreadable=True)


def test_a_reservation_is_found_in_a_packet_that_cannot_be_parsed() -> None:
    for inside, attributes in (("<tdm:reservation>1</tdm:reservation>", ""), ("", 'tdm:reservation="1"')):
        assert rights(XMP_METADATA=packet(inside, attributes)[:-60]).mining == "reserved"
        assert rights(XMP_METADATA=packet(inside, attributes).replace(b"1", b"0")[:-60]).mining is None


def test_words_like_a_document_type_are_words() -> None:
    notice = "<![CDATA[<!DOCTYPE a> <!ENTITY b>]]>"
    read = rights(XMP_METADATA=packet(f"<dc:rights><rdf:Alt><rdf:li>{notice}</rdf:li></rdf:Alt></dc:rights>"))
    assert read == Rights(notice="<!DOCTYPE a> <!ENTITY b>")


@given(st.binary(max_size=60))
def test_no_bytes_break_the_reading(data: bytes) -> None:
    rights(XMP_METADATA=data, IPTC_NAA=data, URL=data, COPYRIGHT_FLAG=data)


def test_policies() -> None:
    forbidden = drawn(XMP_METADATA=packet(attributes=f'plus:DataMining="{_PLUS}/DMI-PROHIBITED-AIMLTRAINING"'))
    row = curate(io.BytesIO(forbidden)).document
    assert (row.status, row.stage, row.reason) == ("rejected", Stage.RIGHTS, Reason.MINING_PROHIBITED)
    assert row.mining == "prohibited_ai_training"
    row = curate(io.BytesIO(forbidden), CurateOptions(mining="flag")).document
    assert (row.status, row.flags) == ("accepted", ["mining_prohibited"])
    row = curate(io.BytesIO(forbidden), CurateOptions(mining="ignore")).document
    assert (row.status, row.flags, row.mining) == ("accepted", [], "prohibited_ai_training")

    source = "<Iptc4xmpExt:DigitalSourceType>trainedAlgorithmicMedia</Iptc4xmpExt:DigitalSourceType>"
    generated = drawn(XMP_METADATA=packet(source))
    assert curate(io.BytesIO(generated)).document.flags == ["ai_generated"]
    assert curate(io.BytesIO(generated), CurateOptions(generated="drop")).document.reason == Reason.AI_GENERATED


def test_authors_are_kept_on_request_alone() -> None:
    data = drawn(IPTC_NAA=dataset(80, b"Ann"))
    assert curate(io.BytesIO(data)).document.author is None
    assert curate(io.BytesIO(data), CurateOptions(keep_authors=True)).document.author == "Ann"
    attributes = {"author": "Bob"}
    assert curate(io.BytesIO(data), CurateOptions(keep_authors=True), attributes=attributes).document.author == "Bob"


def test_real_files(real_psds: Path) -> None:
    (path,) = real_psds.glob("features/**/85716cc2_test.psd")
    document = open_document(path, CurateOptions())
    assert isinstance(document, Document)
    assert rights_of(document) == Rights(True, "copy notice here", "http://example.com", authors="author here")
