"""The plugin turn by turn: what is sent, on which thread and connection, what the model sees."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from livekit.agents.llm import ChatContext, LLMStream, ToolChoice
from livekit.agents.metrics import LLMMetrics

from bot.backboard import LLM, Usage
from tests.checks.plugin import Line, ask, call, heard, look_up, plugged_in, use
from tests.checks.wait import eventually


async def test_a_turn_sends_all_that_the_service_forgets_and_streams_the_answer(
    line: Line,
) -> None:
    line.script({"say": "Hello there."})
    answer = await ask(line.llm, call("Hi"))
    assert answer.text == "Hello there."
    (body,) = line.posted()
    assert body["metadata"]["turn"].startswith("turn_")
    wanted = {"content": "Hi", "system_prompt": "Be kind.", "stream": True, "memory": "off"}
    wanted |= {"llm_provider": "openai", "model_name": "gpt-4o", "tools": ["look_up"]}
    assert wanted.items() <= body.items()
    assert body["seen"]["messages"] == [{"role": "user", "content": "Hi"}]


async def test_the_next_turn_sends_only_its_words_on_the_same_thread_and_connection(
    line: Line,
) -> None:
    ctx = call("Hi")
    await ask(line.llm, ctx)
    ctx.add_message(role="user", content="When do you open?")
    await ask(line.llm, ctx)
    assert line.threads == [["Hi", "When do you open?"]]
    assert line.posted()[1]["system_prompt"] == "Be kind."
    assert line.posted()[1]["tools"] == ["look_up"]
    assert len(line.ports) == 1


async def test_a_spoken_greeting_is_known_without_a_second_thread(line: Line) -> None:
    ctx = ChatContext.empty()
    ctx.add_message(role="assistant", content="Hello, how can I help?")
    ctx.add_message(role="user", content="When do you open?")
    await ask(line.llm, ctx)
    ctx.add_message(role="user", content="Thanks.")
    await ask(line.llm, ctx)
    ((first, second),) = line.threads
    assert first.splitlines()[1:] == [
        "Assistant: Hello, how can I help?",
        "User: When do you open?",
    ]
    assert second == "Thanks."


async def test_prewarming_opens_the_connection_that_the_first_turn_uses(line: Line) -> None:
    line.llm.prewarm()
    await eventually(lambda: bool(line.ports), "the connection is open", within_s=5)
    await ask(line.llm, call("Hi"))
    assert len(line.posted()) == len(line.ports) == 1


async def test_tool_outputs_go_to_the_run_that_waits_with_the_tools_again(line: Line) -> None:
    line.script(
        {
            "say": "One moment.",
            "tool_calls": [{"name": "look_up", "arguments": {"day": "Monday"}}],
        },
        {"say": "Monday is free."},
        {"say": "Bye."},
    )
    ctx = call("Is Monday free?")
    answer = await ask(line.llm, ctx)
    assert (answer.text, answer.calls[0].arguments) == ("One moment.", '{"day": "Monday"}')
    use(ctx, answer, "free")
    assert (await ask(line.llm, ctx)).text == "Monday is free."
    (submitted,) = line.posted("tool-outputs")
    assert submitted["run_id"] == line.posted()[0]["run_id"]
    assert submitted["tool_outputs"] == [
        {"tool_call_id": answer.calls[0].call_id, "output": "free"}
    ]
    assert submitted["tools"] == ["look_up"]
    ctx.add_message(role="user", content="Thanks.")
    await ask(line.llm, ctx)
    assert line.threads == [["Is Monday free?", "Thanks."]]
    assert len(line.ports) == 1


async def test_tool_rounds_may_be_parallel_and_follow_each_other(line: Line) -> None:
    both = [{"name": "look_up", "arguments": {"day": day}} for day in ("Monday", "Friday")]
    line.script(
        {"say": "", "tool_calls": both},
        {"say": "And one more.", "tool_calls": both[:1]},
        {"say": "Both are free."},
    )
    ctx = call("When?")
    first = await ask(line.llm, ctx)
    assert len(first.calls) == 2
    use(ctx, first, "free", "free")
    second = await ask(line.llm, ctx)
    use(ctx, second, "still free")
    assert (await ask(line.llm, ctx)).text == "Both are free."
    assert [len(entry["tool_outputs"]) for entry in line.posted("tool-outputs")] == [2, 1]
    assert len(line.posted()) == 1


@pytest.mark.parametrize("arguments", ["", "{", "[1]", "null"])
async def test_arguments_that_are_no_object_reach_the_session_as_they_are(
    line: Line, arguments: str
) -> None:
    line.script({"tool_calls": [{"name": "look_up", "arguments": arguments}]})
    answer = await ask(line.llm, call("Is Monday free?"))
    assert (answer.error, answer.calls[0].arguments) == (None, arguments)


async def test_outputs_for_a_run_that_is_gone_go_to_a_new_thread_at_once(line: Line) -> None:
    line.script({"tool_calls": [{"name": "look_up", "arguments": {}}]}, {"say": "It is free."})
    ctx = call("Is Monday free?")
    use(ctx, await ask(line.llm, ctx), "free")
    for thread in list(line.backboard.threads):
        await line.backboard.delete(thread)
    assert (await ask(line.llm, ctx)).text == "It is free."
    assert "used look_up {} -> free" in line.posted()[1]["content"]


async def test_a_call_without_an_output_is_told_on_a_new_thread(line: Line) -> None:
    """Two were called and one never came back, for the caller cut in."""
    both = [{"name": "look_up", "arguments": {"day": day}} for day in ("Monday", "Friday")]
    line.script({"tool_calls": both}, {"say": "I do not know."})
    ctx = call("When?")
    answer = await ask(line.llm, ctx)
    answer.calls = answer.calls[:1]
    use(ctx, answer, "free")
    ctx.add_message(role="user", content="Well?")
    assert (await ask(line.llm, ctx)).text == "I do not know."
    assert line.posted("tool-outputs") == []
    assert len(line.threads) == 2


@pytest.mark.parametrize(
    ("choice", "tools", "demand"),
    [
        ("none", [], ""),
        ("auto", ["look_up"], ""),
        ("required", ["look_up"], "Answer by using one of your tools."),
        (
            {"type": "function", "function": {"name": "look_up"}},
            ["look_up"],
            "Answer by using the tool look_up.",
        ),
    ],
    ids=["none", "auto", "required", "named"],
)
async def test_tool_choice_is_said_as_well_as_it_can_be(
    line: Line, choice: ToolChoice, tools: list[str], demand: str
) -> None:
    await heard(line.llm.chat(chat_ctx=call("Hi"), tools=[look_up], tool_choice=choice))
    (body,) = line.posted()
    assert body["tools"] == tools
    assert body["system_prompt"] == "\n".join(filter(None, ["Be kind.", demand]))


async def test_usage_and_cost_add_up_over_the_call(line: Line) -> None:
    metrics: list[LLMMetrics] = []
    line.llm.on("metrics_collected", metrics.append)
    ctx = call("Hi")
    await ask(line.llm, ctx)
    ctx.add_message(role="user", content="When do you open?")
    answer = await ask(line.llm, ctx)
    assert answer.usage is not None
    assert [m.prompt_tokens for m in metrics][-1] == answer.usage.prompt_tokens > 0
    total = line.llm.usage
    assert total.legs == 2
    assert total.input_tokens == sum(m.prompt_tokens for m in metrics)
    assert total.cached_input_tokens == sum(m.prompt_cached_tokens for m in metrics)
    assert total.cost_usd > 0
    assert metrics[0].metadata is not None
    assert metrics[0].metadata.model_provider == "backboard"


async def test_nothing_used_is_nothing_to_pay(line: Line) -> None:
    assert line.llm.usage == Usage()


# --- Interruption and speculation -----------------------------------------------------------------


async def interrupted(stream: LLMStream, after_chunks: int) -> None:
    """Leaves the stream after so many chunks, as a barge-in does."""
    async with stream:
        for _ in range(after_chunks):
            await anext(stream)


async def test_an_answer_cut_short_is_cancelled_and_the_next_turn_tells_what_was_heard(
    line: Line,
) -> None:
    line.script({"say": "We open at nine", "scenario": "stall-mid"}, {"say": "Pardon."})
    ctx = call("When?")
    await interrupted(line.llm.chat(chat_ctx=ctx), 2)
    await eventually(lambda: bool(line.posted("cancel")), "the run is cancelled", within_s=5)
    assert line.posted()[0]["disconnected_at"] is not None
    ctx.add_message(role="assistant", content="We open", interrupted=True)
    ctx.add_message(role="user", content="What did you say?")
    await ask(line.llm, ctx)
    assert "Assistant: We open —\nUser: What did you say?" in line.posted()[1]["content"]


async def test_a_run_that_is_left_before_it_has_a_name_is_cancelled_all_the_same(
    line: Line,
) -> None:
    """A speculation is mostly discarded before Backboard has said anything."""
    line.script({"scenario": "stall-first"})
    stream = line.llm.chat(chat_ctx=call("Is"))
    await eventually(lambda: bool(line.posted()), "the request has arrived", within_s=5)
    await stream.aclose()
    await eventually(lambda: bool(line.posted("cancel")), "the run is cancelled", within_s=5)
    assert line.posted("cancel")[0]["run_id"] == line.posted()[0]["run_id"]


async def test_a_request_that_has_not_left_is_never_sent(line: Line) -> None:
    await line.llm.chat(chat_ctx=call("Is")).aclose()
    await ask(line.llm, call("Hi"))
    assert [entry["content"] for entry in line.posted()] == ["Hi"]


async def test_an_answer_that_was_interrupted_after_it_had_ended_is_told_as_it_was_heard(
    line: Line,
) -> None:
    """The usual barge-in: text is faster than speech, so the stream gets no signal."""
    ctx = call("When?")
    await heard(line.llm.chat(chat_ctx=ctx))
    ctx.add_message(role="assistant", content="We open", interrupted=True)
    ctx.add_message(role="user", content="What did you say?")
    await ask(line.llm, ctx)
    assert len(line.threads) == 2


async def test_a_discarded_speculation_is_not_remembered(line: Line) -> None:
    line.script({"say": "Hello."}, {"say": "Which day?"}, {"say": "Monday is free."})
    ctx = call("Hi")
    await ask(line.llm, ctx)
    speculation = ctx.copy()
    speculation.add_message(role="user", content="Is")
    await heard(line.llm.chat(chat_ctx=speculation))
    ctx.add_message(role="user", content="Is Monday free?")
    await ask(line.llm, ctx)
    assert line.threads[0] == ["Hi", "Is"]
    ((content,),) = line.threads[1:]
    assert "Which day?" not in content
    assert content.endswith("Assistant: Hello.\nUser: Is Monday free?")


async def test_requests_in_flight_at_the_same_time_use_threads_of_their_own(line: Line) -> None:
    ctx = call("Hi")
    await ask(line.llm, ctx)
    ctx.add_message(role="user", content="Are you there?")
    await asyncio.gather(*(heard(line.llm.chat(chat_ctx=ctx)) for _ in range(2)))
    assert [len(said) for said in line.threads] == [2, 1]


# --- Made how -------------------------------------------------------------------------------------


async def test_key_and_address_come_from_the_environment(
    line: Line, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BACKBOARD_API_KEY", "lab")
    monkeypatch.setenv("BACKBOARD_BASE_URL", line.url)
    async with LLM() as llm:
        assert (await ask(llm, call("Hi"))).error is None


async def test_a_shared_http_client_stays_open(line: Line) -> None:
    async with httpx.AsyncClient() as shared:
        for _ in range(2):
            async with LLM(api_key="lab", base_url=line.url, http_client=shared) as llm:
                await ask(llm, call("Hi"))
    assert len(line.ports) == 1


@pytest.mark.parametrize(
    ("options", "fault"),
    [
        ({"memory": "auto", "assistant_id": "a"}, "does not know memory='auto'"),
        ({"memory": "readonly", "assistant_id": "a"}, "'off', 'Readonly' or 'Auto'"),
        ({"memory": "Auto"}, "pass its assistant_id"),
        ({"api_key": ""}, "set BACKBOARD_API_KEY"),
        ({"base_url": "backboard"}, "must begin with https://"),
    ],
    ids=["auto", "readonly", "nobody's", "no-key", "no-url"],
)
async def test_what_would_go_wrong_silently_is_refused(
    monkeypatch: pytest.MonkeyPatch, options: dict[str, Any], fault: str
) -> None:
    monkeypatch.delenv("BACKBOARD_API_KEY", raising=False)
    with pytest.raises(ValueError, match=fault):
        LLM(**{"api_key": "lab", **options})


@pytest.fixture
async def thinking() -> AsyncIterator[Line]:
    async with plugged_in(
        thinking={"effort": "low"}, model="claude", llm_provider="anthropic"
    ) as line:
        yield line


async def test_model_and_thinking_go_with_every_turn(thinking: Line) -> None:
    await ask(thinking.llm, call("Hi"))
    (body,) = thinking.posted()
    assert (body["llm_provider"], body["model_name"]) == ("anthropic", "claude")
    assert body["thinking"] == {"effort": "low"}
