"""Arranges data_pipeline's functions over a corpus, as Apache Beam graphs."""

import logging


def _is_news(record: logging.LogRecord) -> bool:
    """Beam complains at import about a client for Google's cloud that nobody asked for."""
    return not record.getMessage().startswith("apitools not found")


logging.getLogger().addFilter(_is_news)
