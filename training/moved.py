"""Sources of a run and those that are named now in, whether they are the same shards, in another place."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from training.index import shards_of
from training.storage import Shard, find_shards, stat_shard


def are_moved(output: Path, split: str, before: Sequence[Mapping[str, Any]], now: Sequence[Mapping[str, Any]]) -> bool:
    """Sources as a configuration has them: whether they differ in where they lie alone. `output` is the run's folder,
    whose indexes know name, size and time of the shards that it has read."""
    if len(before) != len(now):
        return False
    return all(
        {**one, "where": ""} == {**other, "where": ""}
        and (one.get("where") == other["where"] or _is_known(output, split, other["where"]))
        for one, other in zip(before, now, strict=True)
    )


def _is_known(output: Path, split: str, where: str) -> bool:
    try:
        found = _likeness(map(stat_shard, find_shards(where, split)))
        return any(_likeness(shards_of(path)) == found for path in (output / "index").glob(f"{split}-*.arrow"))
    except ValueError:  # it says so when it is opened
        return False


def _likeness(shards: Iterable[Shard]) -> list[tuple[str, int, str]]:
    return [(Path(shard.path).name, shard.bytes, shard.version) for shard in shards]
