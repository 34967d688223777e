"""A path and what is written there in, an OSError that names it out: a full disk says no name of its own."""

import os
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def naming(path: str | os.PathLike[str]) -> Iterator[None]:
    """Within it, what cannot be written is said with the path."""
    try:
        yield
    except OSError as error:
        raise OSError(f"{os.fspath(path)} cannot be written: {error.strerror or error}") from error
