"""The endpoints that show and remove threads."""

from __future__ import annotations

from aiohttp import web

from lab.backboard import bodies, replies
from lab.backboard.state import State
from lab.backboard.threads import Thread


class ThreadEndpoints:
    """Handlers over the shared state."""

    def __init__(self, state: State) -> None:
        self._state = state

    def routes(self) -> list[web.RouteDef]:
        """The routes; a route's name is the kind of its log entries."""
        one, of_assistant = "/api/threads/{thread_id}", "/api/assistants/{assistant_id}/threads"
        return [
            web.get("/api/threads", self._list, name="list-threads"),
            web.get(one, self._get, name="get-thread"),
            web.delete(one, self._delete, name="delete-thread"),
            web.post(of_assistant, self._create, name="create-thread"),
            web.get(of_assistant, self._list_of_assistant, name="list-assistant-threads"),
        ]

    async def _list(self, request: web.Request) -> web.Response:
        return self._page(request, [*self._state.threads])

    async def _get(self, request: web.Request) -> web.Response:
        thread = self._state.thread(bodies.path_id(request, "thread_id"))
        return web.json_response(thread.row(self._state.behaviour.thread_content))

    async def _delete(self, request: web.Request) -> web.Response:
        thread = self._state.thread(bodies.path_id(request, "thread_id"))
        await self._state.delete(thread)
        return replies.deleted("Thread", thread_id=thread.thread_id)

    async def _create(self, request: web.Request) -> web.Response:
        assistant = self._state.assistant(bodies.path_id(request, "assistant_id"))
        body = await bodies.read(bodies.ThreadBody, request)
        thread = self._state.threads.create(assistant.assistant_id)
        thread.metadata = body.metadata_ or {}
        return web.json_response(thread.row())

    async def _list_of_assistant(self, request: web.Request) -> web.Response:
        wanted = self._state.assistant(bodies.path_id(request, "assistant_id")).assistant_id
        return self._page(request, [t for t in self._state.threads if t.assistant_id == wanted])

    def _page(self, request: web.Request, threads: list[Thread]) -> web.Response:
        style = self._state.behaviour.thread_content
        with_messages = bodies.query_flag(request, "include_messages", default=False)
        found = threads[bodies.page(request)]
        return web.json_response(
            [thread.summary(style, with_messages=with_messages) for thread in found]
        )
