"""A ChatContext as Backboard can be told of it: instructions, and what was said and done.

A thread takes user messages only, so what the assistant said elsewhere (a greeting spoken by
`say()`, an answer cut short) reaches the model as a transcript inside a user message.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from livekit.agents.llm import ChatContext, ChatItem, ChatMessage

_HEADING = "The conversation so far. Answer the user's last words; say only the answer."
_CUT_OFF = "A dash ends what was cut off there; the other side heard no more of it."
_CUE = "(Nobody has spoken since. Speak next, as your instructions say.)"
_OPENING_CUE = "(The conversation begins. Speak first, as your instructions say.)"
_SPEAKERS = {"user": "User", "assistant": "Assistant"}


@dataclass(frozen=True)
class Said:
    """Words of one party; `interrupted`: the other party cut in, and these were heard."""

    speaker: Literal["user", "assistant"]
    text: str
    interrupted: bool = False

    @property
    def key(self) -> tuple[str, ...]:
        """What makes two of them the same: case and punctuation do not.

        LiveKit adopts a speculative answer when the final transcript has the same words, and
        then keeps the final spelling.
        """
        words = re.findall(r"\w+", self.text.casefold()) or [self.text.strip()]
        return (self.speaker, "interrupted" if self.interrupted else "whole", *words)

    def __str__(self) -> str:
        cut = " —" if self.interrupted else ""
        return f"{_SPEAKERS[self.speaker]}: {_one_line(self.text)}{cut}"


@dataclass(frozen=True)
class Used:
    """A tool call; `output` is None while the tool still runs.

    `arguments` do not tell two apart: LiveKit rewrites them into canonical JSON.
    """

    call_id: str
    name: str
    arguments: str = ""
    output: str | None = None

    @property
    def key(self) -> tuple[str, ...]:
        """What makes two of them the same."""
        known = () if self.output is None else (self.output,)
        return ("tool", self.call_id, self.name, *known)

    def __str__(self) -> str:
        result = "no result yet" if self.output is None else _one_line(self.output)
        return f"(The assistant used {self.name} {_one_line(self.arguments)} -> {result})"


Entry = Said | Used


@dataclass(frozen=True)
class Conversation:
    """A ChatContext, reduced to what the model may know."""

    instructions: str
    entries: tuple[Entry, ...]


def read(chat_ctx: ChatContext) -> Conversation:
    """Reduces the context; hand-offs, configuration, images and audio have no place in it."""
    instructions = [
        text
        for item in chat_ctx.items
        if item.type == "message" and item.role in ("system", "developer")
        if (text := _words(item))
    ]
    return Conversation("\n".join(instructions), tuple(_entries(chat_ctx.items)))


def flatten(entries: Sequence[Entry]) -> str:
    """The content of a new thread's first message: what the model must know, and its cue."""
    match entries:
        case []:
            return _OPENING_CUE
        case [Said(speaker="user", text=text)]:
            return text
    cut_off = any(isinstance(entry, Said) and entry.interrupted for entry in entries)
    lines = [f"{_HEADING} {_CUT_OFF}" if cut_off else _HEADING, transcript(entries)]
    if isinstance(entries[-1], Said) and entries[-1].speaker == "assistant":
        lines.append(_CUE)
    return "\n".join(lines)


def transcript(entries: Sequence[Entry]) -> str:
    """What was said and done, a line each."""
    return "\n".join(map(str, entries))


def _entries(items: Sequence[ChatItem]) -> Iterator[Entry]:
    outputs = {item.call_id: item for item in items if item.type == "function_call_output"}
    calls = {item.call_id: item for item in items if item.type == "function_call"}
    for item in items:
        if item.type == "function_call" and item.call_id not in outputs:
            yield Used(item.call_id, item.name, item.arguments)
        elif item.type == "function_call_output" and outputs[item.call_id] is item:
            # Here, and not where it was called: what was said while it ran was said before.
            call = calls.get(item.call_id)  # it may have been truncated away
            yield Used(item.call_id, item.name, call.arguments if call else "", item.output)
        elif item.type == "message" and (said := _said(item)) is not None:
            yield said


def _said(message: ChatMessage) -> Said | None:
    text = _words(message)
    if text and (message.role == "user" or message.role == "assistant"):
        return Said(message.role, text, message.interrupted)
    return None


def _words(message: ChatMessage) -> str:
    return (message.raw_text_content or "").strip()


def _one_line(text: str) -> str:
    # a line break inside somebody's words would look like the next speaker
    return " ".join(text.split())
