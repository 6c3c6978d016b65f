"""How many calls a worker takes at once: as many as the operator says, and not one more.

LiveKit's own load threshold guesses what each accepted job will cost, from the number of idle
processes, and so refuses the third of three calls that arrive together. Refused calls are not
offered again by a self-hosted server: the caller would hear ringing, then busy.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from livekit.agents import AgentServer, JobRequest

log = logging.getLogger("hotline.admission")


class Admission:
    """Counts calls in progress and those being accepted."""

    def __init__(self, max_calls: int) -> None:
        self._max_calls = max_calls
        self._accepting: set[str] = set()
        self._server: AgentServer | None = None

    def load(self, server: AgentServer) -> float:
        """The worker's load for LiveKit's choice among workers: 1 is a full house."""
        self._server = server
        return len(self._seated()) / self._max_calls

    async def answer(self, request: JobRequest) -> None:
        """Takes the job, or leaves it to another worker when all seats are taken."""
        if len(self._seated() | self._accepting) >= self._max_calls:
            log.warning("all seats are taken", extra={"max_calls": self._max_calls})
            await request.reject(terminate=False)
            return
        self._accepting.add(request.id)
        try:
            await request.accept()
        finally:
            self._accepting.discard(request.id)

    def _seated(self) -> set[str]:
        if self._server is None:
            return set()
        return {running.job.id for running in self._server.active_jobs}
