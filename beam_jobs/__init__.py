"""Arranges the functions of `data_pipeline` over a corpus."""
