"""The endpoints of assistants."""

from __future__ import annotations

import dataclasses

from aiohttp import web

from lab.backboard import bodies, replies
from lab.backboard.assistants import Assistant
from lab.backboard.state import State


class AssistantEndpoints:
    """Handlers over the shared state."""

    def __init__(self, state: State) -> None:
        self._state = state

    def routes(self) -> list[web.RouteDef]:
        """The routes; a route's name is the kind of its log entries."""
        every, one = "/api/assistants", "/api/assistants/{assistant_id}"
        return [
            web.post(every, self._create, name="create-assistant"),
            web.get(every, self._list, name="list-assistants"),
            web.get(one, self._get, name="get-assistant"),
            web.put(one, self._change, name="change-assistant"),
            web.delete(one, self._delete, name="delete-assistant"),
            web.post(f"{one}/clone", self._clone, name="clone-assistant"),
        ]

    async def _create(self, request: web.Request) -> web.Response:
        body = await bodies.read(bodies.AssistantBody, request)
        return self._added(Assistant(**body.given()))

    async def _list(self, request: web.Request) -> web.Response:
        name = request.query.get("name")
        found = [one for one in self._state.assistants if name in (None, one.name)]
        return web.json_response([one.row() for one in found[bodies.page(request)]])

    async def _get(self, request: web.Request) -> web.Response:
        return web.json_response(self._assistant(request).row())

    async def _change(self, request: web.Request) -> web.Response:
        assistant = self._assistant(request)
        body = await bodies.read(bodies.AssistantChanges, request)
        for field, value in body.given().items():
            setattr(assistant, field, value)
        return web.json_response(assistant.row())

    async def _delete(self, request: web.Request) -> web.Response:
        assistant_id = self._assistant(request).assistant_id
        for thread in self._state.threads:
            if thread.assistant_id == assistant_id:
                await self._state.delete(thread)
        self._state.assistants.delete(assistant_id)
        return replies.deleted("Assistant", assistant_id=assistant_id)

    async def _clone(self, request: web.Request) -> web.Response:
        template = self._assistant(request)
        body = await bodies.read(bodies.CloneBody, request)
        fields = {
            field.name: getattr(template, field.name)
            for field in dataclasses.fields(Assistant)
            if field.name not in ("assistant_id", "created_at", "memories")
        }
        clone = Assistant(**fields | body.model_dump(include={"name"}))
        if body.system_prompt is not None:
            clone.system_prompt = body.system_prompt
        if body.copy_memories:
            clone.memories = template.memories.copy()
        return self._added(clone)

    def _added(self, assistant: Assistant) -> web.Response:
        self._state.assistants.add(assistant)
        return web.json_response(assistant.row())

    def _assistant(self, request: web.Request) -> Assistant:
        return self._state.assistant(bodies.path_id(request, "assistant_id"))
