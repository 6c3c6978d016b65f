"""What people wait for whom the bot calls, at their phone: from their hello to its opening.

The reference is an ordinary turn of the same calls: from the callee's question to the answer.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.progress import track
from rich.table import Table

from lab.clips import SAMPLE_RATE, Clips
from lab.network import Lab
from lab.owner import running
from lab.phone import AnsweringPhone, ReceivedCall, Script
from lab.phone.sound import Samples
from lab.stand import Stand, provision, start_worker
from lab.voice import Voice
from tests.e2e.operator import Operator

HERE = Path(__file__).parent
CALLEE = "+12025550111"
OPENING = "Hello, this is the automated assistant of Riverside Dental."
PERSONA = f"""
default = true
greeting = "Riverside Dental, how can I help you?"
instructions = "You are the receptionist of Riverside Dental."
[outbound]
opening = "{OPENING}"
purpose = "This is Riverside Dental."
"""
QUESTION = "What are your opening hours?"
BEGINNING = SAMPLE_RATE // 10
"""100 ms, the sound that gateways cut off when somebody speaks before the media path is up."""
ALIKE = 0.7
"""Correlation of the same sound before and after a telephone line; of others it is below 0.3."""
QUIET_S = 0.6

console = Console(stderr=True, highlight=False)


@dataclass
class Figures:
    """Seconds, one for each call."""

    opening_s: list[float] = field(default_factory=list)
    turn_s: list[float] = field(default_factory=list)
    whole: int = 0
    """How many openings were heard from their first sound on."""

    def as_json(self) -> dict[str, float]:
        """p50, p95 and how many."""
        opening, turn = (np.array(each) for each in (self.opening_s, self.turn_s))
        return {
            "calls": len(opening),
            "first_100_ms_heard": self.whole,
            "opening_s_p50": round(float(np.percentile(opening, 50)), 3),
            "opening_s_p95": round(float(np.percentile(opening, 95)), 3),
            "turn_s_p50": round(float(np.percentile(turn, 50)), 3),
            "ratio_p50": round(float(np.percentile(opening, 50) / np.percentile(turn, 50)), 2),
        }


def run(calls: int) -> Figures:
    """Has the bot call a person who says hello, so many times."""
    figures = Figures()
    with running("bench", "auto") as (lab, _):
        personas = lab.home / "personas"
        personas.mkdir(exist_ok=True)
        (personas / "caller.toml").write_text(PERSONA)
        settings = {
            "HOTLINE_PERSONAS_DIR": str(personas),
            "DATABASE_URL": f"sqlite:///{lab.home}/hotline.db",
        }
        provision(lab, HERE / "outbound")
        worker = start_worker(lab, lab.home / "records", **settings)
        try:
            operator = Operator(Stand(lab, worker, lab.home / "records"), **settings)
            asyncio.run(_calls(lab, operator, calls, figures))
        finally:
            worker.stop()
    return figures


async def _calls(lab: Lab, operator: Operator, calls: int, figures: Figures) -> None:
    beginning = Voice().say(OPENING, SAMPLE_RATE)
    script = Script(ring_s=0.3, say="Hello?", after_ms=200)
    async with AnsweringPhone({CALLEE: script}, port=lab.ports.answer, clips=Clips()) as phone:
        for _ in track(range(calls), description="calling", console=console):
            async with operator.types("call", CALLEE, "--json") as terminal:
                call = await phone.takes()
                began_s = await call.hears_speech()
                await call.hears_quiet(QUIET_S)
                (hello,) = call.spoken
                figures.opening_s.append(began_s - hello.end_s)
                figures.whole += _holds(_heard(call, began_s), beginning)
                asked = await call.says(QUESTION)
                figures.turn_s.append(await call.hears_speech() - asked.end_s)
                await call.hangs_up()
                await terminal.ends()


def _heard(call: ReceivedCall, began_s: float) -> Samples:
    return call.recording.heard(began_s - 0.3, began_s + 1.0)


def _holds(heard: Samples, opening: Samples) -> bool:
    """Whether the first 100 ms of the opening are in what was heard."""
    wanted = opening[:BEGINNING].astype(np.float64)
    windows = np.lib.stride_tricks.sliding_window_view(heard.astype(np.float64), BEGINNING)
    norms = np.linalg.norm(windows, axis=1) * np.linalg.norm(wanted)
    return bool(np.max(windows @ wanted / np.maximum(norms, 1.0)) > ALIKE)


def table(figures: Figures) -> Table:
    """The figures for people."""
    told = figures.as_json()
    shown = Table("from the last sound of the callee, in seconds", "p50", "p95", "ratio p50")
    shown.add_row(
        "their hello to the opening",
        f"{told['opening_s_p50']:.2f}",
        f"{told['opening_s_p95']:.2f}",
        f"{told['ratio_p50']:.2f}",
    )
    shown.add_row("a question to its answer", f"{told['turn_s_p50']:.2f}", "", "1")
    shown.add_row("first 100 ms heard", f"{figures.whole} of {told['calls']}", "", "")
    return shown
