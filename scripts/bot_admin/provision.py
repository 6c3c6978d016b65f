"""`bot-admin provision`: shows what the declarations would change in LiveKit, then does it."""

from __future__ import annotations

import sys
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

import sip
from bot_admin import lint
from bot_admin.command import FAILED, PENDING, USAGE, OperatorError, command
from bot_admin.output import show, show_json, talk

if TYPE_CHECKING:
    from bot.settings import LiveKitSettings
    from sip.plan import Plan
    from sip.remote import Remote

app = typer.Typer()


@command(app)
async def provision(
    context: typer.Context,
    plan: Annotated[bool, typer.Option("--plan", help="Only show what would change.")] = False,
    check: Annotated[bool, typer.Option("--check", help="Show it; exit 3 if anything.")] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Change without asking.")] = False,
    prune: Annotated[
        bool, typer.Option("--prune", help="Delete what is ours and no longer declared.")
    ] = False,
    allow: lint.Allow = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print for programs.")] = False,
    declarations: Annotated[
        Path,
        typer.Option(exists=True, file_okay=False, help="Folder of *.toml.", show_default="sip/"),
    ] = Path(sip.__file__).parent,
) -> None:
    """Bring LiveKit's trunks and dispatch rules to what sip/*.toml declares.

    Shows the changes first, asks, then makes them. Touches only what it created itself.
    """
    only_show = plan or check
    if only_show and yes:
        raise OperatorError("--yes makes changes, --plan and --check do not: drop one.", USAGE)
    if not only_show and not yes and not sys.stdin.isatty():
        raise OperatorError(
            "Nobody can confirm without a terminal: add --yes to apply, or --plan to look.", USAGE
        )

    from bot.settings import LiveKitSettings, environment  # noqa: PLC0415  loads pydantic
    from sip import declaration, reconcile, render  # noqa: PLC0415

    settings = LiveKitSettings.load(context.obj)
    declared = declaration.load(declarations, environment(context.obj))
    async with _remote(settings) as remote:
        shown = await reconcile.plan(declared, remote, prune=prune)

    if not as_json:
        show(render.as_text(shown))
    findings = lint.judged(shown.outcome, allow, tell=not as_json)
    applied = 0
    if not shown.in_sync and not only_show and not findings.refusing:
        _confirm(shown, yes=yes, already_shown=not as_json)
        applied = await _apply(shown, settings)
    if as_json:
        show_json({**render.as_data(shown), "findings": findings.as_data(), "applied": applied})
    findings.refuse()
    if check and not shown.in_sync:
        raise typer.Exit(PENDING)


def _remote(settings: LiveKitSettings) -> AbstractAsyncContextManager[Remote]:
    from sip.remote import connect  # noqa: PLC0415  loads livekit

    secret = settings.livekit_api_secret.get_secret_value()
    return connect(settings.livekit_url, settings.livekit_api_key, secret)


def _confirm(shown: Plan, *, yes: bool, already_shown: bool) -> None:
    from sip import render  # noqa: PLC0415

    if yes:
        return
    if not already_shown:
        show(render.as_text(shown), err=True)
    if not typer.confirm("Make these changes?", err=True):
        raise OperatorError("Nothing was changed.", FAILED)


async def _apply(shown: Plan, settings: LiveKitSettings) -> int:
    """Makes the changes over a connection of its own: the plan may have been read for long."""
    from sip import reconcile, render  # noqa: PLC0415
    from sip.errors import RemoteError  # noqa: PLC0415

    applied = 0
    try:
        async with _remote(settings) as remote:
            async for change in reconcile.apply(shown, remote):
                applied += 1
                talk(f"done  {render.headline(change)}")
    except RemoteError as error:
        total = len(shown.changes)
        raise OperatorError(
            f"{error} {applied} of {total} changes were made; run again to make the rest."
        ) from error
    talk(f"{applied} of {applied} changes made.")
    return applied
