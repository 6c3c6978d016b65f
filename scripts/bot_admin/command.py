"""How every command runs and ends: async bodies, one sentence for an error, four exit codes.

0 done · 1 failed · 2 wrong usage · 3 changes are pending, or the plan that was shown is stale
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Coroutine
from typing import Any, ParamSpec

import typer

FAILED = 1
USAGE = 2
PENDING = 3

P = ParamSpec("P")
Body = Callable[P, Coroutine[Any, Any, None]]


class OperatorError(Exception):
    """A command cannot go on; its text is one sentence with the remedy."""

    def __init__(self, sentence: str, exit_code: int = FAILED) -> None:
        super().__init__(sentence)
        self.exit_code = exit_code


def command(app: typer.Typer, **options: Any) -> Callable[[Body[P]], Body[P]]:
    """Registers an async function as a command of `app`; `options` go to `app.command`.

    Errors meant for the operator become one sentence on stderr and an exit code. Anything else is
    a bug and keeps its traceback.
    """

    def register(function: Body[P]) -> Body[P]:
        @functools.wraps(function)
        def run(*args: P.args, **kwargs: P.kwargs) -> None:
            import asyncio  # noqa: PLC0415  `bot-admin --help` does without it

            try:
                asyncio.run(function(*args, **kwargs))
            except _operator_errors() as error:
                typer.echo(f"Error: {error}", err=True)
                raise typer.Exit(getattr(error, "exit_code", FAILED)) from error

        app.command(**options)(run)
        return function

    return register


def _operator_errors() -> tuple[type[Exception], ...]:
    """Looked up once something was raised: by then their modules are loaded anyway."""
    from bot.settings import SettingsError  # noqa: PLC0415
    from sip.errors import SipError  # noqa: PLC0415

    return (OperatorError, SettingsError, SipError)
