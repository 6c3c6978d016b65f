"""The doctor's report: a line for each finding, or one JSON object."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import typer

from bot_admin.doctor.examination import Check, Findings
from bot_admin.doctor.finding import Finding, Verdict, overall

COLOURS = {
    Verdict.OK: typer.colors.GREEN,
    Verdict.SKIP: typer.colors.BRIGHT_BLACK,
    Verdict.WARN: typer.colors.YELLOW,
    Verdict.FAIL: typer.colors.RED,
}
Row = tuple[Check, Finding]


def rows(check: Check, findings: Findings) -> list[Row]:
    """The check's findings, each a row of its own."""
    return [(check, finding) for finding in findings]


def line(check: Check, finding: Finding) -> str:
    """`fail  LiveKit         what was found. The remedy.`, coloured for a terminal."""
    verdict = typer.style(f"{finding.verdict:<4}", fg=COLOURS[finding.verdict])
    return f"{verdict}  {check.title:<14}  {finding.finding} {finding.remedy}".rstrip()


def summary(found: Sequence[Row]) -> str:
    """Such as `12 ok, 1 skip, 1 warn, 0 fail`."""
    counted = Counter(finding.verdict for _, finding in found)
    return ", ".join(f"{counted[verdict]} {verdict}" for verdict in Verdict)


def as_data(found: Sequence[Row]) -> dict[str, Any]:
    """Plain JSON values; a check with several findings has several entries."""
    return {
        "verdict": overall(finding for _, finding in found),
        "checks": [
            {"id": check.id, "title": check.title, **asdict(finding)} for check, finding in found
        ],
    }
