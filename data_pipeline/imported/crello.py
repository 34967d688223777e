"""A row of the Crello dataset -> a sample or a rejection.

Every element is painted where the design puts it; then as any document of plain layers (`recipe`). Where the row holds
a preview of the whole, the layers are held against it. Pure: the same row and options give the same result.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from data_pipeline.anomaly import Detector, Opinion
from data_pipeline.boxes import area, intersect
from data_pipeline.document import Refusal
from data_pipeline.imported.crello_design import Design, Element, design_of
from data_pipeline.imported.crello_rows import CrelloRow, DamagedRows, row_sha256
from data_pipeline.imported.layers import curated, leaf
from data_pipeline.imported.placing import placed
from data_pipeline.imported.reference import decoded
from data_pipeline.outcome import Case, rejection
from data_pipeline.recipe import Jury, case_of, jury_of
from data_pipeline.stack_io.pictures import Decoder
from schemas.members import key_of
from schemas.options import CurateOptions
from schemas.reasons import Reason, Stage
from schemas.sample import Rejection, Sample
from schemas.stack import PlainLayer


def curate_row(
    source: CrelloRow,
    options: CurateOptions | None = None,
    uri: str = "",
    attributes: Mapping[str, str] | None = None,
    detectors: Sequence[Detector] = (),
    opinion: Opinion | None = None,
) -> Sample | Rejection:
    """As `data_pipeline.curate.curate`. Where `attributes` hold no title, the row's is taken."""
    options = options or CurateOptions()
    case = case_of(uri, attributes)
    outcome = _curated(case, source, options, jury_of(options, detectors, opinion))
    return outcome if isinstance(outcome, Sample) else rejection(case, outcome, options)


def _curated(case: Case, source: CrelloRow, options: CurateOptions, jury: Jury) -> Sample | Refusal:
    design = _read(case, source, options)
    if isinstance(design, Refusal):
        return design
    case.nodes = [
        leaf(
            index,
            element.kind,
            None if element.place.is_empty else element.place.box,
            text=element.text,
            fonts=(element.font,) if element.font else (),
            opacity=element.place.opacity,
        )
        for index, element in enumerate(design.elements)
    ]
    case.document = replace(case.document, layers_in=len(case.nodes))
    layers = _painted(design, options)
    if isinstance(layers, Refusal):
        return layers
    picture = _preview(case, design)
    canvas = (design.width, design.height)
    return curated(case, canvas, layers, case.nodes, picture, options, jury)


def _read(case: Case, source: CrelloRow, options: CurateOptions) -> Design | Refusal:
    try:
        row = source.rows.row(source.number, options.max_file_bytes)
    except DamagedRows as error:
        return Refusal(Stage.OPEN, Reason.DAMAGED_FILE, f"the row cannot be read: {error}")
    if row is None:
        text = f"a row of more than {options.max_file_bytes:,} bytes"
        return Refusal(Stage.OPEN, Reason.FILE_TOO_LARGE, text)
    sha256 = row_sha256(source.rows.columns, row)
    case.document = replace(case.document, sha256=sha256, key=key_of(sha256))
    design = design_of(row, source.rows.columns, options)
    if isinstance(design, Design):
        case.document = replace(
            case.document,
            bytes=design.picture_bytes,
            width=design.width,
            height=design.height,
            depth=8,
            color_mode="rgb",
            title=case.document.title or design.title,
        )
    return design


def _painted(design: Design, options: CurateOptions) -> list[PlainLayer] | Refusal:
    canvas = (0, 0, design.width, design.height)
    boxes = [intersect(element.place.box, canvas) for element in design.elements]
    total = sum(area(box) for box in boxes if box is not None)
    if total > options.max_layer_px:
        text = f"its elements cover {total:,} px together; the limit is {options.max_layer_px:,}"
        return Refusal(Stage.OPEN, Reason.TOO_MANY_PIXELS, text)
    decoder = Decoder()
    layers = []
    for index, (element, box) in enumerate(zip(design.elements, boxes, strict=True)):
        try:
            layer = None if box is None else _layer(index, element, decoder, design)
        except ValueError as error:
            return Refusal(Stage.FLATTEN, Reason.UNUSABLE_PICTURE, str(error))
        if layer is not None:
            layers.append(layer)
    return layers


def _layer(index: int, element: Element, decoder: Decoder, design: Design) -> PlainLayer | None:
    """None where nothing of it shows. Raises ValueError that names the element."""
    rgba = decoder.decode(f"the picture of element {index}", element.picture)
    shown = placed(rgba, element.place, design.width, design.height)
    return None if shown is None else PlainLayer(shown[0], shown[1], (index,))


def _preview(case: Case, design: Design) -> np.ndarray | None:
    if design.preview is None:
        return None
    try:
        return decoded(design.preview)
    except ValueError:
        case.flags.add("unreadable_reference")
        return None
