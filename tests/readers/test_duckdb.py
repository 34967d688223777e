"""Tables as DuckDB reads them."""

import json
from pathlib import Path

import duckdb


def test_the_counts_of_the_manifest_are_those_of_the_tables(dataset: Path) -> None:
    counts = json.loads((dataset / "manifest.json").read_text())["counts"]
    query = f"select status, count(*) from '{dataset}/tables/documents/*.parquet' group by status"
    assert dict(duckdb.sql(query).fetchall()) == {"accepted": counts["accepted"], "rejected": counts["rejected"]["all"]}
    query = f"""
        select drop_reason, count(*) from '{dataset}/tables/layers/*.parquet'
        join '{dataset}/tables/documents/*.parquet' using (document_id)
        where status = 'accepted' and fate = 'dropped' group by drop_reason"""
    assert dict(duckdb.sql(query).fetchall()) == counts["layers"]["dropped"]


def test_captions_join_documents_by_key(dataset: Path) -> None:
    query = f"""
        select count(*) from '{dataset}/tables/captions/*.parquet'
        join '{dataset}/tables/documents/*.parquet' using (key)
        where status = 'accepted' and layer_index is null"""
    (total,) = duckdb.sql(query).fetchall()[0]
    assert total >= json.loads((dataset / "manifest.json").read_text())["counts"]["accepted"]


def test_rejections_can_be_counted_by_stage(dataset: Path) -> None:
    query = f"select stage, count(*) from '{dataset}/tables/documents/*.parquet' where reason is not null group by 1"
    assert dict(duckdb.sql(query).fetchall()).keys() >= {"open", "verify", "deduplicate"}


def test_measures_are_asked_by_the_name_of_a_detector(dataset: Path) -> None:
    query = f"""
        select name, measures['solid_colour'] as share from '{dataset}/tables/layers/*.parquet'
        where share > 0.98 and list_contains(flags, 'solid_colour')"""
    assert {name for name, _ in duckdb.sql(query).fetchall()} == {"Ground"}
