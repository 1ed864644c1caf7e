"""The result of a check: one sentence that names the entry, what is wrong with it, and how to fix it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any


class Severity(StrEnum):
    """What happens to the entry, the worst case first."""

    FATAL = "fatal"  # the file cannot be used
    BROKEN = "broken"  # stops a run; --skip-broken leaves the entry out
    LEFT_OUT = "left out"  # always left out, and counted
    NOTE = "note"  # used as it is, or with its obvious meaning


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong with one entry.

    Attributes
    ----------
    severity : Severity
    kind : str
        A few words that are the same for all findings of this kind, "flat box".
    entry : str
        "annotation 7", "image 3", "category 1"; of an entry without an id its position.
    fault, fix : str
        The two halves of the sentence.
    id : the entry's id as it stands in the file; None where it has none

    Examples
    --------
    >>> print(Finding(Severity.BROKEN, "area", "annotation 7", "has area -5", "leave it out"))
    annotation 7 has area -5; leave it out
    """

    severity: Severity
    kind: str
    entry: str
    fault: str
    fix: str
    id: Any = None

    def __str__(self) -> str:
        return f"{self.entry} {self.fault}; {self.fix}"


class Findings(list[Finding]):
    """All findings of a file, in the order in which they were made."""

    def of(self, *severities: Severity) -> list[Finding]:
        """Return the findings of some severities."""
        return [finding for finding in self if finding.severity in severities]

    def unused(self) -> list[Finding]:
        """Return the findings about entries that are not used."""
        return self.of(Severity.BROKEN, Severity.LEFT_OUT)


class EntryError(Exception):
    """Raised by a check: this entry is not used. `kind`, `fault` and `fix` become a `Finding`."""

    def __init__(self, kind: str, fault: str, fix: str, severity: Severity = Severity.BROKEN):
        super().__init__(fault)
        self.kind, self.fault, self.fix, self.severity = kind, fault, fix, severity

    def of(self, name: str, entry: Any) -> Finding:
        """Return this fault as a finding about an entry of the file."""
        key = entry.get("id") if isinstance(entry, dict) else None
        return Finding(self.severity, self.kind, name, self.fault, self.fix, key)


def shown(value: Any) -> str:
    """Write a value of the file as Python would, cut to a length that fits into a sentence."""
    text = repr(value[:8] if isinstance(value, list) else value)
    return text if len(text) <= 60 else f"{text[:57]}..."
