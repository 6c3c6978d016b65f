"""A call as its caller lived it, put into words: what was said, heard and waited for."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any, Literal

from lab.dial import DialReport, Turn
from lab.phone import DialledCall, Span
from lab.recognizer import Recognizer

MARGIN_S = 0.15
"""Heard before and after a span, so that the recogniser gets whole words."""

Tell = Callable[[str], None]


@dataclass(frozen=True)
class Said:
    """One side's words."""

    who: Literal["caller", "bot"]
    text: str
    at_s: float
    """Start, in seconds after the answer."""


class Account:
    """Listens to a scripted call as it goes on and tells it line by line.

    What the bot said is what the phone heard, transcribed; nothing is taken from the bot's own
    records.
    """

    def __init__(self, tell: Tell = lambda _: None) -> None:
        self.said: list[Said] = []
        self._tell = tell
        self._recognizer = Recognizer()

    async def follow(self, call: DialledCall, turn: Turn) -> None:
        """Takes in one turn: our words, then what came back."""
        answered_s = call.answered_s or 0.0
        if turn.said is None or turn.said_at_s is None:
            self._tell(f"answered after {answered_s - call.events[0].at_s:.2f} s")
        else:
            self._add(Said("caller", turn.said, round(turn.said_at_s - answered_s, 2)), "")
        if turn.heard is None or turn.gap_s is None:
            self._tell("(nothing came back)")
            return
        text = await asyncio.to_thread(self._transcribed, call, turn.heard)
        at_s = round(turn.heard.start_s - answered_s, 2)
        self._add(Said("bot", text, at_s), f"  (after {turn.gap_s:.2f} s)")

    def _transcribed(self, call: DialledCall, span: Span) -> str:
        heard = call.recording.heard(span.start_s - MARGIN_S, span.end_s + MARGIN_S)
        return self._recognizer.transcribe(heard, 8000)

    def _add(self, said: Said, note: str) -> None:
        self.said.append(said)
        self._tell(f"{said.at_s:6.2f} s  {said.who:<6}  {said.text}{note}")


def as_json(report: DialReport, account: Account) -> dict[str, Any]:
    """A call for programs; times in seconds."""
    return {
        "invite_to_answer_s": round(report.invite_to_answer_s, 3),
        "answer_to_first_sound_s": _rounded(report.answer_to_first_sound_s),
        "gaps_s": [_rounded(gap) for gap in report.gaps_s],
        "ended_by": {"us": "caller", "them": "bot"}[report.ended_by],
        "turns": [asdict(said) for said in account.said],
        "sip": [
            {
                "at_s": round(event.at_s - report.began_s, 3),
                "direction": event.direction,
                "what": event.what,
            }
            for event in report.events
        ],
        "recording": str(report.saved) if report.saved else None,
    }


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 3)
