"""The rows of the Parquet tables `documents`, `layers` and `captions`, and their Arrow schemas.

The dataclasses are the one definition; `arrow_schema` derives the stored types from them.
"""

from __future__ import annotations

import dataclasses
import types
import typing
from dataclasses import dataclass

import pyarrow as pa

from schemas.stack import Box
from schemas.version import SCHEMA_VERSION

# Kinds of layers with paint of their own: no group, adjustment or effect.
LEAF_KINDS = ("pixel", "type", "shape", "smartobject", "solidcolorfill", "gradientfill", "patternfill")


@dataclass(frozen=True)
class DocumentRow:
    """One input, accepted or rejected. Figures that were not reached are null."""

    document_id: str  # first 16 hex digits of the sha256 of the uri
    uri: str  # relative to INPUT where INPUT is a folder
    sha256: str | None = None
    status: str = "rejected"  # accepted | rejected
    stage: str | None = None  # where it was rejected
    reason: str | None = None
    message: str | None = None
    key: str | None = None  # first 16 hex digits of sha256
    split: str | None = None  # train | validation | test
    family_id: str | None = None  # smallest key of the documents that belong together
    source: str | None = None
    licence: str | None = None  # SPDX
    licence_url: str | None = None
    author: str | None = None
    title: str | None = None
    mining: str | None = None  # what the file says of data mining; see data_pipeline/rights.py
    copyrighted: bool | None = None  # likewise, from here to `digital_source`
    rights_notice: str | None = None
    rights_url: str | None = None
    digital_source: str | None = None  # IPTC's digital source type
    width: int | None = None  # of the canvas, before resizing
    height: int | None = None
    color_mode: str | None = None
    depth: int | None = None  # bits a channel
    # Against Photoshop's picture or, of imported layers, the one that came with them: mean difference in 1/255.
    fidelity_mean: float | None = None
    fidelity_within2: float | None = None  # share of pixels whose worst channel is within 2/255
    final_mean: float | None = None  # as fidelity_mean, of the stored sample
    gold: bool | None = None
    unsupported: list[str] | None = None  # features present and not drawn
    flags: list[str] | None = None  # what an auditor should look at
    coverage: float | None = None  # see data_pipeline/quality.py, likewise to `single_layer_share`
    colourfulness: float | None = None
    sharpness: float | None = None
    baked_share: float | None = None
    single_layer_share: float | None = None
    aspect: float | None = None  # width / height
    text_area: float | None = None  # share of the canvas on which text shows
    fonts: int | None = None  # in which text that shows is set
    layers_in: int | None = None  # nodes of the layer tree
    layers_stored: int | None = None
    bytes: int | None = None  # of the input file


@dataclass(frozen=True)
class LayerRow:
    """One node of a document's layer tree: layer, group, adjustment or effect."""

    document_id: str
    layer_id: int  # tree order, a group before its children, bottom 0
    parent_id: int | None
    owner_id: int | None  # the layer that an effect belongs to
    kind: str
    name: str
    group_path: str  # names of the groups above it, joined by "/"
    text: str | None
    blend_mode: str
    opacity: float  # [0, 1]
    fill: float  # [0, 1]
    clipping: bool
    box: Box | None  # null where it has no pixels
    visible_px: int | None  # pixels on which the composite differs without it
    contribution: float | None  # mean difference that it makes on those pixels, in 1/255
    fate: str
    stored_index: int | None  # the stored layer that holds its pixels
    fonts: list[str] | None = None  # PostScript names
    drop_reason: str | None = None
    value: float | None = None  # what was measured for the drop
    threshold: float | None = None  # and what it was held against
    measures: dict[str, float] | None = None  # what each detector of anomalies measured, by its name
    flags: list[str] | None = None  # detectors whose threshold is exceeded and that only flag
    baked: bool = False
    backdrop_dependence: float = 0.0


@dataclass(frozen=True)
class CaptionRow:
    """One caption of a sample's composite (layer_index null) or of one stored layer."""

    key: str
    layer_index: int | None
    text: str
    language: str | None = None
    length: str | None = None  # long | short
    captioner: str | None = None
    model: str | None = None
    revision: str | None = None
    licence: str | None = None
    prompt_version: str | None = None
    finish_reason: str | None = None
    message: str | None = None  # why there is no answer
    tokens: int | None = None
    quoted: float | None = None  # share of the words of the PSD's visible text that the caption quotes
    flags: list[str] | None = None  # see data_pipeline/caption/control.py


_ARROW = {
    str: pa.string(),
    int: pa.int64(),
    float: pa.float64(),
    bool: pa.bool_(),
    list[str]: pa.list_(pa.string()),
    list[float]: pa.list_(pa.float64()),
    dict[str, float]: pa.map_(pa.string(), pa.float64()),
    Box: pa.list_(pa.int32()),  # not of a fixed size: Arrow cannot read those back from Parquet where some are null
}


def arrow_schema(row: type) -> pa.Schema:
    """Arrow schema of a row dataclass: `X | None` is nullable, anything else is not."""
    hints = typing.get_type_hints(row)
    fields = []
    for field in dataclasses.fields(row):
        hint = hints[field.name]
        options = typing.get_args(hint) if isinstance(hint, types.UnionType) else (hint,)
        (kind,) = [option for option in options if option is not type(None)]
        fields.append(pa.field(field.name, _ARROW[kind], nullable=len(options) > 1))
    return pa.schema(fields, metadata={"lamina.schema_version": str(SCHEMA_VERSION)})
