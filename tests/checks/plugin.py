"""What comes out of the Backboard plugin, and what the emulated service made of it."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

from livekit.agents import APIConnectOptions, APIError
from livekit.agents.llm import (
    LLM,
    ChatContext,
    CompletionUsage,
    FunctionCall,
    FunctionCallOutput,
    FunctionToolCall,
    LLMStream,
    function_tool,
)

from bot import backboard
from tests.checks.backboard import Served, served

ONCE_MORE = APIConnectOptions(max_retry=1, timeout=5)


@function_tool
async def look_up(day: str) -> str:
    """Looks up the free times of a day."""
    return f"{day} is free"


@dataclass
class Heard:
    """One answer, as far as it came."""

    text: str = ""
    calls: list[FunctionToolCall] = field(default_factory=list)
    usage: CompletionUsage | None = None
    error: APIError | None = None


def call(*said: str) -> ChatContext:
    """A context with instructions, then the caller and the receptionist in turn."""
    ctx = ChatContext.empty()
    ctx.add_message(role="system", content="Be kind.")
    for index, words in enumerate(said):
        ctx.add_message(role="assistant" if index % 2 else "user", content=words)
    return ctx


async def heard(stream: LLMStream) -> Heard:
    """Everything that a stream gives, its failure included."""
    answer = Heard()
    try:
        async with stream:
            async for chunk in stream:
                if chunk.delta:
                    answer.text += chunk.delta.content or ""
                    answer.calls += chunk.delta.tool_calls
                answer.usage = chunk.usage or answer.usage
    except APIError as error:
        answer.error = error
    return answer


async def ask(llm: LLM[Any], ctx: ChatContext) -> Heard:
    """Asks for an answer and files it in the context, as the session does."""
    answer = await heard(llm.chat(chat_ctx=ctx, tools=[look_up], conn_options=ONCE_MORE))
    if answer.text:
        ctx.add_message(role="assistant", content=answer.text)
    return answer


def use(ctx: ChatContext, answer: Heard, *outputs: str) -> None:
    """Files the calls of an answer and their outputs, as the session does."""
    for wanted in answer.calls:
        ctx.items.append(
            FunctionCall(call_id=wanted.call_id, name=wanted.name, arguments=wanted.arguments)
        )
    for wanted, output in zip(answer.calls, outputs, strict=True):
        ctx.items.append(
            FunctionCallOutput(
                call_id=wanted.call_id, name=wanted.name, output=output, is_error=False
            )
        )


@dataclass
class Line(Served):
    """The emulated service with the plugin on it."""

    url: str = ""
    llm: backboard.LLM = field(init=False)

    @property
    def sins(self) -> list[str]:
        """All that the plugin did wrong."""
        return [sin for entry in self.backboard.control.requests for sin in entry["sins"]]

    def posted(self, kind: str = "message") -> list[dict[str, Any]]:
        """The log's entries of one kind."""
        return [entry for entry in self.backboard.control.requests if entry["kind"] == kind]

    @property
    def threads(self) -> list[list[str]]:
        """What users said, thread by thread, in the order in which the threads were made."""
        ids = dict.fromkeys(entry["thread_id"] for entry in self.posted() if entry["thread_id"])
        rows = [self.rows(thread_id) for thread_id in ids]
        return [[content for role, content in thread if role == "user"] for thread in rows]

    @property
    def ports(self) -> set[int]:
        """The connections that were used."""
        return {entry["client_port"] for entry in self.backboard.control.requests}


@contextlib.asynccontextmanager
async def plugged_in(**options: Any) -> AsyncIterator[Line]:
    """A fresh service, and an LLM on it; on the way out it must have committed no sin."""
    async with served() as lab:
        url = f"{lab.client.base_url}api"
        line = Line(lab.backboard, lab.client, url)
        async with backboard.LLM(api_key="lab", base_url=url, **options) as llm:
            assert isinstance(llm, backboard.LLM)
            line.llm = llm
            yield line
        assert line.sins == []
