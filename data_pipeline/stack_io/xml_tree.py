"""XML that others wrote in, its tree out; and its numbers. Document types, and with them entities, are refused."""

import re
from xml.etree.ElementTree import Element, ParseError

from defusedxml import DTDForbidden
from defusedxml.ElementTree import fromstring

from data_pipeline.stack_io.writable import MAX_DEPTH

_WHOLE = re.compile(r"\s*([+-]?\d{1,9})(?:\.0*)?(?:px)?\s*\Z")
_MAX_DEPTH = 4 * MAX_DEPTH


def parse_xml(data: bytes, name: str) -> Element:
    """Raises ValueError that begins with the file's name."""
    try:
        root = fromstring(data, forbid_dtd=True)
    except (ParseError, LookupError) as error:  # an encoding that is not known is looked up
        raise ValueError(f"{name}: is no XML: {error}") from error
    except DTDForbidden as error:
        raise ValueError(f"{name}: declares a document type, which is not read") from error
    except ValueError as error:
        raise ValueError(f"{name}: is XML that is not read: {error}") from error
    _check_depth(root, name)
    return root


def _check_depth(root: Element, name: str) -> None:
    level, depth = [root], 0
    while level:
        depth += 1
        if depth > _MAX_DEPTH:
            raise ValueError(f"{name}: is nested deeper than {_MAX_DEPTH}")
        level = [child for element in level for child in element]


def whole(element: Element, attribute: str, default: int | None = None) -> int:
    """A whole number of pixels. Raises ValueError where it is something else, or missing without a default."""
    text = element.get(attribute)
    if text is None and default is not None:
        return default
    match = _WHOLE.match(text or "")
    if match is None:
        raise ValueError(f"{local_name(element)} has {attribute}={text!r}, which is no whole number of pixels")
    return int(match.group(1))


def local_name(element: Element) -> str:
    """The tag without its namespace."""
    return element.tag.rpartition("}")[2]
