"""What callers wait for, measured at the phone: the bot against a plain agent, in one run."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.table import Table

from lab.clips import Clips
from lab.control import put_faults
from lab.dial import DialReport, dial
from lab.network import Lab
from lab.owner import running
from lab.stand import provision, start_worker

HERE = Path(__file__).parent
NUMBERS = {"hotline": "+12025550100", "plain": "+12025550101"}
WORKERS = {"hotline": "bot/worker.py", "plain": "tests/bench/plain_worker.py"}
DELAYS_S = {
    "deepgram": {"first_byte_s": 0.05},
    "backboard": {"first_byte_s": 0.3, "chunk_s": 0.01},
    "cartesia": {"first_byte_s": 0.12},
}
"""Fixed provider delays, near what the hosted services take."""
QUESTIONS = (
    "What are your opening hours?",
    "Where can I park my car?",
    "What is your address, please?",
    "Which insurance do you take?",
)

console = Console(stderr=True, highlight=False)


@dataclass
class Figures:
    """Seconds, one for each call or turn."""

    invite_to_answer_s: list[float] = field(default_factory=list)
    answer_to_first_sound_s: list[float] = field(default_factory=list)
    gap_s: list[float] = field(default_factory=list)
    lost_turns: int = 0

    def take(self, report: DialReport) -> None:
        """Adds one call."""
        self.invite_to_answer_s.append(report.invite_to_answer_s)
        if report.answer_to_first_sound_s is not None:
            self.answer_to_first_sound_s.append(report.answer_to_first_sound_s)
        for gap in report.gaps_s:
            if gap is None:
                self.lost_turns += 1
            else:
                self.gap_s.append(gap)

    def summary(self) -> dict[str, dict[str, float]]:
        """p50 and p95 of each figure."""
        return {
            name: {
                "p50": round(float(np.percentile(values, 50)), 3),
                "p95": round(float(np.percentile(values, 95)), 3),
                "n": len(values),
            }
            for name, values in (
                ("invite_to_answer_s", self.invite_to_answer_s),
                ("answer_to_first_sound_s", self.answer_to_first_sound_s),
                ("gap_s", self.gap_s),
            )
            if values
        }


def run(turns: int) -> dict[str, Figures]:
    """Places calls to both, in turn, until each has answered `turns` questions."""
    calls = -(-turns // len(QUESTIONS))
    figures = {name: Figures() for name in NUMBERS}
    clips = Clips()
    with running("bench", "auto") as (lab, _), _workers(lab), console.status("") as status:
        for emulator, delays in DELAYS_S.items():
            put_faults(lab.control_url(emulator), delays)
        for index in range(calls):
            order = list(NUMBERS.items())
            for name, number in order if index % 2 == 0 else order[::-1]:
                status.update(f"call {index + 1} of {calls} to {name}")
                report = asyncio.run(
                    dial(number, lab.sip_address, "+12025550123", QUESTIONS, clips=clips)
                )
                figures[name].take(report)
    return figures


@contextlib.contextmanager
def _workers(lab: Lab) -> Iterator[None]:
    provision(lab, HERE)
    with contextlib.ExitStack() as stack:
        for name, entry in WORKERS.items():
            console.print(f"starting {name}")
            port = {} if name == "hotline" else {"HOTLINE_HEALTH_PORT": "0"}
            worker = start_worker(lab, lab.home / "records" / name, entry=entry, **port)
            stack.callback(worker.stop)
        yield


def ratios(figures: dict[str, Figures]) -> dict[str, float]:
    """Ours over plain's, of the medians."""
    ours, plain = figures["hotline"].summary(), figures["plain"].summary()
    return {
        name: round(ours[name]["p50"] / plain[name]["p50"], 2)
        for name in ours
        if name in plain and plain[name]["p50"]
    }


def table(figures: dict[str, Figures]) -> Table:
    """The figures side by side, with the ratio of the medians."""
    ours, plain = figures["hotline"].summary(), figures["plain"].summary()
    ratio = ratios(figures)
    shown = Table("at the phone, in seconds", "hotline p50", "p95", "plain p50", "p95", "ratio p50")
    for name in ratio:
        values = (ours[name]["p50"], ours[name]["p95"], plain[name]["p50"], plain[name]["p95"])
        shown.add_row(name, *(f"{value:.2f}" for value in values), f"{ratio[name]:.2f}")
    shown.add_row(
        "lost turns", str(figures["hotline"].lost_turns), "", str(figures["plain"].lost_turns)
    )
    return shown
