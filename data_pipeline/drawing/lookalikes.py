"""What belongs to a design and only looks like a watermark, a placeholder, a guide or a plain ground."""

from types import MappingProxyType

import numpy as np
from PIL import Image, ImageDraw
from scipy import ndimage

from data_pipeline.drawing.guide_lookalikes import (
    dividers,
    even_columns,
    gold_trim,
    graph_paper,
    grid_icon,
    named_line,
    photo_grid,
    raster_text,
    ruled_paper,
    stripes,
    table_lines,
    table_rows,
)
from data_pipeline.drawing.inks import card, named, repeated, tinted, written
from data_pipeline.drawing.layers import Node, Pixels


def _dot(side: int) -> np.ndarray:
    y, x = np.mgrid[:side, :side] + 0.5
    return np.rint(np.clip(side / 2 - np.hypot(x - side / 2, y - side / 2), 0, 1) * 255).astype(np.uint8)


def halftone(rng: np.random.Generator, width: int, height: int) -> Node:
    """A faint texture of fine dots over everything."""
    period = max(3, int(min(width, height) * rng.uniform(0.01, 0.025)))
    plane = repeated(_dot(max(2, period * 2 // 3)), width, height, (period, period), period / 2)
    return Pixels(name="Halftone", rgba=tinted(plane, (20, 20, 20)), opacity=int(rng.integers(30, 120)))


def polka_dots(rng: np.random.Generator, width: int, height: int) -> Node:
    """A faint pattern of large dots or squares over everything, as a card's own."""
    period = int(min(width, height) * rng.uniform(0.06, 0.2))
    side = max(4, int(period * rng.uniform(0.3, 0.7)))
    spot = _dot(side) if rng.random() < 0.7 else np.full((side, side), 255, np.uint8)
    plane = repeated(spot, width, height, (period, period), period * float(rng.choice([0, 0.5])))
    return Pixels(name="Pattern", rgba=tinted(plane, (255, 255, 255)), opacity=int(rng.integers(30, 150)))


def scan_lines(rng: np.random.Generator, width: int, height: int) -> Node:
    plane = np.zeros((height, width), np.uint8)
    plane[:: int(rng.integers(2, 5))] = 255
    return Pixels(name="Scanlines", rgba=tinted(plane, (0, 0, 0)), opacity=int(rng.integers(20, 90)))


def shadow(rng: np.random.Generator, width: int, height: int) -> Node:
    """A soft, translucent shadow of a few things."""
    plane = np.zeros((height, width))
    for _ in range(int(rng.integers(1, 4))):
        left, top = int(rng.integers(width // 2)), int(rng.integers(height // 2))
        plane[top : top + height // 2, left : left + width // 2] = 160
    blurred = ndimage.gaussian_filter(plane, min(width, height) / 20)
    return Pixels(name="Shadow", rgba=tinted(np.rint(blurred).astype(np.uint8), (0, 0, 0)))


def vignette(rng: np.random.Generator, width: int, height: int) -> Node:
    y, x = np.mgrid[:height, :width]
    far = np.hypot((x + 0.5) / width - 0.5, (y + 0.5) / height - 0.5) / 0.71
    alpha = np.rint(np.clip(far - rng.uniform(0.2, 0.5), 0, 1) * 255).astype(np.uint8)
    return Pixels(name="Vignette", rgba=tinted(alpha, (0, 0, 0)))


def agency_logo(rng: np.random.Generator, width: int, height: int) -> Node:
    """Names of agencies and marks as content: a credit, a logo, a feature on a price list."""
    lines = ("shutterstock", "Photos: shutterstock.com", "Remove watermarks in one click", "Getty Images",
             "No watermark, HD download", "Free preview for 14 days", "Our partners: Adobe Stock, Alamy")  # fmt: skip
    return written(rng, width, height, named(rng, lines))


def stock_photo(rng: np.random.Generator, width: int, height: int) -> Node:
    """A purchased photograph, under its file name."""
    noise = rng.integers(0, 256, (height // 12 + 1, width // 12 + 1, 3)).astype(np.uint8).repeat(6, 0).repeat(6, 1)
    rgba = np.dstack([noise, np.full(noise.shape[:2], 255, np.uint8)])
    names = ("shutterstock_184402117", "iStock-1187623", "AdobeStock_204411873", "preview copy", "sample image")
    return Pixels(name=named(rng, names), rgba=rgba, left=int(rng.integers(width // 2)), top=height // 4)


def plain_caption(rng: np.random.Generator, width: int, height: int) -> Node:
    """What faint marks say as well, as an opaque headline or caption."""
    lines = ("Sample image", "Musterbild", "Proof copy", "Filigrane", "www.freepik.com", "Watermark", "Do not copy",
             "SAMPLE", "Preview image", "© 2024 Shutterstock")  # fmt: skip
    return written(rng, width, height, named(rng, lines))


def other_mark(rng: np.random.Generator, width: int, height: int) -> Node:
    """An opaque thing whose name only contains the word, or warns a colleague."""
    names = ("Watermark Hotel logo", "Water marks on glass", "watermark paper texture", "do not use", "透かしブロック",
             "Watermark Books cover", "high water mark", "水印族")  # fmt: skip
    return card(rng, width, height, named(rng, names), (90, 120, 200))


def faint_lines(rng: np.random.Generator, width: int, height: int) -> Node:
    """The lines of ruled paper over everything."""
    plane = np.zeros((height, width), np.uint8)
    plane[int(rng.integers(20)) :: int(rng.integers(14, 60))] = 255
    name = named(rng, ("Lines", "Ruled lines", "notebook", "Paper"))
    return Pixels(name=name, rgba=tinted(plane, (120, 150, 210)), opacity=int(rng.integers(40, 160)))


def talk_of_pictures(rng: np.random.Generator, width: int, height: int) -> Node:
    lines = ("Add a photo", "We print your logo on mugs", "Your story starts here", "Upload your picture and win",
             "Edit your text anywhere, on any screen", "Your name", "Change your image with a new haircut",
             "Logo design from 99", "Replace your old phone")  # fmt: skip
    return written(rng, width, height, named(rng, lines))


def real_latin(rng: np.random.Generator, width: int, height: int) -> Node:
    """Latin that says something, and languages that look like it."""
    lines = (
        "In principio erat Verbum, et Verbum erat apud Deum",
        "Semper et ubique non sibi sed suis",
        "Gallia est omnis divisa in partes tres, quarum unam incolunt Belgae",
        "Ubi amor, ibi dolor",
        "El amor es una rosa que no se marchita en el tiempo",
        "Elle est venue et il est parti, non sans regret, en plein hiver",
        "Il dolore e la porta di casa nostra",
        "A massa do pão, sem sal e sem pressa, leva tempo",
    )
    return written(rng, width, height, named(rng, lines))


def grey_card(rng: np.random.Generator, width: int, height: int) -> Node:
    """A grey element of the design, whose name says no more than that, or names a part of a picture."""
    names = (
        "Rectangle 12",
        "card",
        "image shadow",
        "photo border",
        "Sidebar",
        "footer",
        "Image bg",
        "Frame 4",
        "Screen",
    )
    level = int(rng.integers(0x70, 0xF0))
    columns, rows = int(width * rng.uniform(0.2, 0.6)), int(height * rng.uniform(0.2, 0.6))
    rgba = tinted(np.full((rows, columns), 255, np.uint8), (level,) * 3)
    return Pixels(name=named(rng, names), rgba=rgba, left=width // 5, top=height // 5)


def picture_icon(rng: np.random.Generator, width: int, height: int) -> Node:
    """A grey outline of a picture."""
    side = int(rng.integers(20, 60))
    plane = Image.new("L", (side, side))
    pen = ImageDraw.Draw(plane)
    pen.rectangle((0, 0, side - 1, side - 1), outline=255, width=3)
    pen.polygon(((side * 0.2, side * 0.8), (side * 0.5, side * 0.4), (side * 0.8, side * 0.8)), fill=255)
    name = named(rng, ("image", "photo", "img", "image placeholder icon"))
    return Pixels(name=name, rgba=tinted(np.asarray(plane), (150, 150, 150)), left=width // 3, top=height // 3)


def cover(rng: np.random.Generator, width: int, height: int) -> Node:
    """A plain card over all of what was there before."""
    return Pixels(name="Card", rgba=tinted(np.full((height, width), 255, np.uint8), (240, 238, 230)))


def panel(rng: np.random.Generator, width: int, height: int) -> Node:
    share = rng.uniform(0.5, 0.97)
    return Pixels(name="Panel", rgba=tinted(np.full((int(height * share), width), 255, np.uint8), (230, 230, 240)))


NEGATIVES = MappingProxyType(
    {
        "watermark": (
            halftone,
            polka_dots,
            scan_lines,
            shadow,
            vignette,
            agency_logo,
            stock_photo,
            plain_caption,
            other_mark,
            faint_lines,
        ),
        "placeholder": (talk_of_pictures, real_latin, grey_card, picture_icon),
        "guide": (
            grid_icon,
            graph_paper,
            photo_grid,
            table_lines,
            dividers,
            stripes,
            gold_trim,
            named_line,
            table_rows,
            raster_text,
        ),
        "solid_colour": (cover, panel),
    }
)


def dots(rng: np.random.Generator, width: int, height: int) -> Node:
    """A faint pattern of large dots, which decorates what lies below other things."""
    period = int(min(width, height) * rng.uniform(0.08, 0.2))
    plane = repeated(_dot(period // 2), width, height, (period, period), period / 2)
    return Pixels(name="Pattern", rgba=tinted(plane, (255, 255, 255)), opacity=int(rng.integers(30, 130)))


# Right above the ground, and below all else.
NEGATIVES_BELOW = MappingProxyType({"watermark": (dots,), "guide": (ruled_paper, even_columns)})
