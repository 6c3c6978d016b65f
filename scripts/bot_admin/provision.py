"""`bot-admin provision`: shows what the declarations would change in LiveKit, then does it."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

import sip
from bot_admin import lint
from bot_admin.command import FAILED, PENDING, USAGE, OperatorError, command
from bot_admin.deployed import remote_of
from bot_admin.output import progress, show, show_json, talk

if TYPE_CHECKING:
    from bot.settings import LiveKitSettings
    from sip.plan import Plan

app = typer.Typer()

Declarations = Annotated[
    Path, typer.Option(file_okay=False, help="Folder of *.toml.", show_default="sip/")
]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Change without asking.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print for programs.")]
DECLARATIONS = Path(sip.__file__).parent


@command(app)
async def provision(
    context: typer.Context,
    plan: Annotated[bool, typer.Option("--plan", help="Only show what would change.")] = False,
    check: Annotated[bool, typer.Option("--check", help="Show it; exit 3 if anything.")] = False,
    yes: Yes = False,
    checksum: Annotated[
        str | None, typer.Option(help="Apply only the plan with this checksum; exit 3 if other.")
    ] = None,
    prune: Annotated[
        bool, typer.Option("--prune", help="Delete what is ours and no longer declared.")
    ] = False,
    force: Annotated[
        bool, typer.Option("--force", help="Even if that is more than 30 % of what is ours.")
    ] = False,
    init: Annotated[
        bool, typer.Option("--init", help="Write commented starter declarations, and stop.")
    ] = False,
    import_: Annotated[
        bool,
        typer.Option("--import", help="Write declarations of what others deployed, and stop."),
    ] = False,
    allow: lint.Allow = None,
    as_json: AsJson = False,
    declarations: Declarations = DECLARATIONS,
) -> None:
    """Bring LiveKit's trunks and dispatch rules to what sip/*.toml declares.

    Shows the changes first, asks, then makes them. Touches only what it created itself.
    """
    if init or import_:
        await _begin(context, declarations, imported=import_)
        return
    only_show = plan or check
    if only_show and (yes or checksum):
        raise OperatorError(
            "--yes and --checksum make changes, --plan and --check do not: drop one.", USAGE
        )
    if not only_show and not (yes or checksum) and not sys.stdin.isatty():
        raise OperatorError(
            "Nobody can confirm without a terminal: add --yes to apply, or --plan to look.", USAGE
        )

    if not declarations.is_dir():
        raise OperatorError(f"There is no folder {declarations}: --init makes one.", USAGE)

    from bot.settings import LiveKitSettings, environment  # noqa: PLC0415  loads pydantic
    from sip import declaration, reconcile, render  # noqa: PLC0415

    settings = LiveKitSettings.load(context.obj)
    declared = declaration.load(declarations, environment(context.obj))
    async with remote_of(settings) as remote:
        shown = await reconcile.plan(declared, remote, prune=prune)

    if not as_json:
        show(render.as_text(shown))
    findings = lint.judged(shown.outcome, allow, tell=not as_json)
    applied = 0
    if not shown.in_sync and not only_show and not findings.refusing:
        _refuse_unlike(shown, checksum)
        refuse_much(shown, force=force)
        if not (yes or checksum):
            _confirm(shown, already_shown=not as_json)
        applied = await apply(shown, settings)
    if as_json:
        show_json({**render.as_data(shown), "findings": findings.as_data(), "applied": applied})
    findings.refuse()
    if check and not shown.in_sync:
        raise typer.Exit(PENDING)


async def apply(shown: Plan, settings: LiveKitSettings) -> int:
    """Makes the changes over a connection of its own, as the plan may have been read for long;
    returns how many there were."""
    from sip import reconcile, render  # noqa: PLC0415
    from sip.errors import RemoteError  # noqa: PLC0415

    applied, total = 0, len(shown.changes)
    try:
        async with remote_of(settings) as remote:
            with progress("applying", total) as advance:
                async for change in reconcile.apply(shown, remote):
                    applied += 1
                    advance(f"done  {render.headline(change)}")
    except RemoteError as error:
        raise OperatorError(
            f"{error} {applied} of {total} changes were made; run again to make the rest."
        ) from error
    talk(f"{applied} of {total} changes made.")
    return applied


def refuse_much(shown: Plan, *, force: bool) -> None:
    """Stops a plan that deletes a large share of what is ours, unless it is forced."""
    if shown.deletes_much and not force:
        deletes = shown.counts()["delete"]
        raise OperatorError(
            f"The plan deletes {deletes} of {shown.owned} objects, more than 30 %; "
            "add --force if that is meant. Nothing was changed."
        )


def _refuse_unlike(shown: Plan, checksum: str | None) -> None:
    if checksum is not None and checksum != shown.checksum():
        raise OperatorError(
            f"The plan is {shown.checksum()} now, not {checksum}; look at it again with --plan. "
            "Nothing was changed.",
            PENDING,
        )


def _confirm(shown: Plan, *, already_shown: bool) -> None:
    from sip import render  # noqa: PLC0415

    if not already_shown:
        show(render.as_text(shown), err=True)
    if not typer.confirm("Make these changes?", err=True):
        raise OperatorError("Nothing was changed.", FAILED)


async def _begin(context: typer.Context, folder: Path, *, imported: bool) -> None:
    """Writes the first declarations."""
    from bot.settings import LiveKitSettings  # noqa: PLC0415
    from sip import starter  # noqa: PLC0415

    if not imported:
        files = starter.init(folder)
    else:
        async with remote_of(LiveKitSettings.load(context.obj)) as remote:
            files = starter.import_deployed(await remote.fetch(), folder)
        if not files:
            talk("LiveKit has no trunk and no rule that is not ours: there is nothing to import.")
            return
    for file in files:
        show(str(file))
    if imported and any(file.suffix == ".env" for file in files):
        talk("Put the secrets of the .env file into your env file, then delete it.")
    talk(f"Read them, then: bot-admin provision --plan --declarations {folder}")
