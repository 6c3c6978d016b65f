"""What a check found: a verdict, one sentence, and one sentence for its remedy."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum


class Verdict(StrEnum):
    """How it stands with one thing, or with all of them."""

    OK = "ok"
    SKIP = "skip"
    """Not examined, for the reason in the finding."""
    WARN = "warn"
    """Calls go on, but worse than they could or not for long."""
    FAIL = "fail"
    """Calls are lost, or anybody can place them."""


@dataclass(frozen=True)
class Finding:
    """One line of the doctor's report; it never holds a secret."""

    verdict: Verdict
    finding: str
    remedy: str = ""


def ok(finding: str) -> Finding:
    """All is well."""
    return Finding(Verdict.OK, finding)


def skip(finding: str, remedy: str = "") -> Finding:
    """Nothing was examined."""
    return Finding(Verdict.SKIP, finding, remedy)


def warn(finding: str, remedy: str) -> Finding:
    """Something to see to by day."""
    return Finding(Verdict.WARN, finding, remedy)


def fail(finding: str, remedy: str) -> Finding:
    """Something to see to now."""
    return Finding(Verdict.FAIL, finding, remedy)


def overall(findings: Iterable[Finding]) -> Verdict:
    """The worst verdict; what was not examined spoils nothing."""
    found = {finding.verdict for finding in findings}
    worst = (verdict for verdict in (Verdict.FAIL, Verdict.WARN) if verdict in found)
    return next(worst, Verdict.OK)
