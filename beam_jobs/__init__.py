"""Arranges data_pipeline's functions over a corpus, as Apache Beam graphs."""
