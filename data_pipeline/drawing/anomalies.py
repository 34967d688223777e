"""What a curator wants to find, and what only looks like it: layers that a seed draws for a given canvas.

Names and texts give a layer away only where the variant says so.
"""

from collections.abc import Callable, Sequence
from types import MappingProxyType

import numpy as np
from PIL import Image, ImageDraw, ImageFont
from psd_tools.constants import BlendMode

from data_pipeline.drawing.layers import Fill, Node, Pixels, Text

Variant = Callable[[np.random.Generator, int, int], Node]
Ink = tuple[int, int, int]

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
_GUIDE_INKS: tuple[Ink, ...] = ((0, 255, 255), (255, 0, 255), (74, 158, 255), (255, 60, 60))


def words(rng: np.random.Generator, text: str, size_px: int, ink: Ink = (20, 20, 20), angle: float = 0) -> np.ndarray:
    """A line of text in Pillow's own font, cropped, uint8 RGBA."""
    font = ImageFont.load_default(size_px)
    box = font.getbbox(text)
    plane = Image.new("L", (int(box[2]) + 2, int(box[3]) + 2))
    ImageDraw.Draw(plane).text((0, 0), text, 255, font)
    plane = plane.rotate(angle, Image.Resampling.BICUBIC, expand=True)
    return tinted(np.asarray(plane.crop(plane.getbbox())), ink)


def tinted(alpha: np.ndarray, ink: Ink) -> np.ndarray:
    """One colour under this alpha, uint8 [height, width, 4]."""
    rgba = np.zeros((*alpha.shape, 4), np.uint8)
    rgba[..., :3] = np.where(alpha[..., None] > 0, ink, 0)
    rgba[..., 3] = alpha
    return rgba


def repeated(
    mark: np.ndarray, width: int, height: int, period_px: tuple[float, float], shift_px: float, first_px: float = 0
) -> np.ndarray:
    """Copies of a mark's alpha in rows, each row moved by `shift_px` more than the one above, on the whole canvas."""
    plane = np.zeros((height, width), np.uint8)
    across, down = period_px
    rows, columns = mark.shape
    for row in range(-1, int(height / down) + 2):
        y = round(row * down + first_px % down)
        start = (row * shift_px + first_px) % across - across
        for column in range(-1, int(width / across) + 3):
            x = round(start + column * across)
            top, left, bottom, right = max(y, 0), max(x, 0), min(y + rows, height), min(x + columns, width)
            if top < bottom and left < right:
                part = plane[top:bottom, left:right]
                np.maximum(part, mark[top - y : bottom - y, left - x : right - x], out=part)
    return plane


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
             "www.dreamstime.com", "iStock-1187623", "Sample image", "Adobe Stock | #204411873")  # fmt: skip
    return written(rng, width, height, lines[int(rng.integers(len(lines)))])


def stock_name(rng: np.random.Generator, width: int, height: int) -> Node:
    names = ("watermark", "Watermark copy 2", "shutterstock preview", "water-mark", "depositphotos preview",
             "PREVIEW ONLY", "vecteezy watermark", "Do Not Use")  # fmt: skip
    return _card(rng, width, height, names[int(rng.integers(len(names)))], (90, 120, 200))


