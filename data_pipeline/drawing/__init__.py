"""Draws PSD files by code: layer stacks as PSDs, the example designs, the tests, the benchmarks."""

from data_pipeline.drawing.document import draw, draw_bytes
from data_pipeline.drawing.layers import Fill, Group, Invert, Mask, Node, Pixels, Range, Text
from data_pipeline.drawing.paints import Gradient, Tile
from data_pipeline.drawing.random_designs import draw_many, random_design
from data_pipeline.drawing.styles import (
    Bevel,
    ColourOverlay,
    DropShadow,
    GradientOverlay,
    InnerGlow,
    InnerShadow,
    OuterGlow,
    PatternOverlay,
    Satin,
    Stroke,
)

__all__ = [
    "Bevel",
    "ColourOverlay",
    "DropShadow",
    "Fill",
    "Gradient",
    "GradientOverlay",
    "Group",
    "InnerGlow",
    "InnerShadow",
    "Invert",
    "Mask",
    "Node",
    "OuterGlow",
    "PatternOverlay",
    "Pixels",
    "Range",
    "Satin",
    "Stroke",
    "Text",
    "Tile",
    "draw",
    "draw_bytes",
    "draw_many",
    "random_design",
]
