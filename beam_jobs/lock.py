"""One run at a time for an OUTPUT: a lock that the system takes back when its process ends, however it ends."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager

from beam_jobs import files


@contextmanager
def only_run(output: str) -> Iterator[None]:
    """Raises ValueError while another run writes there. A remote OUTPUT has no such lock."""
    if files.is_remote(output):
        yield
        return
    path = files.join(output, "state", "lock")
    try:
        os.makedirs(os.path.dirname(path), exist_ok=True)
        file = open(path, "w")  # noqa: SIM115  closed below
    except OSError as error:
        raise ValueError(f"OUTPUT {output} cannot be written: {error.strerror}") from error
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise ValueError(f"another run is writing to OUTPUT {output}; wait for it, or choose another") from error
        yield
