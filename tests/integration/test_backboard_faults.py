"""Every scenario of the contract: what the caller hears, what is tried again, what the model knows.

An answer of five words is asked for; the scenario befalls the first attempt only.
"""

from __future__ import annotations

from typing import Any

import pytest
from livekit.agents import APIConnectionError, APIError, APIStatusError, APITimeoutError

from bot.backboard import Deadlines, is_lasting
from lab.backboard.scenarios import SCENARIOS
from tests.checks.plugin import ask, call, plugged_in
from tests.checks.wait import eventually

WORDS = "We are open all day."
DEADLINES = Deadlines(first_token_s=0.4, stall_s=0.4, total_s=4)

HARMLESS = [
    "plain", "slow-drip", "ended-completed-upper", "ended-without-status", "without-accumulated",
    "only-accumulated", "cumulative-content", "reasoning", "memory-retrieved", "unknown-events",
    "comments", "crlf", "cr", "no-space", "multi-line-data", "unterminated", "done-line",
    "summary-frames", "message-complete", "final-content-only", "without-user-message",
    "without-run-started", "call-without-type", "without-tool-events",
]  # fmt: skip
TRIED_AGAIN = [
    "slow-first-token", "stall-first", "keep-alive-only", "cut-at-once", "cut-after-user-message",
    "eof-at-once", "error-first", "landed", "empty", "empty-tool-calls",
    *(("status", status) for status in (408, 429, 500, 502, 503, 504)),
]  # fmt: skip
REFUSED: dict[Any, type[APIError]] = {
    "billing-error": APIStatusError,
    "billing-content": APIStatusError,
    "json-failed": APIError,
    **{("status", status): APIStatusError for status in (400, 401, 402, 403, 404, 422)},
}
BROKEN_OFF: dict[str, tuple[str, type[APIError]]] = {
    "stall-mid": ("We are", APITimeoutError),
    "cut-mid-text": ("We are", APIConnectionError),
    "cut-before-end": (WORDS, APIConnectionError),
    "eof-mid": ("We are", APIConnectionError),
    "eof-before-end": (WORDS, APIConnectionError),
    "error-mid": ("We are", APIError),
    "run-failed-error": ("We are", APIError),
    "run-failed-message": ("We are", APIError),
    "run-cancelled": ("We are", APIError),
    "rubbish": ("We are", APIConnectionError),
    "ended-failed": (WORDS, APIError),
    "ended-failed-upper": (WORDS, APIError),
    "ended-cancelled": (WORDS, APIError),
}


def _lines(scenario: Any, **knobs: Any) -> list[dict[str, Any]]:
    name, status = scenario if isinstance(scenario, tuple) else (scenario, None)
    first = {"scenario": name, "say": WORDS, "status": status, **knobs}
    if name == "empty-tool-calls":
        first["say"] = ""  # a preamble would be an answer
    return [first, {"say": WORDS, "times": None}]


def _id(scenario: Any) -> str:
    return "-".join(map(str, scenario)) if isinstance(scenario, tuple) else str(scenario)


def test_every_scenario_is_judged_here() -> None:
    listed = [*HARMLESS, *TRIED_AGAIN, *REFUSED, *BROKEN_OFF]
    assert {name if isinstance(name, str) else name[0] for name in listed} == set(SCENARIOS)


@pytest.mark.parametrize("scenario", HARMLESS)
async def test_what_is_harmless_is_heard_whole_and_asked_once(scenario: str) -> None:
    async with plugged_in(deadlines=DEADLINES) as line:
        line.script(*_lines(scenario, chunk_s=0.05 if scenario == "slow-drip" else None))
        ctx = call("When?")
        answer = await ask(line.llm, ctx)
        assert (answer.text, answer.error) == (WORDS, None)
        assert len(line.posted()) == 1
        ctx.add_message(role="user", content="Really?")
        assert (await ask(line.llm, ctx)).text == WORDS
        unnamed = scenario == "without-user-message"  # a thread without a name is used once
        assert [len(said) for said in line.threads] == ([1, 1] if unnamed else [2])


@pytest.mark.parametrize("size", [1, 3, 7])
async def test_the_stream_may_be_cut_into_bytes_anywhere(size: int) -> None:
    async with plugged_in() as line:
        line.backboard.behaviour = line.backboard.behaviour.model_copy(update={"split_bytes": size})
        line.script({"say": "Für Zoë: 10 € – naïve café 🙂.", "scenario": "crlf"})
        assert (await ask(line.llm, call("Was?"))).text == "Für Zoë: 10 € – naïve café 🙂."


@pytest.mark.parametrize("scenario", TRIED_AGAIN, ids=_id)
async def test_what_passes_is_tried_once_more_on_a_fresh_thread(scenario: Any) -> None:
    async with plugged_in(deadlines=DEADLINES) as line:
        line.script({"say": "Hello.", "match": "Hi"}, *_lines(scenario, retry_after_s=None))
        ctx = call("Hi")
        await ask(line.llm, ctx)
        ctx.add_message(role="user", content="When are you open?")
        answer = await ask(line.llm, ctx)
        assert (answer.text, answer.error) == (WORDS, None)
        _, failed, again = line.posted()
        assert failed["thread_id"] == line.posted()[0]["thread_id"]
        assert again["content"].endswith("Assistant: Hello.\nUser: When are you open?")
        assert failed["metadata"]["turn"] == again["metadata"]["turn"]


