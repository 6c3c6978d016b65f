"""Answers a test puts into the model's mouth: `PUT|GET|DELETE /_lab/script`.

A script is one line or a list of lines. The first line whose `match` is found in what the model is
asked, the message or the tool outputs joined by newlines, is said instead of the mind's own answer,
and forgotten once it was said `times` times. A line may also name a scenario: what becomes of the
one answer it gives, or the mind gives in its place.
"""

from __future__ import annotations

import dataclasses
import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from aiohttp import web
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError, field_validator

from lab.backboard.mind.errand import offered
from lab.backboard.scenarios import SCENARIOS, Body, Scenario
from lab.backboard.threads import ToolCall

_KNOBS = {"status", "body", "retry_after_s", "first_token_s", "chunk_s", "after_chunks"}


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
    say: str | None = None
    """What is said; absent, and without tool calls: the mind's own answer."""
    tool_calls: tuple[ScriptedCall, ...] = ()
    times: int | None = Field(default=1, ge=1)
    """Answers it gives; null: every one."""
    scenario: str | None = None
    status: int | None = Field(default=None, ge=400, le=599)
    """HTTP status of the scenario `status`."""
    body: Body | None = None
    """Body of the scenario `status`."""
    retry_after_s: float | None = Field(default=None, ge=0)
    """The `Retry-After` of the scenario `status`."""
    first_token_s: float | None = Field(default=None, ge=0)
    """Wait before the first word."""
    chunk_s: float | None = Field(default=None, ge=0)
    """Wait before every later word."""
    after_chunks: int | None = Field(default=None, ge=0)
    """Words said before a scenario strikes mid text."""

    @field_validator("scenario")
    @classmethod
    def _is_known(cls, value: str | None) -> str | None:
        if value is not None and value not in SCENARIOS:
            raise ValueError(f"no such scenario; there are: {', '.join(SCENARIOS)}")
        return value

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

    def in_force(self) -> Scenario:
        """The scenario, with what this line sets of it."""
        given = self.model_dump(include=_KNOBS, exclude_none=True)
        return dataclasses.replace(SCENARIOS[self.scenario or "plain"], **given)

    def speaks(self) -> bool:
        """Whether the line says or calls anything itself."""
        return self.say is not None or bool(self.tool_calls)

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
        self.lines: list[ScriptLine] = []

    def take(self, asked: str) -> ScriptLine:
        """Uses up the first line that matches; without one, a line that changes nothing."""
        for index, line in enumerate(self.lines):
            if line.answers(asked):
                if line.times is not None:
                    left = line.times - 1
                    fewer = [line.model_copy(update={"times": left})] if left else []
                    self.lines[index : index + 1] = fewer
                return line
        return ScriptLine()

    def routes(self) -> list[web.RouteDef]:
        """The control API."""
        return [
            web.get("/_lab/script", self._get),
            web.put("/_lab/script", self._put),
            web.delete("/_lab/script", self._delete),
        ]

    async def _get(self, _: web.Request) -> web.Response:
        return web.json_response(_LINES.dump_python(self.lines, mode="json"))

    async def _put(self, request: web.Request) -> web.Response:
        try:
            body = await request.json()
            self.lines = _LINES.validate_python(body if isinstance(body, list) else [body])
        except ValueError as error:
            reason = error.errors() if isinstance(error, ValidationError) else "body: not JSON"
            return web.json_response(
                {"detail": json.loads(json.dumps(reason, default=str))}, status=422
            )
        return await self._get(request)

    async def _delete(self, request: web.Request) -> web.Response:
        self.lines = []
        return await self._get(request)
