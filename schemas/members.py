"""Names of what lies in a shard, and the JSON of a sample."""

import re

COMPOSITE = "composite"
CAPTION = "txt"
METADATA = "json"
SPLITS = ("train", "validation", "test")

_KEY = re.compile(r"[0-9a-f]{16}\Z")
_LAYER = re.compile(r"layer_(\d\d)\Z")


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
