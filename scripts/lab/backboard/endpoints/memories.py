"""The endpoints of an assistant's memory."""

from __future__ import annotations

from aiohttp import web

from lab.backboard import bodies, replies
from lab.backboard.bodies import Rejected
from lab.backboard.memories import Memories, Memory
from lab.backboard.state import State


class MemoryEndpoints:
    """Handlers over the shared state."""

    def __init__(self, state: State) -> None:
        self._state = state

    def routes(self) -> list[web.RouteDef]:
        """The routes; a route's name is the kind of its log entries."""
        every = "/api/assistants/{assistant_id}/memories"
        one = f"{every}/{{memory_id}}"
        operation = "/api/assistants/memories/operations/{operation_id}"
        return [
            web.get(operation, self._operation, name="memory-operation"),
            web.get(every, self._list, name="list-memories"),
            web.post(every, self._add, name="add-memory"),
            web.delete(every, self._clear, name="delete-memories"),
            web.post(f"{every}/search", self._search, name="search-memories"),
            web.get(f"{every}/stats", self._stats, name="memory-stats"),
            web.get(one, self._get, name="get-memory"),
            web.put(one, self._change, name="change-memory"),
            web.delete(one, self._delete, name="delete-memory"),
        ]

    async def _operation(self, request: web.Request) -> web.Response:
        operation = self._state.operations.get(request.match_info["operation_id"])
        if operation is None:
            raise Rejected(404, "Memory operation not found")
        return web.json_response(operation.row())

    async def _list(self, request: web.Request) -> web.Response:
        memories = [*self._memories(request)]
        found = memories[bodies.page(request)]
        return web.json_response(
            {"memories": [memory.row() for memory in found], "total_count": len(memories)}
        )

    async def _add(self, request: web.Request) -> web.Response:
        memories = self._memories(request)
        body = await bodies.read(bodies.MemoryBody, request)
        memory = memories.add(body.content, body.metadata)
        return web.json_response({"success": True, "memory_id": memory.memory_id} | memory.row())

    async def _clear(self, request: web.Request) -> web.Response:
        self._memories(request).clear()
        return replies.deleted("Memories", assistant_id=request.match_info["assistant_id"])

    async def _search(self, request: web.Request) -> web.Response:
        memories = self._memories(request)
        body = await bodies.read(bodies.SearchBody, request)
        found = [memory.row(score) for memory, score in memories.search(body.query, body.limit)]
        return web.json_response({"memories": found, "total_count": len(found)})

    async def _stats(self, request: web.Request) -> web.Response:
        return web.json_response({"total_memories": len(self._memories(request))})

    async def _get(self, request: web.Request) -> web.Response:
        return web.json_response(self._memory(request).row())

    async def _change(self, request: web.Request) -> web.Response:
        memory = self._memory(request)
        body = await bodies.read(bodies.MemoryBody, request)
        self._memories(request).update(memory, body.content)
        memory.metadata = memory.metadata if body.metadata is None else body.metadata
        return web.json_response(memory.row())

    async def _delete(self, request: web.Request) -> web.Response:
        memory = self._memory(request)
        self._memories(request).delete(memory.memory_id)
        return replies.deleted("Memory", memory_id=memory.memory_id)

    def _memories(self, request: web.Request) -> Memories:
        return self._state.assistant(bodies.path_id(request, "assistant_id")).memories

    def _memory(self, request: web.Request) -> Memory:
        memory = self._memories(request).get(request.match_info["memory_id"])
        if memory is None:
            raise Rejected(404, "Memory not found")
        return memory
