"""Every scenario of the lab's Backboard, as a client sees it on the wire."""

from __future__ import annotations

import itertools
import json
import time
from collections.abc import AsyncIterator, Callable
from typing import Any

import httpx
import pytest

from lab.backboard.scenarios import BILLING, SCENARIOS
from tests.checks.backboard import COMPLETE, MESSAGES, Served, Wire, served, tool
from tests.checks.wait import eventually

QUESTION = "What are your hours?"
ANSWER = "We are open Monday to Friday, from nine A M to five P M. Is there anything else?"
OPENING = ["message_received", "user_message", "run_started", "message_start"]
WORDS = "content_streaming"
END_CALL = [tool("end_call")]


@pytest.fixture
async def lab() -> AsyncIterator[Served]:
    async with served() as lab:
        yield lab


async def answered(lab: Served, scenario: str, **fields: Any) -> Wire:
    """The answer under a scenario; the next answer must be plain again."""
    lab.script({"scenario": scenario, **fields})
    return await lab.send(QUESTION)


def unframed(data: bytes) -> list[dict[str, Any]]:
    """The events of a stream, by the rules of the HTML Living Standard, section 9.2."""
    events, lines = [], list[str]()
    for line in [*data.decode().replace("\r\n", "\n").replace("\r", "\n").split("\n"), ""]:
        name, _, value = line.partition(":")
        if name == "data":
            lines.append(value.removeprefix(" "))
        elif not line and lines:
            events.append("\n".join(lines))
            lines = []
    return [json.loads(event) for event in events if event != "[DONE]"]


async def test_plain_is_what_happens_without_a_scenario(lab: Served) -> None:
    for wire in (await lab.send(QUESTION), await answered(lab, "plain")):
        assert (wire.status, wire.ending, wire.text) == (200, "whole", ANSWER)
        assert wire.types == [*OPENING, WORDS, "run_ended"]


@pytest.mark.parametrize(
    ("scenario", "fields", "at_least_s"),
    [
        ("slow-first-token", {"first_token_s": 0.3}, 0.3),
        ("slow-drip", {"first_token_s": 0, "chunk_s": 0.02}, 0.02 * 16),
        ("plain", {"first_token_s": 0.3}, 0.3),
    ],
)
async def test_a_slow_answer_takes_its_time_and_comes_whole(
    lab: Served, scenario: str, fields: dict[str, float], at_least_s: float
) -> None:
    began = time.monotonic()
    wire = await answered(lab, scenario, **fields)
    assert time.monotonic() - began >= at_least_s
    assert wire.text == ANSWER


def test_the_slow_scenarios_are_slow_by_themselves() -> None:
    assert SCENARIOS["slow-first-token"].first_token_s >= 1
    assert SCENARIOS["slow-drip"].chunk_s > 0


@pytest.mark.parametrize(("scenario", "words"), [("stall-first", ""), ("stall-mid", "We are")])
async def test_a_stalled_answer_goes_silent_and_its_run_stays_open(
    lab: Served, scenario: str, words: str
) -> None:
    lab.script({"scenario": scenario})
    wire = await lab.post(MESSAGES, COMPLETE | {"content": QUESTION}, quiet_s=0.5)
    assert (wire.ending, wire.text) == ("quiet", words)
    thread = lab.backboard.threads.get(wire.thread_id)
    assert thread is not None
    assert thread.open_run() is not None


async def test_signs_of_life_are_no_words(lab: Served) -> None:
    lab.script({"scenario": "keep-alive-only"})
    wire = await lab.post(MESSAGES, COMPLETE | {"content": QUESTION}, leave_after=9)
    frames = wire.data.decode().split("\n\n")
    assert frames.count(": keep-alive") >= 2
    types = [json.loads(frame[6:])["type"] for frame in frames if frame.startswith("data: ")]
    assert types[:4] == OPENING
    assert set(types[4:]) == {"message_received"}


@pytest.mark.parametrize(
    ("scenario", "types", "words"),
    [
        ("cut-at-once", [], ""),
        ("cut-after-user-message", OPENING[:2], ""),
        ("cut-mid-text", [*OPENING, WORDS], "We are"),
        ("cut-before-end", [*OPENING, WORDS], ANSWER),
        ("eof-at-once", [], ""),
        ("eof-mid", [*OPENING, WORDS], "We are"),
        ("eof-before-end", [*OPENING, WORDS], ANSWER),
    ],
)
async def test_a_stream_without_its_end_leaves_the_whole_answer_behind(
    lab: Served, scenario: str, types: list[str], words: str
) -> None:
    wire = await answered(lab, scenario)
    ending = "broken" if scenario.startswith("cut") else "whole"
    assert (wire.status, wire.ending, wire.types, wire.text) == (200, ending, types, words)
    (thread,) = lab.backboard.threads
    assert lab.rows(thread.thread_id) == [("user", QUESTION), ("assistant", ANSWER)]


