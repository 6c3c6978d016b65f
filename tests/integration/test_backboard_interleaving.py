"""Whatever happens on a call, the model sees exactly the ChatContext.

Hypothesis makes up calls: turns, interruptions, speculations in flight at the same time, tool
rounds, faults, changed instructions, shortened histories. After every answer the emulated service
tells what its model saw, thread and transcript together.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from livekit.agents.llm import ChatContext, LLMStream

from bot.backboard import Deadlines
from tests.checks.plugin import Heard, Line, ask, call, look_up, plugged_in, use
from tests.checks.wait import eventually

Seen = tuple[str, ...]

LINE = re.compile(r"(?P<who>User|Assistant): (?P<text>.*?)(?P<cut> —)?")
TOOL = re.compile(r"\(The assistant used (?P<name>\w+) .* -> (?P<output>.*)\)")
WORDS = st.lists(
    st.sampled_from("Monday yes no User: please ha [x] — 10:30 été\nnew".split(" ")),
    min_size=1,
    max_size=4,
).map(" ".join)


@dataclass
class Call:
    """One made-up call under way."""

    line: Line
    ctx: ChatContext = field(default_factory=call)
    speculations: list[LLMStream] = field(default_factory=list)
    count: int = 0

    def say(self, words: str) -> str:
        """The caller's next words; no two utterances are the same."""
        self.count += 1
        text = f"{words} {self.count}"
        self.ctx.add_message(role="user", content=text)
        return text

    def script(self, *lines: dict[str, Any]) -> None:
        """What the model says next; a speculation must not take it away."""
        self.line.script(*lines, {"say": "Speculation.", "times": None})

    async def ask(self) -> Heard:
        answer = await ask(self.line.llm, self.ctx)
        assert answer.error is None
        self.check(self.ctx.items[:-1] if answer.text else self.ctx.items)
        return answer

    def check(self, items: list[Any]) -> None:
        """Compares what the model saw last with the context it was asked to continue."""
        seen = [entry["seen"] for entry in self.line.backboard.control.requests if "seen" in entry]
        latest = seen[-1]
        assert list(model_saw(latest["messages"])) == list(context_says(items))
        assert latest["system_prompt"] == items[0].text_content


def context_says(items: list[Any]) -> Iterator[Seen]:
    """A ChatContext's entries."""
    outputs = {item.call_id: item.output for item in items if item.type == "function_call_output"}
    for item in items:
        if item.type == "function_call":
            yield ("tool", item.name, outputs[item.call_id])
        elif item.type == "message" and item.role != "system":
            yield (item.role, joined(item.text_content or ""), cut(item.interrupted))


def model_saw(messages: list[dict[str, Any]]) -> Iterator[Seen]:
    """The same of a thread, its transcripts unfolded."""
    for message in messages:
        role, content = message["role"], message["content"]
        if role == "tool":
            yield ("tool", message["tool_name"], content)
        elif role == "user" and content.startswith("The conversation so far."):
            yield from unfolded(content)
        elif content:
            yield (role, joined(content), cut(False))


def unfolded(transcript: str) -> Iterator[Seen]:
    for text in transcript.splitlines()[1:]:
        if tool := TOOL.fullmatch(text):
            yield ("tool", tool["name"], tool["output"])
        elif said := LINE.fullmatch(text):
            role = "user" if said["who"] == "User" else "assistant"
            yield (role, said["text"], cut(said["cut"] is not None))
        else:
            assert text.startswith("("), text  # a cue


def joined(text: str) -> str:
    return " ".join(text.split())


def cut(interrupted: bool) -> str:
    return "cut" if interrupted else "whole"


# --- What may happen ------------------------------------------------------------------------------


@dataclass(frozen=True)
class Turn:
    """A question and its answer, heard to its end."""

    words: str

    async def happen(self, call: Call) -> None:
        call.say(self.words)
        call.script({"say": f"Answer {call.count}."})
        await call.ask()


