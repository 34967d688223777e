"""A layer stack as somebody stored it (a folder of pictures, .zip, .ora, .svg, .pptx) -> a sample or a rejection.

The layers are taken as they are, in sRGB; then as any document of plain layers (`recipe`). Where a picture of the whole
lies beside them, they are held against it. Pure: the same bytes and options give the same result.
"""

import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from data_pipeline.anomaly import Detector, Opinion
from data_pipeline.document import Refusal, canvas_refusal
from data_pipeline.flatten.node import Node, clean, path_below
from data_pipeline.imported.layers import curated, leaf
from data_pipeline.imported.reference import decoded
from data_pipeline.imported.stack_files import stack_bytes, stack_sha256
from data_pipeline.outcome import Case, rejection
from data_pipeline.recipe import Jury, case_of, jury_of
from data_pipeline.stack_io.archive import open_archive
from data_pipeline.stack_io.formats import read_stack
from data_pipeline.stack_io.layer_tree import Branch, nested
from schemas.members import COMPOSITE, key_of
from schemas.options import CurateOptions
from schemas.reasons import Reason, Stage
from schemas.sample import Rejection, Sample
from schemas.stack import PlainLayer, Stack

_PICTURES = (f"{COMPOSITE}.png", f"{COMPOSITE}.webp")
_MERGED = "mergedimage.png"  # OpenRaster's
_ARCHIVES = (".zip", ".ora")
_MAX_DEPTH = 64  # of groups, as of a PSD's


def curate_stack(
    source: str,
    options: CurateOptions | None = None,
    uri: str = "",
    attributes: Mapping[str, str] | None = None,
    detectors: Sequence[Detector] = (),
    opinion: Opinion | None = None,
) -> Sample | Rejection:
    """As `data_pipeline.curate.curate`, of the path of a folder or a file."""
    options = options or CurateOptions()
    case = case_of(uri, attributes)
    outcome = _curated(case, Path(source), options, jury_of(options, detectors, opinion))
    return outcome if isinstance(outcome, Sample) else rejection(case, outcome, options)


def _curated(case: Case, path: Path, options: CurateOptions, jury: Jury) -> Sample | Refusal:
    size = stack_bytes(path)
    case.document = replace(case.document, bytes=size)
    if size > options.max_file_bytes:
        return Refusal(Stage.OPEN, Reason.FILE_TOO_LARGE, f"{size:,} bytes; the limit is {options.max_file_bytes:,}")
    sha256 = stack_sha256(path)
    case.document = replace(case.document, sha256=sha256, key=key_of(sha256))
    try:
        stack = read_stack(path)
    except ValueError as error:
        return Refusal(Stage.OPEN, Reason.DAMAGED_FILE, _without(path, str(error)))
    case.document = replace(case.document, width=stack.width, height=stack.height, depth=8, color_mode="rgb")
    refusal = canvas_refusal(stack.width, stack.height, options)
    if refusal is not None:
        return refusal
    if max((len(layer.groups) for layer in stack.layers), default=0) > _MAX_DEPTH:
        return Refusal(Stage.OPEN, Reason.DAMAGED_FILE, f"groups nested deeper than {_MAX_DEPTH}")
    nodes, layers = tree_of(stack)
    case.nodes = nodes
    case.document = replace(case.document, layers_in=len(nodes))
    if not nodes:
        return Refusal(Stage.OPEN, Reason.NO_LAYERS, "it has no layers")
    if len(nodes) > options.max_nodes:
        text = f"{len(nodes):,} layers and groups; the limit is {options.max_nodes:,}"
        return Refusal(Stage.OPEN, Reason.TOO_MANY_LAYERS, text)
    return curated(case, (stack.width, stack.height), layers, nodes, _picture(case, path), options, jury)


def tree_of(stack: Stack) -> tuple[list[Node], list[PlainLayer]]:
    """A node for every layer and group, in tree order, and the layers that paint, which point to theirs."""
    nodes: list[Node] = []
    layers: list[PlainLayer] = []

    def add(children: Sequence[Branch | PlainLayer], parent: Node | None) -> None:
        for child in children:
            number, path = len(nodes), path_below(parent)
            if isinstance(child, Branch):
                group = leaf(number, "group", None, parent=parent, group_path=path, name=clean(child.name))
                nodes.append(group)
                add(child.children, group)
                continue
            box = child.box if child.rgba.size else None
            nodes.append(leaf(number, "pixel", box, parent=parent, group_path=path, name=clean(child.name)))
            if child.rgba[..., 3].any():
                layers.append(replace(child, layer_ids=(number,)))

    add(nested(stack.layers), None)
    return nodes, layers


def _picture(case: Case, path: Path) -> np.ndarray | None:
    """The picture of the whole that lies beside the layers; one that cannot be read is flagged."""
    try:
        data = _picture_bytes(path)
        return None if data is None else decoded(data)
    except ValueError:
        case.flags.add("unreadable_reference")
        return None


def _picture_bytes(path: Path) -> bytes | None:
    if path.is_dir():
        return next((one.read_bytes() for name in _PICTURES if (one := path / name).is_file()), None)
    if path.suffix.lower() not in _ARCHIVES:
        return None
    with open_archive(path) as archive:
        names = [name for name in archive.names if name == _MERGED or name.rpartition("/")[2] in _PICTURES]
        return archive.read(names[0]) if len(names) == 1 else None


def _without(path: Path, text: str) -> str:
    """What is wrong with a file, without where it lies on this machine."""
    return text.removeprefix(f"{path}: ").replace(os.fspath(path), path.name)
