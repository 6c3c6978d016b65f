"""What a scenario does to the items of a stream: cuts them, adds to them, rewrites them.

An answer is a lazy sequence of items: taking the item after a mark is what makes the model say the
next word. A shape that leaves the rest untaken thus ends the run where it stands.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from enum import Enum, auto
from typing import Any, Literal

from lab.backboard.frames import TERMINAL, Event


class Mark(Enum):
    """A moment in an answer that is no event."""

    CHUNK = auto()
    """The next word may be said now."""
    END = auto()
    """Every word is said; what ends the stream comes next."""
    STALL = auto()
    """Nothing is sent any more, and the connection stays open."""
    CUT = auto()
    """The connection breaks; the run goes on unseen."""
    EOF = auto()
    """The response ends as if it were complete; the run goes on unseen."""


@dataclass(frozen=True)
class Pause:
    """Nothing happens for so long."""

    seconds: float


Item = Event | bytes | Mark | Pause
Items = Iterator[Item]
Shape = Callable[[Items, int], Items]
"""Takes the items and how many words are said before it strikes."""
Where = Literal["start", "accepted", "first", "mid", "end"]

_KEEP_ALIVE_S = 0.1
_ACCEPTED = {"user_message", "run_continuing"}


def as_is(items: Items, _: int) -> Items:
    """Nothing is changed."""
    return items


def at(where: Where, *inserted: Item, then: Literal["go on", "stop"] = "go on") -> Shape:
    """Inserts items at the start, after `user_message` or `run_continuing`, before the first word,
    mid text or at the end, and goes on or stops there."""

    def shape(items: Items, chunks: int) -> Items:
        if where == "accepted":
            yield from _through(items, _ACCEPTED)
        elif where != "start":
            yield from _before(items, {"first": 0, "mid": chunks}.get(where))
        yield from inserted
        if then == "go on":
            yield from items

    return shape


def each(rewrite: Callable[[Event], Iterable[Item]]) -> Shape:
    """Puts what `rewrite` makes of an event in its place."""

    def shape(items: Items, _: int) -> Items:
        for item in items:
            if isinstance(item, dict):
                yield from rewrite(item)
            else:
                yield item

    return shape


def without(*types: str) -> Shape:
    """Leaves out the events of these types."""
    return each(lambda event: [] if event["type"] in types else [event])


def changed(event_type: str, *dropped: str, **fields: Any) -> Shape:
    """Sets fields of the events of this type, and drops others."""

    def rewrite(event: Event) -> Iterable[Item]:
        if event["type"] == event_type:
            kept = {key: value for key, value in event.items() if key not in dropped}
            return [kept | fields]
        return [event]

    return each(rewrite)


def remembering(memory: dict[str, Any], operation_id: str) -> Shape:
    """Tells of a memory that was found, and of the writing of another."""
    found = {"type": "memory_retrieved", "memories": [memory]}
    told = {"retrieved_memories": [memory], "memory_operation_id": operation_id}

    def rewrite(event: Event) -> Iterable[Item]:
        if event["type"] == "message_start":
            return [found, event]
        return [event | told] if event["type"] == "run_ended" else [event]

    return each(rewrite)


def keep_alive_only(items: Items, _: int) -> Items:
    """Signs of life for ever, and never a word."""
    yield from _before(items, 0)
    while True:
        yield b": keep-alive\n\n"
        yield Pause(_KEEP_ALIVE_S)
        yield {"type": "message_received", "phase": "waiting"}


def cumulative(event: Event) -> Iterable[Item]:
    """`content` repeats everything so far, and nothing says so."""
    if event["type"] != "content_streaming":
        return [event]
    return [{"type": event["type"], "content": event["accumulated_content"]}]


def untyped_calls(event: Event) -> Iterable[Item]:
    """The calls lack their `type`."""
    if event["type"] == "tool_submit_required":
        return [event | {"tool_calls": [_untyped(call) for call in event["tool_calls"]]}]
    if event["type"] == "tool_call_ready":
        return [event | {"tool_call": _untyped(event["tool_call"])}]
    return [event]


def without_run_started(event: Event) -> Iterable[Item]:
    """Only what ends the stream names the run."""
    if event["type"] in ("run_started", "run_continuing"):
        return []
    if event["type"] == "message_start":
        return [{key: value for key, value in event.items() if key != "run_id"}]
    return [event]


def reasoning(event: Event) -> Iterable[Item]:
    """Thoughts between the words: never to be spoken."""
    thought = {"type": "reasoning_streaming", "content": "Hmm. ", "accumulated_reasoning": "Hmm. "}
    if event["type"] in ("message_start", "content_streaming"):
        return [event, thought]
    if event["type"] in TERMINAL:
        return [{"type": "reasoning_ended"}, event | {"reasoning": "Hmm. "}]
    return [event]


def summarised(items: Items, _: int) -> Items:
    """Frames that repeat the whole message and the whole answer, as older servers sent them."""
    heard = ""
    for item in items:
        if isinstance(item, dict) and item["type"] == "user_message":
            heard = item["content"]
        if isinstance(item, dict) and item["type"] == "run_ended":
            yield {"type": "message", "role": "user", "content": heard}
            yield {"type": "message", "role": "assistant", "content": item["content"]}
        yield item


def final_only(event: Event) -> Iterable[Item]:
    """The text comes with the end of the run alone."""
    if event["type"] == "content_streaming":
        return []
    if event["type"] == "run_ended":
        rest = {key: value for key, value in event.items() if key != "content"}
        return [rest | {"final_content": event["content"]}]
    return [event]


def _before(items: Items, chunk: int | None) -> Items:
    """What comes before that word, or before the end of the words."""
    seen = 0
    for item in items:
        if item is Mark.END or (item is Mark.CHUNK and seen == chunk):
            return
        seen += item is Mark.CHUNK
        yield item


def _through(items: Items, types: set[str]) -> Items:
    for item in items:
        yield item
        if isinstance(item, dict) and item["type"] in types:
            return


def _untyped(call: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in call.items() if key != "type"}
