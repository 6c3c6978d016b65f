"""What the operator sees of a call while it lasts: a line for each thing that happens."""

from __future__ import annotations

import sys
from types import TracebackType
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from rich.status import Status

    from bot.dialling.progress import Progress

STAGES = {
    "waiting-for-the-bot": "waiting for the bot",
    "dialling": "dialling",
    "ringing": "ringing",
    "answered": "answered",
}


class View:
    """Tells on standard error how a call goes; on a terminal what is waited for moves."""

    def __init__(self) -> None:
        from rich.console import Console  # noqa: PLC0415  loads slowly

        self._console = Console(stderr=True, highlight=False, markup=False, soft_wrap=True)
        self._status: Status | None = None

    def __enter__(self) -> Self:
        if sys.stderr.isatty():
            self._status = self._console.status("")
            self._status.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._status is not None:
            self._status.stop()

    def tell(self, progress: Progress) -> None:
        """One thing that happened."""
        from bot.dialling.progress import PickedUp, Stage  # noqa: PLC0415

        match progress:
            case Stage(name):
                self._line(STAGES[name])
                if self._status is not None:
                    self._status.update(f"{STAGES[name]} …")
            case PickedUp(who):
                self._line("a person answered" if not who.is_machine else f"a machine: {who}")
            case said:
                self._line(f"{said.who:>6}: {_printable(said.text)}")

    def _line(self, text: str) -> None:
        self._console.print(text)


def _printable(text: str) -> str:
    """What was said, for a terminal: it must not steer it."""
    return "".join(sign if sign.isprintable() else " " for sign in text)
