"""The endpoints that make the model speak: messages, tool outputs, and cancelling."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from aiohttp import web
from pydantic import BaseModel

from lab.backboard import bodies, model, replies, sins, sse
from lab.backboard.bodies import (
    LegacyMessageBody,
    MessageBody,
    Rejected,
    ThreadToolOutputsBody,
    ToolOutputsBody,
)
from lab.backboard.endpoints.entry import ENTRY
from lab.backboard.frames import Event
from lab.backboard.leg import Leg, Saying
from lab.backboard.mind import Line
from lab.backboard.state import State
from lab.backboard.threads import Message, Run, Thread, tool_row
from lab.faults import Answer, Dropped

_NOTHING_PENDING = "Thread not found, or no pending REQUIRES_ACTION on the thread"
_BUSY = "A run is already in progress on this thread"


class Turns:
    """Handlers over the shared state."""

    def __init__(self, state: State) -> None:
        self._state = state

    def routes(self) -> list[web.RouteDef]:
        """The routes; a route's name is the kind of its log entries."""
        run = "/api/threads/{thread_id}/runs/{run_id}"
        return [
            web.post("/api/threads/messages", self._message, name="message"),
            web.post("/api/threads/{thread_id}/messages", self._legacy, name="legacy-message"),
            web.post("/api/threads/tool-outputs", self._thread_outputs, name="thread-tool-outputs"),
            web.post(f"{run}/submit-tool-outputs", self._run_outputs, name="tool-outputs"),
            web.post(f"{run}/cancel", self._cancel, name="cancel"),
        ]

    async def _message(self, request: web.Request) -> web.StreamResponse:
        return await self._turn(request, await bodies.read_message(request))

    async def _legacy(self, request: web.Request) -> web.StreamResponse:
        thread_id = bodies.path_id(request, "thread_id")
        legacy = await bodies.read_legacy(request)
        sins.flag(request[ENTRY], "legacy-endpoint", "it takes neither prompt nor tools")
        self._note(request[ENTRY], legacy)
        fields = legacy.model_dump(include={*LegacyMessageBody.model_fields})
        return await self._turn(request, MessageBody(thread_id=UUID(thread_id), **fields))

    async def _turn(self, request: web.Request, body: MessageBody) -> web.StreamResponse:
        state, entry = self._state, request[ENTRY]
        self._note(entry, body)
        entry |= {
            "tools": replies.tool_names(body.tools),
            "misspelt_memory": bool(body.misspelt()),
        }
        sins.judge_body(entry, body)
        thread = state.thread(str(body.thread_id)) if body.thread_id else None
        if thread:
            sins.judge_turn(entry, body, thread)
            self._refuse_busy(thread)
        if not body.content and state.behaviour.empty_content != "accept":
            raise Rejected(400, "content must not be empty")
        answer = self._admit()
        line = state.script.take(body.content)
        scenario = line.in_force()
        if scenario.answer == "refusal":
            return replies.refusal(scenario)
        thread = thread or self._new_thread(body)
        entry["thread_id"] = thread.thread_id
        history = thread.dialogue()
        message = Message("user", body.content, metadata=body.metadata or {})
        operation_id = self._memorise(thread, body, [*history, Line("caller", body.content)])
        if not body.wants_run():
            thread.messages.append(message)
            return await replies.saved(request, thread, message, operation_id, stream=body.stream)
        run = self._begin(thread, body)
        run.memory_operation_id = operation_id
        entry["run_id"] = run.run_id
        tools = self._tools(thread, body.tools)
        saying = model.answer(line, history, body.content, run, tools)
        thread.messages.append(message)
        entry["seen"] = replies.seen(thread, run, tools)
        opening = [
            *sse.accepted(thread, message),
            sse.run_started(run),
            *sse.memory_retrieved(run),
        ]
        return await self._send(request, thread, run, saying, opening, answer, stream=body.stream)

    async def _run_outputs(self, request: web.Request) -> web.StreamResponse:
        thread_id = bodies.path_id(request, "thread_id")
        body = await bodies.read(ToolOutputsBody, request)
        self._note(request[ENTRY], body)
        stream = bodies.query_flag(request, "stream", default=bool(body.stream))
        thread = self._state.threads.get(thread_id)
        run = thread.runs.get(request.match_info["run_id"]) if thread else None
        return await self._outputs(request, thread, run, body, stream=stream)

    async def _thread_outputs(self, request: web.Request) -> web.StreamResponse:
        given = await bodies.read(ThreadToolOutputsBody, request)
        self._note(request[ENTRY], given)
        thread = self._state.threads.get(str(given.thread_id))
        runs = [*thread.runs.values()] if thread else []
        run = next((run for run in reversed(runs) if run.status == "REQUIRES_ACTION"), None)
        request[ENTRY]["run_id"] = run and run.run_id
        body = ToolOutputsBody(tool_outputs=given.tool_outputs)
        return await self._outputs(request, thread, run, body, stream=bool(given.stream))

    async def _outputs(
        self,
        request: web.Request,
        thread: Thread | None,
        run: Run | None,
        body: ToolOutputsBody,
        *,
        stream: bool,
    ) -> web.StreamResponse:
        entry, offered = request[ENTRY], replies.tool_names(body.tools)
        entry |= {"tools": offered, "stream": stream}
        if thread:
            sins.judge_sharing(entry, thread)
        if not (thread and run and run.status == "REQUIRES_ACTION"):
            raise Rejected(404, _NOTHING_PENDING)
        sins.judge_outputs(entry, run, None if body.tools is None else offered, stream=stream)
        calls = {call.call_id: call for call in run.pending}
        if sorted(calls) != sorted(output.tool_call_id for output in body.tool_outputs):
            raise Rejected(400, "tool_outputs must answer every pending tool call exactly once")
        answer = self._admit()
        line = self._state.script.take("\n".join(output.output for output in body.tool_outputs))
        scenario = line.in_force()
        if scenario.answer == "refusal":
            return replies.refusal(scenario)
        tools = self._tools(thread, body.tools)
        if not self._state.behaviour.prompt_in_tool_round:
            run.system_prompt = self._prompt(thread, None)
        saying = model.go_on(line, run, body.tool_outputs, tools)
        thread.messages += [
            tool_row(run.run_id, calls[output.tool_call_id], output.output)
            for output in body.tool_outputs
        ]
        run.status, run.pending = "IN_PROGRESS", []
        if self._state.behaviour.new_run_in_tool_round:
            thread.rename(run)
        entry["seen"] = replies.seen(thread, run, tools)
        opening = [sse.run_continuing(run)]
        return await self._send(request, thread, run, saying, opening, answer, stream=stream)

    async def _cancel(self, request: web.Request) -> web.StreamResponse:
        thread = self._state.thread(bodies.path_id(request, "thread_id"))
        run = thread.runs.get(request.match_info["run_id"])
        behaviour = self._state.behaviour
        if run is None or behaviour.cancel == 404:
            raise Rejected(404, "Run not found")
        if behaviour.cancel == 500:
            return replies.fault(500)
        if behaviour.cancel == "slow":
            await asyncio.sleep(behaviour.cancel_s)
        await self._state.end(run)
        cancelled = run.status == "CANCELLED"
        return web.json_response(
            {"thread_id": thread.thread_id, "run_id": run.run_id, "cancelled": cancelled}
        )

    def _note(self, entry: dict[str, Any], body: BaseModel) -> None:
        entry |= body.model_dump(mode="json", include={*type(body).model_fields})
        for name in bodies.unknown_fields(body):
            sins.flag(entry, "unknown-field", name)

    def _refuse_busy(self, thread: Thread) -> None:
        busy = self._state.behaviour.busy
        if busy != "accept" and thread.open_run():
            raise Rejected(busy, _BUSY)

    def _new_thread(self, body: MessageBody) -> Thread:
        if body.assistant_id:
            assistant = self._state.assistant(str(body.assistant_id))
        else:
            assistant = self._state.assistants.default()
        return self._state.threads.create(assistant.assistant_id)

    def _begin(self, thread: Thread, body: MessageBody) -> Run:
        run = Run(
            self._prompt(thread, body.system_prompt),
            body.llm_provider or "openai",
            body.model_name or "gpt-4o",
            replies.tool_names(body.tools),
        )
        if body.remembers():
            found = self._state.assistant(thread.assistant_id).memories.search(body.content)
            run.retrieved = [memory.retrieved(score) for memory, score in found]
        thread.begin(run)
        return run

    def _memorise(self, thread: Thread, body: MessageBody, lines: list[Line]) -> str | None:
        if not body.memorises():
            return None
        assistant = self._state.assistant(thread.assistant_id)
        return self._state.remember(assistant, lines).operation_id

    def _prompt(self, thread: Thread, given: str | None) -> str:
        own = self._state.assistant(thread.assistant_id).system_prompt
        if given is None:
            return own
        merged = self._state.behaviour.assistant_prompt == "merge"
        return "\n\n".join(filter(None, [own, given])) if merged else given

    def _tools(
        self, thread: Thread, given: Sequence[dict[str, Any]] | None
    ) -> list[dict[str, Any]]:
        own = self._state.assistant(thread.assistant_id).tools
        if given is None:
            return own
        return [*own, *given] if self._state.behaviour.assistant_tools == "merge" else [*given]

    def _admit(self) -> Answer:
        answer = self._state.control.answer()
        answer.admit()
        return answer

    async def _send(
        self,
        request: web.Request,
        thread: Thread,
        run: Run,
        saying: Saying,
        opening: list[Event],
        answer: Answer,
        *,
        stream: bool,
    ) -> web.StreamResponse:
        behaviour, legs, entry = self._state.behaviour, self._state.legs, request[ENTRY]
        leg = Leg(thread, run, saying, behaviour)
        legs[run.run_id] = leg
        leg.start(opening, answer, ended=lambda: legs.pop(run.run_id, None))
        if leg.scenario.answer == "landed":
            return replies.refusal(leg.scenario)
        thread.streams += 1
        try:
            if stream and leg.scenario.answer == "events":
                return await replies.stream(request, leg, entry, behaviour)
            return await replies.whole(request, leg, entry)
        except Dropped:
            return replies.abort(request)
        finally:
            thread.streams -= 1
