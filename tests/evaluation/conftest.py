"""The worked cases of the decomposition metric, which are no part of the repository."""

import os
from pathlib import Path

import pytest

METRIC_CASES = Path(os.environ.get("LAMINA_METRIC_CASES", Path(__file__).parents[3] / "shared" / "metric_cases"))


@pytest.fixture(scope="session")
def metric_cases() -> Path:
    if not METRIC_CASES.is_dir():
        pytest.skip(f"{METRIC_CASES} does not exist; LAMINA_METRIC_CASES names the folder of worked cases")
    return METRIC_CASES
