"""Plain layers of a canvas, their nodes, and perhaps the picture that came with them -> a sample or a refusal."""

from collections.abc import Sequence

import numpy as np

from data_pipeline.contribution import contributions
from data_pipeline.document import Refusal
from data_pipeline.filter import least_visible_px
from data_pipeline.flatten import Flattened
from data_pipeline.flatten.node import Node
from data_pipeline.flatten.tree import note_vanished
from data_pipeline.imported.reference import held_against
from data_pipeline.outcome import Case
from data_pipeline.recipe import Jury, finish, max_area, note_tree, unfaithful
from schemas.options import CurateOptions
from schemas.sample import Sample
from schemas.stack import Box, PlainLayer, Stack


def leaf(
    layer_id: int,
    kind: str,
    box: Box | None,
    *,
    parent: Node | None = None,
    group_path: str = "",
    name: str = "",
    text: str | None = None,
    fonts: tuple[str, ...] = (),
    opacity: float = 1.0,
) -> Node:
    """The node of a layer that came as it is, or of a group."""
    return Node(
        layer_id=layer_id,
        parent_id=parent.layer_id if parent else None,
        owner_id=None,
        kind=kind,
        name=name,
        group_path=group_path,
        text=text,
        blend_mode="normal",
        opacity=opacity,
        fill=1.0,
        clipping=False,
        box=box,
        fonts=fonts,
    )


def curated(
    case: Case,
    canvas: tuple[int, int],
    layers: Sequence[PlainLayer],
    nodes: Sequence[Node],
    picture: np.ndarray | None,
    options: CurateOptions,
    jury: Jury,
) -> Sample | Refusal:
    """`canvas` is (width, height), `picture` straight uint8 RGBA of any size. Nodes that no layer holds showed nothing.

    The layers are in sRGB, and their `layer_ids` count the nodes.
    """
    flat = Flattened(Stack(*canvas, tuple(layers)), tuple(nodes), ())
    note_vanished(flat.nodes, flat.stack.layers, (0, 0, *canvas))
    note_tree(case, flat)
    least_px = least_visible_px(flat.stack, options)
    composite, contribution = contributions(flat.stack, least_px, options.min_difference)
    figures = None
    if picture is not None:
        figures = held_against(case, composite, picture, max_area(flat.stack, options))
    del composite, picture
    if figures is not None and (refusal := unfaithful(case, figures, options)):
        return refusal
    return finish(case, flat, contribution, figures, lambda rgba: rgba, options, jury)
