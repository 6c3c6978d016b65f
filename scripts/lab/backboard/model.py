"""What the emulated model answers: a scripted line when one matches, else the mind."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from lab.backboard import mind
from lab.backboard.bodies import ToolOutput
from lab.backboard.leg import Leg
from lab.backboard.receptionist import Reply
from lab.backboard.script import Script
from lab.backboard.threads import Run, Thread, ToolCall

Tools = Sequence[Mapping[str, Any]]


class Model:
    """Answers with exactly what a real run would see: prompt, tools, thread and new content."""

    def __init__(self, script: Script) -> None:
        self._script = script

    def answer(self, thread: Thread, run: Run, content: str, tools: Tools) -> Leg:
        """The leg that answers `content`, which is not yet in the thread."""
        if line := self._script.take(content):
            return Leg(thread, run, *line.answer(tools))
        reply = mind.reply(thread.dialogue(), content, run.system_prompt, tools)
        return _leg(thread, run, reply)

    def go_on(self, thread: Thread, run: Run, outputs: Sequence[ToolOutput], tools: Tools) -> Leg:
        """The leg that goes on after the outputs of the run's pending calls."""
        if line := self._script.take("\n".join(output.output for output in outputs)):
            return Leg(thread, run, *line.answer(tools))
        names = {call.call_id: call.name for call in run.pending}
        results = [mind.ToolResult(names[item.tool_call_id], item.output) for item in outputs]
        return _leg(thread, run, mind.go_on(results))


def _leg(thread: Thread, run: Run, reply: Reply) -> Leg:
    calls = [ToolCall(call.name, json.dumps(dict(call.arguments))) for call in reply.tool_calls]
    return Leg(thread, run, reply.text, calls)
