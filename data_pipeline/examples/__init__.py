"""The example designs that `make shards` curates when it is given no input: everything drawn by code."""

from data_pipeline.examples.gallery import EXAMPLES, draw_examples

__all__ = ["EXAMPLES", "draw_examples"]
