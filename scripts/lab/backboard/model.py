"""What the emulated model answers: a scripted line when one matches, else the mind."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from lab.backboard import mind
from lab.backboard.bodies import ToolOutput
from lab.backboard.leg import Saying
from lab.backboard.mind import Line, Reply
from lab.backboard.script import ScriptLine
from lab.backboard.threads import Run, ToolCall

Tools = Sequence[Mapping[str, Any]]


def answer(line: ScriptLine, history: list[Line], content: str, run: Run, tools: Tools) -> Saying:
    """Answers `content` with exactly what a real run would see; `history` is the thread so far."""
    if line.speaks():
        return Saying(*line.answer(tools), line.in_force())
    memories = [str(found["memory"]) for found in run.retrieved]
    return _saying(mind.reply(history, content, run.system_prompt, tools, memories), line)


def go_on(line: ScriptLine, run: Run, outputs: Sequence[ToolOutput], tools: Tools) -> Saying:
    """Goes on after the outputs of the run's pending calls."""
    if line.speaks():
        return Saying(*line.answer(tools), line.in_force())
    names = {call.call_id: call.name for call in run.pending}
    results = [mind.ToolResult(names[item.tool_call_id], item.output) for item in outputs]
    return _saying(mind.go_on(results), line)


def _saying(reply: Reply, line: ScriptLine) -> Saying:
    calls = [ToolCall(call.name, json.dumps(dict(call.arguments))) for call in reply.tool_calls]
    return Saying(reply.text, calls, line.in_force())
