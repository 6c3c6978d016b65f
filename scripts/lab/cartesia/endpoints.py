"""The endpoints a client speaks to, and who is let in."""

from __future__ import annotations

import asyncio
import weakref

from aiohttp import WSCloseCode, web

from lab.cartesia import body, messages
from lab.cartesia.messages import BadRequest
from lab.cartesia.session import Session
from lab.cartesia.spoken import Spoken
from lab.cartesia.synthesis import Synthesis
from lab.faults import Control, Dropped, Refused
from lab.key import is_right
from lab.voice import Voice


class Endpoints:
    """`GET /tts/websocket`, `POST /tts/bytes` and `GET /voices`, under the faults of `control`.

    `PUT /_lab/voice` with `{"trim": false}` leaves the 0.3 s of silence before each sentence that
    the offline voice makes, as a careless provider does.
    """

    def __init__(self, control: Control, synthesis: Synthesis) -> None:
        self._control = control
        self._synthesis = synthesis
        self._open: weakref.WeakSet[web.WebSocketResponse] = weakref.WeakSet()

    def routes(self) -> list[web.RouteDef]:
        """The endpoints' routes."""
        return [
            web.get("/tts/websocket", self._websocket),
            web.post("/tts/bytes", self._bytes),
            web.get("/voices", self._voices),
            web.put("/_lab/voice", self._exchange_voice),
        ]

    async def close(self) -> None:
        """Says goodbye on every open websocket."""
        goodbyes = (socket.close(code=WSCloseCode.GOING_AWAY) for socket in list(self._open))
        await asyncio.gather(*goodbyes)

    async def _voices(self, request: web.Request) -> web.StreamResponse:
        _admit(request)
        answer = self._control.answer()
        try:
            answer.admit()
            await answer.pace()
        except Refused as refused:
            return web.Response(status=refused.status, text=str(refused))
        except Dropped:
            _drop(request)
        return web.json_response(
            {"data": [{"id": "lab", "name": "Lab", "language": "en"}], "has_more": False}
        )

    async def _exchange_voice(self, request: web.Request) -> web.Response:
        settings = await request.json()
        if not isinstance(settings, dict) or not isinstance(settings.get("trim"), bool):
            raise web.HTTPUnprocessableEntity(text='the voice takes {"trim": true} or false')
        self._synthesis.voice = Voice(trim=settings["trim"])
        return web.json_response(settings)

    async def _websocket(self, request: web.Request) -> web.StreamResponse:
        _admit(request)
        if self._control.faults.fault == "status":  # the other faults strike contexts alone
            try:
                self._control.answer().admit()
            except Refused as refused:
                return web.Response(status=refused.status, text=str(refused))
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        self._open.add(socket)
        session = Session(socket, self._control, self._synthesis, lambda: _drop(request))
        await session.serve()
        return socket

    async def _bytes(self, request: web.Request) -> web.StreamResponse:
        _admit(request)
        try:
            speak = messages.parse_speak(await request.read())
        except BadRequest as bad:
            raise web.HTTPBadRequest(text=str(bad)) from bad
        answer = self._control.answer()
        spoken = Spoken(self._control, speak, context_id=None)
        try:
            answer.admit()
            return await body.stream(request, speak, self._synthesis, answer, spoken)
        except Refused as refused:
            return web.Response(status=refused.status, text=str(refused))
        except Dropped:
            _drop(request)
        except ConnectionResetError:
            spoken.cancelled()
        return web.Response()


def _admit(request: web.Request) -> None:
    """Raises 401 without a key and 400 without a version (docs.cartesia.ai, "API Conventions")."""
    key = (
        request.headers.get("X-API-Key")
        or request.headers.get("Authorization", "").removeprefix("Bearer ")
        or request.query.get("api_key", "")
    )
    if not is_right(key):
        raise web.HTTPUnauthorized(text="Unauthorized: send an API key as X-API-Key")
    if not (request.query.get("cartesia_version") or request.headers.get("Cartesia-Version")):
        raise web.HTTPBadRequest(text="Bad request: send a date as Cartesia-Version")


def _drop(request: web.Request) -> None:
    if request.transport is not None:
        request.transport.close()
