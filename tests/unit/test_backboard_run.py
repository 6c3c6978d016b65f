from __future__ import annotations

import json
from typing import Any

import pytest
from livekit.agents import APIError
from livekit.agents.llm import ChatChunk

from bot.backboard.models import Unreadable, parse
from bot.backboard.run import Run
from bot.backboard.thread import NewThread
from bot.backboard.transcript import Conversation, Said, Used

ASKED = Conversation("Be kind.", (Said("user", "Hi"),))


class Reading:
    """A run on a new thread, fed with events as they would arrive."""

    def __init__(self, *events: dict[str, Any]) -> None:
        self.run = Run(NewThread("Hi"), token="turn_1")
        self.chunks: list[ChatChunk] = []
        for event in (
            {"type": "user_message", "thread_id": "t", "content": "Hi", "role": "user"},
            {"type": "run_started", "run_id": "r"},
            *events,
        ):
            self.take(event)

    def take(self, event: dict[str, Any]) -> None:
        if (read := parse(json.dumps(event))) is not None:
            self.chunks.extend(self.run.read(read))

    @property
    def spoken(self) -> list[str]:
        return [c.delta.content for c in self.chunks if c.delta and c.delta.content]


def piece(content: str | None, so_far: str | None = None) -> dict[str, Any]:
    return {"type": "content_streaming", "content": content, "accumulated_content": so_far}


def test_the_answer_is_spoken_once_whatever_repeats_it() -> None:
    reading = Reading(
        {"type": "reasoning_streaming", "content": "hmm"},
        piece("Hel", "Hel"),
        piece("lo", "Hello"),
        {"type": "assistant_message", "role": "assistant", "content": "Hello"},
        {"type": "run_ended", "status": "completed", "content": "Hello"},
    )
    assert reading.spoken == ["Hel", "lo"]
    assert reading.run.ended


@pytest.mark.parametrize(
    "pieces",
    [
        pytest.param([piece("ha"), piece("ha")], id="deltas only"),
        pytest.param([piece(None, "ha"), piece(None, "haha")], id="accumulated only"),
        pytest.param([piece("ha", "ha"), piece("haha", "haha")], id="cumulative content"),
    ],
)
def test_deltas_are_found_in_every_style(pieces: list[dict[str, Any]]) -> None:
    assert Reading(*pieces).spoken == ["ha", "ha"]


def test_an_answer_that_did_not_stream_is_spoken_at_the_end() -> None:
    ended = {"type": "run_ended", "status": "completed", "final_content": "Hello"}
    assert Reading(ended).spoken == ["Hello"]


@pytest.mark.parametrize(
    "event",
    [
        {"type": "error", "error": "Add credits"},
        {"type": "run_failed", "message": "Add credits"},
        {"type": "run_cancelled"},
        {"type": "run_ended", "status": "FAILED", "content": "LLM Error: no such model"},
        {"type": "run_ended", "status": "cancelled", "content": "Hel"},
        {"type": "tool_submit_required", "tool_calls": []},
    ],
)
def test_a_failure_is_raised_and_never_spoken(event: dict[str, Any]) -> None:
    reading = Reading()
    with pytest.raises(APIError):
        reading.take(event)
    assert reading.spoken == []


def test_a_notice_of_the_service_is_not_spoken_though_it_streams_as_an_answer() -> None:
    reading = Reading(piece("Your"), piece(" free credit is reserved"))
    with pytest.raises(APIError) as caught:
        reading.take(piece(" for Memory & RAG, so it can't cover LLM chat."))
    assert not caught.value.retryable
    assert reading.spoken == []


def test_words_that_only_begin_like_a_notice_are_spoken() -> None:
    ended = {"type": "run_ended"}
    assert Reading(piece("Your"), piece(" table is booked."), ended).spoken == [
        "Your table is booked."
    ]
    assert Reading(piece("Your"), ended).spoken == ["Your"]


def test_tool_calls_come_whole_and_in_one_chunk() -> None:
    """One chunk, so that LiveKit starts them together."""
    reading = Reading(
        piece("One moment.", "One moment."),
        {"type": "tool_call_start", "tool_call_id": "a", "name": "look_up"},
        {
            "type": "tool_submit_required",
            "run_id": "r",
            "tool_calls": [
                {"id": "a", "type": "function", "function": {"name": "f", "arguments": "{bad"}},
                {"id": "b", "function": {"name": "g", "arguments": {"x": 1}}},
            ],
            "input_tokens": 5,
        },
    )
    last = reading.chunks[-1]
    assert last.delta is not None
    assert [(c.call_id, c.name, c.arguments) for c in last.delta.tool_calls] == [
        ("a", "f", "{bad"),
        ("b", "g", '{"x": 1}'),
    ]
    assert last.usage is not None
    thread = reading.run.thread(ASKED)
    assert thread is not None
    assert thread.waiting_run_id == "r"
    assert thread.conversation.entries == (
        *ASKED.entries,
        Said("assistant", "One moment."),
        Used("a", "f", "{bad"),
        Used("b", "g", '{"x": 1}'),
    )


def test_a_thread_that_was_never_named_is_not_remembered() -> None:
    run = Run(NewThread("Hi"), token="turn_1")
    event = parse('{"type": "message_complete", "content": "Hello"}')
    assert event is not None
    assert [chunk.id for chunk in run.read(event)] == ["turn_1"]
    assert run.thread(ASKED) is None


@pytest.mark.parametrize("data", ["[DONE]", '{"type": "tts_audio_chunk"}', '{"type": 7}', "{}"])
def test_what_is_not_known_is_ignored(data: str) -> None:
    assert parse(data) is None


@pytest.mark.parametrize(
    "data", ["", "{", "[]", '"x"', '{"type":"tool_submit_required","tool_calls":[{}]}']
)
def test_what_cannot_be_read_is_refused(data: str) -> None:
    with pytest.raises(Unreadable):
        parse(data)
