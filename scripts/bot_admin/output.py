"""Where words go: results to stdout for pipes, talk to stderr for people."""

from __future__ import annotations

import json
from typing import Any

import typer

_COLOURS = {"+": typer.colors.GREEN, "~": typer.colors.YELLOW, "-": typer.colors.RED}


def show(text: str, *, err: bool = False) -> None:
    """Prints a result; lines that begin with a plan's sign are coloured on a terminal."""
    for line in text.splitlines():
        colour = _COLOURS.get(line[:1])
        typer.echo(typer.style(line, fg=colour) if colour else line, err=err)


def show_json(data: Any) -> None:
    """Prints a result for programs."""
    typer.echo(json.dumps(data, indent=2, ensure_ascii=False))


def talk(text: str) -> None:
    """Tells the person at the terminal how it goes."""
    typer.echo(text, err=True)
