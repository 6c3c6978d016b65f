"""LiveKit's LLM on Backboard."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from typing import Any, Never

import httpx
from livekit.agents import APIConnectOptions, APIError, APIStatusError, llm
from livekit.agents.llm import ChatContext, Tool, ToolChoice
from livekit.agents.types import DEFAULT_API_CONNECT_OPTIONS, NOT_GIVEN, NotGivenOr
from livekit.agents.utils import is_given, shortuuid

from . import errors
from .client import Client
from .deadlines import Deadlines, Watch
from .models import (
    MEMORY_SPELLINGS,
    Event,
    Json,
    Memory,
    MessageRequest,
    ToolOutput,
    ToolOutputsRequest,
)
from .run import Run
from .thread import NewThread, Plan, Threads, ToolOutputs
from .transcript import flatten, read

DEFAULT_BASE_URL = "https://app.backboard.io/api"

# The thread is not there, or has another run under way: what it held is in the context.
_THREAD_UNUSABLE = frozenset({404, 409})


class LLM(llm.LLM[Never]):
    """A Backboard model for one `AgentSession`, that is, for one call.

    It keeps the call's threads on Backboard and decides at each turn which of them, if any,
    still holds what the ChatContext holds (see `thread`). Close it with the call.

    Args:
        api_key: Backboard's key; else `BACKBOARD_API_KEY`.
        base_url: where Backboard is; else `BACKBOARD_BASE_URL`, else its public address.
        model: the model's name at its provider.
        llm_provider: the provider behind Backboard. Both are always sent, as Backboard has a
            default of its own.
        assistant_id: the assistant new threads belong to. Memory is shared by all its threads.
        memory: whether the assistant's memory is read, and written. `Auto` also writes down
            turns that are never spoken, and searches before it answers.
        thinking: reasoning settings, passed on as they are, such as `{"effort": "low"}`.
        deadlines: how long an answer may take. `conn_options.timeout` can only shorten the wait
            for the first token.
        http_client: an httpx client to share; closing it stays with its owner.

    Raises:
        ValueError: there is no key, or a value is not one Backboard knows.
    """

    def __init__(
        self,
        *,
        api_key: str | None = None,
        base_url: str | None = None,
        model: str = "gpt-4o",
        llm_provider: str = "openai",
        assistant_id: str | None = None,
        memory: Memory = "off",
        thinking: Json | None = None,
        deadlines: Deadlines | None = None,
        http_client: httpx.AsyncClient | None = None,
    ) -> None:
        super().__init__()
        if memory not in MEMORY_SPELLINGS:  # Backboard takes any other spelling for off
            raise ValueError(
                f"Backboard does not know memory={memory!r}: use 'off', 'Readonly' or 'Auto'."
            )
        key = api_key or _environment("BACKBOARD_API_KEY")
        if not key:
            raise ValueError("Backboard needs a key: pass api_key or set BACKBOARD_API_KEY.")
        self._model = model
        self._llm_provider = llm_provider
        self._assistant_id = assistant_id
        self._memory: Memory = memory
        self._thinking = thinking
        self._deadlines = deadlines or Deadlines()
        self._client = Client(
            base_url=base_url or _environment("BACKBOARD_BASE_URL") or DEFAULT_BASE_URL,
            api_key=key,
            http_client=http_client,
        )
        self._threads = Threads()
        self._cancellations: set[asyncio.Task[None]] = set()

    @property
    def model(self) -> str:
        """The model's name at its provider."""
        return self._model

    @property
    def provider(self) -> str:
        """`backboard`, whichever provider is behind it."""
        return "backboard"

    def chat(
        self,
        *,
        chat_ctx: ChatContext,
        tools: list[Tool] | None = None,
        conn_options: APIConnectOptions = DEFAULT_API_CONNECT_OPTIONS,
        parallel_tool_calls: NotGivenOr[bool] = NOT_GIVEN,
        tool_choice: NotGivenOr[ToolChoice] = NOT_GIVEN,
        extra_kwargs: NotGivenOr[dict[str, Any]] = NOT_GIVEN,
    ) -> BackboardStream:
        """Asks for the next answer.

        Backboard knows neither `parallel_tool_calls` nor `tool_choice`: the first is ignored;
        of the second, `none` offers no tools, a named function offers that one only, and
        `required` is taken as `auto`. `extra_kwargs` are further fields of the message.
        """
        return BackboardStream(
            self,
            chat_ctx=chat_ctx,
            tools=tools or [],
            conn_options=conn_options,
            schemas=_schemas(tools or [], tool_choice if is_given(tool_choice) else "auto"),
            extra=extra_kwargs if is_given(extra_kwargs) else {},
        )

    async def _prewarm_impl(self) -> None:
        await self._client.warm()

    async def aclose(self) -> None:
        """Waits for cancellations under way (2 s at most), then closes the connection."""
        await super().aclose()
        await asyncio.gather(*self._cancellations)
        await self._client.aclose()

    def _post(
        self, plan: Plan, instructions: str, schemas: list[Json], token: str, extra: Json
    ) -> AbstractAsyncContextManager[AsyncIterator[Event]]:
        if isinstance(plan, ToolOutputs):
            outputs = [
                ToolOutput(tool_call_id=call_id, output=output)
                for call_id, output in plan.outputs.items()
            ]
            request = ToolOutputsRequest(
                tool_outputs=outputs, tools=schemas, thinking=self._thinking
            )
            return self._client.submit_tool_outputs(plan.thread_id, plan.run_id, request)
        thread_id = None if isinstance(plan, NewThread) else plan.thread_id
        message = MessageRequest(
            content=plan.content,
            system_prompt=instructions or None,
            thread_id=thread_id,
            assistant_id=self._assistant_id if thread_id is None else None,
            llm_provider=self._llm_provider,
            model_name=self._model,
            memory=self._memory,
            thinking=self._thinking,
            tools=schemas,
            metadata={"turn": token},
        )
        return self._client.send_message({**message.model_dump(exclude_none=True), **extra})

    def _abandon(self, run: Run) -> None:
        """Cancels a run nobody waits for, in the background; one still unnamed cannot be."""
        if run.thread_id is None or run.run_id is None:
            return
        task = asyncio.create_task(self._client.cancel_run(run.thread_id, run.run_id))
        self._cancellations.add(task)
        task.add_done_callback(self._cancellations.discard)


