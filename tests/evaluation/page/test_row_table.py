from dataclasses import dataclass
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from evaluation.page.row_table import write_rows


@dataclass(frozen=True)
class _Row:
    name: str
    value: float | None


@pytest.mark.parametrize("rows", [[], [_Row("a", 1.5), _Row("b", None)]])
def test_rows_come_back(rows: list[_Row], tmp_path: Path) -> None:
    write_rows(tmp_path / "rows.parquet", _Row, rows)
    assert [_Row(**row) for row in pq.read_table(tmp_path / "rows.parquet").to_pylist()] == rows
