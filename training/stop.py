"""Signals that ask a run to stop in, a flag that the loop looks at out."""

import signal
from types import FrameType


class Stop:
    """Set by SIGTERM and SIGINT; a second one ends the process at once."""

    def __init__(self) -> None:
        self.asked = False
        for one in (signal.SIGTERM, signal.SIGINT):
            signal.signal(one, self._ask)

    def _ask(self, number: int, frame: FrameType | None) -> None:
        self.asked = True
        signal.signal(number, signal.SIG_DFL)
