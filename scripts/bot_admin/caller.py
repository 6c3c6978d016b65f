"""`bot-admin caller`: what the bot remembers of a caller, and how it is made to forget."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from bot_admin.command import FAILED, USAGE, OperatorError, command
from bot_admin.e164 import e164
from bot_admin.output import counted, show, show_json, talk

if TYPE_CHECKING:
    from bot.backboard import Fact, Memories

app = typer.Typer(help="Shows what is remembered of a caller, and forgets it.")

Number = Annotated[str, typer.Argument(help="The caller's number, such as +12025550123.")]
OnePersona = Annotated[
    str | None,
    typer.Option("--persona", help="Only what this one remembers; it need not exist any more."),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print for programs.")]


@command(app, name="show")
async def show_caller(
    context: typer.Context, number: Number, persona: OnePersona = None, as_json: AsJson = False
) -> None:
    """Show every fact that is remembered of a caller, for each persona they have talked to."""
    caller = e164(number)
    async with _memories(context) as memories:
        known = await _known(memories, caller, _personas(context, persona))
    if as_json:
        facts = [
            {"persona": name, **asdict(fact)}
            for name, remembered in known.items()
            for fact in remembered
        ]
        show_json({"number": caller, "personas": list(known), "facts": facts})
        return
    for name, remembered in known.items():
        show(f"{name}: {counted(len(remembered), 'fact')}")
        for fact in remembered:
            show(f"  {fact.text}")
    if not known:
        talk(f"Nothing is remembered of {caller}.")


@command(app)
async def forget(
    context: typer.Context,
    number: Number,
    persona: OnePersona = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Forget without asking.")] = False,
    as_json: AsJson = False,
) -> None:
    """Delete all that is remembered of a caller, with the threads of their calls at Backboard.

    The call records on this machine stay.
    """
    if not yes and not sys.stdin.isatty():
        raise OperatorError("Nobody can confirm without a terminal: add --yes to forget.", USAGE)
    caller = e164(number)
    forgotten = 0
    async with _memories(context) as memories:
        known = await _known(memories, caller, _personas(context, persona))
        if known and not yes:
            listed = ", ".join(
                f"{name} ({counted(len(facts), 'fact')})" for name, facts in known.items()
            )
            if not typer.confirm(f"Forget {caller} for {listed}?", err=True):
                raise OperatorError("Nothing was forgotten.", FAILED)
        for name in known:
            forgotten += await memories.forget(_assistant(name, caller))
    if as_json:
        show_json({"number": caller, "personas": list(known), "assistants": forgotten})
    elif known:
        talk(f"{caller} is forgotten by {', '.join(known)}.")
    else:
        talk(f"Nothing is remembered of {caller}.")


async def _known(memories: Memories, caller: str, personas: list[str]) -> dict[str, list[Fact]]:
    """The facts by persona, of those that have ever remembered this caller."""
    known: dict[str, list[Fact]] = {}
    for name in personas:
        assistant_id = await memories.find(_assistant(name, caller))
        if assistant_id is not None:
            known[name] = await memories.all(assistant_id)
    return known


@asynccontextmanager
async def _memories(context: typer.Context) -> AsyncIterator[Memories]:
    """The service that remembers; what it refuses becomes one sentence."""
    from livekit.agents import APIError, APIStatusError  # noqa: PLC0415  loads livekit

    from bot.caller import memories_of  # noqa: PLC0415
    from bot.settings import BackboardSettings  # noqa: PLC0415

    try:
        async with memories_of(BackboardSettings.load(context.obj)) as memories:
            yield memories
    except APIStatusError as error:
        remedy = " Check BACKBOARD_API_KEY." if error.status_code in (401, 403) else ""
        raise OperatorError(f"{error.message} (HTTP {error.status_code}){remedy}") from error
    except APIError as error:
        raise OperatorError(f"{error.message} Check BACKBOARD_BASE_URL and try again.") from error


def _personas(context: typer.Context, only: str | None) -> list[str]:
    from bot.persona import PersonaError, Personas  # noqa: PLC0415
    from bot.settings import OperatorSettings  # noqa: PLC0415

    if only is not None:
        return [only]
    try:
        folder = OperatorSettings.load(context.obj).personas_dir
        return [persona.name for persona in Personas.load(folder)]
    except PersonaError as error:
        raise OperatorError(str(error)) from error


def _assistant(persona: str, number: str) -> str:
    from bot.caller import assistant_name  # noqa: PLC0415

    return assistant_name(persona, number)
