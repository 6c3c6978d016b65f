"""The plugin against a Backboard that answers by script: real HTTP, real LiveKit contexts."""

from __future__ import annotations

import httpx
import pytest
from livekit.agents.llm import (
    ChatContext,
    CollectedResponse,
    FunctionCall,
    FunctionCallOutput,
)
from livekit.agents.metrics import LLMMetrics

from bot.backboard import LLM
from tests.fakes.backboard import (
    API_KEY,
    ScriptedBackboard,
    answered,
    call,
    calls,
    fails,
    look_up,
    says,
)


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


async def test_key_and_address_come_from_the_environment(
    backboard: ScriptedBackboard, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BACKBOARD_API_KEY", API_KEY)
    monkeypatch.setenv("BACKBOARD_BASE_URL", backboard.url)
    backboard.answers(says("Hello."))
    async with LLM() as llm:
        assert (await answered(llm, call("Hi"))).text == "Hello."


async def test_a_shared_http_client_stays_open(backboard: ScriptedBackboard) -> None:
    backboard.answers(says("Hello."), says("Hello."))
    async with httpx.AsyncClient() as shared:
        for _ in range(2):
            async with LLM(api_key=API_KEY, base_url=backboard.url, http_client=shared) as llm:
                await answered(llm, call("Hi"))
    assert len({request.port for request in backboard.requests}) == 1
