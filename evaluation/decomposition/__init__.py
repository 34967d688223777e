"""Predicted layers beside true ones: LayerD's metric, and what it forgives. `score` is the contract."""

from evaluation.decomposition.metric import aggregate, decompose, score

__all__ = ["aggregate", "decompose", "score"]
