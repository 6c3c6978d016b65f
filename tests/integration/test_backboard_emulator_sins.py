"""What the lab's Backboard holds against its client."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from lab.backboard.behaviour import Behaviour
from tests.checks.backboard import COMPLETE, MESSAGES, Served, served, tool

END_CALL = [tool("end_call")]


@pytest.fixture
async def lab() -> AsyncIterator[Served]:
    async with served() as lab:
        lab.backboard.behaviour = Behaviour(busy="accept")
        yield lab


async def sins(lab: Served) -> list[str]:
    """All sins, in order."""
    return [found["sin"] for found in (await lab.client.get("/_lab/sins")).json()]


async def test_a_right_call_is_without_sin(lab: Served) -> None:
    asked = await lab.send("goodbye", tools=END_CALL, memory="Auto", metadata={"turn": "1"})
    await lab.submit(asked, tools=END_CALL)
    for turn, memory in (("2", "off"), ("3", "Readonly")):
        thread = asked.thread_id
        await lab.send("hello", thread_id=thread, metadata={"turn": turn}, memory=memory)
    await lab.send("a note", send_to_llm="false", stream=False, llm_provider=None)
    assert await sins(lab) == []
    assert lab.last["sins"] == []


@pytest.mark.parametrize(
    ("body", "sin"),
    [
        ({"memory": "auto"}, "memory-spelling"),
        ({"memory_pro": "readonly"}, "memory-spelling"),
        ({"stream": False}, "stream-missing"),
        ({"llm_provider": None}, "model-missing"),
        ({"model_name": ""}, "model-missing"),
        ({"temperature": 0.5}, "unknown-field"),
        ({"content": " "}, "empty-content"),
    ],
)
async def test_a_message_can_be_wrong_by_itself(
    lab: Served, body: dict[str, Any], sin: str
) -> None:
    wire = await lab.post(MESSAGES, COMPLETE | {"content": "hello"} | body)
    assert wire.status == 200
    assert lab.last["sins"] == [sin]
    (found,) = (await lab.client.get("/_lab/sins")).json()
    assert (found["index"], found["kind"], found["sin"]) == (0, "message", sin)
    assert isinstance(found["detail"], str)


async def test_known_fields_beside_the_turn_are_no_sin(lab: Served) -> None:
    body = {"image_prompt": "x", "voice": {}, "json_output": False, "web_search": "off"}
    await lab.send("hello", **body)
    assert await sins(lab) == []


async def test_a_thread_is_not_shared_while_its_run_goes_on(lab: Served) -> None:
    lab.script({"scenario": "stall-mid"})
    message = COMPLETE | {"content": "What are your hours?"}
    wire = await lab.post(MESSAGES, message, leave_after=6)  # four opening events and two words
    await lab.send("Where are you?", thread_id=wire.thread_id)
    assert lab.last["sins"] == ["thread-shared"]
    await lab.client.post(f"{wire.run_path}/cancel")
    await lab.send("Where can I park?", thread_id=wire.thread_id)
    assert lab.last["sins"] == []


async def test_a_thread_is_not_shared_while_its_response_is_sent(lab: Served) -> None:
    first = await lab.send("hello")
    thread = lab.backboard.threads.get(first.thread_id)
    assert thread is not None
    assert thread.streams == 0
    thread.streams = 1  # as if its client were slow to read the last bytes
    await lab.send("Where are you?", thread_id=first.thread_id)
    assert lab.last["sins"] == ["thread-shared"]


async def test_a_pending_run_is_not_ignored(lab: Served) -> None:
    asked = await lab.send("goodbye", tools=END_CALL)
    await lab.send("hello", thread_id=asked.thread_id)
    assert await sins(lab) == ["pending-run-ignored"]


async def test_the_same_words_are_not_sent_again_before_they_are_answered(lab: Served) -> None:
    lab.script({"scenario": "error-mid"})
    failed = await lab.send("hello")
    await lab.send("hello", thread_id=failed.thread_id)
    assert await sins(lab) == ["message-resent"]
    await lab.send("hello", thread_id=failed.thread_id)
    assert await sins(lab) == ["message-resent"]


async def test_a_turn_is_sent_to_a_thread_once(lab: Served) -> None:
    first = await lab.send("hello", metadata={"turn": "1"})
    await lab.send("Hello.", metadata={"turn": "1"})
    assert await sins(lab) == []
    await lab.send("Hello.", thread_id=first.thread_id, metadata={"turn": "1"})
    assert await sins(lab) == ["message-resent"]


@pytest.mark.parametrize("body", [{}, {"tools": [tool("other")]}])
async def test_the_tools_go_with_their_outputs(lab: Served, body: dict[str, Any]) -> None:
    asked = await lab.send("goodbye", tools=END_CALL)
    assert (await lab.submit(asked, **body)).status == 200
    assert lab.last["sins"] == ["tools-missing"]


async def test_the_endpoints_that_lose_prompt_or_tools_are_flagged(lab: Served) -> None:
    asked = await lab.send("goodbye", tools=END_CALL)
    (call,) = asked.events[-1]["tool_calls"]
    outputs = [{"tool_call_id": call["id"], "output": ""}]
    body = {"thread_id": asked.thread_id, "tool_outputs": outputs, "stream": True}
    await lab.post("/api/threads/tool-outputs", body)
    assert lab.last["sins"] == ["tools-missing"]
    path = f"/api/threads/{asked.thread_id}/messages"
    form = {"content": "hello", "stream": "true", "llm_provider": "openai", "model_name": "gpt-4o"}
    await lab.client.post(path, data=form)
    assert lab.last["sins"] == ["legacy-endpoint"]
