"""What a curator wants to find, and what only looks like it: layers that a seed draws for a given canvas.

Names and texts give a layer away only where the variant says so.
"""

from dataclasses import replace
from types import MappingProxyType

import numpy as np
from PIL import Image, ImageDraw
from psd_tools.constants import BlendMode

from data_pipeline.drawing.guides import baseline, columns, named_rulers, rulers, square_grid, thirds
from data_pipeline.drawing.inks import Ink, card, repeated, tinted, words, written
from data_pipeline.drawing.layers import Fill, Node, Pixels

_LOREM = tuple(
    word
    for line in (
        "Lorem ipsum dolor sit amet, consectetur adipiscing elit, sed do eiusmod tempor incididunt ut labore",
        "et dolore magna aliqua. Ut enim ad minim veniam, quis nostrud exercitation ullamco laboris nisi ut",
        "aliquip ex ea commodo consequat. Duis aute irure dolor in reprehenderit in voluptate velit esse cillum",
    )
    for word in line.split()
)
_MARKS = ("PREVIEW", "© north studio", "SAMPLE", "stockpile.example", "proof", "Nora Lind Photography")
_BLENDED = (BlendMode.NORMAL,) * 4 + (BlendMode.SCREEN, BlendMode.MULTIPLY, BlendMode.OVERLAY, BlendMode.SOFT_LIGHT)
_GREY = (128, 128, 128)
_UNSEEN: dict[BlendMode, tuple[Ink, ...]] = {  # inks that change nothing in these modes
    BlendMode.SCREEN: ((0, 0, 0),),
    BlendMode.MULTIPLY: ((255, 255, 255),),
    BlendMode.OVERLAY: (_GREY,),
    BlendMode.SOFT_LIGHT: (_GREY,),
}


