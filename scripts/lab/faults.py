"""Delays and faults an emulator serves on request, and the log of what it was asked.

A control API under `/_lab/` of each emulator's own port sets and reads them:
`GET|PUT|DELETE /_lab/faults`, `GET|DELETE /_lab/requests`, `GET /_lab/health`.
"""

from __future__ import annotations

import asyncio
import time
from typing import Any, Literal, Self

from aiohttp import web
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

FaultKind = Literal["none", "stall", "status", "close"]


class Faults(BaseModel):
    """What goes wrong, and how slowly everything else goes."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    first_byte_s: float = Field(default=0.0, ge=0)
    """Wait before an answer's first chunk."""
    chunk_s: float = Field(default=0.0, ge=0)
    """Wait before every later chunk."""
    fault: FaultKind = "none"
    status: int = Field(default=500, ge=400, le=599)
    """HTTP status of the fault `status`."""
    after_chunks: int = Field(default=0, ge=0)
    """Chunks served before `stall` or `close` strikes."""
    times: int | None = Field(default=None, ge=1)
    """Answers it strikes; absent: until cleared."""

    @model_validator(mode="after")
    def _times_needs_a_fault(self) -> Self:
        if self.times is not None and self.fault == "none":
            raise ValueError("times counts faulty answers: name a fault too")
        return self


class Refused(Exception):
    """The answer must be this HTTP status."""

    def __init__(self, status: int) -> None:
        super().__init__(f"fault: answer HTTP {status}")
        self.status = status


class Dropped(Exception):
    """The connection must be closed now, without a goodbye."""


class Answer:
    """One answer in the making: call `pace` before each chunk of it."""

    def __init__(self, faults: Faults, cleared: asyncio.Event) -> None:
        self._faults = faults
        self._cleared = cleared
        self._chunks = 0

    def admit(self) -> None:
        """Raises Refused when the request must be answered with an HTTP status."""
        if self._faults.fault == "status":
            raise Refused(self._faults.status)

    async def pace(self) -> None:
        """Waits as long as this chunk must wait; raises Dropped when the connection must close."""
        faults, index = self._faults, self._chunks
        self._chunks += 1
        await asyncio.sleep(faults.first_byte_s if index == 0 else faults.chunk_s)
        if index < faults.after_chunks:
            return
        if faults.fault == "stall":
            await self._cleared.wait()
        elif faults.fault == "close":
            raise Dropped


class Control:
    """The faults now in force and the log of requests, with the routes that set and read them."""

    def __init__(self) -> None:
        self.faults = Faults()
        self.requests: list[dict[str, Any]] = []
        self._cleared = asyncio.Event()

    def answer(self) -> Answer:
        """Begins an answer under the faults now in force."""
        faults = self.faults
        if faults.times is not None:
            left = faults.times - 1
            self.faults = (
                faults.model_copy(update={"times": left})
                if left
                else Faults(first_byte_s=faults.first_byte_s, chunk_s=faults.chunk_s)
            )
        return Answer(faults, self._cleared)

    def record(self, kind: str, **fields: Any) -> dict[str, Any]:
        """Appends to the request log; the entry may be completed later by its owner."""
        entry = {"index": len(self.requests), "at": time.time(), "kind": kind, **fields}
        self.requests.append(entry)
        return entry

    def routes(self) -> list[web.RouteDef]:
        """The control API."""
        return [
            web.get("/_lab/health", self._health),
            web.get("/_lab/faults", self._get_faults),
            web.put("/_lab/faults", self._put_faults),
            web.delete("/_lab/faults", self._delete_faults),
            web.get("/_lab/requests", self._get_requests),
            web.delete("/_lab/requests", self._delete_requests),
        ]

    async def _health(self, _: web.Request) -> web.Response:
        return web.Response(text="OK")

    async def _get_faults(self, _: web.Request) -> web.Response:
        return web.json_response(self.faults.model_dump())

    async def _put_faults(self, request: web.Request) -> web.Response:
        try:
            self.faults = Faults.model_validate_json(await request.read())
        except ValidationError as error:
            reasons = "; ".join(
                f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors()
            )
            return web.json_response({"detail": reasons}, status=422)
        return web.json_response(self.faults.model_dump())

    async def _delete_faults(self, _: web.Request) -> web.Response:
        self.faults = Faults()
        self._cleared.set()  # stalled answers go on
        self._cleared = asyncio.Event()
        return web.json_response(self.faults.model_dump())

    async def _get_requests(self, request: web.Request) -> web.Response:
        since = int(request.query.get("since", "0"))
        return web.json_response(self.requests[since:])

    async def _delete_requests(self, _: web.Request) -> web.Response:
        self.requests.clear()
        return web.json_response([])
