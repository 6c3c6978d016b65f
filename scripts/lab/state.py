"""What is known of each lab on this machine: one folder each, held by the lab's owner."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO, Any, Self

from lab.errors import LabError
from lab.network import Lab

DEFAULT_NAME = "default"
STATE_FILE = "lab.json"
CLAIM_WITHIN_S = 0.3
"""Who lists labs holds each folder for an instant."""


@dataclass(frozen=True)
class LabState:
    """A lab as its folder describes it."""

    name: str
    pid: int
    """Process id of its owner: SIGTERM to it ends the lab."""
    sip: str
    """HOST:PORT to which phones send their INVITE."""
    env_file: str
    gateway: str
    """`livekit-sip` or `lab`."""
    ports: dict[str, int]
    environment: dict[str, str]
    """What `bot` and `bot-admin` need; the env file holds the same."""

    @classmethod
    def of(cls, name: str, lab: Lab) -> Self:
        """The state of a lab that this process owns."""
        host, port = lab.sip_address
        return cls(
            name=name,
            pid=os.getpid(),
            sip=f"{host}:{port}",
            env_file=str(lab.env_file),
            gateway="livekit-sip" if lab.livekit_sip else "lab",
            ports=asdict(lab.ports),
            environment=dict(lab.environment),
        )

    def as_json(self) -> dict[str, Any]:
        """For machines."""
        return asdict(self)


class Claim:
    """A lab's folder, held for as long as its owner lives; the kernel frees it in any death."""

    def __init__(self, home: Path) -> None:
        """Takes the folder and clears away what an owner that was killed left in it.

        Raises:
            LabError: another process has it.
        """
        home.mkdir(parents=True, exist_ok=True)
        self.home = home
        self._lock = (home / "lock").open("w")
        if not _locked(self._lock, fcntl.LOCK_EX, within_s=CLAIM_WITHIN_S):
            self._lock.close()
            raise LabError(
                f"The lab {home.name} is up already: bot-lab status shows it, "
                f"bot-lab down --name {home.name} ends it, --name starts another."
            )
        self._clear()
        shutil.rmtree(home / "logs", ignore_errors=True)

    def publish(self, state: LabState) -> None:
        """Tells other processes about the lab; they never see half of it."""
        draft = self.home / "lab.part"
        draft.write_text(json.dumps(state.as_json(), indent=2))
        draft.replace(self.home / STATE_FILE)

    def release(self) -> None:
        """Lets the folder go; the logs stay until the next lab of this name."""
        self._clear()
        self._lock.close()

    def _clear(self) -> None:
        for name in (STATE_FILE, "env"):
            (self.home / name).unlink(missing_ok=True)


def labs(folder: Path) -> Iterator[LabState]:
    """Every lab whose owner lives."""
    for path in sorted(folder.glob(f"*/{STATE_FILE}")):
        try:
            state = LabState(**json.loads(path.read_text()))
            with (path.parent / "lock").open() as lock:
                held = not _locked(lock, fcntl.LOCK_SH)
        except FileNotFoundError:
            continue  # it went down just now
        if held:
            yield state


def running_lab(folder: Path, name: str | None) -> LabState:
    """The running lab of that name, or the only one.

    Raises:
        LabError: there is none, or several and no name was given.
    """
    running = [state for state in labs(folder) if name in (None, state.name)]
    if not running:
        which = f"no lab {name}" if name else "no lab"
        raise LabError(f"There is {which} up: start one with bot-lab up --detach.")
    if len(running) > 1:
        names = ", ".join(state.name for state in running)
        raise LabError(f"Several labs are up ({names}): say which with --name.")
    return running[0]


def _locked(file: IO[str], kind: int, *, within_s: float = 0.0) -> bool:
    deadline = time.monotonic() + within_s
    while True:
        try:
            fcntl.flock(file, kind | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() >= deadline:
                return False
            time.sleep(0.02)
        else:
            return True
