"""Rows of a Parquet file of the Crello dataset, one at a time: a row group may be larger than memory."""

import hashlib
import json
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import accumulate
from typing import Any, BinaryIO

import pyarrow as pa
import pyarrow.parquet as pq

from data_pipeline.imported.crello_columns import Columns, columns_of

MAX_ROWS = 5_000_000  # of a file
_BUFFER_BYTES = 1 << 20  # of a column, read at a time
_ID_ROWS = 10_000  # ids read at a time


class DamagedRows(Exception):
    """The file cannot be read as Parquet, in the library's words, or no longer holds what was listed."""


class Rows:
    """The rows of one file by their number. The next one costs little; an earlier one is looked for from the start of
    its row group.

    Raises DamagedRows, and ValueError for columns that are not the dataset's.
    """

    def __init__(self, source: str | BinaryIO) -> None:
        self._file = _read(lambda: pq.ParquetFile(source, buffer_size=_BUFFER_BYTES))
        self.columns: Columns = columns_of(self._file.schema_arrow)
        groups = (self._file.metadata.row_group(group).num_rows for group in range(self._file.num_row_groups))
        self._starts = [0, *accumulate(groups)]  # of every row group, and where the last one ends
        self._rows: Iterator[pa.RecordBatch] = iter(())
        self._next = self._end = -1

    def ids(self) -> Iterator[str | None]:
        """Of every row, in order; no other column is read."""
        if self._file.metadata.num_rows > MAX_ROWS:
            raise ValueError(f"{self._file.metadata.num_rows:,} rows; the limit is {MAX_ROWS:,}")
        batches = self._file.iter_batches(_ID_ROWS, columns=["id"], use_threads=False)
        while (batch := _read(lambda: next(batches, None))) is not None:
            yield from batch.column(0).to_pylist()

    def row(self, number: int, max_bytes: int) -> dict[str, Any] | None:
        """None where it takes more than so many bytes."""
        if not self._next <= number < self._end or self._next < 0:
            self._seek(number)
        step, self._next = number - self._next, -1  # an error in between leaves no half-read row
        for _ in range(step):
            _read(lambda: next(self._rows))
        batch = _read(lambda: next(self._rows))
        self._next = number + 1
        if batch.nbytes > max_bytes:
            return None
        (values,) = batch.to_pylist()
        return dict(values)

    def _seek(self, number: int) -> None:
        """To the start of the row group that holds a row."""
        group = bisect_right(self._starts, number) - 1
        if not 0 <= group < len(self._starts) - 1:
            raise DamagedRows(f"row {number} is asked for, and the file has {self._starts[-1]}")
        names = list(self.columns.names)
        self._rows = self._file.iter_batches(1, row_groups=[group], columns=names, use_threads=False)
        self._next, self._end = self._starts[group], self._starts[group + 1]


@dataclass(frozen=True)
class CrelloRow:
    """A row of an open file, by its number."""

    rows: Rows
    number: int

    def sha256(self, max_bytes: int) -> str | None:
        """None for a row of more bytes. Raises DamagedRows."""
        row = self.rows.row(self.number, max_bytes)
        return None if row is None else row_sha256(self.rows.columns, row)


def _read(call: Any) -> Any:
    """The border to pyarrow. It tells damage by errors of its own and by OSError without a number."""
    try:
        return call()
    except pa.ArrowMemoryError:
        raise
    except (pa.ArrowException, StopIteration) as error:
        raise DamagedRows(f"{type(error).__name__}: {str(error)[:300]}") from error
    except OSError as error:
        if error.errno is not None:
            raise
        raise DamagedRows(f"{type(error).__name__}: {str(error)[:300]}") from error


def row_sha256(columns: Columns, row: dict[str, Any]) -> str:
    """Of all that is read of a row but its id: of JSON with sorted keys, numbers spelt to the last bit, and every
    picture by the sha256 of its bytes."""
    read = {name: value for name, value in row.items() if name != "id"}
    read["canvas"] = [columns.named(name, row[name]) for name in ("canvas_width", "canvas_height")]
    return hashlib.sha256(json.dumps(_spelt(read), sort_keys=True).encode("utf-8", "backslashreplace")).hexdigest()


def _spelt(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _spelt(item) for name, item in value.items() if name != "path"}
    if isinstance(value, list):
        return [_spelt(item) for item in value]
    if isinstance(value, float):
        return value.hex()
    return hashlib.sha256(value).hexdigest() if isinstance(value, bytes) else value
