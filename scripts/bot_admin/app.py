"""The root of `bot-admin`: global options and commands. Imports nothing heavy: --help is fast."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from bot_admin import caller, calls, destroy, lint, number, provision, route, suppression
from bot_admin.call import app as call
from bot_admin.doctor import app as doctor

app = typer.Typer(
    name="bot-admin",
    help="Runs the phone bot's numbers, calls and campaigns.",
    no_args_is_help=True,
    rich_markup_mode=None,  # typer's rich pages take 0.4 s to load
    pretty_exceptions_enable=False,  # they print locals, which hold secrets
)


@app.callback()
def options(
    context: typer.Context,
    env_file: Annotated[
        Path | None,
        typer.Option(
            help="File with LIVEKIT_URL and the like.",
            show_default="HOTLINE_ENV_FILE, else .env",
        ),
    ] = None,
) -> None:
    """Options before the command are for all commands."""
    context.obj = env_file


app.add_typer(provision.app)
app.add_typer(destroy.app)
app.add_typer(number.app, name="number")
app.add_typer(doctor.app)
app.add_typer(lint.app)
app.add_typer(route.app)
app.add_typer(call.app, name="call")
app.add_typer(caller.app, name="caller")
app.add_typer(calls.app, name="calls")
app.add_typer(suppression.app, name="suppression")


def main() -> None:
    """The console script."""
    app()
