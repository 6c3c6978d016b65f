"""`bot-admin destroy`: the end of everything that `bot-admin provision` has created."""

from __future__ import annotations

import sys
from urllib.parse import urlsplit

import typer

from bot_admin.command import FAILED, USAGE, OperatorError, command
from bot_admin.deployed import remote_of
from bot_admin.output import show, show_json
from bot_admin.provision import AsJson, Yes, apply

app = typer.Typer()


@command(app)
async def destroy(context: typer.Context, yes: Yes = False, as_json: AsJson = False) -> None:
    """Delete every trunk and dispatch rule that is ours; calls to our numbers will fail.

    Shows them first, and asks for the name of the server.
    """
    if not yes and not sys.stdin.isatty():
        raise OperatorError("Nobody can confirm without a terminal: add --yes to delete.", USAGE)

    from bot.settings import LiveKitSettings  # noqa: PLC0415  loads pydantic
    from sip import plan, render  # noqa: PLC0415

    settings = LiveKitSettings.load(context.obj)
    async with remote_of(settings) as remote:
        shown = plan.unmake(await remote.fetch())
    show(render.as_text(shown), err=as_json)
    applied = 0
    if not shown.in_sync:
        if not yes:
            _confirm(urlsplit(settings.livekit_url).hostname or settings.livekit_url)
        applied = await apply(shown, settings)
    if as_json:
        show_json({**render.as_data(shown), "applied": applied})


def _confirm(host: str) -> None:
    typed = typer.prompt(f"Type {host} to delete all of this", default="", err=True)
    if typed.strip() != host:
        raise OperatorError("That is another name; nothing was deleted.", FAILED)
