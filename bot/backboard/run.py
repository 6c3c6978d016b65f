"""One run of the model, read event by event into LiveKit's chunks. No I/O."""

from __future__ import annotations

from collections.abc import Iterator

from livekit.agents import APIError
from livekit.agents.llm import ChatChunk, ChoiceDelta, FunctionToolCall

from . import errors
from .answer import Answer
from .models import (
    ContentStreaming,
    Event,
    Failed,
    RunEnded,
    RunStarted,
    Tokens,
    ToolCallProgress,
    ToolSubmitRequired,
    UserMessage,
)
from .thread import NewThread, Plan, Thread, ToolOutputs
from .transcript import Conversation, Entry, Said, Used
from .usage import Usage


class Run:
    """Where a run has come to: its ids, its text, its tool calls, whether it ended.

    Args:
        plan: what was posted; it names the thread unless that is new.
        token: the chunks' id until Backboard has named the run.
    """

    def __init__(self, plan: Plan, *, token: str) -> None:
        self.thread_id = None if isinstance(plan, NewThread) else plan.thread_id
        self.run_id = plan.run_id if isinstance(plan, ToolOutputs) else None
        self.ended = False
        self.usage = Usage()
        self._may_be_silent = isinstance(plan, ToolOutputs)  # what a tool did may say enough
        self._token = token
        self._answer = Answer()
        self._calls: tuple[Used, ...] = ()

    def read(self, event: Event) -> Iterator[ChatChunk]:
        """Takes the next event; yields what it gives the session.

        Raises:
            APIError: the run failed.
        """
        match event:
            case UserMessage():
                self.thread_id = event.thread_id or self.thread_id
            case RunStarted():
                self.run_id = event.run_id or self.run_id
            case ContentStreaming():
                yield from self._text(self._answer.add(event))
            case ToolSubmitRequired():
                yield from self._tool_calls(event)
            case RunEnded():
                yield from self._end(event)
            case Failed():
                self.ended = event.type != "error"  # after a bare error the run may go on
                raise errors.from_event(event)

    @property
    def named(self) -> bool:
        """Whether thread and run are known by id, without which the run cannot be cancelled."""
        return self.thread_id is not None and self.run_id is not None

    def advances(self, event: Event) -> bool:
        """Whether the event brings the end of the caller's silence nearer."""
        match event:
            case ContentStreaming():
                return bool(event.content or event.accumulated_content)
            case ToolCallProgress():
                return True
        return False

    def thread(self, conversation: Conversation) -> Thread | None:
        """The thread as the ended run leaves it; None when it cannot be used again."""
        waiting = self.run_id if self._calls else None
        if self.thread_id is None or (self._calls and waiting is None):
            return None
        said: tuple[Entry, ...] = ()
        if self._answer.text.strip():
            said = (Said("assistant", self._answer.text),)
        entries = (*conversation.entries, *said, *self._calls)
        return Thread(self.thread_id, Conversation(conversation.instructions, entries), waiting)

    def _text(self, text: str) -> Iterator[ChatChunk]:
        if text:
            yield self._chunk(ChoiceDelta(role="assistant", content=text))

    def _tool_calls(self, event: ToolSubmitRequired) -> Iterator[ChatChunk]:
        self.run_id = event.run_id or self.run_id
        if not event.tool_calls:
            raise APIError("Backboard waits for tool outputs but named no call.")
        yield from self._text(self._answer.finish(None))
        self.ended = True
        self._calls = tuple(
            Used(call.id, call.function.name, call.function.arguments) for call in event.tool_calls
        )
        calls = [
            FunctionToolCall(call_id=call.call_id, name=call.name, arguments=call.arguments)
            for call in self._calls
        ]
        yield self._chunk(ChoiceDelta(role="assistant", tool_calls=calls), self._used(event))

    def _end(self, event: RunEnded) -> Iterator[ChatChunk]:
        self.run_id = event.run_id or self.run_id
        self.ended = True
        usage = self._used(event)
        if not event.completed:
            raise errors.from_event(event)
        yield from self._text(self._answer.finish(event.final_content or event.content))
        if not (self._answer.text.strip() or self._may_be_silent):
            raise APIError("Backboard completed its answer without a word.", retryable=True)
        if usage is not None:
            yield self._chunk(usage=usage)

    def _used(self, event: Tokens) -> Usage | None:
        if (usage := Usage.of(event)) is not None:
            self.usage += usage
        return usage

    def _chunk(self, delta: ChoiceDelta | None = None, usage: Usage | None = None) -> ChatChunk:
        told = usage.as_livekit() if usage else None
        return ChatChunk(id=self.run_id or self._token, delta=delta, usage=told)