@pytest.mark.parametrize(
    ("scenario", "types"),
    [
        ("cut-at-once", []),
        ("cut-after-user-message", ["run_continuing"]),
        ("error-mid", ["run_continuing", "message_start", WORDS, "error"]),
    ],
)
async def test_scenarios_strike_after_tool_outputs_too(
    lab: Served, scenario: str, types: list[str]
) -> None:
    asked = await lab.send("goodbye", tools=END_CALL)
    lab.script({"scenario": scenario, "say": "One two three."})
    assert (await lab.submit(asked, tools=END_CALL)).types == types


async def test_after_chunks_is_where_it_strikes(lab: Served) -> None:
    assert (await answered(lab, "cut-mid-text", after_chunks=4)).text == "We are open Monday"
    assert (await answered(lab, "eof-mid", after_chunks=999)).text == ANSWER


FAILURES = {
    "error-first": (["error"], "error"),
    "error-mid": ([*OPENING, WORDS, "error"], "error"),
    "run-failed-error": ([*OPENING, WORDS, "run_failed"], "error"),
    "run-failed-message": ([*OPENING, WORDS, "run_failed"], "message"),
    "run-cancelled": ([*OPENING, WORDS, "run_cancelled"], None),
    "billing-error": ([*OPENING, "error"], "error"),
    "ended-failed": ([*OPENING, WORDS, "run_ended"], "error"),
    "ended-failed-upper": ([*OPENING, WORDS, "run_ended"], "message"),
    "ended-cancelled": ([*OPENING, WORDS, "run_ended"], None),
}


@pytest.mark.parametrize("scenario", FAILURES)
async def test_a_failed_answer_ends_so_and_only_the_question_is_stored(
    lab: Served, scenario: str
) -> None:
    wire = await answered(lab, scenario)
    types, field = FAILURES[scenario]
    assert (wire.status, wire.ending, wire.types) == (200, "whole", types)
    if field:
        assert isinstance(wire.events[-1][field], str)
    (thread,) = lab.backboard.threads
    cancelled = "cancelled" in scenario
    stored = [("user", QUESTION)] + [("assistant", wire.text)] * cancelled
    assert lab.rows(thread.thread_id) == stored
    (run,) = thread.runs.values()
    assert run.status == ("CANCELLED" if cancelled else "FAILED")
    assert (await lab.send(QUESTION, thread_id=thread.thread_id)).text == ANSWER


@pytest.mark.parametrize(
    ("scenario", "status"),
    [
        ("ended-failed", "failed"),
        ("ended-failed-upper", "FAILED"),
        ("ended-cancelled", "cancelled"),
        ("ended-completed-upper", "COMPLETED"),
        ("ended-without-status", None),
    ],
)
async def test_the_end_of_a_run_has_every_status(
    lab: Served, scenario: str, status: str | None
) -> None:
    wire = await answered(lab, scenario)
    assert wire.only("run_ended").get("status") == status
    assert ("status" in wire.only("run_ended")) is (status is not None)


@pytest.mark.parametrize("status", [400, 401, 402, 403, 404, 422, 429, 500, 502, 503, 504])
async def test_a_status_is_answered_and_nothing_is_stored(lab: Served, status: int) -> None:
    wire = await answered(lab, "status", status=status)
    assert wire.status == lab.last["status"] == status
    assert isinstance(wire.json["detail"], str)
    assert "retry-after" not in wire.headers
    assert [*lab.backboard.threads] == []


async def test_the_body_of_a_status_may_be_a_list_html_or_nothing(lab: Served) -> None:
    refused = await answered(lab, "status", status=422, body="list")
    assert refused.json["detail"][0].keys() == {"loc", "msg", "type"}
    html = await answered(lab, "status", status=502, body="html")
    assert html.headers["content-type"].startswith("text/html")
    assert html.data.startswith(b"<html>")
    assert (await answered(lab, "status", status=503, body="empty")).data == b""


async def test_a_rate_limit_may_tell_when_to_try_again(lab: Served) -> None:
    wire = await answered(lab, "status", status=429, retry_after_s=3)
    assert wire.headers["retry-after"] == "3"


