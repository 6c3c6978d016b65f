"""Where words go: results to stdout for pipes, talk to stderr for people."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import typer

MANY = 20
"""Steps, of which single lines say nothing any more."""

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


@contextmanager
def progress(what: str, total: int) -> Iterator[Callable[[str], None]]:
    """Tells of each step that is done: in lines, or as a bar where many are watched."""
    if total < MANY or not sys.stderr.isatty():
        yield talk
        return
    from rich.console import Console  # noqa: PLC0415  loads slowly
    from rich.progress import Progress  # noqa: PLC0415

    with Progress(console=Console(stderr=True)) as bar:
        task = bar.add_task(what, total=total)
        yield lambda _: bar.advance(task)


def counted(number: int, noun: str) -> str:
    """Such as `1 change` or `3 changes`."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def talk(text: str) -> None:
    """Tells the person at the terminal how it goes."""
    typer.echo(text, err=True)
