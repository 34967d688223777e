"""Layers that name the groups around them -> the tree of these groups; index 0 is the bottom.

Neighbours that name the same group are in it together. So a group whose layers are not neighbours becomes several of
one name, and the layers of the tree are those that went in, in their order.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

from schemas.stack import PlainLayer


@dataclass(frozen=True, eq=False)
class Branch:
    """A group."""

    name: str
    children: "tuple[Branch | PlainLayer, ...]"


def nested(layers: Sequence[PlainLayer], depth: int = 0) -> tuple[Branch | PlainLayer, ...]:
    """The tree of layers that all lie in the same group of this depth."""
    children: list[Branch | PlainLayer] = []
    for group, run in groupby(layers, key=lambda layer: layer.groups[depth] if len(layer.groups) > depth else None):
        if group is None:
            children += run
        else:
            children.append(Branch(group, nested(tuple(run), depth + 1)))
    return tuple(children)
