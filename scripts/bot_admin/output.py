"""Where words go: results to stdout for pipes, talk to stderr for people."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any

import typer

_COLOURS = {"+": typer.colors.GREEN, "~": typer.colors.YELLOW, "-": typer.colors.RED}


def show(text: str, *, err: bool = False) -> None:
    """Prints a result; lines that begin with a plan's sign are coloured on a terminal."""
    for line in text.splitlines():
        colour = _COLOURS.get(line[:1])
        typer.echo(typer.style(line, fg=colour) if colour else line, err=err)


def show_rows(rows: Iterable[Sequence[str]], *, err: bool = False) -> None:
    """Prints results of one kind, a line each, their fields aligned."""
    lines = [list(row) for row in rows]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    for line in lines:
        fields = (f"{field:{width}}" for field, width in zip(line, widths, strict=True))
        typer.echo("  ".join(fields).rstrip(), err=err)


def show_json(data: Any) -> None:
    """Prints a result for programs."""
    typer.echo(json.dumps(data, indent=2, ensure_ascii=False))


def talk(text: str) -> None:
    """Tells the person at the terminal how it goes."""
    typer.echo(text, err=True)
