"""The demo: the network up, the numbers provisioned, the bot answering, and a caller who dials."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import re
import shutil
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from lab.account import Account, as_json
from lab.app import reporting
from lab.dial import DialReport, dial
from lab.errors import LabError
from lab.owner import WATCH_S, Ended, end_on_signals, running
from lab.phone import PhoneError
from lab.settings import ROOT
from lab.stand import NUMBER, Stand, bot_on

CALLER = "+12025550123"
SCRIPT = (
    "I would like to book an appointment for Tuesday at three thirty, please.",
    "My name is David Miller.",
    "What are your opening hours?",
    "No, that's all. Goodbye.",
)
WANTED = {  # a telephone line swallows consonants: "you are booked" may be heard as "your book"
    r"\b(you're|you are|your) book(ed)? for tuesday": "the appointment was not booked",
    r"\bgood-?bye": "no goodbye was said",
}
HANGS_UP_WITHIN_S = 10.0
RECORD_WITHIN_S = 10.0
INTERRUPTED = 130
"""128 and the number of SIGINT, as shells have it."""
RUNS = ROOT / "var/demo"

console = Console(stderr=True, highlight=False, soft_wrap=True)


@contextlib.contextmanager
def standing() -> Iterator[Stand]:
    """A lab with the bot on it, with progress on standard error."""
    folder = RUNS / datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
    folder.mkdir(parents=True, exist_ok=True)
    with contextlib.ExitStack() as stack:
        lab, _ = stack.enter_context(running(f"demo-{os.getpid()}", "auto"))
        with console.status("") as progress:
            stand = stack.enter_context(bot_on(lab, folder, progress.update))
        yield stand
    shutil.rmtree(lab.home)  # after a fault the logs stay


def main(
    keep: Annotated[bool, typer.Option(help="Leave all running after the call.")] = False,
    serve: Annotated[bool, typer.Option(help="Only bring all up, and stay.")] = False,
    json_: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Make a real phone call on this machine: a SIP phone dials, the bot answers and talks."""
    end_on_signals()
    try:
        with standing() as stand:
            held = True if serve else _call(stand, as_json_only=json_)
            if serve:
                _announce(stand)
            elif keep:
                _invite(stand)
            if serve or keep:
                with contextlib.suppress(Ended, KeyboardInterrupt):
                    _stay(stand)
    except (Ended, KeyboardInterrupt):
        console.print("interrupted")
        raise typer.Exit(INTERRUPTED) from None
    if not held:
        raise typer.Exit(1)


def _announce(stand: Stand) -> None:
    host, port = stand.lab.sip_address
    ready = {
        "sip": f"{host}:{port}",
        "number": NUMBER,
        "env_file": str(stand.lab.env_file),
    }
    typer.echo(json.dumps(ready))


def _invite(stand: Stand) -> None:
    host, port = stand.lab.sip_address
    console.print(f"\nAll is still up. Dial [bold]sip:{NUMBER}@{host}:{port}[/bold] (UDP)")
    console.print(f"with any softphone on this machine. Settings: {stand.lab.env_file}")
    console.print("Ctrl-C ends it.")


def _stay(stand: Stand) -> None:
    while True:
        stand.check()
        time.sleep(WATCH_S)


def _call(stand: Stand, *, as_json_only: bool) -> bool:
    """Places the scripted call and tells of it; returns whether the conversation happened."""

    def tell(line: str) -> None:
        if not as_json_only:
            console.print(line)

    tell(f"\n[bold]{CALLER} calls {NUMBER}[/bold]")
    account = Account(lambda line: tell(f"  {line}"))
    recording = stand.records / "call.wav"
    try:
        report = asyncio.run(
            dial(
                NUMBER,
                stand.lab.sip_address,
                CALLER,
                SCRIPT,
                listen_s=HANGS_UP_WITHIN_S,
                record=recording,
                on_turn=account.follow,
            )
        )
    except PhoneError as error:
        raise LabError(f"The call failed: {error}. Logs: {stand.lab.home / 'logs'}") from error
    record = _record(stand.records)
    outcome = json.loads(record.read_text())["outcome"] if record else None
    faults = _faults(report, account, outcome)
    data = as_json(report, account)
    data |= {"outcome": outcome, "record": str(record) if record else None, "faults": faults}
    if as_json_only:
        typer.echo(json.dumps(data))
    else:
        _tell_end(data)
    return not faults


def _faults(report: DialReport, account: Account, outcome: str | None) -> list[str]:
    """What is missing for the conversation to have happened, judged by what the phone heard."""
    heard = " ".join(said.text.lower() for said in account.said if said.who == "bot")
    faults = [fault for words, fault in WANTED.items() if not re.search(words, heard)]
    if report.ended_by != "them":
        faults.append("the bot did not hang up")
    if outcome != "completed":
        faults.append(f"the call's record says {outcome}" if outcome else "no record was written")
    return faults


def _record(folder: Path) -> Path | None:
    """The call's record, which the bot writes once the call is over."""
    deadline = time.monotonic() + RECORD_WITHIN_S
    while time.monotonic() < deadline:
        for path in folder.glob("*.json"):
            return path
        time.sleep(0.05)
    return None


def _tell_end(data: dict[str, Any]) -> None:
    gaps = ", ".join("none" if gap is None else f"{gap:.2f}" for gap in data["gaps_s"])
    first = data["answer_to_first_sound_s"]
    greeting = "never" if first is None else f"{first:.2f} s after the answer"
    console.print(f"\n  answered    {data['invite_to_answer_s']:.2f} s after the INVITE")
    console.print(f"  greeting    {greeting}")
    console.print(f"  gaps        {gaps} s before each reply")
    console.print(f"  ended       {data['outcome']}, by the {data['ended_by']}")
    console.print(f"  record      {data['record']}")
    console.print(f"  recording   {data['recording']}  (left caller, right bot)")
    for fault in data["faults"]:
        console.print(f"  [red]fault       {fault}[/red]")


if __name__ == "__main__":
    app = typer.Typer(pretty_exceptions_enable=False)
    app.command()(reporting(main))
    app()
