"""`./scripts/bench call`, `opening`, `backboard` and `amd`: see the modules of these names."""

from __future__ import annotations

import json
from typing import Annotated

import typer
from rich.console import Console

from lab.app import reporting
from lab.owner import end_on_signals
from tests.bench import amd as bench_amd
from tests.bench import backboard as bench_backboard
from tests.bench import call as bench_call
from tests.bench import opening as bench_opening

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


@app.command()
@reporting
def opening(
    calls: Annotated[int, typer.Option(min=1, help="How often somebody is called.")] = 20,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Measure what people wait for whom the bot calls, against an ordinary turn."""
    end_on_signals()
    figures = bench_opening.run(calls)
    if as_json:
        typer.echo(json.dumps(figures.as_json()))
    else:
        Console().print(bench_opening.table(figures))


@app.command()
@reporting
def backboard(
    turns: Annotated[int, typer.Option(min=20, help="Answers for each side.")] = 200,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Measure what the Backboard plugin adds to a bare read of the same stream."""
    end_on_signals()
    figures = bench_backboard.run(turns)
    if as_json:
        typer.echo(json.dumps(bench_backboard.as_json(figures)))
    else:
        Console().print(bench_backboard.table(figures))


@app.command()
@reporting
def amd(
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
    verbose: Annotated[bool, typer.Option(help="Name the answers that were misjudged.")] = False,
) -> None:
    """Measure how well and how soon it is told who took a call, against LiveKit's AMD."""
    end_on_signals()
    verdicts = bench_amd.run()
    if as_json:
        typer.echo(json.dumps(bench_amd.as_json(verdicts)))
    else:
        Console().print(bench_amd.table(verdicts))
    if verbose:
        typer.echo("\n".join(bench_amd.wrong(verdicts)), err=as_json)


app()
