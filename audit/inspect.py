"""`make inspect PSD=file`: one document's layer tree with every fate and figure, and one picture of it all.

    python -m audit.inspect FILE.psd [--output PICTURE.png]

The picture shows Photoshop's image, ours, their difference eight times amplified, and the stored layers.
Exit status: 0 accepted, 1 rejected, 2 the picture could not be written.
"""

import argparse
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageOps

from data_pipeline.colour import colour_space
from data_pipeline.compose import compose
from data_pipeline.curate import curate
from data_pipeline.document import Refusal, open_document
from data_pipeline.fidelity import over_white, stored_image
from data_pipeline.painting import paint_document
from data_pipeline.pixels import DamagedPixels
from data_pipeline.previews import preview
from schemas.options import CurateOptions
from schemas.rows import DocumentRow, LayerRow
from schemas.sample import Rejection, Sample
from schemas.stack import Stack

_AMPLIFIED = 8
_TILE_PX, _GAP_PX, _LABEL_PX, _CHECK_PX = 320, 12, 16, 8
_COLUMNS = 4


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the tree, write the picture."""
    parser = argparse.ArgumentParser(prog="python -m audit.inspect", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("psd", type=Path)
    parser.add_argument("--output", type=Path, help="the picture, PNG; default out/inspect/NAME.png")
    options = parser.parse_args(arguments)
    if options.output is not None and options.output.suffix.lower() != ".png":
        parser.error(f"the picture is a PNG; {options.output} does not end in .png")
    result = curate(options.psd, CurateOptions(previews=False))
    print(report(result))
    tiles = pictures(options.psd) + layer_pictures(result)
    if tiles:
        output = options.output or Path("out/inspect") / f"{options.psd.stem}.png"
        try:
            output.parent.mkdir(parents=True, exist_ok=True)
            sheet(tiles).save(output)
        except OSError as error:
            print(f"lamina: the picture {_printable(str(output))} cannot be written: {error.strerror or error}",
                  file=sys.stderr)  # fmt: skip
            return 2
        print(f"picture  {_printable(str(output))}")
    return 0 if isinstance(result, Sample) else 1


def report(result: Sample | Rejection) -> str:
    """The verdict, the tree from the top layer down as in Photoshop's panel, and the captions."""
    lines = [*_verdict(result.document), ""]
    lines += [_line(row, depth) for row, depth in _from_the_top(result.layers)]
    if isinstance(result, Sample):
        lines += ["", *(f"caption  {caption.text}" for caption in result.captions)]
    return "\n".join(lines)


def _verdict(document: DocumentRow) -> list[str]:
    lines = [f"file     {_printable(document.uri)}"]
    if document.width is not None:
        lines.append(f"canvas   {document.width} x {document.height} px, {document.color_mode}, {document.depth} bit")
    if document.fidelity_mean is not None and document.fidelity_within2 is not None:
        gold = ", gold" if document.gold else ""
        near = f"{document.fidelity_within2:.2%} of pixels within 2/255"
        lines.append(f"fidelity mean difference {document.fidelity_mean:.3f}/255, {near}{gold}")
    if document.final_mean is not None:
        stored = "rejected" if document.layers_stored is None else f"{document.layers_stored} layers"
        lines.append(f"stored   {stored}, mean difference {document.final_mean:.3f}/255")
    rights = [f"{name} {value}" for name, value in _rights(document) if value is not None]
    if rights:
        lines.append(f"rights   {_printable('; '.join(rights))}")
    if document.flags:
        lines.append(f"flags    {', '.join(document.flags)}")
    if document.unsupported:
        lines.append(f"undrawn  {', '.join(document.unsupported)}")
    if document.status == "accepted":
        return [*lines, "verdict  accepted"]
    return [*lines, f"verdict  rejected at {document.stage}: {document.reason} ({_printable(document.message or '')})"]


def _rights(document: DocumentRow) -> Iterator[tuple[str, object]]:
    yield "data mining", document.mining
    yield "copyrighted", document.copyrighted
    yield "source", document.digital_source
    yield "notice", document.rights_notice
    yield "url", document.rights_url


def _from_the_top(rows: Sequence[LayerRow]) -> list[tuple[LayerRow, int]]:
    """The tree as Photoshop lists it, each row with its depth: siblings from the top, a group before its children."""
    below: dict[int | None, list[LayerRow]] = {}
    for row in rows:
        below.setdefault(row.parent_id, []).append(row)
    listed, waiting = [], [(row, 0) for row in below.get(None, [])]
    while waiting:
        row, depth = waiting.pop()
        listed.append((row, depth))
        waiting += [(child, depth + 1) for child in below.get(row.layer_id, [])]
    return listed


