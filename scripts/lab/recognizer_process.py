"""A Recognizer in a process of its own, so that recognition never blocks an event loop."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import sys
from types import TracebackType
from typing import NamedTuple, Self

from lab import recognizer
from lab.recognizer import REPLY, REQUEST, Pcm, Transcript

logger = logging.getLogger(__name__)


class RecognizerEnded(Exception):
    """The recogniser's process is gone; what it wrote to standard error says why."""

    def __init__(self) -> None:
        super().__init__("the speech recogniser's process ended: see its error output above")


class _Job(NamedTuple):
    pcm: Pcm
    sample_rate: int
    heard: asyncio.Future[Transcript]


class RecognizerProcess:
    """Recognises one piece of audio at a time, first come first served.

    An async context manager: entering waits until the model is loaded, leaving ends the process.
    The process also ends when its owner dies, because its standard input is then closed.
    """

    def __init__(self) -> None:
        self._jobs: asyncio.Queue[_Job] = asyncio.Queue()
        self._unanswered: set[asyncio.Future[Transcript]] = set()
        self._process: asyncio.subprocess.Process | None = None
        self._worker: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-P",  # the folder of this package holds no top-level modules
            recognizer.__file__,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
        )
        self._process = process
        try:
            await _reply(process)
        except BaseException:
            await _end(process)
            raise
        self._worker = asyncio.create_task(self._work(process), name="recognizer")
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._worker is not None:
            self._worker.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._worker
        if self._process is not None:
            await _end(self._process)

    async def recognize(self, pcm: Pcm, sample_rate: int) -> Transcript:
        """Waits for its turn and for the words; raises RecognizerEnded when the process is gone."""
        if self._worker is None or self._worker.done():
            raise RecognizerEnded
        heard: asyncio.Future[Transcript] = asyncio.get_running_loop().create_future()
        self._jobs.put_nowait(_Job(pcm, sample_rate, heard))
        self._unanswered.add(heard)
        try:
            return await heard
        finally:
            self._unanswered.discard(heard)

    async def _work(self, process: asyncio.subprocess.Process) -> None:
        try:
            while True:
                job = await self._jobs.get()
                if job.heard.done():  # its caller gave up while it queued
                    continue
                heard = await _ask(process, job)
                if not job.heard.done():
                    job.heard.set_result(heard)
        except (RecognizerEnded, ConnectionError):
            logger.error("the speech recogniser's process ended, exit code %s", process.returncode)
        finally:
            for lost in self._unanswered:
                if not lost.done():
                    lost.set_exception(RecognizerEnded())


async def _ask(process: asyncio.subprocess.Process, job: _Job) -> Transcript:
    assert process.stdin is not None
    process.stdin.write(REQUEST.pack(job.sample_rate, len(job.pcm)) + job.pcm.tobytes())
    await process.stdin.drain()
    return await _reply(process)


async def _reply(process: asyncio.subprocess.Process) -> Transcript:
    assert process.stdout is not None
    try:
        confidence, size = REPLY.unpack(await process.stdout.readexactly(REPLY.size))
        text = (await process.stdout.readexactly(size)).decode()
    except asyncio.IncompleteReadError:
        raise RecognizerEnded from None
    return Transcript(text, confidence)


async def _end(process: asyncio.subprocess.Process) -> None:
    with contextlib.suppress(ProcessLookupError):
        process.kill()  # it holds nothing worth saving
    await process.communicate()
