"""Portraits and PSDs in, Markdown tables out: how the detector of blurred faces does, by kind and strength.

    python -m data_pipeline.anomaly.bench_faces PORTRAITS [--psds FOLDER] [--limit N]

PORTRAITS is a folder of photographs with one sharp face each; where that face is, the sharp photograph decides, and one
without a face found counts as missed throughout. Every photograph becomes an opaque layer with its face at several
widths, whole and censored by every kind, region and strength; strengths are in face widths. `--psds` is a folder of
PSDs whose faces are taken for uncensored: every layer dropped is a false drop, and is named.
"""

import argparse
import io
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw
from scipy import ndimage

from data_pipeline.anomaly.blurred_faces import BlurredFaces
from data_pipeline.anomaly.detector import Scene, Subject
from data_pipeline.anomaly.faces import Face, faces
from data_pipeline.bench import documents
from data_pipeline.colour import colour_space
from data_pipeline.document import Refusal, open_document
from data_pipeline.painting import paint_document
from schemas.options import CurateOptions
from schemas.stack import PlainLayer, Stack

WIDTHS_PX = (60, 180)
SIGMAS = (0.02, 0.04, 0.06, 0.10, 0.16)
BLOCKS = (0.06, 0.08, 0.12, 0.18, 0.25)
TILTS = (0, 15, -30)  # of a bar, in degrees
EYE_BLOCKS = (0.06, 0.08, 0.12)
QUALITY = 80  # of the JPEG that half of the photographs have been through, every second one
Censor = Callable[[np.ndarray, float], np.ndarray]


def gaussian(picture: np.ndarray, sigma: float) -> np.ndarray:
    """A picture [H, W, 3] blurred by sigma in pixels, float64."""
    return np.asarray(ndimage.gaussian_filter(picture.astype(np.float64), (sigma, sigma, 0), mode="nearest"))


