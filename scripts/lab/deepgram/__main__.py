"""`python -m lab.deepgram --port N`: the emulator as a process."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator
from typing import Any

from aiohttp import WSCloseCode, web

from lab.deepgram import messages, recording
from lab.deepgram.options import BadRequest, ListenOptions
from lab.deepgram.session import Session
from lab.deepgram.voice import VoiceModel
from lab.emulator import serve
from lab.faults import Answer, Control, Dropped, Refused
from lab.key import is_right
from lab.recognizer_process import RecognizerProcess

LARGEST_RECORDING = 64 * 1024 * 1024
ERROR_CODES = {400: "Bad Request", 401: "INVALID_AUTH", 429: "TOO_MANY_REQUESTS"}


class Listen:
    """The two verbs of `/v1/listen`, and `/v1/auth/token`, which tells whether a key is right."""

    def __init__(self, control: Control, recognizer: RecognizerProcess) -> None:
        self._control = control
        self._recognizer = recognizer
        self._voice = VoiceModel()
        self._sockets: set[web.WebSocketResponse] = set()

    async def stream(self, request: web.Request) -> web.StreamResponse:
        """A websocket."""
        request_id = str(uuid.uuid4())
        try:
            options = _authorized(request)
            options.raw_audio()
            if self._control.faults.fault == "status":  # the other faults strike utterances
                self._control.answer().admit()
        except (BadRequest, PermissionError, Refused) as refusal:
            return _refuse(refusal, request_id)
        entry = self._record(request, request_id, transport="websocket")
        socket = web.WebSocketResponse()
        socket.headers["dg-request-id"] = request_id
        await socket.prepare(request)
        self._sockets.add(socket)
        try:
            await Session(
                socket, options, self._recognizer, self._voice, self._control, entry
            ).run()
        finally:
            self._sockets.discard(socket)
        return socket

    async def token(self, request: web.Request) -> web.StreamResponse:
        """The details of the key."""
        request_id = str(uuid.uuid4())
        try:
            _admit(request)
            answer = self._control.answer()
            answer.admit()
            await answer.pace()
        except (PermissionError, Refused) as refusal:
            return _refuse(refusal, request_id)
        except Dropped:
            return _drop(request)
        return web.json_response({"api_key_id": "lab", "scopes": ["usage:write"]})

    async def close(self, _: web.Application) -> None:
        """Closes the open websockets, for aiohttp waits for their handlers before it stops."""
        for socket in list(self._sockets):
            await socket.close(code=WSCloseCode.GOING_AWAY)

    async def recording(self, request: web.Request) -> web.StreamResponse:
        """A recording in the body."""
        request_id = str(uuid.uuid4())
        try:
            options = _authorized(request)
            answer: Answer = self._control.answer()
            answer.admit()
            body = await request.read()
            entry = self._record(request, request_id, transport="http")
            reply = await recording.transcribe(
                body, options, self._recognizer, self._voice, request_id
            )
            await answer.pace()
        except (BadRequest, PermissionError, Refused) as refusal:
            return _refuse(refusal, request_id)
        except Dropped:
            return _drop(request)
        spoken = reply["results"]["channels"][0]["alternatives"][0]
        entry |= {"bytes": len(body), "seconds": reply["metadata"]["duration"], "results": 1}
        entry["transcripts"].append(spoken["transcript"])
        return web.json_response(reply, headers={"dg-request-id": request_id})

    def _record(self, request: web.Request, request_id: str, transport: str) -> dict[str, Any]:
        return self._control.record(
            "listen",
            transport=transport,
            request_id=request_id,
            options=dict(request.query),
            bytes=0,
            seconds=0.0,
            results=0,
            transcripts=[],
            close_code=None,
        )


def _authorized(request: web.Request) -> ListenOptions:
    """The options of a request with a key; raises PermissionError without one, BadRequest."""
    _admit(request)
    return ListenOptions.parse(request.query)


def _admit(request: web.Request) -> None:
    scheme, _, key = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() not in ("token", "bearer") or not is_right(key):
        raise PermissionError("Invalid credentials.")


def _drop(request: web.Request) -> web.Response:
    if request.transport is not None:
        request.transport.abort()
    return web.Response()


def _refuse(refusal: Exception, request_id: str) -> web.Response:
    status = {BadRequest: 400, PermissionError: 401}.get(type(refusal), 500)
    if isinstance(refusal, Refused):
        status = refusal.status
    code = ERROR_CODES.get(status, "INTERNAL_SERVER_ERROR")
    return web.json_response(
        messages.error(code, str(refusal), request_id),
        status=status,
        headers={"dg-request-id": request_id, "dg-error": str(refusal)},
    )


def build(control: Control) -> web.Application:
    """The emulator's application; its recogniser lives as long as the application."""
    app = web.Application(client_max_size=LARGEST_RECORDING)
    recognizer = RecognizerProcess()
    listen = Listen(control, recognizer)

    async def recognizing(_: web.Application) -> AsyncIterator[None]:
        async with recognizer:
            yield

    app.cleanup_ctx.append(recognizing)
    app.on_shutdown.append(listen.close)
    app.add_routes(
        [
            web.get("/v1/listen", listen.stream),
            web.post("/v1/listen", listen.recording),
            web.get("/v1/auth/token", listen.token),
        ]
    )
    return app


if __name__ == "__main__":
    serve(build, "An emulator of Deepgram's speech-to-text API.")
