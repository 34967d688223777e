"""Names of what lies in a shard, and the JSON of a sample."""

import hashlib
import re

COMPOSITE = "composite"
CAPTION = "txt"
METADATA = "json"
MAX_LAYERS = 20  # of a sample
SPLITS = ("train", "validation", "test")

_KEY = re.compile(r"[0-9a-f]{16}\Z")
_LAYER = re.compile(r"layer_(\d\d)\Z")


def key_of(sha256: str) -> str:
    """The KEY of a file."""
    return sha256[:16]


def document_id_of(uri: str) -> str:
    """The id of an input in the tables."""
    return hashlib.sha256(uri.encode("utf-8", "surrogatepass")).hexdigest()[:16]


def is_key(text: str) -> bool:
    """Whether it is a sample's KEY: 16 lower-case hex digits, so without dot or slash."""
    return _KEY.match(text) is not None


def layer_name(index: int) -> str:
    """`layer_00` for the bottom layer."""
    return f"layer_{index:02d}"


def layer_index(name: str) -> int | None:
    """The inverse of `layer_name`; None for any other name."""
    match = _LAYER.match(name)
    return int(match.group(1)) if match else None


def member(key: str, name: str, extension: str) -> str:
    """`KEY.layer_00.png`: one sample is the run of members that share a KEY."""
    return f"{key}.{name}.{extension}"
