"""The emulated service as an application: its routes, its request log, its connections."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any
from weakref import WeakKeyDictionary

from aiohttp import web

from lab.backboard import replies
from lab.backboard.bodies import Rejected
from lab.backboard.endpoints import models
from lab.backboard.endpoints.assistants import AssistantEndpoints
from lab.backboard.endpoints.entry import ENTRY
from lab.backboard.endpoints.lab import LabEndpoints
from lab.backboard.endpoints.memories import MemoryEndpoints
from lab.backboard.endpoints.threads import ThreadEndpoints
from lab.backboard.endpoints.turns import Turns
from lab.backboard.state import State
from lab.faults import Control, Refused
from lab.key import is_right

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

_IN_A_CALL = {"message", "legacy-message", "tool-outputs", "thread-tool-outputs", "cancel"}


def build(control: Control) -> web.Application:
    """The emulator as an application; `control` paces its answers and keeps its request log."""
    return Backboard(control).application()


class Backboard(State):
    """The emulated service, to be served by a process or inside a test, which may read and set
    all of its state.

    Every request to the API is one entry of `control.requests`. `first_event_at` is the first word
    or tool call, `ended_at` the end of the response, `disconnected_at` the moment the client left;
    `seen` is what the model saw, and `sins` what the client did wrong.
    """

    def __init__(self, control: Control) -> None:
        super().__init__(control)
        self._latest: WeakKeyDictionary[asyncio.Transport, int] = WeakKeyDictionary()

    def application(self) -> web.Application:
        """The API and the control routes of its own; those of `control` are not among them."""
        app = web.Application(middlewares=[self._guard])
        parts = (Turns, AssistantEndpoints, MemoryEndpoints, ThreadEndpoints, LabEndpoints)
        for part in parts:
            app.add_routes(part(self).routes())
        app.add_routes([*models.routes(), *self.script.routes()])
        app.on_shutdown.append(self._shut_down)
        return app

    async def _shut_down(self, _: web.Application) -> None:
        await self.close()

    @web.middleware
    async def _guard(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Logs the request, wants a key, and turns refusals into FastAPI's JSON."""
        kind = request.match_info.route.name
        if not kind:
            return await handler(request)
        entry = request[ENTRY] = self._log(kind, request)
        if self._is_stale(request, entry["index"]):
            return replies.abort(request)
        try:
            if not is_right(request.headers.get("X-API-Key", "")):
                raise Rejected(401, "Invalid or missing API key")
            if kind not in _IN_A_CALL:
                await asyncio.sleep(self.behaviour.lookup_s)
            response = await handler(request)
        except Rejected as rejected:
            response = web.json_response({"detail": rejected.detail}, status=rejected.status)
        except Refused as refused:
            response = replies.fault(refused.status)
        finally:
            entry["ended_at"] = time.time()
        entry["status"] = response.status
        self._close_when_idle(request, entry["index"])
        return response

    def _log(self, kind: str, request: web.Request) -> dict[str, Any]:
        peer = request.transport and request.transport.get_extra_info("peername")
        return self.control.record(
            kind,
            method=request.method,
            path=request.path,
            client_port=peer[1] if peer else None,
            thread_id=request.match_info.get("thread_id"),
            run_id=request.match_info.get("run_id"),
            first_event_at=None,
            ended_at=None,
            disconnected_at=None,
            sins=[],
            sin_details=[],
        )

    def _is_stale(self, request: web.Request, index: int) -> bool:
        """Whether this connection is one that the service has given up."""
        if request.transport is None:
            return False
        reused = request.transport in self._latest
        self._latest[request.transport] = index
        return reused and self.behaviour.drop_reused

    def _close_when_idle(self, request: web.Request, index: int) -> None:
        transport, idle_s = request.transport, self.behaviour.idle_close_s
        if transport is None or idle_s is None:
            return

        def close() -> None:
            if self._latest.get(transport) == index:
                transport.close()

        asyncio.get_running_loop().call_later(idle_s, close)