def _line(row: LayerRow, depth: int) -> str:
    name = "  " * depth + ("> " if row.clipping else "") + _printable(row.name)
    strength = f"{row.opacity:.0%}" if row.fill == 1 else f"{row.opacity:.0%}, fill {row.fill:.0%}"
    figures = "" if row.visible_px is None else f"  {row.visible_px:,} px, {row.contribution:.1f}/255"
    baked = f"  baked ({row.backdrop_dependence:.0%} of the backdrop)" if row.baked else ""
    place = f" in layer {row.stored_index}" if row.stored_index is not None else ""
    why = f": {row.drop_reason}" if row.drop_reason else ""
    flags = "".join(f"  {name} {(row.measures or {}).get(name, 0):.2f}" for name in row.flags or ())
    what = f"{row.kind:16.16} {row.blend_mode:12.12} {strength:14}"
    return f"{row.layer_id:4} {name:36.36} {what} {row.fate}{place}{why}{figures}{baked}{flags}"


def _printable(text: str) -> str:
    """Layer names and paths are foreign: control characters would reach the terminal."""
    return "".join(character if character.isprintable() else "?" for character in text)


Tile = tuple[str, Image.Image]


def pictures(path: Path) -> list[Tile]:
    """Photoshop's image, ours and their difference, as far as the document yields them; in its own colours."""
    options = CurateOptions()
    document = open_document(path, options)
    if isinstance(document, Refusal):
        return []
    space = colour_space(document)
    try:
        ours = over_white(paint_document(document, space, options).composite)
        stored = stored_image(document, space)
    except DamagedPixels:
        return []
    if stored is None:
        return [("ours", Image.fromarray(ours))]
    theirs = stored.rgba()[..., :3]
    apart = np.abs(ours.astype(np.int16) - theirs)
    amplified = np.minimum(apart * _AMPLIFIED, 255).astype(np.uint8)
    return [
        ("Photoshop", Image.fromarray(theirs)),
        ("ours", Image.fromarray(ours)),
        (f"difference x {_AMPLIFIED}, largest {apart.max()}", Image.fromarray(amplified)),
    ]


def layer_pictures(result: Sample | Rejection) -> list[Tile]:
    """Every stored layer in its place on a checkered canvas, bottom first."""
    if isinstance(result, Rejection):
        return []
    names = {row.layer_id: row.name for row in result.layers}
    tiles = []
    for index, layer in enumerate(result.stack.layers):
        alone = compose(Stack(result.stack.width, result.stack.height, (layer,)))
        label = f"{index}: {_printable(', '.join(names[layer_id] for layer_id in layer.layer_ids))}"
        tiles.append((label, _checkered(preview(alone, _TILE_PX))))
    return tiles


def _checkered(rgba: np.ndarray) -> Image.Image:
    rows, columns = np.indices(rgba.shape[:2]) // _CHECK_PX
    grey = np.where((rows + columns) % 2, 204, 255).astype(np.uint8)
    ground = Image.fromarray(np.dstack([grey, grey, grey, np.full_like(grey, 255)]))
    ground.alpha_composite(Image.fromarray(rgba))
    return ground.convert("RGB")


def sheet(tiles: Sequence[Tile]) -> Image.Image:
    """The tiles in rows, each under its label; the first three share the first row."""
    small = [(label, _thumbnail(picture)) for label, picture in tiles]
    rows = [small[:3], *(small[start : start + _COLUMNS] for start in range(3, len(small), _COLUMNS))]
    heights = [_LABEL_PX + max(picture.height for _, picture in row) + _GAP_PX for row in rows]
    page = Image.new("RGB", (_COLUMNS * (_TILE_PX + _GAP_PX) + _GAP_PX, sum(heights) + _GAP_PX), "white")
    draw = ImageDraw.Draw(page)
    top = _GAP_PX
    for row, height in zip(rows, heights, strict=True):
        for x, (label, picture) in enumerate(row):
            left = _GAP_PX + x * (_TILE_PX + _GAP_PX)
            # The embedded bitmap font knows Latin-1 alone.
            draw.text((left, top), label.encode("latin-1", "replace").decode("latin-1")[:52], "black")
            page.paste(picture, (left, top + _LABEL_PX))
        top += height
    return page


def _thumbnail(picture: Image.Image) -> Image.Image:
    small = picture.copy()
    small.thumbnail((_TILE_PX - 2, _TILE_PX - 2))
    return ImageOps.expand(small, border=1, fill=(200, 200, 200))  # so that white ends somewhere


if __name__ == "__main__":
    sys.exit(main())
