"""The control API of this emulator: `/_lab/behaviour`, `/_lab/sins` and `/_lab/connections`."""

from __future__ import annotations

from collections import Counter

from aiohttp import web
from pydantic import ValidationError

from lab.backboard.behaviour import Behaviour
from lab.backboard.state import State


class LabEndpoints:
    """Handlers over the shared state."""

    def __init__(self, state: State) -> None:
        self._state = state

    def routes(self) -> list[web.RouteDef]:
        """The routes; without names, as none of them belongs to the service."""
        return [
            web.get("/_lab/behaviour", self._get_behaviour),
            web.put("/_lab/behaviour", self._put_behaviour),
            web.delete("/_lab/behaviour", self._delete_behaviour),
            web.get("/_lab/sins", self._sins),
            web.get("/_lab/connections", self._connections),
        ]

    async def _get_behaviour(self, _: web.Request) -> web.Response:
        return web.json_response(self._state.behaviour.model_dump())

    async def _put_behaviour(self, request: web.Request) -> web.Response:
        try:
            self._state.behaviour = Behaviour.model_validate_json(await request.read())
        except ValidationError as error:
            reasons = "; ".join(
                f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors()
            )
            return web.json_response({"detail": reasons}, status=422)
        return await self._get_behaviour(request)

    async def _delete_behaviour(self, request: web.Request) -> web.Response:
        self._state.behaviour = Behaviour()
        return await self._get_behaviour(request)

    async def _sins(self, _: web.Request) -> web.Response:
        return web.json_response(self._state.sins)

    async def _connections(self, _: web.Request) -> web.Response:
        ports = Counter(str(entry["client_port"]) for entry in self._state.control.requests)
        return web.json_response(ports)
