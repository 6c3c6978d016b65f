"""`bot-admin calls`: what was said and done on the calls whose records are on this machine."""

from __future__ import annotations

from enum import StrEnum
from itertools import islice
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from bot.outcome import Outcome
from bot_admin.command import OperatorError, command
from bot_admin.e164 import e164
from bot_admin.moment import ago
from bot_admin.output import show, show_json, show_rows, talk

if TYPE_CHECKING:
    from bot.store.calls import CallRecords, StoredCall

app = typer.Typer(help="Shows the calls whose records are on this machine.")

SHOWN = ("started_at", "direction", "from", "to", "persona", "outcome", "ended_by", "talk_s")
NONE = "-"


class Direction(StrEnum):
    """Who rang."""

    IN = "in"
    OUT = "out"


DIRECTIONS: dict[Direction, Literal["inbound", "outbound"]] = {
    Direction.IN: "inbound",
    Direction.OUT: "outbound",
}
AsJson = Annotated[bool, typer.Option("--json", help="Print for programs.")]


@command(app, name="list")
async def list_calls(
    context: typer.Context,
    since: Annotated[
        str | None, typer.Option(help="Only calls since then: 2d, 12h, or a date.")
    ] = None,
    outcome: Annotated[Outcome | None, typer.Option(help="Only calls that ended so.")] = None,
    direction: Annotated[Direction | None, typer.Option(help="Only calls this way.")] = None,
    number: Annotated[str | None, typer.Option(help="Only calls with this number.")] = None,
    limit: Annotated[int, typer.Option(min=1, help="How many at most.")] = 50,
    full: Annotated[bool, typer.Option("--full", help="Show whole numbers.")] = False,
    as_json: AsJson = False,
) -> None:
    """Show calls, the newest first."""
    from bot.store.calls import Wanted  # noqa: PLC0415
    from bot.store.errors import StoreError  # noqa: PLC0415

    begun = None if since is None else ago(since, "--since")
    party = None if number is None else e164(number)
    records = _records(context)
    wanted = Wanted(begun, outcome, DIRECTIONS[direction] if direction else None, party)
    try:
        calls = list(islice(records.newest(wanted), limit))
    except StoreError as error:
        raise OperatorError(str(error)) from error
    told = [_summary(call, full=full) for call in calls]
    if as_json:
        show_json({"calls": told, "unreadable": [str(path) for path in records.unreadable]})
    else:
        show_rows([_field(row[name]) for name in ("id", *SHOWN)] for row in told)
        talk("No calls." if not told else f"{len(told)} call{'s' * (len(told) != 1)}.")
    for path in records.unreadable:
        talk(f"{path} is not a call record.")


@command(app, name="show")
async def show_call(
    context: typer.Context,
    id_: Annotated[str, typer.Argument(metavar="ID", help="As `calls list` shows it.")],
    as_json: AsJson = False,
) -> None:
    """Show one call: who, how it ended, and every turn with its time after the answer."""
    from bot.store.errors import StoreError  # noqa: PLC0415

    try:
        call = _records(context).find(id_)
    except StoreError as error:
        raise OperatorError(str(error)) from error
    if as_json:
        show_json(call.data)
        return
    facts = {**_summary(call, full=True), "detail": call.data.get("detail")}
    show_rows([name.replace("_", " "), _field(value)] for name, value in facts.items())
    for turn in call.data.get("turns") or []:
        cut = " (interrupted)" if turn.get("interrupted") else ""
        who, text = _field(turn.get("who")), _field(turn.get("text"))
        show(f"{_clock(turn.get('at_s'))}  {who:6}  {text}{cut}")
    for message in call.data.get("messages") or []:
        show(f"message from {_field(message.get('name'))}: {_field(message.get('text'))}")


def _records(context: typer.Context) -> CallRecords:
    from bot.settings import OperatorSettings  # noqa: PLC0415  loads pydantic
    from bot.store.calls import CallRecords  # noqa: PLC0415

    return CallRecords(OperatorSettings.load(context.obj).records_dir)


def _summary(call: StoredCall, *, full: bool) -> dict[str, Any]:
    from bot.privacy import masked  # noqa: PLC0415

    told = {name: call.data.get(name) for name in SHOWN}
    if not full:
        told |= {name: told[name] and masked(str(told[name])) for name in ("from", "to")}
    turns = len(call.data.get("turns") or [])
    return {"id": call.id, **told, "turns": turns, "record": str(call.path)}


def _field(value: object) -> str:
    """A value for a terminal: what was said or sent must not steer it."""
    text = NONE if value is None else str(value)
    return "".join(sign if sign.isprintable() else " " for sign in text)


def _clock(at_s: object) -> str:
    if not isinstance(at_s, int | float):
        return NONE.rjust(7)
    minutes, seconds = divmod(max(at_s, 0.0), 60)
    return f"{int(minutes):2}:{seconds:04.1f}"