def _faint(rng: np.random.Generator, alpha: np.ndarray) -> Pixels:
    """As a watermark is laid on: faint by its pixels or by its layer's opacity."""
    strength = int(rng.integers(30, 150))
    ink = ((255, 255, 255), (0, 0, 0), _GREY, (200, 30, 40))[int(rng.integers(4))]
    mode = _BLENDED[int(rng.integers(len(_BLENDED)))]
    if ink in _UNSEEN.get(mode, ()):
        mode = BlendMode.NORMAL
    in_pixels = rng.random() < 0.5
    if in_pixels:
        alpha = (alpha.astype(np.uint16) * strength // 255).astype(np.uint8)
    return Pixels(
        name=f"Layer {int(rng.integers(99))}",
        rgba=tinted(alpha, ink),
        opacity=255 if in_pixels else strength,
        blend_mode=mode,
    )


def tiled_text(rng: np.random.Generator, width: int, height: int) -> Node:
    side = min(width, height)
    text = _MARKS[int(rng.integers(len(_MARKS)))]
    size = max(9, int(side * rng.uniform(0.025, 0.07)))
    mark = words(rng, text, size, angle=float(rng.uniform(-60, 60)))[..., 3]
    period = mark.shape[1] * rng.uniform(1.05, 1.5), mark.shape[0] * rng.uniform(1.05, 1.8)
    shift = period[0] * float(rng.choice([0, 0.5, 0.3]))
    return _faint(rng, repeated(mark, width, height, period, shift, float(rng.uniform(0, side))))


def rotated_rows(rng: np.random.Generator, width: int, height: int) -> Node:
    """Lines of text one below the other, all turned together, as stock agencies do."""
    reach = int(np.hypot(width, height)) + 2
    mark = words(rng, _MARKS[int(rng.integers(len(_MARKS)))], max(9, int(min(width, height) * rng.uniform(0.03, 0.06))))
    rows, columns = mark.shape[:2]
    period = columns + rows * rng.uniform(0.8, 3), rows * rng.uniform(2, 5)
    plane = repeated(mark[..., 3], reach, reach, period, float(rng.choice([0, 0.5])) * period[0])
    turned = Image.fromarray(plane).rotate(float(rng.uniform(-50, 50)), Image.Resampling.BICUBIC)
    top, left = (reach - height) // 2, (reach - width) // 2
    return _faint(rng, np.asarray(turned)[top : top + height, left : left + width])


def tiled_logo(rng: np.random.Generator, width: int, height: int) -> Node:
    side = max(16, int(min(width, height) * rng.uniform(0.06, 0.2)))
    plane = Image.new("L", (side, side))
    pen = ImageDraw.Draw(plane)
    pen.ellipse((0, 0, side - 1, side - 1), outline=255, width=max(1, side // 10))
    corners = [(float(x) * side, float(y) * side) for x, y in rng.uniform(0.2, 0.8, (int(rng.integers(3, 7)), 2))]
    pen.polygon(corners, fill=255)
    period = side * rng.uniform(1.15, 2), side * rng.uniform(1.15, 2)
    return _faint(rng, repeated(np.asarray(plane), width, height, period, period[0] * float(rng.choice([0, 0.5]))))


def crossing(rng: np.random.Generator, width: int, height: int) -> Node:
    """Lines from corner to corner."""
    plane = Image.new("L", (width, height))
    pen, thick = ImageDraw.Draw(plane), int(rng.integers(1, 6))
    pen.line((0, 0, width - 1, height - 1), 255, thick)
    pen.line((0, height - 1, width - 1, 0), 255, thick)
    if rng.random() < 0.3:
        r = min(width, height) * rng.uniform(0.05, 0.12)
        pen.ellipse((width / 2 - r, height / 2 - r, width / 2 + r, height / 2 + r), outline=255, width=thick)
    return _faint(rng, np.asarray(plane))


def hatching(rng: np.random.Generator, width: int, height: int) -> Node:
    """Slanted lines over the whole canvas, in one direction or in two."""
    period = min(width, height) * rng.uniform(0.08, 0.25)
    slope, thick = float(rng.uniform(0.5, 2)), rng.uniform(1, 4)
    y, x = np.mgrid[:height, :width]
    length = np.hypot(1, slope)
    planes = [np.abs((x * slope * turn + y) / length % period - period / 2) for turn in (1, -1)]
    distance = planes[0] if rng.random() < 0.5 else np.minimum(*planes)
    return _faint(rng, np.rint(np.clip(thick / 2 + 0.5 - distance, 0, 1) * 255).astype(np.uint8))


def stock_text(rng: np.random.Generator, width: int, height: int) -> Node:
    lines = ("Preview only", "PREVIEW - NOT FOR RESALE", "shutterstock.com · 184402117", "Watermark, do not copy",
             "Image ID: 2DXY34K www.alamy.com", "iStock-1187623", "Adobe Stock preview image",
             "Adobe Stock | #204411873")  # fmt: skip
    return written(rng, width, height, lines[int(rng.integers(len(lines)))])


def faint_text(rng: np.random.Generator, width: int, height: int) -> Node:
    """Words that headlines and captions are made of as well, laid on faintly."""
    lines = ("Sample image", "www.dreamstime.com", "SAMPLE SAMPLE SAMPLE", "© 2024 Shutterstock", "WATERMARK",
             "Do not copy", "iStock™", "Sample 2", "Getty Images®", "DRAFT\nDRAFT\nDRAFT")  # fmt: skip
    drawn = written(rng, width, height, lines[int(rng.integers(len(lines)))])
    return replace(drawn, opacity=int(rng.integers(30, 150)))


def stock_name(rng: np.random.Generator, width: int, height: int) -> Node:
    names = ("watermark", "Watermark copy 2", "shutterstock preview", "water-mark", "depositphotos preview",
             "PREVIEW ONLY", "vecteezy watermark", "watermark1")  # fmt: skip
    return card(rng, width, height, names[int(rng.integers(len(names)))], (90, 120, 200))


def asked_for(rng: np.random.Generator, width: int, height: int) -> Node:
    """A smart object of a mock-up, by its name."""
    names = ("PLACE YOUR DESIGN HERE", "Your Logo Here", "Replace this image", "Insert your artwork", "placeholder",
             "Double click to edit", "<- Put your photo here ->", "Smart Object (change your design here)",
             "YOUR_DESIGN_HERE", "Place Image", "Edit Me", "Logo placeholder")  # fmt: skip
    return card(rng, width, height, names[int(rng.integers(len(names)))], (180, 60, 90))


def asking_text(rng: np.random.Generator, width: int, height: int) -> Node:
    lines = ("Your logo here", "Insert your text here", "YOUR COMPANY NAME HERE", "Add your photo here",
             "Your tagline here", "Type your text here", "Company slogan goes here", "Votre logo ici",
             "Tu logo aquí")  # fmt: skip
    return written(rng, width, height, lines[int(rng.integers(len(lines)))])


def filler(rng: np.random.Generator, width: int, height: int) -> Node:
    """Filler Latin, a few words to a paragraph of it, with or without a heading of its own."""
    start, count = int(rng.integers(20)), int(rng.integers(5, 40))
    heading = ["Our services"] if rng.random() < 0.3 and count > 12 else []
    latin = _LOREM[start : start + count]
    lines = [" ".join(latin[k : k + 8]) for k in range(0, len(latin), 8)]
    return written(rng, width, height, "\n".join([*heading, *lines]))


def grey_frame(rng: np.random.Generator, width: int, height: int) -> Node:
    """A plain grey area that is called a picture; in one of three, with the cross that wireframes draw."""
    names = ("Image", "photo 3", "Picture frame", "img_02", "thumbnail", "Avatar", "image-1 copy", "mockup")
    level = int(rng.integers(0x70, 0xF0))
    frame = card(rng, width, height, names[int(rng.integers(len(names)))], (level,) * 3)
    assert frame.rgba is not None, "a card has pixels"
    if rng.random() < 1 / 3:
        picture = Image.fromarray(frame.rgba)
        right, bottom = picture.width - 1, picture.height - 1
        ink = (level - 40,) * 3 + (255,)
        ImageDraw.Draw(picture).line((0, 0, right, bottom), ink, 2)
        ImageDraw.Draw(picture).line((0, bottom, right, 0), ink, 2)
        frame.rgba[...] = np.asarray(picture)
    return frame


def plain_ground(rng: np.random.Generator, width: int, height: int) -> Node:
    """One colour all over; in half of them, as a lossy source leaves it."""
    rgba = tinted(np.full((height, width), 255, np.uint8), tuple(rng.integers(3, 253, 3).tolist()))
    if rng.random() < 0.5:
        rgba[..., :3] += rng.integers(0, 3, rgba.shape[:2])[..., None].astype(np.uint8)
    return Pixels(name="Background", rgba=rgba)


def plain_fill(rng: np.random.Generator, width: int, height: int) -> Node:
    return Fill(name="Color Fill 1", paint=tuple(rng.integers(0, 256, 3).tolist()))


POSITIVES = MappingProxyType(
    {
        "watermark": (tiled_text, rotated_rows, tiled_logo, crossing, hatching, stock_text, faint_text, stock_name),
        "placeholder": (asked_for, asking_text, filler, grey_frame),
        "guide": (rulers, named_rulers, thirds, baseline, square_grid, columns),
        "solid_colour": (plain_ground, plain_fill),
    }
)
