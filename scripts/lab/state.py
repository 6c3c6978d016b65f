"""What is known of each lab on this machine: one folder each, held by the lab's owner."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO, Any, Self

from lab.errors import LabError
from lab.network import Lab

DEFAULT_NAME = "default"


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
    running: bool = True

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
        )

    def as_json(self) -> dict[str, Any]:
        """For machines."""
        return asdict(self)


class Claim:
    """A lab's folder, held for as long as its owner lives; the kernel frees it in any death."""

    def __init__(self, home: Path) -> None:
        """Takes the folder.

        Raises:
            LabError: another process has it.
        """
        home.mkdir(parents=True, exist_ok=True)
        self.home = home
        self._lock = (home / "lock").open("w")
        if not _locked(self._lock):
            self._lock.close()
            raise LabError(
                f"The lab {home.name} is up already: bot-lab status shows it, "
                f"bot-lab down --name {home.name} ends it, --name starts another."
            )

    def publish(self, state: LabState) -> None:
        """Tells other processes about the lab."""
        (self.home / "lab.json").write_text(json.dumps(state.as_json(), indent=2))

    def release(self) -> None:
        """Lets the folder go; the logs stay until the next lab of this name."""
        (self.home / "lab.json").unlink(missing_ok=True)
        (self.home / "env").unlink(missing_ok=True)
        self._lock.close()


def labs(folder: Path) -> Iterator[LabState]:
    """Every lab that has a folder; `running` tells whether its owner lives."""
    for path in sorted(folder.glob("*/lab.json")):
        state = LabState(**json.loads(path.read_text()))
        with (path.parent / "lock").open("a") as lock:
            free = _locked(lock)
        yield state if not free else LabState(**{**state.as_json(), "running": False})


def running_lab(folder: Path, name: str | None) -> LabState:
    """The running lab of that name, or the only one.

    Raises:
        LabError: there is none, or several and no name was given.
    """
    running = [state for state in labs(folder) if state.running and name in (None, state.name)]
    if not running:
        which = f"no lab {name}" if name else "no lab"
        raise LabError(f"There is {which} up: start one with bot-lab up --detach.")
    if len(running) > 1:
        names = ", ".join(state.name for state in running)
        raise LabError(f"Several labs are up ({names}): say which with --name.")
    return running[0]


def forget_logs(home: Path) -> None:
    """Removes the logs of an earlier lab of this name."""
    shutil.rmtree(home / "logs", ignore_errors=True)


def _locked(file: IO[str]) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
