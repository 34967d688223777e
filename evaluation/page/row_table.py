"""Row dataclasses in, one Parquet file out: zstd, the schema that `schemas.rows.arrow_schema` derives of them."""

from collections.abc import Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from data_pipeline.shard_io import whole_file
from schemas.rows import arrow_schema


def write_rows(path: Path, row: type, rows: Sequence[Any]) -> None:
    """A table without rows is a file too."""
    schema = arrow_schema(row)
    columns = [[getattr(one, field.name) for one in rows] for field in fields(row)]
    arrays = [pa.array(column, kind.type) for column, kind in zip(columns, schema, strict=True)]
    with whole_file(path) as file:
        pq.write_table(pa.Table.from_arrays(arrays, schema=schema), file, compression="zstd")
