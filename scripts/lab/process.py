"""One process of the lab: started on a leash, ready when a probe says so, ended with its owner."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Literal

from lab import leash
from lab.errors import ProcessFailed

POLL_S = 0.02
LOG_TAIL_LINES = 8


class Process:
    """A command that ends when `stop` is called or when this process ends in any way."""

    def __init__(
        self,
        name: str,
        command: Sequence[str | Path],
        *,
        log: Path,
        env: Mapping[str, str],
        cwd: Path | None = None,
        stop_signal: Literal["TERM", "INT"] = "TERM",
        grace_s: float = 3.0,
    ) -> None:
        self.name = name
        self.log = log
        self.stopped = False
        self._grace_s = grace_s
        log.parent.mkdir(parents=True, exist_ok=True)
        argv = [sys.executable, "-I", "-S", leash.__file__, "--grace-s", str(grace_s)]
        argv += ["--signal", stop_signal, "--", *map(str, command)]
        with log.open("ab") as output:
            self._popen = subprocess.Popen(
                argv,
                stdin=subprocess.PIPE,
                stdout=output,
                stderr=subprocess.STDOUT,
                env=dict(env),
                cwd=cwd,
                start_new_session=True,  # a Ctrl-C reaches the owner alone, who then ends all
            )

    @property
    def pid(self) -> int:
        """Process id of the leash, whose only child is the command."""
        return self._popen.pid

    @property
    def alive(self) -> bool:
        """Whether the command still runs."""
        return self._popen.poll() is None

    def await_ready(self, probe: Callable[[], bool], *, timeout_s: float = 20.0) -> None:
        """Returns once `probe` is true.

        LiveKit's daemons exit with status 0 after a start-up error, so only the probe counts.

        Raises:
            ProcessFailed: it ended, or was not ready in time; the message holds its last words.
        """
        deadline = time.monotonic() + timeout_s
        while not probe():
            if not self.alive:
                raise ProcessFailed(f"{self.name} ended while starting.\n{self.last_words()}")
            if time.monotonic() > deadline:
                raise ProcessFailed(
                    f"{self.name} was not ready within {timeout_s:g} s.\n{self.last_words()}"
                )
            time.sleep(POLL_S)

    def check(self) -> None:
        """Raises ProcessFailed when it has ended without having been told to."""
        if not self.alive and not self.stopped:
            raise ProcessFailed(f"{self.name} ended.\n{self.last_words()}")

    def last_words(self) -> str:
        """The end of its log, and where the rest is."""
        lines = self.log.read_text(errors="replace").splitlines()[-LOG_TAIL_LINES:]
        return "\n".join([*(f"  | {line[:300]}" for line in lines), f"  the whole log: {self.log}"])

    def request_stop(self) -> None:
        """Begins the end without waiting for it."""
        self.stopped = True
        if self._popen.stdin is not None and not self._popen.stdin.closed:
            self._popen.stdin.close()

    def stop(self) -> int:
        """Ends the command and everything it started; returns its exit status."""
        self.request_stop()
        try:
            return self._popen.wait(timeout=self._grace_s + 5.0)
        except subprocess.TimeoutExpired:
            self._popen.kill()
            return self._popen.wait()
