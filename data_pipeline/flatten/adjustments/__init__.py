"""Adjustment layers: one file for each kind, and how they change the layers below them."""