class BackboardStream(llm.LLMStream):
    """One answer. Made by `LLM.chat`."""

    def __init__(
        self,
        backboard: LLM,
        *,
        chat_ctx: ChatContext,
        tools: list[Tool],
        conn_options: APIConnectOptions,
        schemas: list[Json],
        extra: Json,
    ) -> None:
        self._backboard = backboard
        self._conversation = read(chat_ctx)  # now: the session goes on writing into chat_ctx
        self._schemas = schemas
        self._extra = extra
        self._token = shortuuid("turn_")
        self._attempted = False
        self._responded = False
        super().__init__(backboard, chat_ctx=chat_ctx, tools=tools, conn_options=conn_options)

    async def _run(self) -> None:
        """One attempt; LiveKit makes further ones while the error says that they make sense.

        Raises:
            APIError: there is no answer, or no more of it; never retryable once any was given.
        """
        first, self._attempted = not self._attempted, True
        # a failed attempt may have landed, so only the first one may go on an existing thread
        plan = self._backboard._threads.claim(self._conversation) if first else self._new_thread()
        watch = Watch(self._backboard._deadlines, first_token_within_s=self._conn_options.timeout)
        try:
            async with watch.kept():
                try:
                    await self._attempt(plan, watch)
                except APIStatusError as error:
                    if isinstance(plan, NewThread) or error.status_code not in _THREAD_UNUSABLE:
                        raise
                    await self._attempt(self._new_thread(), watch)
        except APIError as error:
            error.retryable = error.retryable and not self._responded
            raise

    def _new_thread(self) -> NewThread:
        return NewThread(flatten(self._conversation.entries))

    async def _attempt(self, plan: Plan, watch: Watch) -> None:
        backboard, instructions = self._backboard, self._conversation.instructions
        run = Run(plan, token=self._token)
        try:
            async with backboard._post(
                plan, instructions, self._schemas, self._token, self._extra
            ) as events:
                async for event in events:
                    self._give(run, event)
                    if run.ended:
                        watch.finished()
                        break
                    if run.advances(event):
                        watch.progress()
                else:
                    raise errors.early_end()
                if (thread := run.thread(self._conversation)) is not None:
                    backboard._threads.remember(thread)
        finally:
            if not run.ended:
                backboard._abandon(run)

    def _give(self, run: Run, event: Event) -> None:
        for chunk in run.read(event):
            self._responded = self._responded or chunk.has_response()
            self._event_ch.send_nowait(chunk)


def _schemas(tools: list[Tool], tool_choice: ToolChoice) -> list[Json]:
    if tool_choice == "none":
        return []
    # not strict: each provider behind Backboard reads plain JSON schema
    schemas = llm.ToolContext(tools).parse_function_tools("openai", strict=False)
    if isinstance(tool_choice, dict):
        name = tool_choice["function"]["name"]
        return [schema for schema in schemas if schema["function"]["name"] == name]
    return schemas


def _environment(name: str) -> str | None:
    return os.environ.get(name)  # noqa: TID251 - a LiveKit plugin reads its own key
