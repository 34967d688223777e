"""Indexes of samples that were never drawn, for plans of them."""

import pyarrow as pa
from hypothesis import strategies as st

from training.index import SCHEMA, Index
from training.recipes import COMPOSITE
from training.storage import Shard


def caption(layer=COMPOSITE, tokens=20, language="en", flags=0, further=0):
    """`further` tokens more has the prompt with the file's texts."""
    own = {"layer": layer, "language": language, "length": "long", "tokens": tokens, "flags": flags}
    return {**own, "tokens_reading": tokens + further, "tokens_stacking": tokens + 2 * further}


def row(number, layers=5, width=800, height=600, opaque=True, captions=None):
    kind = "layered" if layers > 1 else "single" if layers else "flat"
    return {
        "key": f"{number:016x}", "shard": number % 2, "kind": kind, "width": width, "height": height,
        "layers": layers, "opaque": opaque, "captions": [caption()] if captions is None else captions, "members": [],
    }  # fmt: skip


def index_of(rows):
    shards = (Shard("train-000000.tar", 1, "1"), Shard("train-000001.tar", 1, "1"))
    return Index(shards, "words", 6, pa.Table.from_pylist(rows, SCHEMA))


captions_st = st.lists(
    st.builds(caption, st.integers(COMPOSITE, 1), st.integers(1, 400), st.sampled_from(["en", "zh", ""]),
              st.integers(0, 1), st.integers(0, 90)),
    max_size=4,
)  # fmt: skip
rows_st = st.lists(
    st.builds(row, st.integers(0, 2**40), st.integers(0, 20), st.sampled_from([1, 64, 640, 5000]), st.integers(1, 2000),
              st.booleans(), captions_st),
    min_size=1, max_size=40,
)  # fmt: skip
