"""`POST /v1/chat/completions`, streamed, and `GET /v1/models` (OpenAI's API reference)."""

from __future__ import annotations

import json
from typing import Any

from aiohttp import web
from pydantic import BaseModel, ValidationError

from lab.faults import Control, Dropped, Refused
from lab.key import is_right
from lab.openai.completion import answer, chunks

MODEL = "small"
"""The one that is listed; a completion may name any."""


class StreamOptions(BaseModel):
    """`stream_options`."""

    include_usage: bool = False


class CompletionBody(BaseModel):
    """The request, as far as the emulator reads it."""

    model: str
    messages: list[dict[str, Any]]
    stream: bool = False
    stream_options: StreamOptions = StreamOptions()
    tools: list[dict[str, Any]] = []


def build(control: Control) -> web.Application:
    """The emulator as an application; `control` paces its answers and keeps its request log."""

    async def complete(request: web.Request) -> web.StreamResponse:
        if not _is_admitted(request):
            return _refusal(401, "Incorrect API key provided")
        try:
            body = CompletionBody.model_validate_json(await request.read())
        except ValidationError as error:
            return _refusal(400, str(error))
        if not body.stream:
            return _refusal(400, "this emulator only streams")
        control.record("completion", model=body.model, messages=body.messages)
        pacing = control.answer()
        try:
            pacing.admit()
        except Refused as refused:
            return _refusal(refused.status, "a fault made on purpose")
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        reply = answer(body.messages, body.tools)
        try:
            for chunk in chunks(reply, body.model, with_usage=body.stream_options.include_usage):
                await pacing.pace()
                await response.write(f"data: {json.dumps(chunk)}\n\n".encode())
        except Dropped:
            if request.transport is not None:
                request.transport.abort()
            return response
        await response.write(b"data: [DONE]\n\n")
        return response

    async def models(request: web.Request) -> web.StreamResponse:
        if not _is_admitted(request):
            return _refusal(401, "Incorrect API key provided")
        return web.json_response({"object": "list", "data": [{"id": MODEL, "object": "model"}]})

    app = web.Application()
    app.add_routes([web.post("/v1/chat/completions", complete), web.get("/v1/models", models)])
    return app


def _is_admitted(request: web.Request) -> bool:
    return is_right(request.headers.get("Authorization", "").removeprefix("Bearer "))


def _refusal(status: int, message: str) -> web.Response:
    return web.json_response({"error": {"message": message, "type": "error"}}, status=status)
