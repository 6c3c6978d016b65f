"""Backboard's threads as a cache of the conversation: what each is known to contain.

A thread is append-only and takes one user message at a time. So the ChatContext is the truth,
and a thread goes on being used only while the context proves that it holds the same: everything
the thread contains, then one new user message (or the tool outputs its run waits for). Anything
else, such as an answer cut short, a discarded speculation, edited history or new instructions,
starts a new thread with the transcript, in the same round trip.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from .transcript import Conversation, Entry, Said, Used, flatten

_KEPT = 4
"""Threads kept: a turn may have three speculations (LiveKit's `max_retries`) and one answer."""


@dataclass(frozen=True)
class NewThread:
    """Post the transcript on a thread made for it."""

    content: str


@dataclass(frozen=True)
class NextMessage:
    """Post the caller's new words on a thread that holds the rest."""

    thread_id: str
    content: str


@dataclass(frozen=True)
class ToolOutputs:
    """Give a waiting run the outputs of all its calls, by call id."""

    thread_id: str
    run_id: str
    outputs: dict[str, str]


Plan = NewThread | NextMessage | ToolOutputs


@dataclass(frozen=True)
class Thread:
    """A thread at rest, and the conversation it contains."""

    thread_id: str
    conversation: Conversation
    waiting_run_id: str | None = None
    """The run that waits for the outputs of the calls that have none."""

    def continued(self, conversation: Conversation) -> NextMessage | ToolOutputs | None:
        """How to bring this thread up to the conversation; None when it cannot be done.

        Other instructions rule it out: Backboard does not say whether a run that goes on keeps
        the prompt it began with, or whether earlier prompts stay in the thread.
        """
        known = self.conversation
        if conversation.instructions != known.instructions:
            return None
        held, new = _split(conversation.entries, len(known.entries))
        open_calls = self._open_calls()
        if _keys(_reopened(held, open_calls)) != _keys(known.entries):
            return None
        if self.waiting_run_id is not None:
            return None if new else self._outputs(self.waiting_run_id, held, open_calls)
        match new:
            case (Said(speaker="user", text=text),):
                return NextMessage(self.thread_id, text)
        return None

    def _open_calls(self) -> set[str]:
        if self.waiting_run_id is None:
            return set()
        return {
            entry.call_id
            for entry in self.conversation.entries
            if isinstance(entry, Used) and entry.output is None
        }

    def _outputs(
        self, run_id: str, entries: Iterable[Entry], call_ids: set[str]
    ) -> ToolOutputs | None:
        outputs = {
            entry.call_id: entry.output
            for entry in entries
            if isinstance(entry, Used) and entry.call_id in call_ids and entry.output is not None
        }
        return (
            ToolOutputs(self.thread_id, run_id, outputs) if len(outputs) == len(call_ids) else None
        )


class Threads:
    """The threads of one conversation that are at rest.

    A thread is taken out while a request uses it and comes back only when the run ends well, so
    two requests never share one, and one that failed or was abandoned is never used again.
    """

    def __init__(self) -> None:
        self._resting: deque[Thread] = deque(maxlen=_KEPT)

    def claim(self, conversation: Conversation) -> Plan:
        """Takes out the newest thread that the conversation continues, else plans a new one."""
        for thread in reversed(self._resting):
            if (plan := thread.continued(conversation)) is not None:
                self._resting.remove(thread)
                return plan
        return NewThread(flatten(conversation.entries))

    def remember(self, thread: Thread) -> None:
        """Puts a thread back to rest with what it contains now."""
        self._resting.append(thread)


def _split(entries: tuple[Entry, ...], count: int) -> tuple[tuple[Entry, ...], tuple[Entry, ...]]:
    return entries[:count], entries[count:]


def _reopened(entries: Iterable[Entry], call_ids: set[str]) -> Iterator[Entry]:
    for entry in entries:
        if isinstance(entry, Used) and entry.call_id in call_ids:
            yield replace(entry, output=None)
        else:
            yield entry


def _keys(entries: Iterable[Entry]) -> list[tuple[str, ...]]:
    """The entries' keys, in an order of their own between two turns of the caller.

    LiveKit files a reply by the time it was first heard, which may be before or after the calls
    that the same run made.
    """
    keys: list[tuple[str, ...]] = []
    reply: list[tuple[str, ...]] = []
    for entry in entries:
        if isinstance(entry, Said) and entry.speaker == "user":
            keys += [*sorted(reply), entry.key]
            reply = []
        else:
            reply.append(entry.key)
    return [*keys, *sorted(reply)]
