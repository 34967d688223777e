"""Lines, stripes and squares that belong to a design and only look like its guides."""

import numpy as np

from data_pipeline.drawing.inks import named, repeated, tinted, words
from data_pipeline.drawing.layers import Node, Pixels


def grid_icon(rng: np.random.Generator, width: int, height: int) -> Node:
    """Squares in rows, as a button for a view shows them."""
    cell = int(rng.integers(4, 12))
    plane = np.kron(np.ones((3, 3), np.uint8), np.pad(np.full((cell, cell), 255, np.uint8), cell // 4 + 1))
    name = named(rng, ("grid", "Grid icon", "grid view"))
    return Pixels(name=name, rgba=tinted(plane, (60, 60, 60)), left=width // 2, top=height // 2)


def graph_paper(rng: np.random.Generator, width: int, height: int) -> Node:
    """The squares or lines of paper over everything, under a name that says so."""
    plane = np.zeros((height, width), np.uint8)
    period = int(rng.integers(10, 60))
    plane[period::period] = 255
    if rng.random() < 0.7:
        plane[:, period::period] = 255
    name = named(rng, ("graph paper", "Notebook_paper", "checked pattern", "plaid copy", "Paper texture"))
    return Pixels(name=name, rgba=tinted(plane, (120, 150, 210)), opacity=int(rng.integers(60, 256)))


def photo_grid(rng: np.random.Generator, width: int, height: int) -> Node:
    """Photographs of products side by side over the whole canvas."""
    across, down, gap = int(rng.integers(2, 5)), int(rng.integers(2, 5)), int(rng.integers(4, 20))
    rgba = np.zeros((height, width, 4), np.uint8)
    for row in range(down):
        for column in range(across):
            cell = rgba[row * height // down + gap : (row + 1) * height // down, column * width // across + gap :]
            cell = cell[:, : width // across - gap]
            cell[..., :3] = rng.integers(0, 256, 3)
            cell[: cell.shape[0] // 2, :, :3] //= 2
            cell[..., 3] = 255
    return Pixels(name=named(rng, ("grid", "Products grid", "Layer 4")), rgba=rgba)


def table_lines(rng: np.random.Generator, width: int, height: int) -> Node:
    """The lines of a table within the design's margins."""
    columns, rows = int(width * rng.uniform(0.5, 0.85)), int(height * rng.uniform(0.3, 0.85))
    plane = np.zeros((rows, columns), np.uint8)
    plane[:: int(rng.integers(14, 40))] = 255
    if rng.random() < 0.7:
        plane[:, :: int(rng.integers(40, 120))] = 255
    return Pixels(name=named(rng, ("table", "lines", "Shape 3")), rgba=tinted(plane, (90, 90, 90)), left=width // 14)


def dividers(rng: np.random.Generator, width: int, height: int) -> Node:
    """Rules across the page, between its sections."""
    plane = np.zeros((height, width), np.uint8)
    for y in np.cumsum(rng.uniform(0.08, 0.4, 4)):
        plane[int(y * height) : int(y * height) + 1] = 255
    return Pixels(name="dividers", rgba=tinted(plane, (160, 160, 160)))


def stripes(rng: np.random.Generator, width: int, height: int) -> Node:
    """Opaque bands of one width."""
    period = int(rng.integers(16, 90))
    plane = np.zeros((height, width), np.uint8)
    plane[:, np.arange(width) % period < period // 2] = 255
    return Pixels(name="stripes", rgba=tinted(plane, tuple(rng.integers(0, 256, 3).tolist())))


def gold_trim(rng: np.random.Generator, width: int, height: int) -> Node:
    """A border of the design, under a name that printers use as well."""
    thick = int(min(width, height) * rng.uniform(0.04, 0.1))
    plane = np.zeros((height, width), np.uint8)
    plane[:thick], plane[-thick:], plane[:, :thick], plane[:, -thick:] = 255, 255, 255, 255
    return Pixels(name=named(rng, ("gold trim", "trim", "Margin")), rgba=tinted(plane, (200, 170, 60)))


def ruled_paper(rng: np.random.Generator, width: int, height: int) -> Node:
    plane = np.zeros((height, width), np.uint8)
    plane[int(rng.integers(20)) :: int(rng.integers(14, 32))] = 255
    return Pixels(name="paper", rgba=tinted(plane, (120, 150, 210)), opacity=140)


def even_columns(rng: np.random.Generator, width: int, height: int) -> Node:
    """Faint even stripes of a wallpaper."""
    period = int(rng.integers(30, 120))
    plane = np.zeros((height, width), np.uint8)
    plane[:, np.arange(width) % period < period // 2] = 255
    return Pixels(name="wallpaper", rgba=tinted(plane, (255, 255, 255)), opacity=60)


def named_line(rng: np.random.Generator, width: int, height: int) -> Node:
    """A thin rule or frame, from edge to edge, whose name contains a word for guides."""
    plane, thick = np.zeros((height, width), np.uint8), int(rng.integers(1, 4))
    if rng.random() < 0.5:
        plane[:thick], plane[-thick:], plane[:, :thick], plane[:, -thick:] = 255, 255, 255, 255
        name = named(rng, ("Gold trim", "Trim", "Margin frame", "Bleed border"))
    else:
        y = int(rng.uniform(0.1, 0.9) * height)
        plane[y : y + thick] = 255
        name = named(rng, ("City guide route", "Travel guide underline", "Style guide rule", "Margin line", "Baseline"))
    return Pixels(name=name, rgba=tinted(plane, (200, 170, 60)))


def table_rows(rng: np.random.Generator, width: int, height: int) -> Node:
    """The opaque even lines between the rows of a table, to the edges or within margins."""
    count, thick = int(rng.integers(4, 12)), int(rng.integers(1, 4))
    inset = int(rng.choice([0, width * rng.uniform(0.02, 0.1)]))
    plane = np.zeros((height, width), np.uint8)
    for y in np.linspace(rng.uniform(0.05, 0.3), rng.uniform(0.7, 0.95), count) * height:
        plane[int(y) : int(y) + thick, inset : width - inset] = 255
    names = ("Rows", "Dividers", "Calendar grid", "Table") + (("Layer 6", "Shape 2") if inset else ())
    return Pixels(name=named(rng, names), rgba=tinted(plane, (90, 90, 90)))


def raster_text(rng: np.random.Generator, width: int, height: int) -> Node:
    """Small letters over most of the canvas, in thin strokes."""
    line = words(rng, "there is no love sincerer than the love of food and drink", max(9, width // 50))[..., 3]
    plane = repeated(line, width, height, (line.shape[1] * 1.05, line.shape[0] * 1.5), 0)
    return Pixels(name=named(rng, ("Column text", "Columns", "Grid", "Guide")), rgba=tinted(plane, (30, 30, 30)))
