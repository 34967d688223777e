"""Small designs, drawn by code: training data to try a trainer out with, where there is none of one's own."""

from data_pipeline.designs.composing import small_design
from data_pipeline.designs.drawn import draw_designs

__all__ = ["draw_designs", "small_design"]