@dataclass(frozen=True)
class BargeIn:
    """The caller cuts in after so many words; the stream may have ended before."""

    words: str
    heard: int
    streaming: bool

    async def happen(self, call: Call) -> None:
        call.say(self.words)
        answer = f"One two three {call.count}."
        call.script({"say": answer, "chunk_s": 0.02 if self.streaming else 0})
        stream = call.line.llm.chat(chat_ctx=call.ctx)
        async with stream:
            for _ in range(self.heard if self.streaming else 99):
                if await anext(stream, None) is None:
                    break
        said = " ".join(answer.split()[: self.heard])
        if said:
            call.ctx.add_message(role="assistant", content=said, interrupted=True)


@dataclass(frozen=True)
class Speculation:
    """An answer to unfinished words; it is read to its end, left, or goes on meanwhile."""

    words: str
    fate: str

    async def happen(self, call: Call) -> None:
        ctx = call.ctx.copy()
        ctx.add_message(role="user", content=f"{self.words} …")
        call.script()
        asked = len(call.line.posted())
        stream = call.line.llm.chat(chat_ctx=ctx, tools=[look_up])
        if self.fate == "read":
            await stream.collect()
        elif self.fate == "left":
            await stream.aclose()
        else:
            call.speculations.append(stream)
            arrived = "the speculation has its own answer, not the next turn's"
            await eventually(lambda: len(call.line.posted()) > asked, arrived, within_s=5)


@dataclass(frozen=True)
class ToolRound:
    """The answer needs tools, one or two, perhaps twice, perhaps after a word said first."""

    words: str
    calls: int
    rounds: int
    preamble: str

    async def happen(self, call: Call) -> None:
        call.say(self.words)
        used = [{"name": "look_up", "arguments": {"day": "Monday"}}] * self.calls
        steps = [{"say": self.preamble, "tool_calls": used}] * self.rounds
        call.script(*steps, {"say": f"Done {call.count}."})
        for _ in range(self.rounds):
            use(call.ctx, await call.ask(), *["free"] * self.calls)
        await call.ask()


@dataclass(frozen=True)
class Fault:
    """The first attempt fails in a way that passes."""

    words: str
    scenario: str

    async def happen(self, call: Call) -> None:
        call.say(self.words)
        answer = f"Answer {call.count}."
        call.script({"say": answer, "scenario": self.scenario}, {"say": answer})
        await call.ask()


@dataclass(frozen=True)
class NewInstructions:
    """Another agent takes over, or the instructions change."""

    async def happen(self, call: Call) -> None:
        call.count += 1
        call.ctx.items[0] = call.ctx.items[0].model_copy(
            update={"content": [f"Be kind, {call.count}."]}
        )


@dataclass(frozen=True)
class Shortened:
    """The oldest turn is dropped from the history."""

    async def happen(self, call: Call) -> None:
        turns = [
            i
            for i, item in enumerate(call.ctx.items)
            if item.type == "message" and item.role == "user"
        ]
        if len(turns) > 1:
            del call.ctx.items[1 : turns[1]]


EVENTS = st.one_of(
    st.builds(Turn, WORDS),
    st.builds(BargeIn, WORDS, st.integers(0, 3), st.booleans()),
    st.builds(Speculation, WORDS, st.sampled_from(["read", "left", "goes on"])),
    st.builds(
        ToolRound, WORDS, st.integers(1, 2), st.integers(1, 2), st.sampled_from(["", "Wait."])
    ),
    st.builds(Fault, WORDS, st.sampled_from(["cut-at-once", "eof-at-once", "status", "landed"])),
    st.builds(NewInstructions),
    st.builds(Shortened),
)


async def _goes(events: list[Any]) -> None:
    async with plugged_in(deadlines=Deadlines(first_token_s=5)) as line:
        call = Call(line)
        call.ctx.add_message(role="assistant", content="Hello, how can I help?")
        for event in [*events, Turn("Goodbye")]:
            await event.happen(call)
        for stream in call.speculations:
            await stream.aclose()


@settings(max_examples=80, deadline=None)
@given(st.lists(EVENTS, max_size=7))
def test_the_model_always_sees_exactly_the_context(events: list[Any]) -> None:
    asyncio.run(_goes(events))