@pytest.mark.parametrize("scenario", ["stall-first", "keep-alive-only", "stall-mid", "rubbish"])
async def test_a_run_that_is_given_up_is_cancelled(scenario: str) -> None:
    async with plugged_in(deadlines=DEADLINES) as line:
        line.script(*_lines(scenario))
        await ask(line.llm, call("When?"))
        await eventually(lambda: len(line.posted("cancel")) == 1, "the run's end", within_s=5)
        failed, cancelled = line.posted()[0], line.posted("cancel")[0]
        assert cancelled["run_id"] == failed["run_id"]


@pytest.mark.parametrize("scenario", REFUSED, ids=_id)
async def test_a_refusal_is_never_spoken_and_not_tried_again(scenario: Any) -> None:
    async with plugged_in(deadlines=DEADLINES) as line:
        line.script(*_lines(scenario))
        answer = await ask(line.llm, call("When?"))
        assert answer.text == ""
        assert isinstance(answer.error, REFUSED[scenario])
        assert not answer.error.retryable
        assert len(line.posted()) == 1


@pytest.mark.parametrize("body", ["detail", "list", "html", "empty"])
async def test_whatever_a_refusal_holds_its_status_is_known(body: str) -> None:
    async with plugged_in() as line:
        line.script({"scenario": "status", "status": 422, "body": body})
        error = (await ask(line.llm, call("When?"))).error
        assert isinstance(error, APIStatusError)
        assert error.status_code == 422
        assert "When?" not in str(error)


@pytest.mark.parametrize(
    ("scenario", "lasting"),
    [
        ("billing-error", True),
        ("billing-content", True),
        (("status", 401), True),
        (("status", 402), True),
        (("status", 422), False),
        ("json-failed", False),
    ],
    ids=_id,
)
async def test_what_will_fail_again_at_the_next_turn_says_so(scenario: Any, lasting: bool) -> None:
    async with plugged_in() as line:
        line.script(*_lines(scenario))
        assert is_lasting((await ask(line.llm, call("When?"))).error) is lasting


async def test_who_asks_for_patience_is_not_asked_again_while_somebody_waits() -> None:
    async with plugged_in() as line:
        line.script(*_lines(("status", 429), retry_after_s=30))
        error = (await ask(line.llm, call("When?"))).error
        assert isinstance(error, APIStatusError)
        assert (error.status_code, error.retryable) == (429, False)


@pytest.mark.parametrize("scenario", BROKEN_OFF)
async def test_what_breaks_off_is_heard_so_far_and_never_begun_again(scenario: str) -> None:
    async with plugged_in(deadlines=DEADLINES) as line:
        line.script(*_lines(scenario))
        ctx = call("When?")
        answer = await ask(line.llm, ctx)
        spoken, kind = BROKEN_OFF[scenario]
        assert answer.text == spoken
        assert isinstance(answer.error, kind)
        assert not answer.error.retryable
        assert len(line.posted()) == 1
        ctx.add_message(role="user", content="And?")
        assert (await ask(line.llm, ctx)).error is None
        assert line.posted()[1]["content"].endswith(f"Assistant: {spoken}\nUser: And?")


@pytest.mark.parametrize("busy", [400, 409])
async def test_a_thread_that_cannot_be_used_costs_no_turn(busy: int) -> None:
    async with plugged_in() as line:
        line.script({"say": "Hello."}, _lines(("status", busy))[0], {"say": WORDS})
        ctx = call("Hi")
        await ask(line.llm, ctx)
        ctx.add_message(role="user", content="When?")
        assert (await ask(line.llm, ctx)).text == WORDS
        assert [len(said) for said in line.threads] == [1, 1]


@pytest.mark.parametrize("cancel", ["slow", 404, 500])
async def test_a_cancel_that_fails_disturbs_nobody(cancel: Any) -> None:
    async with plugged_in(deadlines=DEADLINES) as line:
        line.backboard.behaviour = line.backboard.behaviour.model_copy(update={"cancel": cancel})
        line.script(*_lines("stall-first"))
        assert (await ask(line.llm, call("When?"))).text == WORDS


async def test_a_pooled_connection_that_went_stale_costs_one_more_try() -> None:
    async with plugged_in() as line:
        line.script({"say": WORDS, "times": None})
        ctx = call("Hi")
        await ask(line.llm, ctx)
        line.backboard.behaviour = line.backboard.behaviour.model_copy(update={"drop_reused": True})
        ctx.add_message(role="user", content="When?")
        assert (await ask(line.llm, ctx)).text == WORDS


async def test_a_service_that_is_not_there_is_an_error_of_the_connection() -> None:
    async with plugged_in() as line:
        llm = type(line.llm)(api_key="lab", base_url="http://127.0.0.1:9/api")
        error = (await ask(llm, call("Hi"))).error
        assert isinstance(error, APIConnectionError)
        await llm.aclose()


async def test_an_answer_without_end_is_ended() -> None:
    deadlines = Deadlines(first_token_s=0.4, stall_s=0.4, total_s=1)
    async with plugged_in(deadlines=deadlines) as line:
        line.script({"scenario": "slow-drip", "say": "word " * 50, "chunk_s": 0.1})
        answer = await ask(line.llm, call("When?"))
        assert isinstance(answer.error, APITimeoutError)
        assert 3 < len(answer.text.split()) < 20