def written(rng: np.random.Generator, width: int, height: int, text: str) -> Text:
    """A type layer with a few lines of text."""
    size = max(9, int(min(width, height) * rng.uniform(0.03, 0.06)))
    lines = [line[:60] for line in text.splitlines()[:8]]
    rasters = [words(rng, line, size) for line in lines if line.strip()]
    rgba = np.zeros((sum(one.shape[0] + 4 for one in rasters), max(one.shape[1] for one in rasters), 4), np.uint8)
    top = 0
    for one in rasters:
        rgba[top : top + one.shape[0], : one.shape[1]] = one
        top += one.shape[0] + 4
    rgba[..., :3] = np.where(rgba[..., 3:] > 0, rng.integers(0, 256, 3), 0)
    left, top = int(rng.integers(width // 2)), int(rng.integers(height // 2))
    return Text(name=text.splitlines()[0][:30], text=text, rgba=rgba, left=left, top=top)


def _card(rng: np.random.Generator, width: int, height: int, name: str, ink: Ink) -> Pixels:
    columns, rows = int(width * rng.uniform(0.2, 0.6)), int(height * rng.uniform(0.2, 0.6))
    left, top = int(rng.integers(width - columns)), int(rng.integers(height - rows))
    return Pixels(name=name, rgba=tinted(np.full((rows, columns), 255, np.uint8), ink), left=left, top=top)


def asked_for(rng: np.random.Generator, width: int, height: int) -> Node:
    """A smart object of a mock-up, by its name."""
    names = ("PLACE YOUR DESIGN HERE", "Your Logo Here", "Replace this image", "Insert your artwork", "placeholder",
             "Double click to edit", "<- Put your photo here ->", "Smart Object (change your design here)",
             "YOUR_DESIGN_HERE", "Place Image", "Edit Me", "Logo placeholder")  # fmt: skip
    return _card(rng, width, height, names[int(rng.integers(len(names)))], (180, 60, 90))


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
    card = _card(rng, width, height, names[int(rng.integers(len(names)))], (level,) * 3)
    assert card.rgba is not None, "a card has pixels"
    if rng.random() < 1 / 3:
        picture = Image.fromarray(card.rgba)
        right, bottom = picture.width - 1, picture.height - 1
        ink = (level - 40,) * 3 + (255,)
        ImageDraw.Draw(picture).line((0, 0, right, bottom), ink, 2)
        ImageDraw.Draw(picture).line((0, bottom, right, 0), ink, 2)
        card.rgba[...] = np.asarray(picture)
    return card


def _lines(
    rng: np.random.Generator, width: int, height: int, name: str, across: Sequence[float], along: Sequence[float]
) -> Node:
    """Thin lines over the whole canvas: at these heights, and at these distances from the left."""
    plane = np.zeros((height, width), np.uint8)
    thick, ink = int(rng.integers(1, 3)), _GUIDE_INKS[int(rng.integers(len(_GUIDE_INKS)))]
    for y in across:
        plane[round(y) : round(y) + thick] = 255
    for x in along:
        plane[:, round(x) : round(x) + thick] = 255
    return Pixels(name=name, rgba=tinted(plane, ink), opacity=int(rng.integers(60, 256)))


def rulers(rng: np.random.Generator, width: int, height: int) -> Node:
    """Lines in both directions, wherever somebody dragged them."""
    heights, lefts = (rng.uniform(0.05, 0.95, int(rng.integers(2, 6))) * side for side in (height, width))
    return _lines(rng, width, height, "Layer 7", heights.tolist(), lefts.tolist())


def named_rulers(rng: np.random.Generator, width: int, height: int) -> Node:
    """One or a few lines on a layer that says what it is."""
    names = ("Guides", "guide lines", "Grid", "margins", "Safe area", "Rulers", "GUIDES (hide me)", "12 column grid")
    heights = rng.uniform(0.05, 0.95, int(rng.integers(1, 4))) * height
    return _lines(rng, width, height, names[int(rng.integers(len(names)))], heights.tolist(), [])


def thirds(rng: np.random.Generator, width: int, height: int) -> Node:
    parts = (1 / 3, 2 / 3) if rng.random() < 0.7 else (0.382, 0.618)
    return _lines(rng, width, height, "Layer 2", [p * height for p in parts], [p * width for p in parts])


def baseline(rng: np.random.Generator, width: int, height: int) -> Node:
    period = int(rng.integers(8, 28))
    return _lines(rng, width, height, "Layer 5 copy", range(int(rng.integers(period)), height - 2, period), [])


def square_grid(rng: np.random.Generator, width: int, height: int) -> Node:
    period = int(rng.integers(10, 80))
    return _lines(rng, width, height, "Layer 1", range(period, height - 2, period), range(period, width - 2, period))


def columns(rng: np.random.Generator, width: int, height: int) -> Node:
    """Translucent columns with gutters, within margins."""
    count = int(rng.choice([4, 6, 8, 12, 16]))
    margin, share = width * rng.uniform(0.02, 0.12), rng.uniform(0.65, 0.9)
    period = (width - 2 * margin) / (count - 1 + share)
    plane = np.zeros((height, width), np.uint8)
    for index in range(count):
        left = round(margin + index * period)
        plane[:, left : left + round(period * share)] = 255
    ink = _GUIDE_INKS[int(rng.integers(len(_GUIDE_INKS)))]
    return Pixels(name="Layer 3", rgba=tinted(plane, ink), opacity=int(rng.integers(20, 90)))


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
        "watermark": (tiled_text, rotated_rows, tiled_logo, crossing, hatching, stock_text, stock_name),
        "placeholder": (asked_for, asking_text, filler, grey_frame),
        "guide": (rulers, named_rulers, thirds, baseline, square_grid, columns),
        "solid_colour": (plain_ground, plain_fill),
    }
)
