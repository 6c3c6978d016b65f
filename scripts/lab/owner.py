"""Who owns a lab: the process that holds it until it is told to end."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Literal

from rich.console import Console

from lab.errors import LabError
from lab.network import Lab
from lab.ports import PortBlock
from lab.settings import LabSettings
from lab.state import Claim, LabState, labs, running_lab

PortChoice = Literal["default", "auto"]

READY_WITHIN_S = 60.0
DOWN_WITHIN_S = 15.0
WATCH_S = 0.5


class Ended(BaseException):
    """SIGTERM arrived; a BaseException, as KeyboardInterrupt is, so that nothing swallows it."""


def end_on_signals() -> None:
    """Makes SIGTERM and SIGHUP raise Ended in the main thread, and SIGINT KeyboardInterrupt.

    A shell without job control starts `cmd &` with SIGINT ignored, and Python leaves it so.
    """

    def end(*_: object) -> None:
        raise Ended

    signal.signal(signal.SIGTERM, end)
    signal.signal(signal.SIGHUP, end)
    signal.signal(signal.SIGINT, signal.default_int_handler)


def _ignore_signals() -> None:
    """From here on only the end goes on: it is bounded, and a second Ctrl-C must not cut it."""
    for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
        signal.signal(number, signal.SIG_IGN)


@contextlib.contextmanager
def running(name: str, ports: PortChoice) -> Iterator[tuple[Lab, LabState]]:
    """A lab of this process, with its progress on standard error; this process ends with it.

    Raises:
        LabError: it cannot start.
    """
    settings = LabSettings.load()
    server, livekit_sip = settings.livekit_server(), settings.livekit_sip()
    claim = Claim(settings.labs_dir / name)
    lab = None
    try:
        block = PortBlock.auto() if ports == "auto" else PortBlock.default()
        lab = Lab(claim.home, block, server, livekit_sip)
        with Console(stderr=True).status("starting the lab") as progress:
            lab.up(lambda part: progress.update(f"starting the lab: {part}"))
        state = LabState.of(name, lab)
        claim.publish(state)
        yield lab, state
    finally:
        _ignore_signals()
        if lab is not None:
            lab.down()
        claim.release()


def hold(name: str, ports: PortChoice, ready: Callable[[LabState], None]) -> None:
    """Runs a lab until SIGINT or SIGTERM.

    Raises:
        LabError: it cannot start, or a part of it ended by itself.
    """

    end_on_signals()
    with contextlib.suppress(Ended, KeyboardInterrupt), running(name, ports) as (lab, state):
        ready(state)
        while True:
            lab.check()
            time.sleep(WATCH_S)


def detached(name: str, ports: PortChoice) -> LabState:
    """Starts an owner of its own for a lab, and returns once the lab is ready.

    Raises:
        LabError: it cannot start.
    """
    folder = LabSettings.load().labs_dir
    if any(state.name == name for state in labs(folder)):
        raise LabError(f"The lab {name} is up already: bot-lab status shows it.")
    log = folder / name / "owner.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, "-m", "lab", "up", "--name", name, "--ports", ports]
    with log.open("wb") as output:
        owner = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=output, stderr=output, start_new_session=True
        )
    try:
        return _ready(owner, folder, log)
    except BaseException:
        owner.terminate()
        owner.wait()
        raise


def _ready(owner: subprocess.Popen[bytes], folder: Path, log: Path) -> LabState:
    deadline = time.monotonic() + READY_WITHIN_S
    while time.monotonic() < deadline:
        for state in labs(folder):
            if state.pid == owner.pid:
                return state
        if owner.poll() is not None:
            raise LabError(_last_error(log))
        time.sleep(0.05)
    raise LabError(f"The lab was not ready within {READY_WITHIN_S:g} s; its log: {log}")


def end(name: str | None) -> LabState:
    """Ends a running lab and waits until it is gone.

    Raises:
        LabError: there is none, or it does not end.
    """
    folder = LabSettings.load().labs_dir
    state = running_lab(folder, name)
    with contextlib.suppress(ProcessLookupError):
        os.kill(state.pid, signal.SIGTERM)
    deadline = time.monotonic() + DOWN_WITHIN_S
    while any(lab.name == state.name for lab in labs(folder)):
        if time.monotonic() > deadline:
            raise LabError(f"The lab {state.name} does not end: its owner is process {state.pid}.")
        time.sleep(0.05)
    return state


def _last_error(log: Path) -> str:
    text = log.read_text(errors="replace").strip()
    return text.removeprefix("Error: ") or f"The lab ended while starting; its log: {log}"
