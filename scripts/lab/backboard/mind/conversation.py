"""One answer of the receptionist, from the conversation it belongs to.

The mind keeps no state, and the same words get the same answer every time: the conversation so far
is heard again from the beginning, from the caller's lines alone. So an answer that was cut off, or
a conversation that moved to a fresh thread, changes nothing.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import takewhile
from typing import Any

from lab.backboard.mind import switchboard
from lab.backboard.mind.acquaintance import name_told
from lab.backboard.mind.knowledge import ANYTHING_ELSE
from lab.backboard.mind.receptionist import END_CALL, Receptionist, Reply
from lab.backboard.mind.transcript import Line, cut_short, unflatten

_EMPLOYER = re.compile(r"\b(?:receptionist|assistant) (?:of|for|at) ((?:[A-Z][\w'&-]* ?)+)")
_FAILED = re.compile(r"\b(?:error|failed|failure|could not|cannot|unable)\b", re.IGNORECASE)
_ANSWERED = ("caller", "note")


@dataclass(frozen=True)
class ToolResult:
    """What a called tool gave back."""

    name: str
    output: str


def reply(
    history: Sequence[Line],
    content: str,
    system_prompt: str = "",
    tools: Sequence[Mapping[str, Any]] = (),
    memories: Sequence[str] = (),
) -> Reply:
    """Answers `content`: the caller's newest words, or a flattened transcript that ends in them.

    Args:
        history: the thread so far, oldest first.
        content: the new message.
        system_prompt: of this request; the practice it names is the one spoken of.
        tools: offered in this request, OpenAI style.
        memories: what the assistant remembers of earlier calls.
    """
    lines = [line for said in [*history, Line("caller", content)] for line in spread(said)]
    results = [ToolResult(line.tool, line.text) for line in _trailing_tools(lines)]
    if results:
        return go_on(results)
    newest = max(index for index, line in enumerate(lines) if line.speaker in _ANSWERED)
    name = name_told([*memories, system_prompt])
    receptionist = Receptionist(employer(system_prompt), tools, name)
    for line in lines[:newest]:
        receptionist.follow(line)
    return receptionist.hear(lines[newest].text)


def go_on(results: Sequence[ToolResult]) -> Reply:
    """Speaks after its tool calls came back; silent once the call was ended."""
    if any(result.name == END_CALL for result in results):
        return Reply("")
    for result in results:
        if result.name == switchboard.TOOL:
            return Reply(switchboard.regret(result.output))
    if any(_FAILED.search(result.output) for result in results):
        return Reply(f"I am sorry, that did not work just now. {ANYTHING_ELSE}")
    if any(result.name == "take_message" for result in results):
        return Reply(f"Thank you, I have passed your message on. {ANYTHING_ELSE}")
    return Reply(f"Thank you, that is done. {ANYTHING_ELSE}")


def employer(system_prompt: str) -> str:
    """The practice the prompt names ("the receptionist of …"), else the lab's own."""
    named = _EMPLOYER.search(system_prompt)
    return named.group(1).strip() if named else "Riverside Dental"


def spread(line: Line) -> list[Line]:
    """A caller's message may itself be a conversation, or begin with what was heard of the last."""
    if line.speaker != "caller":
        return [line]
    return unflatten(line.text) or cut_short(line.text) or [line]


def _trailing_tools(lines: Sequence[Line]) -> list[Line]:
    return list(takewhile(lambda line: line.speaker == "tool", reversed(lines)))
