"""The plugin against a Backboard that answers by script: real HTTP, real LiveKit contexts."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
from livekit.agents import (
    APIConnectionError,
    APIConnectOptions,
    APIError,
    APIStatusError,
    APITimeoutError,
)
from livekit.agents.llm import (
    ChatContext,
    CollectedResponse,
    FunctionCall,
    FunctionCallOutput,
    LLMStream,
    function_tool,
)
from livekit.agents.metrics import LLMMetrics

from bot.backboard import LLM, Deadlines
from tests.fakes.backboard import (
    API_KEY,
    Script,
    ScriptedBackboard,
    Step,
    calls,
    fails,
    says,
    serving,
    streams,
)

ONCE = APIConnectOptions(max_retry=0)


@function_tool
async def look_up(day: str) -> str:
    """Looks up the free times of a day."""
    return f"{day} is free"


@pytest.fixture
async def backboard() -> AsyncIterator[ScriptedBackboard]:
    async with serving() as fake:
        yield fake


@pytest.fixture
async def llm(backboard: ScriptedBackboard) -> AsyncIterator[LLM]:
    async with LLM(api_key=API_KEY, base_url=backboard.url) as llm:
        assert isinstance(llm, LLM)
        yield llm


def call(*said: str) -> ChatContext:
    """A context with instructions, then the caller and the receptionist in turn."""
    ctx = ChatContext.empty()
    ctx.add_message(role="system", content="Be kind.")
    for index, words in enumerate(said):
        ctx.add_message(role="assistant" if index % 2 else "user", content=words)
    return ctx


async def answered(llm: LLM, ctx: ChatContext) -> CollectedResponse:
    """Asks, and files the answer in the context as the session does."""
    response = await llm.chat(chat_ctx=ctx, tools=[look_up]).collect()
    if response.text:
        ctx.add_message(role="assistant", content=response.text)
    return response


async def heard_until_failure(stream: LLMStream) -> tuple[str, APIError]:
    """What was spoken before the stream failed, and with what it failed."""
    spoken = ""
    async with stream:
        with pytest.raises(APIError) as caught:
            async for chunk in stream:
                spoken += (chunk.delta.content if chunk.delta else None) or ""
    return spoken, caught.value


async def test_a_turn_sends_all_that_the_service_forgets_and_streams_the_answer(
    backboard: ScriptedBackboard, llm: LLM
) -> None:
    backboard.answers(says("Hel", "lo."))
    response = await answered(llm, call("Hi"))
    assert response.text == "Hello."
    assert response.usage is not None
    assert (response.usage.prompt_tokens, response.usage.completion_tokens) == (12, 3)
    assert response.usage.prompt_cached_tokens == 4
    (body,) = backboard.bodies
    assert body["metadata"]["turn"].startswith("turn_")
    assert body["tools"][0]["function"]["name"] == "look_up"
    wanted = {"content": "Hi", "system_prompt": "Be kind.", "stream": True, "memory": "off"}
    wanted |= {"llm_provider": "openai", "model_name": "gpt-4o"}
    assert wanted.items() <= body.items()
    assert "thread_id" not in body


async def test_the_next_turn_sends_only_its_words_on_the_same_thread_and_connection(
    backboard: ScriptedBackboard, llm: LLM
) -> None:
    backboard.answers(says("Hello."), says("At nine."))
    ctx = call("Hi")
    await answered(llm, ctx)
    ctx.add_message(role="user", content="When do you open?")
    await answered(llm, ctx)
    assert backboard.threads == {"thread-1": ["Hi", "When do you open?"]}
    assert backboard.bodies[1]["system_prompt"] == "Be kind."
    assert backboard.bodies[1]["tools"]
    assert len({request.port for request in backboard.requests}) == 1


async def test_a_spoken_greeting_is_known_without_a_second_thread(
    backboard: ScriptedBackboard, llm: LLM
) -> None:
    backboard.answers(says("At nine."), says("Bye."))
    ctx = ChatContext.empty()
    ctx.add_message(role="assistant", content="Hello, how can I help?")
    ctx.add_message(role="user", content="When do you open?")
    await answered(llm, ctx)
    ctx.add_message(role="user", content="Thanks.")
    await answered(llm, ctx)
    first, second = backboard.threads["thread-1"]
    assert first.splitlines()[1:] == [
        "Receptionist: Hello, how can I help?",
        "Caller: When do you open?",
    ]
    assert second == "Thanks."


async def test_prewarming_opens_the_connection_that_the_first_turn_uses(
    backboard: ScriptedBackboard, llm: LLM
) -> None:
    await llm._prewarm_impl()
    backboard.answers(says("Hello."))
    await answered(llm, call("Hi"))
    assert backboard.paths == ["/api/models/providers", "/api/threads/messages"]
    assert len({request.port for request in backboard.requests}) == 1


def file_tool_call(ctx: ChatContext, response: CollectedResponse, *outputs: str) -> None:
    for wanted in response.tool_calls:
        ctx.items.append(
            FunctionCall(call_id=wanted.call_id, name=wanted.name, arguments=wanted.arguments)
        )
    for wanted, output in zip(response.tool_calls, outputs, strict=True):
        ctx.items.append(
            FunctionCallOutput(
                call_id=wanted.call_id, name=wanted.name, output=output, is_error=False
            )
        )


async def test_tool_outputs_go_to_the_run_that_waits_with_the_tools_again(
    backboard: ScriptedBackboard, llm: LLM
) -> None:
    backboard.answers(
        calls("look_up", arguments='{"day": "Monday"}', preamble="One moment."),
        says("Monday is free."),
        says("Bye."),
    )
    ctx = call("Is Monday free?")
    response = await answered(llm, ctx)
    assert response.text == "One moment."
    assert response.tool_calls[0].arguments == '{"day": "Monday"}'
    file_tool_call(ctx, response, "free")
    assert (await answered(llm, ctx)).text == "Monday is free."
    submitted = backboard.requests[1]
    assert submitted.path == "/api/threads/thread-1/runs/run-1/submit-tool-outputs"
    assert submitted.body["tool_outputs"] == [{"tool_call_id": "call_look_up", "output": "free"}]
    assert submitted.body["tools"] == backboard.bodies[0]["tools"]
    ctx.add_message(role="user", content="Thanks.")
    await answered(llm, ctx)
    assert backboard.threads == {"thread-1": ["Is Monday free?", "Thanks."]}


async def test_outputs_for_a_run_that_is_gone_go_to_a_new_thread_at_once(
    backboard: ScriptedBackboard, llm: LLM
) -> None:
    backboard.answers(calls("look_up"), fails(404), says("Monday is free."))
    ctx = call("Is Monday free?")
    file_tool_call(ctx, await answered(llm, ctx), "free")
    assert (await answered(llm, ctx)).text == "Monday is free."
    assert "used look_up {} -> free" in backboard.threads["thread-2"][0]


async def test_tool_choice_none_offers_no_tools(backboard: ScriptedBackboard, llm: LLM) -> None:
    backboard.answers(says("Hello."))
    await llm.chat(chat_ctx=call("Hi"), tools=[look_up], tool_choice="none").collect()
    assert backboard.bodies[0]["tools"] == []


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
    assert len(backboard.paths) - backboard.paths.count("cancel") >= 1
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


async def test_tokens_reach_livekits_metrics(backboard: ScriptedBackboard, llm: LLM) -> None:
    metrics: list[LLMMetrics] = []
    llm.on("metrics_collected", metrics.append)
    backboard.answers(says("Hello."))
    await answered(llm, call("Hi"))
    assert [(m.prompt_tokens, m.completion_tokens, m.prompt_cached_tokens) for m in metrics] == [
        (12, 3, 4)
    ]
    assert metrics[0].metadata is not None
    assert metrics[0].metadata.model_provider == "backboard"
