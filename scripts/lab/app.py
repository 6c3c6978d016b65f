"""The command `bot-lab`: the phone network in a box, from a shell."""

from __future__ import annotations

import functools
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal, ParamSpec, TypeVar

import typer

from lab.errors import LabError

if TYPE_CHECKING:
    from lab.state import LabState

app = typer.Typer(
    help="The phone network in a box: livekit-server, SIP gateway, emulated providers, phones.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)

ROLES = (
    "person silent hangs-up vanishes voicemail screening ivr fax not-in-service busy declined "
    "invalid no-answer dead unreachable"
).split()
"""Of `lab.phone.script`, which takes a moment to import."""

P = ParamSpec("P")
R = TypeVar("R")

Name = Annotated[str | None, typer.Option(help="Which lab, where several are up.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object instead of text.")]


def main() -> None:
    """Runs the command line; a LabError is one sentence and exit status 1."""
    app()


def say(text: str) -> None:
    """Talk goes to standard error; standard output is for data."""
    typer.echo(text, err=True)


def print_data(data: object) -> None:
    """Data goes to standard output."""
    typer.echo(json.dumps(data, indent=2 if sys.stdout.isatty() else None))


def reporting(function: Callable[P, R]) -> Callable[P, R]:
    """Turns a LabError into its sentence and exit status 1."""

    @functools.wraps(function)
    def run(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return function(*args, **kwargs)
        except LabError as error:
            say(f"Error: {error}")
            raise typer.Exit(1) from error

    return run


@app.command()
@reporting
def up(
    name: Annotated[str, typer.Option(help="Name of the lab.")] = "default",
    ports: Annotated[
        Literal["default", "auto"], typer.Option(help="Well-known ports, or free ones.")
    ] = "default",
    detach: Annotated[bool, typer.Option(help="Return once it is ready.")] = False,
    as_json: AsJson = False,
) -> None:
    """Start a lab; it stays until Ctrl-C, or `bot-lab down` when detached."""
    from lab import owner  # noqa: PLC0415 - `bot-lab --help` stays fast

    if detach:
        _announce(owner.detached(name, ports), as_json)
    else:
        owner.hold(name, ports, lambda state: _announce(state, as_json))


@app.command()
@reporting
def down(name: Name = None) -> None:
    """End a lab and everything it started."""
    from lab import owner  # noqa: PLC0415

    say(f"The lab {owner.end(name).name} is down.")


@app.command()
@reporting
def status(as_json: AsJson = False) -> None:
    """List the labs on this machine."""
    from lab.settings import LabSettings  # noqa: PLC0415
    from lab.state import labs  # noqa: PLC0415

    states = list(labs(LabSettings.load().labs_dir))
    if as_json:
        print_data([state.as_json() for state in states])
    elif not states:
        say("No lab is up.")
    for state in states if not as_json else []:
        typer.echo(f"{state.name}\tSIP {state.sip}\t{state.gateway} gateway\t{state.env_file}")


@app.command()
@reporting
def logs(
    process: Annotated[str | None, typer.Argument(help="Which process; absent: all.")] = None,
    name: Name = None,
    lines: Annotated[int, typer.Option(help="Last lines of each.")] = 40,
) -> None:
    """Show what a lab's processes logged."""
    from lab.logs import tails  # noqa: PLC0415

    for title, tail in tails(name, process, lines):
        typer.echo(f"==> {title} <==\n{tail}")


@app.command()
@reporting
def fault(
    emulator: Annotated[Literal["deepgram", "cartesia", "backboard"], typer.Argument()],
    kind: Annotated[
        Literal["none", "stall", "status", "close", "scenario"],
        typer.Argument(help="`none` clears it; `scenario` is backboard's own."),
    ] = "none",
    scenario: Annotated[
        str, typer.Option(help="Which scenario; an unknown one lists them all.")
    ] = "",
    status_code: Annotated[
        int | None, typer.Option("--status", help="HTTP status to answer; absent: 500.")
    ] = None,
    after_chunks: Annotated[
        int | None, typer.Option(help="Chunks served before it strikes.")
    ] = None,
    times: Annotated[int | None, typer.Option(help="Answers it strikes; absent: all.")] = None,
    first_byte_s: Annotated[float | None, typer.Option(help="Wait before the first chunk.")] = None,
    chunk_s: Annotated[float | None, typer.Option(help="Wait before every later chunk.")] = None,
    name: Name = None,
) -> None:
    """Make an emulated provider slow or faulty, for the next answers on."""
    from lab import control  # noqa: PLC0415

    if (kind == "scenario" and emulator != "backboard") or (kind != "scenario" and scenario):
        raise LabError("Scenarios are for: bot-lab fault backboard scenario --scenario NAME")
    given = {"status": status_code, "after_chunks": after_chunks, "chunk_s": chunk_s}
    knobs = {key: value for key, value in given.items() if value is not None}
    if kind == "scenario":
        first = {} if first_byte_s is None else {"first_token_s": first_byte_s}
        line = {"scenario": scenario, "times": times, **knobs, **first}
        print_data(control.set_scenario(name, line))
        return
    if kind == "none" and emulator == "backboard":
        control.clear_scenario(name)
    faults = {"fault": kind, "times": times, "first_byte_s": first_byte_s or 0.0, **knobs}
    print_data(control.set_faults(name, emulator, faults))


@app.command()
@reporting
def dial(
    number: Annotated[str, typer.Argument(help="The number to call, such as +12025550100.")],
    say_: Annotated[
        list[str] | None, typer.Option("--say", help="A sentence; repeat for more turns.")
    ] = None,
    press: Annotated[str | None, typer.Option(help="Keys to press after the greeting.")] = None,
    from_number: Annotated[str, typer.Option("--from", help="The caller.")] = "+12025550123",
    record: Annotated[Path | None, typer.Option(help="WAV file: left caller, right bot.")] = None,
    name: Name = None,
    as_json: AsJson = False,
) -> None:
    """Place a call with a SIP phone and tell what it heard."""
    from lab import dialling  # noqa: PLC0415

    tell = say if as_json else typer.echo
    report = dialling.call(number, say_ or [], press, from_number, record, name, tell)
    if as_json:
        print_data(report)
    else:
        typer.echo(f"ended by the {report['ended_by']}")


@app.command()
@reporting
def answer(
    number: Annotated[
        str | None, typer.Argument(help="The number that is called, such as +12025550111.")
    ] = None,
    role: Annotated[str, typer.Option("--as", help=f"One of: {', '.join(ROLES)}.")] = "person",
    say_: Annotated[str | None, typer.Option("--say", help="What it says first.")] = None,
    after_ms: Annotated[int, typer.Option(help="From the answer to the first word.")] = 0,
    code: Annotated[int | None, typer.Option(help="SIP status to refuse with.")] = None,
    ring_s: Annotated[float, typer.Option(help="How long it rings.")] = 0.0,
    record: Annotated[Path | None, typer.Option(help="WAV file: left phone, right bot.")] = None,
    script: Annotated[
        Path | None, typer.Option(help="TOML file for several numbers, a table each.")
    ] = None,
    calls: Annotated[int | None, typer.Option(help="End after so many calls.")] = None,
    name: Name = None,
    as_json: AsJson = False,
) -> None:
    """Answer the calls that the lab's gateway places, until Ctrl-C."""
    from lab import answering  # noqa: PLC0415

    if (number is None) == (script is None):
        raise typer.BadParameter("either a number or --script FILE")
    options = {"as": role, "say": say_, "after_ms": after_ms, "code": code, "ring_s": ring_s}
    table = {**options, "record": record}
    told = answering.answer(
        answering.scripts(number, table, script), name, calls, say if as_json else typer.echo
    )
    if as_json:
        print_data(told)


def _announce(state: LabState, as_json: bool) -> None:
    if as_json:
        print_data(state.as_json())
        return
    for name, value in state.environment.items():
        typer.echo(f"{name}={value}")
    say(f"\nPhones call {state.sip}. The settings above are also in {state.env_file}:")
    say(f"  bot-admin --env-file {state.env_file} provision --yes")
    say(f"  HOTLINE_ENV_FILE={state.env_file} python -m livekit.agents start bot/worker.py")
