"""Interruptions, speculation and faults: what the caller hears, and what the next turn tells."""

from __future__ import annotations

import asyncio

import pytest
from livekit.agents import (
    APIConnectionError,
    APIConnectOptions,
    APIError,
    APIStatusError,
    APITimeoutError,
)
from livekit.agents.llm import (
    LLMStream,
)

from bot.backboard import LLM, Deadlines
from tests.fakes.backboard import (
    API_KEY,
    Script,
    ScriptedBackboard,
    Step,
    answered,
    call,
    fails,
    says,
    streams,
)

ONCE = APIConnectOptions(max_retry=0)


async def heard_until_failure(stream: LLMStream) -> tuple[str, APIError]:
    """What was spoken before the stream failed, and with what it failed."""
    spoken: list[str] = []

    async def hear() -> None:
        async with stream:
            async for chunk in stream:
                spoken.append((chunk.delta.content if chunk.delta else None) or "")

    with pytest.raises(APIError) as caught:
        await hear()
    return "".join(spoken), caught.value


async def test_an_answer_cut_short_is_cancelled_and_the_next_turn_tells_what_was_heard(
    backboard: ScriptedBackboard, llm: LLM
) -> None:
    backboard.answers(Script([*streams("We open at nine"), Step.STALL]), says("Pardon."))
    ctx = call("When?")
    async with llm.chat(chat_ctx=ctx) as stream:
        await anext(stream)
    await asyncio.wait_for(backboard.cancelled.wait(), 5)
    await asyncio.wait_for(backboard.gone.wait(), 5)
    assert backboard.paths[-1] == "/api/threads/thread-1/runs/run-1/cancel"
    ctx.add_message(role="assistant", content="We open", interrupted=True)
    ctx.add_message(role="user", content="What did you say?")
    await answered(llm, ctx)
    (content,) = backboard.threads["thread-2"]
    assert "Receptionist: We open —\nCaller: What did you say?" in content


async def test_an_answer_that_was_interrupted_after_it_had_ended_is_told_as_it_was_heard(
    backboard: ScriptedBackboard, llm: LLM
) -> None:
    """The usual barge-in: text is faster than speech, so the stream gets no signal."""
    backboard.answers(says("We open at nine."), says("Pardon."))
    ctx = call("When?")
    await llm.chat(chat_ctx=ctx).collect()
    ctx.add_message(role="assistant", content="We open", interrupted=True)
    ctx.add_message(role="user", content="What did you say?")
    await answered(llm, ctx)
    assert list(backboard.threads) == ["thread-1", "thread-2"]


async def test_a_discarded_speculation_is_not_remembered(
    backboard: ScriptedBackboard, llm: LLM
) -> None:
    backboard.answers(says("Hello."), says("Which day?"), says("Monday is free."))
    ctx = call("Hi")
    await answered(llm, ctx)
    speculation = ctx.copy()
    speculation.add_message(role="user", content="Is")
    await llm.chat(chat_ctx=speculation).collect()
    ctx.add_message(role="user", content="Is Monday free?")
    await answered(llm, ctx)
    assert backboard.threads["thread-1"] == ["Hi", "Is"]
    (content,) = backboard.threads["thread-2"]
    assert "Which day?" not in content
    assert content.endswith("Receptionist: Hello.\nCaller: Is Monday free?")


async def test_requests_in_flight_at_the_same_time_use_threads_of_their_own(
    backboard: ScriptedBackboard, llm: LLM
) -> None:
    backboard.answers(says("Hello."), says("Yes."), says("Yes."))
    ctx = call("Hi")
    await answered(llm, ctx)
    ctx.add_message(role="user", content="Are you there?")
    both = (llm.chat(chat_ctx=ctx).collect(), llm.chat(chat_ctx=ctx).collect())
    await asyncio.gather(*both)
    assert [len(messages) for messages in backboard.threads.values()] == [2, 1]


async def test_an_error_event_is_raised_and_not_spoken(
    backboard: ScriptedBackboard, llm: LLM
) -> None:
    backboard.answers(Script([{"type": "error", "error": "Add credits to continue."}]))
    spoken, error = await heard_until_failure(llm.chat(chat_ctx=call("Hi")))
    assert spoken == ""
    assert "Add credits" in str(error)
    assert backboard.paths.count("/api/threads/messages") == 1


async def test_after_http_500_the_turn_is_told_to_a_new_thread(
    backboard: ScriptedBackboard, llm: LLM
) -> None:
    """The message may have landed: said again on its thread it would be there twice."""
    backboard.answers(says("Hello."), fails(500), says("At nine."))
    ctx = call("Hi")
    await answered(llm, ctx)
    ctx.add_message(role="user", content="When do you open?")
    assert (await answered(llm, ctx)).text == "At nine."
    assert backboard.threads["thread-1"] == ["Hi", "When do you open?"]
    assert backboard.threads["thread-2"][0].endswith("Caller: When do you open?")
    assert len({body["metadata"]["turn"] for body in backboard.bodies[1:]}) == 1


async def test_a_refusal_is_not_tried_again(backboard: ScriptedBackboard, llm: LLM) -> None:
    backboard.answers(fails(402))
    spoken, error = await heard_until_failure(llm.chat(chat_ctx=call("Hi")))
    assert isinstance(error, APIStatusError)
    assert (spoken, error.status_code, error.retryable) == ("", 402, False)
    assert len(backboard.requests) == 1


async def test_a_first_token_that_does_not_come_is_a_timeout_and_its_run_is_cancelled(
    backboard: ScriptedBackboard,
) -> None:
    backboard.answers(Script([Step.STALL]))
    deadlines = Deadlines(first_token_s=0.2)
    async with LLM(api_key=API_KEY, base_url=backboard.url, deadlines=deadlines) as llm:
        stream = llm.chat(chat_ctx=call("Hi"), conn_options=ONCE)
        spoken, error = await heard_until_failure(stream)
    assert isinstance(error, APITimeoutError)
    assert (spoken, error.retryable) == ("", True)
    assert backboard.cancelled.is_set()


async def test_a_stall_after_words_were_spoken_is_final(backboard: ScriptedBackboard) -> None:
    backboard.answers(Script([*streams("We open"), Step.STALL]))
    deadlines = Deadlines(stall_s=0.2)
    async with LLM(api_key=API_KEY, base_url=backboard.url, deadlines=deadlines) as llm:
        spoken, error = await heard_until_failure(llm.chat(chat_ctx=call("When?")))
    assert isinstance(error, APITimeoutError)
    assert (spoken, error.retryable) == ("We open", False)


@pytest.mark.parametrize(
    "script",
    [
        pytest.param(says("We open", ends=False), id="clean end"),
        pytest.param(Script([*streams("We open"), Step.CUT]), id="connection cut"),
    ],
)
async def test_a_stream_that_ends_before_its_run_is_an_error(
    backboard: ScriptedBackboard, llm: LLM, script: Script
) -> None:
    backboard.answers(script)
    spoken, error = await heard_until_failure(llm.chat(chat_ctx=call("When?")))
    assert isinstance(error, APIConnectionError)
    assert (spoken, error.retryable) == ("We open", False)
    assert backboard.paths.count("/api/threads/messages") == 1


async def test_a_stream_that_ends_before_any_word_is_tried_again(
    backboard: ScriptedBackboard, llm: LLM
) -> None:
    backboard.answers(Script([Step.CUT]), says("Hello."))
    assert (await answered(llm, call("Hi"))).text == "Hello."
