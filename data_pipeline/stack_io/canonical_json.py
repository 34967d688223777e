"""A value in, its one JSON spelling out; and back. Whatever is hashed or stored is written so."""

import json
from typing import Any


def encode_json(value: Any) -> bytes:
    """The one spelling of a value: sorted keys, no spaces, UTF-8; lone surrogates become escapes."""
    text = json.dumps(value, sort_keys=True, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return text.encode("utf-8", "backslashreplace")


def decode_json(data: bytes) -> Any:
    """ValueError for anything but JSON in UTF-8."""
    try:
        return json.loads(data.decode("utf-8"))
    except (UnicodeDecodeError, RecursionError) as error:
        raise ValueError(f"not JSON: {error}") from error
