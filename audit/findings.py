"""What a verification has checked and what it found wrong: counts of checks, and problems in one line each."""

from collections import Counter
from dataclasses import dataclass, field

from schemas.spelling import printable

_KEPT = 10_000  # problems that are remembered; the rest are only counted


@dataclass(frozen=True, order=True)
class Problem:
    """`where` names the file, and the sample or row in it."""

    check: str
    where: str
    message: str

    def line(self) -> str:
        """Data may hold anything: control characters are escaped, and a long text is cut."""
        text = f"{self.check}: {self.where}: {self.message}"
        return printable(text[:600]) + ("..." if len(text) > 600 else "")


@dataclass
class Findings:
    """Grows while checking; those of several processes are added up."""

    checked: Counter[str] = field(default_factory=Counter)
    failed: Counter[str] = field(default_factory=Counter)
    problems: list[Problem] = field(default_factory=list)

    def expect(self, holds: bool, check: str, where: str, message: str) -> bool:
        """Counts one check, and a problem where it does not hold."""
        self.checked[check] += 1
        if not holds:
            self.failed[check] += 1
            if len(self.problems) < _KEPT:
                self.problems.append(Problem(check, where, message))
        return holds

    def fail(self, check: str, where: str, message: str) -> None:
        self.expect(False, check, where, message)

    def add(self, other: "Findings") -> None:
        self.checked.update(other.checked)
        self.failed.update(other.failed)
        self.problems = sorted(self.problems + other.problems)[:_KEPT]
