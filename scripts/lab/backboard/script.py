"""Answers a test puts into the model's mouth: `PUT|GET|DELETE /_lab/script`.

A script is one line or a list of lines. The first line whose `match` is found in what the model is
asked, the message or the tool outputs joined by newlines, is said instead of the mind's own answer,
and then forgotten.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from aiohttp import web
from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError, field_validator

from lab.backboard.errand import offered
from lab.backboard.threads import ToolCall


class ScriptedCall(BaseModel):
    """A tool call; `arguments` given as text goes out as it is, even when it is not JSON."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    arguments: dict[str, Any] | str = {}

    def call(self) -> ToolCall:
        """The call as the thread keeps it."""
        given = self.arguments
        return ToolCall(self.name, given if isinstance(given, str) else json.dumps(given))


class ScriptLine(BaseModel):
    """One scripted answer; `match` is a regular expression, case is ignored."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    match: str = ""
    say: str = ""
    tool_calls: tuple[ScriptedCall, ...] = ()

    @field_validator("match")
    @classmethod
    def _compiles(cls, value: str) -> str:
        try:
            re.compile(value)
        except re.error as error:
            raise ValueError(f"not a regular expression: {error}") from None
        return value

    def answers(self, asked: str) -> bool:
        """Whether this line is for what the model is asked."""
        return re.search(self.match, asked, re.IGNORECASE) is not None

    def answer(self, tools: Sequence[Mapping[str, Any]]) -> tuple[str, list[ToolCall]]:
        """What is said and called; a call of a tool that is not offered comes out as prose."""
        calls = [scripted.call() for scripted in self.tool_calls]
        prose = [f"Calling {call.name}." for call in calls if not offered(tools, call.name)]
        return " ".join(filter(None, [self.say, *prose])), [
            call for call in calls if offered(tools, call.name)
        ]


_LINES: TypeAdapter[list[ScriptLine]] = TypeAdapter(list[ScriptLine])


class Script:
    """The lines not yet said, and the routes that set and read them."""

    def __init__(self) -> None:
        self._lines: list[ScriptLine] = []

    def take(self, asked: str) -> ScriptLine | None:
        """Uses up the first line that matches."""
        line = next((line for line in self._lines if line.answers(asked)), None)
        if line is not None:
            self._lines.remove(line)
        return line

    def routes(self) -> list[web.RouteDef]:
        """The control API."""
        return [
            web.get("/_lab/script", self._get),
            web.put("/_lab/script", self._put),
            web.delete("/_lab/script", self._delete),
        ]

    async def _get(self, _: web.Request) -> web.Response:
        return web.json_response(_LINES.dump_python(self._lines, mode="json"))

    async def _put(self, request: web.Request) -> web.Response:
        try:
            body = await request.json()
            self._lines = _LINES.validate_python(body if isinstance(body, list) else [body])
        except ValueError as error:
            reason = error.errors() if isinstance(error, ValidationError) else "body: not JSON"
            return web.json_response(
                {"detail": json.loads(json.dumps(reason, default=str))}, status=422
            )
        return await self._get(request)

    async def _delete(self, request: web.Request) -> web.Response:
        self._lines = []
        return await self._get(request)