async def test_an_answer_may_land_although_the_request_failed(lab: Served) -> None:
    wire = await answered(lab, "landed", first_token_s=0.5)
    assert wire.status == 500
    (thread,) = lab.backboard.threads
    assert lab.rows(thread.thread_id) == [("user", QUESTION)]

    async def landed() -> bool:
        return lab.rows(thread.thread_id)[1:] == [("assistant", ANSWER)]

    await eventually(landed, "the answer is in the thread", within_s=5)
    assert SCENARIOS["landed"].first_token_s == 1


async def test_tool_outputs_may_land_too_and_are_then_not_pending(lab: Served) -> None:
    asked = await lab.send("goodbye", tools=END_CALL)
    lab.script({"scenario": "landed", "first_token_s": 0})
    assert (await lab.submit(asked, tools=END_CALL)).status == 500
    again = await lab.submit(asked, tools=END_CALL)
    assert (again.status, "no pending REQUIRES_ACTION" in again.json["detail"]) == (404, True)


async def test_billing_text_may_be_an_error_or_an_answer(lab: Served) -> None:
    assert (await answered(lab, "billing-error")).only("error")["error"] == BILLING
    content = await answered(lab, "billing-content")
    assert (content.text, content.only("run_ended")["status"]) == (BILLING, "completed")


async def test_a_document_may_come_instead_of_a_stream(lab: Served) -> None:
    wire = await answered(lab, "json-failed")
    assert (wire.status, wire.headers["content-type"].split(";")[0]) == (200, "application/json")
    assert wire.json["status"] == "FAILED"
    assert wire.json["content"].startswith("LLM Error:")


async def test_calls_may_lack_their_type_or_all_be_missing(lab: Served) -> None:
    lab.script({"scenario": "call-without-type"}, {"scenario": "empty-tool-calls"})
    untyped = await lab.send("goodbye", tools=END_CALL)
    (call,) = untyped.only("tool_submit_required")["tool_calls"]
    assert call.keys() == untyped.only("tool_call_ready")["tool_call"].keys() == {"id", "function"}
    empty = await lab.send(QUESTION, tools=END_CALL)
    assert (empty.types[-1], empty.events[-1]["tool_calls"]) == ("tool_submit_required", [])


@pytest.mark.parametrize("arguments", ["", "{not json", '{"a": 1}'])
async def test_calls_come_as_they_are_scripted(lab: Served, arguments: str) -> None:
    calls = [{"name": "end_call", "arguments": arguments}, {"name": "other", "arguments": {}}]
    lab.script({"say": "One moment.", "tool_calls": calls})
    wire = await lab.send(tools=[*END_CALL, tool("other")])
    assert wire.text == "One moment."
    asked = [call["function"] for call in wire.events[-1]["tool_calls"]]
    assert asked == [
        {"name": "end_call", "arguments": arguments},
        {"name": "other", "arguments": "{}"},
    ]


async def test_advice_about_tool_calls_may_be_missing(lab: Served) -> None:
    lab.script({"scenario": "without-tool-events"})
    wire = await lab.send("goodbye", tools=END_CALL)
    assert wire.types == [*OPENING, WORDS, "tool_submit_required"]


@pytest.mark.parametrize(
    ("scenario", "keys"),
    [
        ("plain", {"type", "content", "accumulated_content"}),
        ("without-accumulated", {"type", "content"}),
        ("only-accumulated", {"type", "accumulated_content"}),
        ("cumulative-content", {"type", "content"}),
    ],
)
async def test_words_come_as_pieces_or_as_all_so_far(
    lab: Served, scenario: str, keys: set[str]
) -> None:
    words = [event for event in (await answered(lab, scenario)).events if event["type"] == WORDS]
    assert all(event.keys() == keys for event in words)
    pieces = [word if index == 0 else f" {word}" for index, word in enumerate(ANSWER.split())]
    so_far = [*itertools.accumulate(pieces)]
    if "accumulated_content" in keys:
        assert [event["accumulated_content"] for event in words] == so_far
    if "content" in keys:
        wanted = so_far if scenario == "cumulative-content" else pieces
        assert [event["content"] for event in words] == wanted


async def test_reasoning_comes_between_the_words(lab: Served) -> None:
    wire = await answered(lab, "reasoning")
    between = [WORDS, "reasoning_streaming"] * len(ANSWER.split())
    thought = ["reasoning_streaming", *between, "reasoning_ended", "run_ended"]
    assert wire.types == [*OPENING, *thought]
    assert wire.text == ANSWER


