"""A message for the practice: what is known of it, and the next sentence about it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from lab.backboard.mind import hearing

TOOL = "take_message"

_WANTED = re.compile(
    r"\b(?:leave|take|give|have|send|pass on) (?:you |him |her |them )?(?:a|the|my|this)?"
    r" ?(?:short |quick )?(?:message|note)\b|\b(?:call|phone|ring) me back\b|\bcallback\b"
    r"|\bhave (?:someone|somebody) (?:call|phone)\b"
    r"|^(?:can|could|please|would) .*\btell (?:the )?(?:doctor|dentist|him|her|them)\b"
)
_DICTATED = re.compile(
    r"(?:\b(?:the |my )?message is(?: that)?\b|\bsaying(?: that)?\b"
    r"|\b(?=tell (?:the |him|her|them|doctor|dr)))"
    r"[\s:,]*(.+)",
    re.IGNORECASE | re.DOTALL,
)


def wants_message(words: str) -> bool:
    """Whether plain `words` ask to leave a message."""
    return bool(_WANTED.search(words))


@dataclass
class Errand:
    """One message; `begun` until it is handed over or given up."""

    name: str | None = None
    message: str | None = None
    begun: bool = False
    asked: Literal["nothing", "name", "message"] = "nothing"

    def hear(self, text: str, words: str) -> str | None:
        """Takes what the caller says for the message.

        Returns the next question; an empty string once name and message are known; None when the
        caller speaks of something else.
        """
        if not (self.begun or wants_message(words)):
            return None
        self.begun = True
        self.name = hearing.name_in(text, asked=self.asked == "name") or self.name
        self.message = self._message_in(text) or self.message
        return self._next_question()

    def give_up(self) -> None:
        """Forgets the message, but not who the caller is."""
        self.message, self.begun, self.asked = None, False, "nothing"

    def arguments(self, tool: Mapping[str, Any]) -> dict[str, Any]:
        """Arguments for the offered `tool`, under the property names its own schema gives."""
        schema = tool.get("function", tool).get("parameters", {})
        required = schema.get("required", [])
        arguments = {
            key: self._value(key, declared.get("type"))
            for key, declared in schema.get("properties", {}).items()
        }
        return {key: value for key, value in arguments.items() if value or key in required}

    def _message_in(self, text: str) -> str | None:
        if dictated := _DICTATED.search(text):
            return dictated.group(1).strip()
        return text.strip() if self.asked == "message" else None

    def _next_question(self) -> str:
        if not self.name:
            again, self.asked = self.asked == "name", "name"
            sorry = "I am sorry, I did not catch that." if again else "Of course."
            return f"{sorry} May I have your name, please?"
        if not self.message:
            self.asked = "message"
            return f"Thank you, {self.name}. What is your message?"
        return ""

    def _value(self, key: str, kind: object) -> Any:
        if kind == "boolean":
            return False
        if kind in ("number", "integer"):
            return 0
        if "name" in key:
            return self.name or ""
        meant = ("message", "text", "content", "note", "body")
        return (self.message or "") if any(word in key for word in meant) else ""


def offered(tools: Sequence[Mapping[str, Any]], name: str) -> Mapping[str, Any] | None:
    """The tool of that name among those offered, in the OpenAI shape."""
    for tool in tools:
        if tool.get("function", tool).get("name") == name:
            return tool
    return None
