"""A node of the layer tree and what has become of it so far; at the end a row of the `layers` table."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from psd_tools.api.layers import Layer
from psd_tools.constants import BlendMode, Tag

from data_pipeline.flatten.groups import is_clipped
from data_pipeline.text_engine import fonts_of, text_of
from schemas.reasons import DropReason, Fate
from schemas.rows import LEAF_KINDS, LayerRow
from schemas.stack import Box

_NAME_CHARS = 255


@dataclass
class Node:
    """`dropped` says why it is in no layer; `flattened` that its pixels are part of another's."""

    layer_id: int
    parent_id: int | None
    owner_id: int | None
    kind: str
    name: str
    group_path: str
    text: str | None
    blend_mode: str
    opacity: float
    fill: float
    clipping: bool
    box: Box | None
    fonts: tuple[str, ...] = ()
    dropped: DropReason | None = None
    flattened: bool = False
    visible_px: int | None = None
    contribution: float | None = None
    value: float | None = None
    threshold: float | None = None
    measures: Mapping[str, float] = field(default_factory=dict)  # by detector of anomalies
    flags: tuple[str, ...] = ()

    @property
    def is_leaf(self) -> bool:
        """A layer with paint of its own."""
        return self.kind in LEAF_KINDS

    @property
    def has_paint(self) -> bool:
        """A leaf or an effect: it ends in a stored layer or is dropped, where a group dissolves."""
        return self.is_leaf or self.owner_id is not None

    @property
    def groups(self) -> tuple[str, ...]:
        """The names of the groups above it, outermost first; a slash in one is a space."""
        return tuple(self.group_path.replace("//", " ").split("/"))

    def row(self, document_id: str, stored: Mapping[int, tuple[int, Fate, bool, float]]) -> LayerRow:
        """`stored` maps a layer id to its stored layer, its fate there, and how it was baked."""
        index, fate, baked, dependence = stored.get(self.layer_id, (None, None, False, 0.0))
        if fate is None:
            fate = Fate.DROPPED if self.dropped else Fate.DISSOLVED
        return LayerRow(
            document_id=document_id,
            layer_id=self.layer_id,
            parent_id=self.parent_id,
            owner_id=self.owner_id,
            kind=self.kind,
            name=self.name,
            group_path=self.group_path,
            text=self.text,
            fonts=list(self.fonts),
            blend_mode=self.blend_mode,
            opacity=self.opacity,
            fill=self.fill,
            clipping=self.clipping,
            box=self.box,
            visible_px=self.visible_px,
            contribution=self.contribution,
            fate=fate,
            stored_index=index,
            drop_reason=self.dropped if fate == Fate.DROPPED else None,
            value=self.value,
            threshold=self.threshold,
            measures=dict(self.measures),
            flags=list(self.flags),
            baked=baked,
            backdrop_dependence=dependence,
        )


def node_of(layer: Layer, layer_id: int, parent: Node | None) -> Node:
    """The node of a layer or group."""
    record = layer._record
    box = (record.left, record.top, record.right, record.bottom)
    return Node(
        layer_id=layer_id,
        parent_id=parent.layer_id if parent else None,
        owner_id=None,
        kind=layer.kind,
        name=clean(layer.name),
        group_path=path_below(parent),
        text=text_of(layer) if layer.kind == "type" else None,
        blend_mode=BlendMode(layer.blend_mode).name.lower(),
        opacity=layer.opacity / 255,
        fill=layer.tagged_blocks.get_data(Tag.BLEND_FILL_OPACITY, 255) / 255,
        clipping=is_clipped(layer),
        box=box if box[0] < box[2] and box[1] < box[3] else None,
        fonts=fonts_of(layer) if layer.kind == "type" else (),
    )


def effect_node(owner: Node, layer_id: int, kind: str, blend_mode: BlendMode, opacity: float) -> Node:
    """The node of an effect, a sibling of its owner."""
    return Node(
        layer_id=layer_id,
        parent_id=owner.parent_id,
        owner_id=owner.layer_id,
        kind=f"effect:{kind}",
        name=f"{owner.name} {kind.replace('_', ' ')}",
        group_path=owner.group_path,
        text=None,
        blend_mode=blend_mode.name.lower(),
        opacity=opacity,
        fill=1.0,
        clipping=False,
        box=None,
    )


def path_below(parent: Node | None) -> str:
    """The group path of a group's children. A slash inside a name is doubled, so that paths stay unambiguous."""
    if parent is None:
        return ""
    own = parent.name.replace("/", "//")
    return f"{parent.group_path}/{own}" if parent.group_path else own


def clean(name: str) -> str:
    """A layer name as valid UTF-8 without NULs, of bounded length."""
    return name.encode("utf-8", "backslashreplace").decode().replace("\0", "")[:_NAME_CHARS]
