"""Rows in, one Parquet file out: zstd, the schema of `schemas.rows`, the same bytes for the same rows."""

from collections.abc import Iterable
from dataclasses import fields
from typing import Any, BinaryIO

import pyarrow as pa
import pyarrow.parquet as pq

from schemas.rows import arrow_schema

ROW_GROUP = 20_000


class TableWriter:
    """Holds at most one row group and what one `add` brings."""

    def __init__(self, file: BinaryIO, row: type) -> None:
        self._names = [field.name for field in fields(row)]
        self._schema = arrow_schema(row)
        self._writer = pq.ParquetWriter(file, self._schema, compression="zstd")
        self._columns: list[list[Any]] = [[] for _ in self._names]
        self.rows = 0

    def add(self, rows: Iterable[Any]) -> None:
        for row in rows:
            for column, name in zip(self._columns, self._names, strict=True):
                column.append(getattr(row, name))
            self.rows += 1
        if len(self._columns[0]) >= ROW_GROUP:
            self._flush()

    def finish(self) -> None:
        """Writes the end; a table without rows is a file too."""
        if self._columns[0] or not self.rows:
            self._flush()
        self._writer.close()

    def _flush(self) -> None:
        arrays = [pa.array(column, field.type) for column, field in zip(self._columns, self._schema, strict=True)]
        self._writer.write_table(pa.Table.from_arrays(arrays, schema=self._schema))
        self._columns = [[] for _ in self._names]
