"""Somebody at a terminal, who places calls with `bot-admin`."""

from __future__ import annotations

import asyncio
import contextlib
import json
import signal
import sys
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

from lab.settings import ROOT
from lab.stand import Stand
from tests.checks.wait import eventually

ENDS_WITHIN_S = 90.0


@dataclass
class Told:
    """What a command has told."""

    exit_code: int
    data: dict[str, Any]
    talk: str


@dataclass
class Terminal:
    """A command that is running."""

    process: asyncio.subprocess.Process
    lines: list[tuple[float, str]] = field(default_factory=list)
    """What it said on standard error, with when."""

    async def says(self, text: str) -> float:
        """Waits until it has said something; returns when it did."""
        async with asyncio.timeout(ENDS_WITHIN_S):
            while True:
                for at_s, line in self.lines:
                    if text in line:
                        return at_s
                if self.process.returncode is not None:
                    raise AssertionError(f"it ended without saying {text!r}: {self.lines}")
                await asyncio.sleep(0.02)

    def interrupt(self) -> None:
        """Presses Ctrl-C."""
        self.process.send_signal(signal.SIGINT)

    async def ends(self) -> Told:
        """Waits for its end."""
        assert self.process.stdout is not None
        async with asyncio.timeout(ENDS_WITHIN_S):
            output = await self.process.stdout.read()
            code = await self.process.wait()
        data = json.loads(output) if output.strip() else {}
        return Told(code, data, "\n".join(line for _, line in self.lines))


class Operator:
    """Runs `bot-admin` on a stand."""

    def __init__(self, stand: Stand, **settings: str) -> None:
        self._stand = stand
        self._settings = settings

    @contextlib.asynccontextmanager
    async def types(self, *words: str) -> AsyncIterator[Terminal]:
        """A command, until the end of the block: then it is killed."""
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "bot_admin",
            "--env-file",
            str(self._stand.lab.env_file),
            *words,
            cwd=ROOT,
            env={
                **self._stand.lab.child_environment,
                "HOTLINE_RECORDS_DIR": str(self._stand.records),
                **self._settings,
            },
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        terminal = Terminal(process)
        reading = asyncio.create_task(_read(terminal))
        try:
            yield terminal
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
            await reading

    async def calls(self, *words: str) -> list[dict[str, Any]]:
        """The records that `calls list` finds, once there is one."""
        found: list[dict[str, Any]] = []

        async def filed() -> bool:
            told = await self.runs("calls", "list", "--json", *words)
            found[:] = told.data["calls"]
            return bool(found)

        await eventually(filed, "a record is filed", within_s=20)
        return found

    async def runs(self, *words: str) -> Told:
        """A command, to its end."""
        async with self.types(*words) as terminal:
            return await terminal.ends()


async def _read(terminal: Terminal) -> None:
    assert terminal.process.stderr is not None
    async for line in terminal.process.stderr:
        terminal.lines.append((time.monotonic(), line.decode().rstrip()))
