"""Versions of what Lamina writes. Raise SCHEMA_VERSION whenever a stored field changes its meaning."""

import hashlib
import json
from collections.abc import Mapping
from typing import Any

PRODUCT_VERSION = "0.1.0"
SCHEMA_VERSION = 1


def recipe_hash(recipe: Mapping[str, Any]) -> str:
    """Of options and software versions together: the `configuration_hash` of a manifest."""
    return hashlib.sha256(json.dumps(recipe, sort_keys=True).encode()).hexdigest()[:16]
