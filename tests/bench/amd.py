"""Who took the call: the judge against LiveKit's AMD, on the same answers in the same sessions.

AMD has its defaults and a model that knows the answer, so its share of right verdicts is the most
that it could reach with any model; what it can lose is time, and answers without a transcript.
"""

from __future__ import annotations

import asyncio
import logging
import tempfile
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import numpy as np
from livekit.agents import inference
from livekit.plugins import deepgram
from rich.console import Console, Group
from rich.progress import Progress
from rich.table import Table

from bot.models import SAMPLE_RATE
from bot.pickup import Pickup
from tests.bench.answered import Verdicts, judged
from tests.bench.answers import Answer, answers
from tests.bench.sound import heard
from tests.checks.emulator import emulated

AT_ONCE = 4

console = Console(stderr=True, highlight=False)


@dataclass(frozen=True)
class Side:
    """One detector's figures: shares of 1, and seconds from the end of a person's first words."""

    people_right: float
    machines_right: float
    delays_s: list[float]
    quiet_delays_s: list[float]
    """Of them those without other voices, music or hum on the line."""

    def summary(self) -> dict[str, float]:
        """The figures for programs."""
        return {
            "people_judged_people": round(self.people_right, 3),
            "machines_judged_machines": round(self.machines_right, 3),
            "person_delay_p50_s": round(float(np.percentile(self.delays_s, 50)), 2),
            "person_delay_p95_s": round(float(np.percentile(self.delays_s, 95)), 2),
            "person_delay_p95_quiet_s": round(float(np.percentile(self.quiet_delays_s, 95)), 2),
        }


def run() -> list[Verdicts]:
    """Plays every answer, AT_ONCE of them at a time."""
    logging.getLogger("livekit").setLevel(logging.ERROR)
    with (
        tempfile.TemporaryDirectory() as folder,
        emulated("deepgram", Path(folder)) as url,
        Progress(console=console, transient=True) as progress,
    ):
        for answer in progress.track(list(answers()), description="speaking"):
            heard(answer)
        return asyncio.run(_run(url, progress))


async def _run(url: str, progress: Progress) -> list[Verdicts]:
    turn, activity = asyncio.Semaphore(AT_ONCE), inference.VAD(model="silero")
    task = progress.add_task("answering", total=len(list(answers())))

    async def one(answer: Answer, http: aiohttp.ClientSession) -> Verdicts:
        ears: Any = deepgram.STT(
            sample_rate=SAMPLE_RATE,
            api_key="lab",
            base_url=f"{url}/v1/listen",
            http_session=http,
        )
        async with turn:
            verdicts = await judged(answer, ears, activity)
        await ears.aclose()
        progress.advance(task)
        return verdicts

    async with aiohttp.ClientSession() as http:
        return list(await asyncio.gather(*(one(answer, http) for answer in answers())))


def sides(verdicts: list[Verdicts]) -> dict[str, Side]:
    """Ours by its last word, and AMD's; who is uncertain is spoken to, as LiveKit advises."""
    return {
        "hotline": _side(verdicts, [_took(each) for each in verdicts], _first_person_s),
        "livekit amd": _side(verdicts, [_amd_took(each) for each in verdicts], lambda v: v.amd_s),
    }


def _side(verdicts: list[Verdicts], took: list[bool], at_s: Any) -> Side:
    pairs = list(zip(verdicts, took, strict=True))
    people = [machine for each, machine in pairs if not each.answer.who.is_machine]
    machines = [machine for each, machine in pairs if each.answer.who.is_machine]
    delays_s = {
        each.answer: max(0.0, at_s(each) - each.over_s)
        for each in verdicts
        if not each.answer.who.is_machine and each.over_s is not None
    }
    return Side(
        people_right=people.count(False) / len(people),
        machines_right=sum(machines) / len(machines),
        delays_s=list(delays_s.values()),
        quiet_delays_s=[s for answer, s in delays_s.items() if answer.line.noise == "hiss"],
    )


def _took(verdicts: Verdicts) -> bool:
    """Whether a machine took it, by our last word."""
    return verdicts.ours[-1].who.is_machine


def _amd_took(verdicts: Verdicts) -> bool:
    return verdicts.amd is not None and verdicts.amd.is_machine


def _first_person_s(verdicts: Verdicts) -> float:
    return verdicts.ours[0].after_s


def spoken_over(verdicts: list[Verdicts]) -> list[float]:
    """Seconds for which each machine that was found passed for a person at first."""
    return [
        each.ours[-1].after_s - each.ours[0].after_s
        for each in verdicts
        if each.ours[-1].who.is_machine and not each.ours[0].who.is_machine
    ]


def wrong(verdicts: list[Verdicts]) -> list[str]:
    """Which answers were misjudged in the end, or at first, and what was understood of them."""
    lines = []
    for each in verdicts:
        told = [f"{j.who} ({j.evidence}) after {j.after_s:.1f} s" for j in each.ours]
        if any(judgement.who is not each.answer.who for judgement in each.ours):
            lines.append(f"{each.answer.name}: {', then '.join(told)}: {each.transcript!r}")
        amd = each.amd.category.value if each.amd else "nothing"
        if _amd_took(each) != each.answer.who.is_machine:
            lines.append(f"{each.answer.name}: amd said {amd} after {each.amd_s:.1f} s")
    return lines


def as_json(verdicts: list[Verdicts]) -> dict[str, Any]:
    """The figures for programs."""
    return {
        "answers": len(verdicts),
        **{name: side.summary() for name, side in sides(verdicts).items()},
        "machines_passing_for_people_at_first": len(spoken_over(verdicts)),
        "confusion": {
            f"{label}: {verdict}": count for (label, verdict), count in _counts(verdicts).items()
        },
    }


def _counts(verdicts: list[Verdicts]) -> Counter[tuple[Pickup, Pickup]]:
    return Counter((each.answer.who, each.ours[-1].who) for each in verdicts)


def table(verdicts: list[Verdicts]) -> Group:
    """The confusion matrix of ours, and both sides' figures."""
    counts = _counts(verdicts)
    matrix = Table("judged", *Pickup, box=None, padding=(0, 1, 0, 0))  # fits into 80 columns
    for label in Pickup:
        matrix.add_row(label, *(str(counts[label, verdict] or "") for verdict in Pickup))
    both = sides(verdicts)
    figures = Table(f"{len(verdicts)} answers", *both)
    for name in both["hotline"].summary():
        figures.add_row(
            name.replace("_", " "), *(f"{side.summary()[name]:.2f}" for side in both.values())
        )
    over = spoken_over(verdicts)
    said = f"{len(over)}, for {np.mean(over):.1f} s" if over else "0"
    figures.add_row("machines taken for people at first", said, "")
    note = "AMD's model is an oracle that knows the answer: its shares are an upper bound."
    return Group(matrix, figures, note)
