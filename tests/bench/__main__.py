"""`./scripts/bench call`: see the module of that name."""

from __future__ import annotations

import json
from typing import Annotated

import typer
from rich.console import Console

from lab.app import reporting
from lab.owner import end_on_signals
from tests.bench import call as bench_call

app = typer.Typer(no_args_is_help=True, pretty_exceptions_enable=False)


@app.callback()
def bench() -> None:
    """Benchmarks; each prints ratios against a reference measured in the same run."""


@app.command()
@reporting
def call(
    turns: Annotated[int, typer.Option(min=1, help="Questions that each side answers.")] = 16,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Measure what a caller waits for, against a plain agent with LiveKit's defaults."""
    end_on_signals()
    figures = bench_call.run(turns)
    if as_json:
        sides = {name: one.summary() for name, one in figures.items()}
        lost = {name: one.lost_turns for name, one in figures.items()}
        ratio = bench_call.ratios(figures)
        typer.echo(json.dumps({**sides, "ratio_p50": ratio, "lost_turns": lost}))
    else:
        Console().print(bench_call.table(figures))


app()
