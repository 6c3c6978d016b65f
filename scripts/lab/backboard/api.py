"""The REST surface under `/api`, and the stream that answers a message."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import web

from lab.backboard import bodies, replies, sse
from lab.backboard.bodies import MessageBody, Rejected, ToolOutputsBody
from lab.backboard.leg import Leg
from lab.backboard.model import Model
from lab.backboard.script import Script
from lab.backboard.sse import Event
from lab.backboard.threads import Message, Run, Thread, Threads, tool_row
from lab.faults import Answer, Control, Dropped, Refused

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

WRONG_KEY = "wrong"
"""Every other key is right, as the emulators of speech have it too."""

_ENTRY = web.RequestKey("entry", dict[str, Any])
_NO_THREAD = "Thread not found"
_NOTHING_PENDING = "Thread not found, or no pending REQUIRES_ACTION on the thread"
_BUSY = "A run is already in progress on this thread"


def build(control: Control) -> web.Application:
    """The emulator as an application; `control` paces its answers and keeps its request log."""
    script = Script()
    api = Api(control, Model(script))
    app = web.Application(middlewares=[api.guard])
    app.add_routes([*api.routes(), *script.routes()])
    app.on_shutdown.append(api.close)
    return app


class Api:
    """The threads, the legs now being sent, and the handlers over them.

    Every request to the API is one entry of the request log. `first_event_at` is the first word or
    tool call, `ended_at` the end of the response, `disconnected_at` the moment the client left.
    """

    def __init__(self, control: Control, model: Model) -> None:
        self._control = control
        self._model = model
        self._threads = Threads()
        self._legs: dict[str, Leg] = {}

    def routes(self) -> list[web.RouteDef]:
        """The API; a route's name is the kind of its log entries."""
        submit = "/api/threads/{thread_id}/runs/{run_id}/submit-tool-outputs"
        cancel = "/api/threads/{thread_id}/runs/{run_id}/cancel"
        return [
            web.post("/api/threads/messages", self._message, name="message"),
            web.post(submit, self._tool_outputs, name="tool-outputs"),
            web.post(cancel, self._cancel, name="cancel"),
            web.get("/api/threads/{thread_id}", self._get_thread, name="get-thread"),
            web.delete("/api/threads/{thread_id}", self._delete_thread, name="delete-thread"),
        ]

    async def close(self, _: web.Application) -> None:
        """Stops every answer still being made."""
        for leg in [*self._legs.values()]:
            await leg.abandon()

    @web.middleware
    async def guard(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Logs the request, wants a key, and turns refusals into FastAPI's JSON."""
        kind = request.match_info.route.name
        if not kind:
            return await handler(request)
        entry = request[_ENTRY] = self._log(kind, request)
        try:
            if request.headers.get("X-API-Key", "").strip() in ("", WRONG_KEY):
                raise Rejected(401, "Invalid or missing API key")
            response = await handler(request)
        except Rejected as rejected:
            response = web.json_response({"detail": rejected.detail}, status=rejected.status)
        except Refused as refused:
            response = replies.fault(refused.status)
        entry |= {"status": response.status, "ended_at": time.time()}
        return response

    def _log(self, kind: str, request: web.Request) -> dict[str, Any]:
        peer = request.transport and request.transport.get_extra_info("peername")
        return self._control.record(
            kind,
            method=request.method,
            path=request.path,
            client_port=peer[1] if peer else None,
            thread_id=request.match_info.get("thread_id"),
            run_id=request.match_info.get("run_id"),
            first_event_at=None,
            ended_at=None,
            disconnected_at=None,
        )

    async def _message(self, request: web.Request) -> web.StreamResponse:
        body = await bodies.read(MessageBody, request)
        entry = request[_ENTRY]
        entry |= body.model_dump(mode="json") | {
            "tools": replies.tool_names(body.tools),
            "misspelt_memory": body.misspelt_memory(),
        }
        thread = self._thread(str(body.thread_id)) if body.thread_id else None
        if thread and thread.open_run():
            raise Rejected(400, _BUSY)
        answer = self._admit()
        assistant_id = str(body.assistant_id) if body.assistant_id else None
        thread = thread or self._threads.create(assistant_id)
        entry["thread_id"] = thread.thread_id
        message = Message("user", body.content, metadata=body.metadata or {})
        if not body.wants_run():
            thread.messages.append(message)
            return await replies.saved(request, thread, message, stream=body.stream)
        run = thread.begin(body.system_prompt, body.llm_provider, body.model_name)
        entry["run_id"] = run.run_id
        leg = self._model.answer(thread, run, body.content, body.tools or [])
        thread.messages.append(message)
        opening = [*sse.accepted(thread, message), sse.run_started(run)]
        return await self._send(request, leg, opening, answer, stream=body.stream)

    async def _tool_outputs(self, request: web.Request) -> web.StreamResponse:
        thread_id = bodies.thread_id(request)
        body = await bodies.read(ToolOutputsBody, request)
        stream = bodies.query_flag(request, "stream", default=bool(body.stream))
        request[_ENTRY] |= body.model_dump(mode="json") | {
            "tools": replies.tool_names(body.tools),
            "stream": stream,
        }
        thread = self._threads.get(thread_id)
        run = thread and thread.runs.get(request.match_info["run_id"])
        if not (thread and run and run.status == "REQUIRES_ACTION"):
            raise Rejected(404, _NOTHING_PENDING)
        calls = {call.call_id: call for call in run.pending}
        if sorted(calls) != sorted(output.tool_call_id for output in body.tool_outputs):
            raise Rejected(400, "tool_outputs must answer every pending tool call exactly once")
        answer = self._admit()
        leg = self._model.go_on(thread, run, body.tool_outputs, body.tools or [])
        thread.messages += [
            tool_row(run.run_id, calls[output.tool_call_id], output.output)
            for output in body.tool_outputs
        ]
        run.status, run.pending = "IN_PROGRESS", []
        return await self._send(request, leg, [sse.run_continuing(run)], answer, stream=stream)

    async def _cancel(self, request: web.Request) -> web.StreamResponse:
        thread = self._thread(bodies.thread_id(request))
        run = thread.runs.get(request.match_info["run_id"])
        if run is None:
            raise Rejected(404, "Run not found")
        await self._end(run)
        cancelled = run.status == "CANCELLED"
        return web.json_response(
            {"thread_id": thread.thread_id, "run_id": run.run_id, "cancelled": cancelled}
        )

    async def _get_thread(self, request: web.Request) -> web.StreamResponse:
        return web.json_response(self._thread(bodies.thread_id(request)).row())

    async def _delete_thread(self, request: web.Request) -> web.StreamResponse:
        thread = self._thread(bodies.thread_id(request))
        self._threads.delete(thread.thread_id)
        if run := thread.open_run():
            await self._end(run)
        return replies.deleted(thread)

    def _thread(self, thread_id: str) -> Thread:
        thread = self._threads.get(thread_id)
        if thread is None:
            raise Rejected(404, _NO_THREAD)
        return thread

    def _admit(self) -> Answer:
        answer = self._control.answer()
        answer.admit()
        return answer

    async def _end(self, run: Run) -> None:
        """Cancels the run, if it has not ended."""
        if leg := self._legs.get(run.run_id):
            await leg.cancel()
        elif run.open:
            run.status = "CANCELLED"

    async def _send(
        self, request: web.Request, leg: Leg, opening: list[Event], answer: Answer, *, stream: bool
    ) -> web.StreamResponse:
        run_id = leg.run.run_id
        self._legs[run_id] = leg
        leg.start(opening, answer, ended=lambda: self._legs.pop(run_id, None))
        entry = request[_ENTRY]
        try:
            return await (replies.stream if stream else replies.whole)(request, leg, entry)
        except Dropped:
            return replies.abort(request)
