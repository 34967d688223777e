"""One run at a time for an OUTPUT: a lock that the system takes back when its process ends, however it ends."""

import errno
import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

LOCK = ".lock"
_NO_LOCKS = (errno.ENOSYS, errno.ENOTSUP, errno.ENOLCK)  # as Lustre says where it is mounted without


@contextmanager
def only_run(output: Path) -> Iterator[None]:
    """Held by the first rank. ValueError while another run is at work in the folder; a file system that has no locks
    keeps nobody away."""
    with (output / LOCK).open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise ValueError(f"another run is at work in {output}; wait for it, or give another OUTPUT") from error
        except OSError as error:
            if error.errno not in _NO_LOCKS:
                raise
        yield
