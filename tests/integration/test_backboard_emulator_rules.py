"""The rules of the lab's Backboard: what it takes, stores, shows the model, and sends."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from lab.backboard.behaviour import Behaviour
from tests.checks.backboard import COMPLETE, MESSAGES, Served, Wire, served, tool
from tests.checks.wait import eventually

QUESTION = "What are your hours?"
ANSWER = "We are open Monday to Friday, from nine A M to five P M. Is there anything else?"
END_CALL = [tool("end_call")]
PROBE_S = 5.0
OPENING = 4
"""Events before the first word, each a chunk."""


@pytest.fixture
async def lab() -> AsyncIterator[Served]:
    async with served() as lab:
        yield lab


async def stalled(lab: Served, **body: Any) -> Wire:
    """An answer whose client left after two words, and whose run hangs."""
    lab.script({"scenario": "stall-mid"})
    message = COMPLETE | {"content": QUESTION} | body
    return await lab.post(MESSAGES, message, leave_after=OPENING + 2)


@pytest.mark.parametrize(
    "path",
    [
        "/api/threads/{bad}",
        "/api/assistants/{bad}",
        "/api/assistants/{bad}/threads",
        "/api/assistants/{bad}/memories",
        "/api/assistants/{bad}/memories/stats",
    ],
)
async def test_ids_in_paths_are_uuids(lab: Served, path: str) -> None:
    bad = await lab.client.get(path.format(bad="no-uuid"))
    assert bad.status_code == 422
    assert bad.json()["detail"][0]["loc"][0] == "path"
    assert (await lab.client.get(path.format(bad=uuid.uuid4()))).status_code == 404


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("assistant_id", "no-uuid"),
        ("send_to_llm", "yes"),
        ("metadata", "no json"),
        ("metadata", 5),
        ("memory", True),
        ("thinking", "high"),
        ("openrouter", []),
        ("llm_provider", 1),
    ],
)
async def test_a_field_of_the_wrong_type_is_422(lab: Served, field: str, value: Any) -> None:
    wire = await lab.send(**{field: value})
    assert wire.status == 422
    assert wire.json["detail"][0]["loc"][:2] == ["body", field]


@pytest.mark.parametrize("value", ["true", True])
@pytest.mark.parametrize("metadata", [{"turn": "1"}, '{"turn": "1"}'])
async def test_the_documented_spellings_are_taken(
    lab: Served, value: object, metadata: object
) -> None:
    wire = await lab.send(send_to_llm=value, metadata=metadata)
    row = (await lab.client.get(f"/api/threads/{wire.thread_id}")).json()["messages"][0]
    assert row["metadata_"] == {"turn": "1"}


async def test_an_unknown_assistant_is_404_and_makes_no_thread(lab: Served) -> None:
    assert (await lab.send(assistant_id=str(uuid.uuid4()))).status == 404
    assert [*lab.backboard.threads] == []


FORM = {"content": QUESTION, "stream": "true", "metadata": '{"a": 1}', "tools": "[]"}


@pytest.mark.parametrize("kind", ["urlencoded", "multipart"])
async def test_a_form_carries_strings(lab: Served, kind: str) -> None:
    parts = {name: (None, value.encode()) for name, value in FORM.items()}
    form = {"data": FORM} if kind == "urlencoded" else {"files": parts}
    response = await lab.client.post(MESSAGES, **form)
    assert response.headers["content-type"].startswith("text/event-stream")
    assert (lab.last["stream"], lab.last["metadata"], lab.last["tools"]) == (True, {"a": 1}, [])
    assert (await lab.client.post(MESSAGES, data={"stream": "1"})).status_code == 422


async def test_the_legacy_endpoint_takes_forms_only(lab: Served) -> None:
    path = f"/api/threads/{(await lab.send()).thread_id}/messages"
    assert (await lab.client.post(path, json={"content": "hi"})).status_code == 422
    response = await lab.client.post(path, data={"content": "hi", "stream": "false"})
    assert (response.status_code, response.json()["status"]) == (200, "COMPLETED")
    unknown = f"/api/threads/{uuid.uuid4()}/messages"
    assert (await lab.client.post(unknown, data={"content": "hi"})).status_code == 404


async def test_the_model_sees_prompt_tools_and_the_whole_thread(lab: Served) -> None:
    asked = await lab.send("goodbye", system_prompt="Be brief.", tools=END_CALL)
    seen = lab.last["seen"]
    assert seen == {
        "system_prompt": "Be brief.",
        "tools": ["end_call"],
        "memories": [],
        "messages": [{"role": "user", "content": "goodbye"}],
    }
    await lab.submit(asked, tools=END_CALL)
    (call,) = asked.events[-1]["tool_calls"]
    stub = {"role": "assistant", "content": asked.text, "tool_calls": [call]}
    output = {
        "role": "tool",
        "content": "done",
        "tool_call_id": call["id"],
        "tool_name": "end_call",
    }
    assert lab.last["seen"]["messages"] == [*seen["messages"], stub, output]
    assert lab.last["seen"]["system_prompt"] == "Be brief."
    await lab.send("hello", thread_id=asked.thread_id)
    assert lab.last["seen"]["system_prompt"] == ""
    assert lab.last["seen"]["tools"] == []
    roles = [message["role"] for message in lab.last["seen"]["messages"]]
    assert roles == ["user", "assistant", "tool", "assistant", "user"]


async def test_a_message_whose_turn_fails_stays_for_the_model_to_see(lab: Served) -> None:
    lab.script({"scenario": "error-first"})
    await lab.send("first")
    (thread,) = lab.backboard.threads
    await lab.send("second", thread_id=thread.thread_id)
    contents = [message["content"] for message in lab.last["seen"]["messages"]]
    assert contents == ["first", "second"]


async def test_an_assistants_prompt_and_tools_serve_requests_that_bring_none(lab: Served) -> None:
    body = {"name": "vets", "system_prompt": "Own.", "tools": END_CALL}
    assistant = (await lab.client.post("/api/assistants", json=body)).json()["assistant_id"]
    await lab.send(assistant_id=assistant)
    assert (lab.last["seen"]["system_prompt"], lab.last["seen"]["tools"]) == ("Own.", ["end_call"])
    given: dict[str, Any] = {"system_prompt": "Given.", "tools": [tool("other")]}
    await lab.send(assistant_id=assistant, **given)
    assert (lab.last["seen"]["system_prompt"], lab.last["seen"]["tools"]) == ("Given.", ["other"])
    lab.backboard.behaviour = Behaviour(assistant_prompt="merge", assistant_tools="merge")
    await lab.send(assistant_id=assistant, **given)
    assert lab.last["seen"]["system_prompt"] == "Own.\n\nGiven."
    assert lab.last["seen"]["tools"] == ["end_call", "other"]


async def test_the_prompt_may_be_lost_in_the_tool_round(lab: Served) -> None:
    lab.backboard.behaviour = Behaviour(prompt_in_tool_round=False)
    asked = await lab.send("goodbye", system_prompt="Be brief.", tools=END_CALL)
    await lab.submit(asked, tools=END_CALL)
    assert lab.last["seen"]["system_prompt"] == ""


@pytest.mark.parametrize("renamed", [True, False])
async def test_a_run_may_go_on_under_a_new_id(lab: Served, renamed: bool) -> None:
    lab.backboard.behaviour = Behaviour(new_run_in_tool_round=renamed)
    lab.script({"tool_calls": [{"name": "end_call"}], "times": 2})
    asked = await lab.send("goodbye", tools=END_CALL)
    chained = await lab.submit(asked, tools=END_CALL)
    run_id = chained.only("run_continuing")["run_id"]
    assert (run_id not in asked.run_path) is renamed
    assert {event["run_id"] for event in chained.events if "run_id" in event} == {run_id}
    assert ((await lab.submit(asked, tools=END_CALL)).status == 404) is renamed


async def test_usage_counts_what_was_seen_said_and_cached(lab: Served) -> None:
    first = (await lab.send(system_prompt="Be brief.")).events[-1]
    assert (first["input_tokens"], first["output_tokens"]) == (6, len(ANSWER.split()))
    assert (first["cached_input_tokens"], first["cache_write_input_tokens"]) == (0, 6)
    thread = next(iter(lab.backboard.threads)).thread_id
    second = (await lab.send(thread_id=thread, system_prompt="Be brief.")).events[-1]
    assert second["cached_input_tokens"] == 6
    assert second["total_tokens"] == second["input_tokens"] + second["output_tokens"]
    assert second["cost_usd"] > first["cost_usd"] > 0
    other = (await lab.send(thread_id=thread, system_prompt="Other.")).events[-1]
    assert other["cached_input_tokens"] == 0


@pytest.mark.parametrize("usage", [True, False])
async def test_usage_on_tool_submit_is_a_switch(lab: Served, usage: bool) -> None:
    lab.backboard.behaviour = Behaviour(usage_on_tool_submit=usage)
    asked = await lab.send("goodbye", tools=END_CALL)
    assert ("input_tokens" in asked.events[-1]) is usage


@pytest.mark.parametrize(
    ("style", "content"),
    [("text", ANSWER), ("null", None), ("list", [{"type": "text", "text": ANSWER}])],
)
async def test_the_content_of_an_answer_has_every_shape(
    lab: Served, style: str, content: object
) -> None:
    lab.backboard.behaviour = Behaviour.model_validate({"thread_content": style})
    thread = (await lab.send()).thread_id
    rows = (await lab.client.get(f"/api/threads/{thread}")).json()["messages"]
    assert [row["content"] for row in rows] == [QUESTION, content]


async def test_threads_are_listed_page_by_page(lab: Served) -> None:
    ids = [(await lab.send(f"question {number}")).thread_id for number in range(3)]
    rows = (await lab.client.get("/api/threads", params={"skip": 1, "limit": 1})).json()
    assert [row["thread_id"] for row in rows] == ids[1:2]
    assert rows[0]["first_user_message"] == "question 1"
    assert (rows[0]["message_count"], rows[0]["messages"]) == (2, [])
    full = (await lab.client.get("/api/threads", params={"include_messages": "true"})).json()
    assert [len(row["messages"]) for row in full] == [2, 2, 2]
    assert (await lab.client.get("/api/threads", params={"limit": 0})).status_code == 422


async def test_outputs_by_thread_alone_go_on_without_tools(lab: Served) -> None:
    asked = await lab.send("goodbye", tools=END_CALL)
    (call,) = asked.events[-1]["tool_calls"]
    lab.script({"tool_calls": [{"name": "end_call"}]})
    outputs = [{"tool_call_id": call["id"], "output": "ended"}]
    body = {"thread_id": asked.thread_id, "tool_outputs": outputs, "stream": True}
    wire = await lab.post("/api/threads/tool-outputs", body)
    assert wire.types == ["run_continuing", "message_start", "content_streaming", "run_ended"]
    assert wire.text == "Calling end_call."
    assert lab.last["seen"]["tools"] == []
    assert lab.last["run_id"] in asked.run_path
    assert (await lab.post("/api/threads/tool-outputs", body)).status == 404
    empty = await lab.post("/api/threads/tool-outputs", body | {"tool_outputs": []})
    assert empty.status == 422


@pytest.mark.parametrize("event", [True, False])
async def test_a_cancelled_stream_ends_in_an_event_or_just_closes(lab: Served, event: bool) -> None:
    lab.backboard.behaviour = Behaviour(cancel_event=event)
    lab.script({"scenario": "stall-mid"})
    reading = asyncio.create_task(lab.send())
    await eventually(lambda: len(lab.backboard.legs) == 1, "the run is open", within_s=PROBE_S)
    (run_id, leg), *_ = lab.backboard.legs.items()
    await eventually(lambda: leg.message.content == "We are", "it stalls", within_s=PROBE_S)
    path = f"/api/threads/{leg.thread.thread_id}/runs/{run_id}/cancel"
    assert (await lab.client.post(path)).json()["cancelled"] is True
    wire = await reading
    assert wire.types[-1] == ("run_cancelled" if event else "content_streaming")
    assert wire.ending == "whole"


@pytest.mark.parametrize(("how", "status"), [(404, 404), (500, 500), ("slow", 200)])
async def test_the_cancel_endpoint_may_be_slow_or_fail(
    lab: Served, how: object, status: int
) -> None:
    wire = await stalled(lab)
    lab.backboard.behaviour = Behaviour.model_validate({"cancel": how, "cancel_s": 0.2})
    response = await lab.client.post(f"{wire.run_path}/cancel")
    assert response.status_code == status
    entry = lab.last
    assert (entry["ended_at"] - entry["at"] >= 0.2) is (how == "slow")
    (thread,) = lab.backboard.threads
    (run,) = thread.runs.values()
    assert (run.status == "CANCELLED") is (how == "slow")


@pytest.mark.parametrize(
    ("kept", "stored"),
    [("continue", "One two three four."), ("partial", "One two"), ("none", None)],
)
async def test_what_is_stored_when_the_client_leaves(
    lab: Served, kept: str, stored: str | None
) -> None:
    lab.backboard.behaviour = Behaviour.model_validate({"on_disconnect": kept})
    lab.script({"say": "One two three four.", "chunk_s": 0.3})
    message = COMPLETE | {"content": QUESTION}
    wire = await lab.post(MESSAGES, message, leave_after=OPENING + 2)
    assert wire.text == "One two"
    (thread,) = lab.backboard.threads
    await eventually(lambda: thread.open_run() is None, "the run is over", within_s=PROBE_S)
    answers = [text for role, text in lab.rows(thread.thread_id) if role == "assistant"]
    assert answers == ([stored] if stored else [])
    assert lab.last["disconnected_at"] is not None


@pytest.mark.parametrize(("busy", "status"), [(400, 400), (409, 409), ("accept", 200)])
@pytest.mark.parametrize("pending", [True, False])
async def test_a_busy_thread_refuses_or_takes_a_message(
    lab: Served, busy: object, status: int, pending: bool
) -> None:
    lab.backboard.behaviour = Behaviour.model_validate({"busy": busy})
    wire = await (lab.send("goodbye", tools=END_CALL) if pending else stalled(lab))
    second = await lab.send(QUESTION, thread_id=wire.thread_id)
    assert second.status == status
    assert (second.ending, len(lab.rows(wire.thread_id)) > 2) == ("whole", busy == "accept")


async def test_empty_content_may_be_refused(lab: Served) -> None:
    assert (await lab.send("")).status == 200
    lab.backboard.behaviour = Behaviour(empty_content=400)
    assert (await lab.send("")).status == 400


async def test_the_stream_may_be_split_anywhere(lab: Served) -> None:
    lab.script({"say": "Grüße — ok."})
    lab.backboard.behaviour = Behaviour(split_bytes=1)
    wire = await lab.send()
    assert {len(chunk) for chunk in wire.chunks} == {1}
    assert wire.text == "Grüße — ok."
    assert wire.headers["transfer-encoding"] == "chunked"


async def test_several_frames_may_come_at_once_but_none_is_held_back(lab: Served) -> None:
    lab.backboard.behaviour = Behaviour(frames_per_write=6)
    wire = await lab.send()
    assert max(chunk.count(b"\n\n") for chunk in wire.chunks) == 6
    assert wire.text == ANSWER
    lab.script({"scenario": "stall-mid"})
    held = await lab.post(MESSAGES, COMPLETE | {"content": QUESTION}, quiet_s=0.5)
    assert (held.ending, held.text) == ("quiet", "We are")


async def test_an_idle_connection_is_closed(lab: Served) -> None:
    lab.backboard.behaviour = Behaviour(idle_close_s=0.05)
    reader, writer = await asyncio.open_connection(lab.client.base_url.host, _port(lab))
    request = b"GET /api/models/providers HTTP/1.1\r\nHost: lab\r\nX-API-Key: lab\r\n\r\n"
    writer.write(request)
    async with asyncio.timeout(PROBE_S):
        answer = await reader.read()  # to the end: the server closes
    assert answer.startswith(b"HTTP/1.1 200 OK")
    writer.close()


async def test_a_connection_in_use_is_not_closed_as_idle(lab: Served) -> None:
    lab.backboard.behaviour = Behaviour(idle_close_s=0.1)
    await lab.send()
    lab.script({"scenario": "slow-first-token", "first_token_s": 0.3})
    assert (await lab.send()).text == ANSWER


async def test_a_pooled_connection_may_be_stale(lab: Served) -> None:
    lab.backboard.behaviour = Behaviour(drop_reused=True)
    assert (await lab.send()).status == 200
    assert (await lab.send()).ending == "broken"
    assert (await lab.send()).status == 200
    assert len([*lab.backboard.threads]) == 2


async def test_requests_are_counted_by_connection(lab: Served) -> None:
    await lab.send()
    await lab.send()
    await lab.client.get("/_lab/connections")
    async with httpx.AsyncClient(base_url=lab.client.base_url, trust_env=False) as other:
        await other.get("/api/models")
    ports: dict[str, int] = (await lab.client.get("/_lab/connections")).json()
    assert sorted(ports.values()) == [1, 2]


async def test_switches_are_set_whole_and_reset(lab: Served) -> None:
    for body, busy in (({"busy": 409}, 409), ({"split_bytes": 1}, 400)):
        response = await lab.client.put("/_lab/behaviour", json=body)
        assert response.json() == Behaviour.model_validate(body).model_dump()
        assert lab.backboard.behaviour.busy == busy
    response = await lab.client.put("/_lab/behaviour", json={"speed": 1})
    assert (response.status_code, "speed" in response.json()["detail"]) == (422, True)
    assert (await lab.client.get("/_lab/behaviour")).json()["split_bytes"] == 1
    await lab.client.delete("/_lab/behaviour")
    assert lab.backboard.behaviour == Behaviour()


async def test_models_are_listed(lab: Served) -> None:
    providers = (await lab.client.get("/api/models/providers")).json()["providers"]
    every = (await lab.client.get("/api/models")).json()
    rows: list[Any] = []
    for provider in providers:
        rows += (await lab.client.get(f"/api/models/provider/{provider}")).json()["models"]
    assert rows == every["models"]
    assert (await lab.client.get("/api/models", params={"limit": 1})).json()["total"] > 1


def _port(lab: Served) -> int:
    port = lab.client.base_url.port
    assert port is not None
    return port
