"""`bot-admin suppression`: the numbers that must not be dialled, by anybody, for anything."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bot_admin.command import FAILED, USAGE, OperatorError, command
from bot_admin.database import opened_database
from bot_admin.e164 import e164, region
from bot_admin.moment import ahead
from bot_admin.output import counted, show, show_json, show_rows, talk

if TYPE_CHECKING:
    from bot.store.models import Suppressed

app = typer.Typer(help="Keeps the list of numbers that must not be dialled.")

BIG = 1000
"""Numbers that an import asks about first."""
OPERATOR = "operator"

Number = Annotated[str, typer.Argument(help="A number, such as +12025550123.")]
Region = Annotated[
    str | None, typer.Option("--region", help="Two letters, for numbers without a +.")
]
Reason = Annotated[str, typer.Option(help="Why, in a few words.")]
Until = Annotated[
    str | None,
    typer.Option(help="Only until then: 30d, or a date.", show_default="for good"),
]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do it without asking.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print for programs.")]


@command(app, name="list")
async def list_numbers(context: typer.Context, as_json: AsJson = False) -> None:
    """Show every number on the list, the newest first."""
    from bot.store.suppression import Suppression  # noqa: PLC0415  loads SQLAlchemy

    async with opened_database(context) as database:
        entries = await Suppression(database).all()
    if as_json:
        show_json({"numbers": [_data(entry) for entry in entries]})
        return
    show_rows([e.number, f"{e.since:%Y-%m-%d}", _until(e), e.reason, e.source] for e in entries)
    talk(f"{counted(len(entries), 'number')} on the list.")


@command(app)
async def add(
    context: typer.Context,
    numbers: Annotated[list[str], typer.Argument(help="Numbers, such as +12025550123.")],
    reason: Reason = "asked not to be called",
    until: Until = None,
    of_region: Region = None,
    as_json: AsJson = False,
) -> None:
    """Put numbers on the list; from then on nothing dials them."""
    from bot.store.suppression import Suppression  # noqa: PLC0415  loads SQLAlchemy

    home = region(of_region)
    wanted = list(dict.fromkeys(e164(number, home) for number in numbers))
    end = None if until is None else ahead(until, "--until")
    async with opened_database(context) as database:
        try:
            added = await Suppression(database).add(
                wanted, reason=reason, source=OPERATOR, until=end
            )
        except ValueError as error:
            raise OperatorError(f"--until {until} is past.", USAGE) from error
    if as_json:
        show_json({"numbers": wanted, "added": added})
    else:
        talk(_added(added, len(wanted) - added))


@command(app)
async def remove(
    context: typer.Context, number: Number, yes: Yes = False, as_json: AsJson = False
) -> None:
    """Take a number off the list; it may be dialled again."""
    from bot.store.suppression import Suppression  # noqa: PLC0415  loads SQLAlchemy

    _somebody_can_confirm(yes, "remove")
    wanted = e164(number)
    async with opened_database(context) as database:
        suppression = Suppression(database)
        entry = await suppression.check(wanted)
        if entry is not None and not yes:
            talk(f"{wanted} is on the list since {entry.since:%Y-%m-%d}: {entry.reason}.")
            if not typer.confirm("May it be dialled again?", err=True):
                raise OperatorError("It stays on the list.", FAILED)
        removed = await suppression.remove(wanted)
    if as_json:
        show_json({"number": wanted, "removed": removed})
    else:
        talk(f"{wanted} is off the list." if removed else f"{wanted} was not on the list.")


@command(app)
async def check(context: typer.Context, number: Number, as_json: AsJson = False) -> None:
    """Show whether a number is on the list."""
    from bot.store.suppression import Suppression  # noqa: PLC0415  loads SQLAlchemy

    wanted = e164(number)
    async with opened_database(context) as database:
        entry = await Suppression(database).check(wanted)
    if as_json:
        show_json({"number": wanted, "suppressed": entry is not None, "entry": _data(entry)})
    elif entry is None:
        show(f"{wanted} is not on the list.")
    else:
        since = f"{entry.since:%Y-%m-%d}"
        show(f"{wanted} is on the list since {since}, {_until(entry)}: {entry.reason}.")


@command(app, name="import")
async def import_numbers(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(help="Text with a number a line, or CSV.")],
    column: Annotated[
        str | None,
        typer.Option(help="Heading of the numbers' column.", show_default="a usual one"),
    ] = None,
    of_region: Region = None,
    reason: Reason = "imported",
    until: Until = None,
    skip_bad: Annotated[
        bool, typer.Option("--skip-bad", help="Import the rest when rows are bad.")
    ] = False,
    yes: Yes = False,
    as_json: AsJson = False,
) -> None:
    """Put a file's numbers on the list, all of them or, if a row is bad, none."""
    from bot.store.suppression import Suppression  # noqa: PLC0415  loads SQLAlchemy
    from bot_admin import number_file  # noqa: PLC0415

    end = None if until is None else ahead(until, "--until")
    held = number_file.read(file, region=region(of_region), column=column)
    for sentence in held.bad:
        talk(sentence)
    if held.bad and not skip_bad:
        bad = "1 row is" if len(held.bad) == 1 else f"{len(held.bad)} rows are"
        raise OperatorError(f"{bad} bad; nothing was imported. --skip-bad imports the rest.")
    if len(held.numbers) >= BIG and not yes:
        _somebody_can_confirm(yes, "import so many")
        if not typer.confirm(f"Put {counted(len(held.numbers), 'number')} on the list?", err=True):
            raise OperatorError("Nothing was imported.", FAILED)
    async with opened_database(context) as database:
        try:
            added = await Suppression(database).add(
                held.numbers, reason=reason, source=file.name, until=end
            )
        except ValueError as error:
            raise OperatorError(f"--until {until} is past.", USAGE) from error
    already = len(held.numbers) - added
    if as_json:
        counts = {"added": added, "already": already, "repeated": held.repeated}
        show_json({**counts, "bad": held.bad})
    else:
        talk(f"{_added(added, already)} Repeated: {held.repeated}; bad rows: {len(held.bad)}.")


def _somebody_can_confirm(yes: bool, verb: str) -> None:
    if not yes and not sys.stdin.isatty():
        raise OperatorError(f"Nobody can confirm without a terminal: add --yes to {verb}.", USAGE)


def _added(added: int, already: int) -> str:
    there = f" {counted(already, 'number')} had been on it." if already else ""
    return f"{counted(added, 'number')} put on the list.{there}"


def _until(entry: Suppressed) -> str:
    return "for good" if entry.until is None else f"until {entry.until:%Y-%m-%d}"


def _data(entry: Suppressed | None) -> dict[str, Any] | None:
    if entry is None:
        return None
    return {
        "number": entry.number,
        "reason": entry.reason,
        "source": entry.source,
        "since": entry.since.isoformat(timespec="seconds"),
        "until": entry.until and entry.until.isoformat(timespec="seconds"),
    }