async def test_memory_may_be_retrieved(lab: Served) -> None:
    wire = await answered(lab, "memory-retrieved")
    (memory,) = wire.only("memory_retrieved")["memories"]
    assert memory.keys() == {"id", "memory", "score"}
    assert wire.only("run_ended")["retrieved_memories"] == [memory]
    assert wire.only("run_ended")["memory_operation_id"]
    assert wire.text == ANSWER


async def test_unknown_events_come_before_the_known(lab: Served) -> None:
    wire = await answered(lab, "unknown-events")
    assert [event["type"] for event in wire.events[::2]] == ["context_pruned"] * 23
    assert (wire.text, wire.events[-1]["type"]) == (ANSWER, "run_ended")


FRAMINGS: dict[str, Callable[[bytes], bool]] = {
    "comments": lambda data: data.startswith(b": keep-alive\n\n: data: not this\ndata: "),
    "crlf": lambda data: data.endswith(b"}\r\n\r\n") and data.count(b"\n") == data.count(b"\r"),
    "cr": lambda data: data.endswith(b"}\r\r") and b"\n" not in data,
    "no-space": lambda data: data.startswith(b'data:{"') and b"data: " not in data,
    "multi-line-data": lambda data: data.startswith(b'data: {\ndata:  "type"'),
    "unterminated": lambda data: data.endswith(b"}"),
    "done-line": lambda data: data.endswith(b"\n\ndata: [DONE]\n\n"),
}


@pytest.mark.parametrize("scenario", FRAMINGS)
async def test_frames_come_in_every_legal_form(lab: Served, scenario: str) -> None:
    wire = await answered(lab, scenario)
    assert FRAMINGS[scenario](wire.data)
    events = unframed(wire.data + b"\n\n" if scenario == "unterminated" else wire.data)
    assert "".join(event["content"] for event in events if event["type"] == WORDS) == ANSWER
    assert events[-1]["type"] == "run_ended"


async def test_summary_frames_repeat_what_was_said(lab: Served) -> None:
    events = (await answered(lab, "summary-frames")).events
    said = [(event["role"], event["content"]) for event in events if event["type"] == "message"]
    assert said == [("user", QUESTION), ("assistant", ANSWER)]


async def test_message_complete_may_end_a_run(lab: Served) -> None:
    wire = await answered(lab, "message-complete")
    assert wire.types == [*OPENING, WORDS, "message_complete"]
    assert wire.events[-1]["status"] == "completed"


async def test_a_frame_may_be_rubbish(lab: Served) -> None:
    wire = await answered(lab, "rubbish")
    before, rubbish, after = wire.data.partition(b"data: {rubbish\n\n")
    assert rubbish
    assert b"are" in before
    assert b"run_ended" in after


async def test_the_text_may_come_with_the_end_alone(lab: Served) -> None:
    wire = await answered(lab, "final-content-only")
    assert wire.types == [*OPENING, "run_ended"]
    assert wire.events[-1]["final_content"] == ANSWER
    assert "content" not in wire.events[-1]


async def test_an_answer_may_be_empty(lab: Served) -> None:
    wire = await answered(lab, "empty")
    assert wire.types == [*OPENING, "run_ended"]
    assert (wire.events[-1]["content"], wire.events[-1]["status"]) == ("", "completed")


async def test_the_names_of_thread_and_run_may_be_missing(lab: Served) -> None:
    nameless = await answered(lab, "without-user-message")
    assert not any("thread_id" in event for event in nameless.events)
    late = await answered(lab, "without-run-started")
    assert [event["type"] for event in late.events if "run_id" in event] == ["run_ended"]


async def test_a_line_serves_so_many_answers(lab: Served) -> None:
    lab.script({"scenario": "empty", "times": 2}, {"say": "Always.", "times": None})
    texts = [(await lab.send(QUESTION)).text for _ in range(4)]
    assert texts == ["", "", "Always.", "Always."]


async def test_an_unknown_scenario_is_refused_with_the_known_ones(lab: Served) -> None:
    response = await lab.client.put("/_lab/script", json={"scenario": "flood"})
    assert response.status_code == 422
    assert "stall-first" in response.text


async def test_scenarios_apply_to_the_reply_without_stream(lab: Served) -> None:
    lab.script({"scenario": "error-mid"})
    response = await lab.client.post(MESSAGES, json={"content": QUESTION})
    assert (response.status_code, response.json()["status"]) == (200, "FAILED")
    lab.script({"scenario": "cut-mid-text"})
    with pytest.raises(httpx.RemoteProtocolError):
        await lab.client.post(MESSAGES, json={"content": QUESTION})
