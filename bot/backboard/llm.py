"""LiveKit's LLM on Backboard."""

from __future__ import annotations

import asyncio
import functools
import os
from collections.abc import Callable
from dataclasses import replace
from typing import Any, Never

import httpx
from livekit.agents import APIConnectOptions, APIError, APIStatusError, llm
from livekit.agents.llm import ChatChunk, ChatContext, Tool, ToolChoice
from livekit.agents.types import DEFAULT_API_CONNECT_OPTIONS, NOT_GIVEN, NotGivenOr
from livekit.agents.utils import is_given, shortuuid

from .client import Client, Exchange, OnSent
from .deadlines import Deadlines, Watch
from .log import logger
from .memory import Memories
from .models import Json, Memory
from .offer import Offer
from .options import Options
from .reading import Reading
from .run import Run
from .thread import NewThread, Plan, Threads, ToolOutputs
from .transcript import flatten, read, transcript
from .usage import Usage

DEFAULT_BASE_URL = "https://app.backboard.io/api"

# The thread is not there, or has another run under way: what it held is in the context.
_THREAD_UNUSABLE = frozenset({400, 404, 409})


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
        memory: whether the assistant's memory is read (`Readonly`), and also written (`Auto`).
            It is written when the LLM is closed, or by `remember`, and never during the call:
            Backboard's own `Auto` also writes down speculation that nobody heard.
        thinking: reasoning settings, passed on as they are, such as `{"effort": "low"}`.
        deadlines: how long an answer may take. `conn_options.timeout` can only shorten the wait
            for the first token.
        http_client: an httpx client to share; closing it stays with its owner.

    Raises:
        ValueError: there is no key, a value is not one Backboard knows, or memory is to be used
            without an assistant, that is, shared with all who use the key.
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
        key = api_key or _environment("BACKBOARD_API_KEY")
        if not key:
            raise ValueError("Backboard needs a key: pass api_key or set BACKBOARD_API_KEY.")
        self._options = Options(
            model=model,
            llm_provider=llm_provider,
            assistant_id=assistant_id,
            memory=memory,
            thinking=thinking,
        )
        self._deadlines = deadlines or Deadlines()
        self._client = Client(
            base_url=base_url or _environment("BACKBOARD_BASE_URL") or DEFAULT_BASE_URL,
            api_key=key,
            http_client=http_client,
        )
        self._threads = Threads()
        self._usage = Usage()
        self._readings: set[Reading] = set()
        self._last_asked: ChatContext | None = None

    @property
    def model(self) -> str:
        """The model's name at its provider."""
        return self._options.model

    @property
    def provider(self) -> str:
        """`backboard`, whichever provider is behind it."""
        return "backboard"

    @property
    def usage(self) -> Usage:
        """What the answers so far used, discarded speculations included."""
        return self._usage

    def update_options(
        self, *, assistant_id: NotGivenOr[str] = NOT_GIVEN, memory: NotGivenOr[Memory] = NOT_GIVEN
    ) -> None:
        """Goes on as another assistant, or with other use of its memory, from the next turn on.

        Raises:
            ValueError: as the constructor.
        """
        options = self._options
        if is_given(assistant_id):
            options = replace(options, assistant_id=assistant_id)
        if is_given(memory):
            options = replace(options, memory=memory)
        if options.assistant_id != self._options.assistant_id:
            self._threads = Threads()  # a thread stays with the assistant it was made for
        self._options = options

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

        Backboard knows neither `parallel_tool_calls` nor `tool_choice`: the first is ignored,
        the second approximated (see `offer`). `extra_kwargs` are further fields of the
        message.
        """
        self._last_asked = chat_ctx
        return BackboardStream(
            self,
            chat_ctx=chat_ctx,
            tools=tools or [],
            conn_options=conn_options,
            offer=Offer.of(tools or [], tool_choice if is_given(tool_choice) else "auto"),
            extra=extra_kwargs if is_given(extra_kwargs) else {},
        )

    async def _prewarm_impl(self) -> None:
        await self._client.warm()

    async def remember(self, chat_ctx: ChatContext) -> None:
        """Writes a conversation into the assistant's memory: once, whole, without an answer.

        Call it with what was really said (`session.history`) when the call is over.

        Raises:
            ValueError: there is no assistant to remember it.
            APIError: it was not written, or not known to be.
        """
        if self._options.assistant_id is None:
            raise ValueError("Backboard remembers for an assistant: pass assistant_id.")
        self._last_asked = None
        if entries := read(chat_ctx).entries:
            await Memories(self._client).ingest(self._options.assistant_id, transcript(entries))

    async def aclose(self) -> None:
        """Ends what is under way (4 s at most), writes the memory of `Auto`, closes connections."""
        await super().aclose()
        if self._readings:
            await asyncio.wait({reading.task for reading in self._readings})
        if self._options.memory == "Auto" and self._last_asked is not None:
            try:
                await self.remember(self._last_asked)
            except APIError as error:
                logger.warning("nothing was remembered", extra={"error": type(error).__name__})
        await self._client.aclose()

    def _add(self, used: Usage) -> None:
        self._usage += used

    async def _ask(self, reading: Callable[[], Reading]) -> None:
        """Begins a reading once ended ones have freed their connections, and hears it out."""
        ended = {reading.task for reading in self._readings if reading.run.ended}
        if ended:  # a new connection takes longer than the end of a stream that is over
            await asyncio.wait(ended)
        begun = reading()
        self._readings.add(begun)
        begun.task.add_done_callback(lambda _: self._readings.discard(begun))
        await begun.heard()

    def _request(
        self, plan: Plan, prompt: str, tools: list[Json], token: str, extra: Json
    ) -> Callable[[OnSent], Exchange]:
        if isinstance(plan, ToolOutputs):
            outputs = self._options.tool_outputs(plan, tools)
            return functools.partial(
                self._client.submit_tool_outputs, plan.thread_id, plan.run_id, outputs
            )
        message = self._options.message(plan, prompt, tools, token)
        return functools.partial(self._client.send_message, {**message, **extra})


class BackboardStream(llm.LLMStream):
    """One answer. Made by `LLM.chat`."""

    def __init__(
        self,
        backboard: LLM,
        *,
        chat_ctx: ChatContext,
        tools: list[Tool],
        conn_options: APIConnectOptions,
        offer: Offer,
        extra: Json,
    ) -> None:
        self._backboard = backboard
        self._conversation = read(chat_ctx)  # now: the session goes on writing into chat_ctx
        self._offer = offer
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
        threads = self._backboard._threads
        # a failed attempt may have landed, so only the first one may go on an existing thread
        plan = threads.claim(self._conversation) if first else self._new_thread()
        watch = Watch(self._backboard._deadlines, first_token_within_s=self._conn_options.timeout)
        try:
            async with watch.kept():
                try:
                    await self._attempt(plan, threads, watch)
                except APIStatusError as error:
                    if isinstance(plan, NewThread) or error.status_code not in _THREAD_UNUSABLE:
                        raise
                    await self._attempt(self._new_thread(), threads, watch)
        except APIError as error:
            error.retryable = error.retryable and not self._responded
            raise

    def _new_thread(self) -> NewThread:
        return NewThread(flatten(self._conversation.entries))

    async def _attempt(self, plan: Plan, threads: Threads, watch: Watch) -> None:
        backboard, conversation = self._backboard, self._conversation
        run = Run(plan, token=self._token)
        prompt = "\n".join(filter(None, [conversation.instructions, self._offer.demand]))
        request = backboard._request(plan, prompt, self._offer.schemas, self._token, self._extra)

        def ended() -> None:
            watch.finished()
            if (thread := run.thread(conversation)) is not None:
                threads.remember(thread)

        await backboard._ask(
            lambda: Reading(
                backboard._client,
                run,
                request,
                hear=self._give,
                on_progress=watch.progress,
                on_used=backboard._add,
                on_end=ended,
            )
        )

    def _give(self, chunk: ChatChunk) -> None:
        self._responded = self._responded or chunk.has_response()
        self._event_ch.send_nowait(chunk)


def _environment(name: str) -> str | None:
    return os.environ.get(name)  # noqa: TID251 - a LiveKit plugin reads its own key
