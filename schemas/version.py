"""Versions of what Lamina writes. Raise SCHEMA_VERSION whenever a stored field changes its meaning."""

PRODUCT_VERSION = "0.1.0"
SCHEMA_VERSION = 1
