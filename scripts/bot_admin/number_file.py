"""Files of numbers: plain text with one a line, or CSV with a column of them."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from bot_admin.command import FAILED, USAGE, OperatorError

COLUMNS = ("number", "phone", "phone_number", "phone number", "telephone", "mobile", "e164", "to")
WRITTEN = re.compile(r"\+?[\d\s().\-–/]+")
"""How people write numbers; a spreadsheet's 1.2E+10 is none, and has lost its digits."""


@dataclass
class NumberFile:
    """What a file holds."""

    numbers: dict[str, int] = field(default_factory=dict)
    """In E.164, each with the line where it is first."""
    repeated: int = 0
    bad: list[str] = field(default_factory=list)
    """A sentence for each row that holds no number, with its line."""


def read(path: Path, *, region: str | None, column: str | None) -> NumberFile:
    """Reads a file of numbers; blank lines and lines that begin with # do not count.

    Args:
        path: UTF-8, with or without a byte order mark.
        region: of numbers without a leading +.
        column: the heading of the numbers' column; None takes a usual one, or without headings
            the first column.

    Raises:
        OperatorError: the file cannot be read, or has no such column.
    """
    from bot.e164 import e164  # noqa: PLC0415  loads phonenumbers

    rows = list(_rows(path))
    at, headed = _column([] if not rows else rows[0][1], column)
    held = NumberFile()
    for line, row in rows[headed:]:
        written = row[at].strip() if at < len(row) else ""
        try:
            if not WRITTEN.fullmatch(written):
                raise ValueError(f"{written or 'an empty field'} is not a number")
            number = e164(written, region)
        except ValueError as error:
            held.bad.append(f"{path.name} line {line}: {error}.")
            continue
        held.repeated += number in held.numbers
        held.numbers.setdefault(number, line)
    return held


def _rows(path: Path) -> Iterator[tuple[int, Sequence[str]]]:
    """Rows with the number of the line that each ends on."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise OperatorError(f"{path} cannot be read ({error.strerror}).", USAGE) from error
    except UnicodeDecodeError as error:
        raise OperatorError(f"{path} is not text in UTF-8.") from error
    lines = text.splitlines()
    first = next((line for line in lines if line.strip() and not line.startswith("#")), "")
    delimiter = next((sign for sign in "\t;," if sign in first), ",")
    reader = csv.reader(lines, delimiter=delimiter)
    try:
        for row in reader:
            if any(cell.strip() for cell in row) and not row[0].startswith("#"):
                yield reader.line_num, row
    except csv.Error as error:
        raise OperatorError(f"{path} line {reader.line_num}: {error}.", FAILED) from error


def _column(first: Sequence[str], wanted: str | None) -> tuple[int, bool]:
    """Where the numbers are, and whether the first row is headings."""
    headings = [cell.strip().lower() for cell in first]
    if wanted is not None:
        if wanted.strip().lower() not in headings:
            raise OperatorError(f"There is no column {wanted}; see the first line.", USAGE)
        return headings.index(wanted.strip().lower()), True
    if any(re.search(r"\d{3}", cell) for cell in first):
        return 0, False
    found = next((headings.index(name) for name in COLUMNS if name in headings), None)
    if found is not None:
        return found, True
    if len(headings) > 1:
        raise OperatorError("Which column holds the numbers? Name it with --column.", USAGE)
    return 0, False
