from __future__ import annotations

import asyncio
import json

import httpx
import pytest
from livekit.agents import APIConnectionError, APITimeoutError

from bot.backboard import LLM, Deadlines, errors
from bot.backboard.deadlines import Watch
from bot.backboard.models import Failed, RunEnded


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
def test_a_passing_fault_may_be_tried_again(status: int) -> None:
    assert errors.from_status(status, b"").retryable


@pytest.mark.parametrize("status", [400, 401, 402, 403, 404, 409, 422, 501])
def test_a_refusal_is_final(status: int) -> None:
    assert not errors.from_status(status, b"").retryable


def test_the_service_is_quoted_and_its_status_kept() -> None:
    error = errors.from_status(401, b'{"detail":"Invalid or missing API key"}', request_id="q1")
    assert error.message == "Backboard refused the request: Invalid or missing API key"
    assert (error.status_code, error.request_id) == (401, "q1")


def test_a_validation_error_names_the_field_and_never_what_was_said() -> None:
    problem = {"loc": ["body", "content"], "msg": "Field required", "input": "my card is 4111"}
    error = errors.from_status(422, json.dumps({"detail": [problem]}).encode())
    assert "body.content: Field required" in str(error)
    assert "4111" not in str(error)


@pytest.mark.parametrize("body", [b"", b"<html>Bad gateway</html>", b"[]", b'{"detail":null}'])
def test_a_body_that_explains_nothing_is_no_trouble(body: bytes) -> None:
    assert errors.from_status(502, body).message == "Backboard refused the request."


@pytest.mark.parametrize(
    ("event", "retryable"),
    [
        (Failed(type="error", error="upstream idle timeout exceeded"), True),
        (Failed(type="run_failed", message="502 Bad Gateway"), True),
        (Failed(type="error", error={"message": "Service Unavailable"}), True),
        (Failed(type="error", error="Your free credit is reserved for Memory & RAG"), False),
        (Failed(type="error", message="rate limit exceeded"), False),
        (Failed(type="run_cancelled"), False),
        (RunEnded(status="FAILED", error="quota"), False),
    ],
)
def test_only_what_passes_by_itself_is_tried_again(
    event: Failed | RunEnded, retryable: bool
) -> None:
    assert errors.from_event(event).retryable is retryable


def test_transport_errors_become_livekits() -> None:
    with pytest.raises(APIConnectionError), errors.translated():
        raise httpx.ConnectError("refused")
    with pytest.raises(APITimeoutError), errors.translated():
        raise httpx.ConnectTimeout("slow")


@pytest.mark.parametrize("memory", ["auto", "readonly", "Off", "on"])
def test_a_memory_spelling_backboard_would_take_for_off_is_refused(memory: str) -> None:
    with pytest.raises(ValueError, match="'off', 'Readonly' or 'Auto'"):
        LLM(api_key="k", memory=memory)  # type: ignore[arg-type] # the mistake under test


def test_a_missing_key_names_both_ways_to_give_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("BACKBOARD_API_KEY", raising=False)
    with pytest.raises(ValueError, match="pass api_key or set BACKBOARD_API_KEY"):
        LLM()


@pytest.mark.parametrize("name", ["first_token_s", "stall_s", "total_s"])
def test_a_deadline_is_more_than_nothing(name: str) -> None:
    with pytest.raises(ValueError, match=name):
        Deadlines(**{name: 0.0})


@pytest.mark.parametrize(
    ("deadlines", "within_s", "progresses", "missed"),
    [
        (Deadlines(first_token_s=0.01), 9.0, False, "sent no first token"),
        (Deadlines(), 0.01, False, "sent no first token"),
        (Deadlines(stall_s=0.01), 9.0, True, "stalled"),
        (Deadlines(total_s=0.01), 9.0, True, "did not finish"),
    ],
)
async def test_a_missed_deadline_is_named(
    deadlines: Deadlines, within_s: float, progresses: bool, missed: str
) -> None:
    async def answer() -> None:
        watch = Watch(deadlines, first_token_within_s=within_s)
        async with watch.kept():
            if progresses:
                watch.progress()
            await asyncio.Event().wait()

    with pytest.raises(APITimeoutError, match=missed):
        await answer()


async def test_nothing_is_due_after_the_end_of_the_answer() -> None:
    watch = Watch(Deadlines(first_token_s=0.01, total_s=0.01), first_token_within_s=9.0)
    async with watch.kept():
        watch.finished()
        await asyncio.sleep(0.03)
