"""A lab with the bot on it, run as its operator runs it: numbers provisioned, a worker started.

Only commands are used, so the lab knows nothing of the bot's insides.
"""

from __future__ import annotations

import contextlib
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from lab.errors import LabError
from lab.network import Lab, Report
from lab.process import Process
from lab.settings import ROOT

NUMBER = "+12025550100"
"""The number that `sip/trunks.toml` declares."""
WORKER = "bot/worker.py"
PROVISION_WITHIN_S = 30.0
WORKER_READY_WITHIN_S = 90.0
IDLE_PROCESSES = 2


@dataclass(frozen=True)
class Stand:
    """Everything that answers a call, running."""

    lab: Lab
    worker: Process
    records: Path
    """Folder of the call records."""

    def check(self) -> None:
        """Raises ProcessFailed when a part has ended by itself."""
        self.lab.check()
        self.worker.check()


@contextlib.contextmanager
def bot_on(lab: Lab, records: Path, report: Report = lambda _: None) -> Iterator[Stand]:
    """Provisions a running lab and puts a worker on it, which ends at the end.

    Raises:
        LabError: as `provision` and `start_worker` do.
    """
    report("provisioning the number")
    provision(lab)
    report("starting the bot")
    worker = start_worker(lab, records)
    try:
        yield Stand(lab, worker, records)
    finally:
        worker.stop()


def provision(lab: Lab, declarations: Path | None = None) -> None:
    """Makes the lab's trunks and rules match the declarations: `bot-admin provision --yes`.

    Raises:
        LabError: bot-admin refused; its own words are in the message.
    """
    command = [sys.executable, "-m", "bot_admin", "--env-file", str(lab.env_file)]
    command += ["provision", "--yes"]
    if declarations is not None:
        command += ["--declarations", str(declarations)]
    try:
        done = subprocess.run(
            command,
            cwd=ROOT,
            env=lab.child_environment,
            capture_output=True,
            text=True,
            timeout=PROVISION_WITHIN_S,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise LabError(f"bot-admin provision took over {PROVISION_WITHIN_S:g} s.") from error
    if done.returncode != 0:
        raise LabError(f"bot-admin provision failed: {done.stderr.strip()}")


def start_worker(
    lab: Lab, records: Path, *, entry: str = WORKER, log: str | None = None, **settings: str
) -> Process:
    """Starts a worker on the lab and returns once it is registered and its processes are warm.

    Args:
        lab: the network it serves.
        records: folder for the call records.
        entry: the worker's file, relative to the checkout.
        log: name of its log; absent: that of the file.
        settings: further environment of the worker.

    Raises:
        ProcessFailed: it ended or did not become ready.
    """
    env: Mapping[str, str] = {
        **lab.child_environment,
        "HOTLINE_ENV_FILE": str(lab.env_file),
        "HOTLINE_RECORDS_DIR": str(records.absolute()),
        "HOTLINE_PROMPTS_DIR": str(lab.home / "prompts"),
        "HOTLINE_IDLE_PROCESSES": str(IDLE_PROCESSES),
        **settings,
    }
    command = [sys.executable, "-m", "livekit.agents", "start", entry]
    told = lab.home / "logs" / f"{log or Path(entry).stem}.log"
    told.unlink(missing_ok=True)
    # A worker that is told to end waits for its calls; the lab's end is theirs too.
    worker = Process("worker", command, log=told, env=env, cwd=ROOT, grace_s=1.0)
    warm = int(env["HOTLINE_IDLE_PROCESSES"])
    try:
        worker.await_ready(lambda: _ready(told, warm), timeout_s=WORKER_READY_WITHIN_S)
    except BaseException:
        worker.stop()
        raise
    return worker


def _ready(log: Path, warm_processes: int) -> bool:
    text = log.read_text(errors="replace")
    return "registered worker" in text and text.count("process initialized") >= warm_processes