def mosaic(picture: np.ndarray, block: float) -> np.ndarray:
    """The mean of every block of a picture [H, W, 3], the width of blocks rounded to pixels, float64."""
    side = max(2, round(block))
    rows, columns = (np.arange(length) // side for length in picture.shape[:2])
    sums = np.add.reduceat(picture.astype(np.float64), np.flatnonzero(np.diff(rows, prepend=-1)), axis=0)
    sums = np.add.reduceat(sums, np.flatnonzero(np.diff(columns, prepend=-1)), axis=1)
    sums /= np.bincount(rows)[:, np.newaxis, np.newaxis] * np.bincount(columns)[:, np.newaxis]
    return np.asarray(sums[rows][:, columns])


def bar(picture: np.ndarray, face: Face, tilt: float = 0) -> np.ndarray:
    """A black bar across the eyes, as wide as the face and a fifth as high, turned by so many degrees."""
    angle = np.deg2rad(tilt)
    along, across = np.array((np.cos(angle), -np.sin(angle))), np.array((np.sin(angle), np.cos(angle)))
    corners = [
        face.points[:2].mean(axis=0) + face.width * (x * along + y * across)
        for x, y in ((-0.5, -0.1), (0.5, -0.1), (0.5, 0.1), (-0.5, 0.1))
    ]
    barred = Image.fromarray(picture)
    ImageDraw.Draw(barred).polygon([(float(x), float(y)) for x, y in corners], fill=(0, 0, 0))
    return np.asarray(barred)


def eye_mosaic(picture: np.ndarray, face: Face, block: float) -> np.ndarray:
    """A mosaic over the eyes alone, nine tenths as wide as the face and a third as high; `block` in face widths."""
    y, x = np.ogrid[: picture.shape[0], : picture.shape[1]]
    eye_x, eye_y = face.points[:2].mean(axis=0)
    at_eyes = (np.abs(x - eye_x) < 0.45 * face.width) & (np.abs(y - eye_y) < 0.17 * face.width)
    return np.rint(np.where(at_eyes[..., np.newaxis], mosaic(picture, block * face.width), picture)).astype(np.uint8)


def regions(face: Face, shape: Sequence[int]) -> dict[str, np.ndarray]:
    """The weights [H, W] in [0, 1] of what is censored: the face in a hard ellipse, softly, its head, the layer."""
    y, x = np.mgrid[: shape[0], : shape[1]]
    dx, dy = (x - face.centre[0]) / face.width, (y - face.centre[1]) / face.width
    ellipse = ((dx / 0.6) ** 2 + (dy / 0.75) ** 2 < 1).astype(np.float64)
    return {
        "face": ellipse,
        "soft": ndimage.gaussian_filter(ellipse, face.width * 0.05),
        "head": ((np.abs(dx) < 0.9) & (dy > -1.1) & (dy < 0.9)).astype(np.float64),
        "layer": np.ones(tuple(shape[:2])),
    }


def measured(picture: np.ndarray) -> float:
    """The detector's value of a picture uint8 [H, W, 3] as the one layer of its canvas."""
    height, width = picture.shape[:2]
    rgba = np.dstack([picture, np.full((height, width), 255, np.uint8)])
    layer = PlainLayer((0, 0, width, height), rgba)
    return BlurredFaces().measure(Subject(layer, (), Scene(Stack(width, height, (layer,))), 0))


def portraits(folder: Path, limit: int | None) -> Iterator[tuple[np.ndarray, Face | None]]:
    """Every photograph at every width it is large enough for, and its best face."""
    paths = sorted(p for p in folder.iterdir() if p.suffix.lower() in (".jpg", ".jpeg", ".png", ".webp"))
    for index, path in enumerate(paths[:limit]):
        image = Image.open(path).convert("RGB")
        found = faces(np.asarray(image))
        if not found:
            yield np.asarray(image), None
            continue
        for face_px in WIDTHS_PX:
            scale = face_px / found[0].width
            if scale > 1.1:
                continue
            size = round(image.width * scale), round(image.height * scale)
            small = image.resize(size, Image.Resampling.LANCZOS)
            if index % 2:
                small = _jpeg(small)
            centre = found[0].centre[0] * scale, found[0].centre[1] * scale
            yield np.asarray(small), Face(centre, face_px, found[0].score, found[0].points * scale)


def _jpeg(image: Image.Image) -> Image.Image:
    file = io.BytesIO()
    image.save(file, "JPEG", quality=QUALITY)
    return Image.open(file).convert("RGB")


def recall(folder: Path, limit: int | None) -> str:
    """A table of the share dropped by kind and strength, over all regions."""
    dropped: dict[tuple[str, float, str], list[bool]] = {}
    threshold = BlurredFaces().threshold
    for picture, face in portraits(folder, limit):
        for kind, strength, region, censored in _censored(picture, face):
            dropped.setdefault((kind, strength, region), []).append(face is not None and measured(censored) > threshold)
    lines = ["| kind | strength | region | layers | dropped |", "|---|---|---|---|---|"]
    for (kind, strength, region), hits in dropped.items():
        lines.append(f"| {kind} | {strength:.0%} | {region} | {len(hits)} | {np.mean(hits):.1%} |")
    return "\n".join(lines)


def _censored(picture: np.ndarray, face: Face | None) -> Iterator[tuple[str, float, str, np.ndarray]]:
    yield "sharp", 0.0, "", picture
    somewhere = face or Face(
        (picture.shape[1] / 2, picture.shape[0] / 2), min(picture.shape[:2]) / 2, 0, np.ones((6, 2))
    )
    kinds: tuple[tuple[str, Sequence[float], Censor], ...] = (("blur", SIGMAS, gaussian), ("mosaic", BLOCKS, mosaic))
    weights = regions(somewhere, picture.shape)
    for kind, strengths, censor in kinds:
        for strength in strengths:
            changed = censor(picture, strength * somewhere.width)
            for region, weight in weights.items():
                mixed = picture + (changed - picture) * weight[..., np.newaxis]
                yield kind, strength, region, np.rint(mixed).astype(np.uint8)
    for tilt in TILTS:
        yield f"bar at {tilt} degrees", 0.2, "eyes", bar(picture, somewhere, tilt)
    for strength in EYE_BLOCKS:
        yield "mosaic", strength, "eyes", eye_mosaic(picture, somewhere, strength)


def false_drops(folder: Path, limit: int | None) -> str:
    """A table of the layers dropped from a folder of PSDs, and what measuring costs."""
    detector, options = BlurredFaces(), CurateOptions(no_stored_image="keep")
    layers, megapixels, seconds, lines = 0, 0.0, 0.0, ["| file | layer | value |", "|---|---|---|"]
    for path in documents(folder, limit):
        document = open_document(path, options)
        if isinstance(document, Refusal):
            continue
        scene = Scene(paint_document(document, colour_space(document), options).flat.stack)
        for index, layer in enumerate(scene.stack.layers):
            start = time.process_time()
            value = detector.measure(Subject(layer, (), scene, index))
            seconds += time.process_time() - start
            layers += 1
            megapixels += layer.rgba[..., 0].size / 1e6
            if value > detector.threshold:
                lines.append(f"| {path.name} | {index} | {value:.3f} |")
    share = (len(lines) - 2) / max(1, layers)
    cost = 1000 * seconds / max(megapixels, 1e-9)
    return "\n".join([*lines, "", f"{share:.2%} of {layers} layers; {cost:.0f} ms a megapixel of {megapixels:.0f}"])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("portraits", type=Path)
    parser.add_argument("--psds", type=Path)
    parser.add_argument("--limit", type=int)
    given = parser.parse_args()
    print(recall(given.portraits, given.limit))
    if given.psds is not None:
        print("\n" + false_drops(given.psds, given.limit))


if __name__ == "__main__":
    main()
