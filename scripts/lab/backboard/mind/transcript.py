"""A conversation as lines, and the reading of one that arrives flattened into a single message."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

Speaker = Literal["caller", "receptionist", "tool", "note"]

_LABEL = re.compile(
    r"[\s>*-]*(?:the )?(?:(?P<caller>caller|user|customer)|(?:receptionist|assistant|agent))"
    r"(?: \([^)]*\))?(?: now)?(?: (?:says|said))?\**\s*:\**\s*(?P<text>.*)",
    re.IGNORECASE,
)
_TOOL = re.compile(
    r"\((?:the )?(?:receptionist|assistant) used (?P<name>\w+) .*-> (?P<output>.*)\)", re.IGNORECASE
)
_HEARD = re.compile(
    r"\b(?:only heard|heard only|cut off after|interrupted after)\b"
    r"[^\"“]*[\"“](?P<heard>[^\"”]*)[\"”]",
    re.IGNORECASE,
)
_NOTE = re.compile(r"[\[(].*[\])]")


@dataclass(frozen=True)
class Line:
    """One thing said; of a `tool`, its output; of a `note`, what no one said aloud."""

    speaker: Speaker
    text: str
    tool: str = ""


def unflatten(content: str) -> list[Line]:
    """The lines of a flattened transcript; empty when `content` is not one.

    A speaker's label stands before the words, or on a line of its own above them. Headings and
    everything else without a speaker are left out.
    """
    lines = list(_lines(content))
    spoken = any(line.speaker in ("caller", "receptionist") for line in lines)
    return lines if spoken else []


def cut_short(content: str) -> list[Line]:
    """The lines of a message that tells how much of the last answer was heard; else empty.

    Such a message has a line like `(The caller heard only "We are open".)` above the words.
    """
    told = [(text, _HEARD.search(text)) for text in content.splitlines()]
    heard = next((match["heard"] for _, match in told if match), None)
    words = "\n".join(text for text, match in told if not match).strip()
    if heard is None or not words:
        return []
    return [Line("receptionist", heard), Line("caller", words)]


def _lines(content: str) -> Iterator[Line]:
    heading: Speaker | None = None
    for text in map(str.strip, content.splitlines()):
        if label := _LABEL.fullmatch(text):
            speaker: Speaker = "caller" if label["caller"] else "receptionist"
            heading = None if label["text"] else speaker
            if label["text"]:
                yield Line(speaker, label["text"])
        elif used := _TOOL.fullmatch(text):
            yield Line("tool", used["output"], used["name"])
        elif _NOTE.fullmatch(text):
            yield Line("note", text)
        elif text and heading:
            yield Line(heading, text)
