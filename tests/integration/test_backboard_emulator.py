from __future__ import annotations

import json
import time
import uuid
from collections.abc import AsyncIterator, Iterator
from typing import Any

import httpx
import pytest

from tests.checks.emulator import emulated
from tests.checks.wait import eventually

KEY = {"X-API-Key": "lab"}
MESSAGES = "/api/threads/messages"
END_CALL = {"type": "function", "function": {"name": "end_call", "parameters": {}}}
PROBE_S = 5.0

Events = list[dict[str, Any]]


@pytest.fixture(scope="module")
def emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The emulator's base URL; one process for the module."""
    with emulated("backboard", tmp_path_factory.mktemp("lab")) as url:
        yield url


@pytest.fixture
async def lab(emulator: str) -> AsyncIterator[httpx.AsyncClient]:
    """The control API: no faults, no script and an empty log."""
    async with httpx.AsyncClient(base_url=f"{emulator}/_lab") as client:
        await client.delete("/faults")
        await client.delete("/script")
        await client.delete("/requests")
        yield client
        await client.delete("/faults")


@pytest.fixture
async def api(emulator: str, lab: httpx.AsyncClient) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=emulator, headers=KEY, timeout=10) as client:
        yield client


def events_of(body: str) -> Events:
    return [json.loads(frame.removeprefix("data: ")) for frame in body.split("\n\n") if frame]


async def send(api: httpx.AsyncClient, content: str, **fields: Any) -> Events:
    response = await api.post(MESSAGES, json={"content": content, "stream": True, **fields})
    assert response.status_code == 200, response.text
    assert response.headers["content-type"].startswith("text/event-stream")
    return events_of(response.text)


async def submit(api: httpx.AsyncClient, events: Events, **body: Any) -> httpx.Response:
    return await api.post(f"{run_path(events)}/submit-tool-outputs?stream=true", json=body)


def kinds(events: Events) -> list[str]:
    """The event types, with a stretch of words as one."""
    found: list[str] = []
    for event in events:
        if found[-1:] != [event["type"]]:
            found.append(event["type"])
    return found


def thread_id(events: Events) -> str:
    return str(next(event for event in events if event["type"] == "user_message")["thread_id"])


def run_path(events: Events) -> str:
    run_id = next(event for event in events if event["type"] == "run_started")["run_id"]
    return f"/api/threads/{thread_id(events)}/runs/{run_id}"


def spoken(events: Events) -> str:
    return "".join(event["content"] for event in events if event["type"] == "content_streaming")


async def rows(api: httpx.AsyncClient, thread: str) -> list[tuple[str, str]]:
    messages = (await api.get(f"/api/threads/{thread}")).json()["messages"]
    return [(message["role"], message["content"]) for message in messages]


async def log(lab: httpx.AsyncClient, kind: str) -> list[dict[str, Any]]:
    entries: list[dict[str, Any]] = (await lab.get("/requests")).json()
    return [entry for entry in entries if entry["kind"] == kind]


async def begin(api: httpx.AsyncClient, count: int, **fields: Any) -> Events:
    """Reads `count` events of an answer, then leaves the connection."""
    events: Events = []
    body = {"content": "What are your hours?", "stream": True, **fields}
    async with api.stream("POST", MESSAGES, json=body) as response:
        async for line in response.aiter_lines():
            events += events_of(line)
            if len(events) == count:
                return events
    raise AssertionError("the stream ended early")


async def test_a_plain_turn_streams_its_events_in_order(api: httpx.AsyncClient) -> None:
    events = await send(api, "What are your opening hours?", metadata={"turn": "one"})
    assert kinds(events) == [
        *("message_received", "user_message", "run_started", "message_start"),
        *("content_streaming", "run_ended"),
    ]
    assert [event["type"] for event in events if "thread_id" in event] == ["user_message"]
    end = events[-1]
    assert end["status"] == "completed"
    assert end["content"] == spoken(events) == events[-2]["accumulated_content"]
    assert end["total_tokens"] == end["input_tokens"] + end["output_tokens"]
    stored = (await api.get(f"/api/threads/{thread_id(events)}")).json()["messages"]
    assert stored[0]["metadata_"] == {"turn": "one"}
    assert [message["role"] for message in stored] == ["user", "assistant"]


async def test_a_thread_remembers_what_was_said(api: httpx.AsyncClient) -> None:
    first = await send(api, "Book an appointment for Tuesday at three thirty.")
    second = await send(api, "Maria Lopez", thread_id=thread_id(first))
    assert "Maria Lopez, you are booked for Tuesday at three thirty" in spoken(second)


async def test_prompt_and_tools_serve_their_own_request_only(api: httpx.AsyncClient) -> None:
    prompt = "You are the receptionist of Oak Hill Vets."
    first = await send(api, "who are you?", system_prompt=prompt, tools=[END_CALL])
    assert "Oak Hill Vets" in spoken(first)
    second = await send(api, "goodbye", thread_id=thread_id(first))
    assert "Oak Hill Vets" not in spoken(second)
    assert second[-1]["type"] == "run_ended"


async def test_a_reply_without_stream_is_one_document(api: httpx.AsyncClient) -> None:
    response = await api.post(MESSAGES, json={"content": "Where can I park?", "stream": False})
    reply = response.json()
    assert reply["status"] == "COMPLETED"
    assert "free parking" in reply["content"]
    assert "free parking" not in reply["message"]
    assert reply["tool_calls"] is None
    assert [role for role, _ in await rows(api, reply["thread_id"])] == ["user", "assistant"]


async def test_a_message_not_for_the_model_is_only_stored(api: httpx.AsyncClient) -> None:
    events = await send(api, "a note", send_to_llm="false")
    assert kinds(events) == ["message_received", "user_message", "message_saved"]
    assert await rows(api, thread_id(events)) == [("user", "a note")]


async def test_a_tool_turn_waits_for_its_outputs(api: httpx.AsyncClient) -> None:
    asked = await send(api, "goodbye", tools=[END_CALL])
    assert kinds(asked)[-4:] == [
        *("content_streaming", "tool_call_start", "tool_call_ready", "tool_submit_required"),
    ]
    call = asked[-1]["tool_calls"][0]
    assert call["function"] == {"name": "end_call", "arguments": "{}"}
    outputs = [{"tool_call_id": call["id"], "output": "ended"}]
    response = await submit(api, asked, tool_outputs=outputs, tools=[END_CALL])
    after = events_of(response.text)
    assert kinds(after) == ["run_continuing", "message_start", "run_ended"]
    assert spoken(after) == ""
    assert [role for role, _ in await rows(api, thread_id(asked))] == [
        *("user", "assistant", "tool", "assistant"),
    ]
    again = await submit(api, asked, tool_outputs=outputs)
    assert again.status_code == 404
    assert "no pending REQUIRES_ACTION" in again.json()["detail"]


async def test_outputs_must_answer_the_pending_calls(api: httpx.AsyncClient) -> None:
    asked = await send(api, "goodbye", tools=[END_CALL])
    call_id = asked[-1]["tool_calls"][0]["id"]
    empty = await submit(api, asked, tool_outputs=[])
    assert empty.status_code == 422
    number = await submit(api, asked, tool_outputs=[{"tool_call_id": call_id, "output": 1}])
    assert number.status_code == 422
    other = await submit(api, asked, tool_outputs=[{"tool_call_id": "other", "output": ""}])
    assert other.status_code == 400
    right = await submit(api, asked, tool_outputs=[{"tool_call_id": call_id, "output": ""}])
    assert right.status_code == 200


@pytest.mark.parametrize("headers", [{}, {"X-API-Key": "wrong"}])
async def test_a_missing_or_wrong_key_is_401(emulator: str, headers: dict[str, str]) -> None:
    async with httpx.AsyncClient(base_url=emulator, headers=headers) as client:
        response = await client.post(MESSAGES, json={"content": "hello"})
    assert response.status_code == 401
    assert response.json() == {"detail": "Invalid or missing API key"}


@pytest.mark.parametrize(
    ("body", "location"),
    [
        (b"", ["body"]),
        (b'{"content": "hi", "thread_id": "no-uuid"}', ["body", "thread_id"]),
        (b'{"content": "hi", "stream": "true"}', ["body", "stream"]),
        (b'{"content": null}', ["body", "content"]),
        (b'{"content": "hi", "tools": {}}', ["body", "tools"]),
    ],
)
async def test_an_invalid_body_is_422_with_a_list(
    api: httpx.AsyncClient, body: bytes, location: list[str]
) -> None:
    response = await api.post(MESSAGES, content=body)
    assert response.status_code == 422
    assert response.json()["detail"][0]["loc"] == location


async def test_threads_that_do_not_exist_are_404_and_bad_ids_422(api: httpx.AsyncClient) -> None:
    unknown = str(uuid.uuid4())
    assert (await api.get(f"/api/threads/{unknown}")).status_code == 404
    assert (await api.get("/api/threads/no-uuid")).status_code == 422
    body = {"content": "hi", "thread_id": unknown}
    assert (await api.post(MESSAGES, json=body)).status_code == 404
    assert (await api.post(f"/api/threads/{unknown}/runs/x/cancel")).status_code == 404


async def test_a_deleted_thread_is_gone(api: httpx.AsyncClient) -> None:
    thread = thread_id(await send(api, "hello"))
    assert (await api.delete(f"/api/threads/{thread}")).json()["thread_id"] == thread
    assert (await api.get(f"/api/threads/{thread}")).status_code == 404


async def test_a_busy_thread_takes_no_second_message(api: httpx.AsyncClient) -> None:
    asked = await send(api, "goodbye", tools=[END_CALL])
    body = {"content": "hello", "thread_id": thread_id(asked)}
    response = await api.post(MESSAGES, json=body)
    assert response.status_code == 400
    assert ("user", "hello") not in await rows(api, thread_id(asked))
    await api.post(f"{run_path(asked)}/cancel")
    assert (await api.post(MESSAGES, json=body)).status_code == 200


async def test_cancel_ends_the_open_stream_and_may_be_repeated(
    api: httpx.AsyncClient, lab: httpx.AsyncClient
) -> None:
    await lab.put("/faults", json={"fault": "stall", "after_chunks": 2})
    events: Events = []
    body = {"content": "What are your hours?", "stream": True}
    async with api.stream("POST", MESSAGES, json=body) as response:
        async for line in response.aiter_lines():
            events += events_of(line)
            if len(events) == 6:  # four opening events and two words
                cancelled = await api.post(f"{run_path(events)}/cancel")
                assert cancelled.json()["cancelled"] is True
    assert events[-1]["type"] == "run_cancelled"
    again = await api.post(f"{run_path(events)}/cancel")
    assert (again.status_code, again.json()["cancelled"]) == (200, True)
    assert (await rows(api, thread_id(events)))[1:] == [("assistant", "We are")]


async def test_an_answer_is_stored_whole_when_the_client_leaves(
    api: httpx.AsyncClient, lab: httpx.AsyncClient
) -> None:
    await lab.put("/faults", json={"chunk_s": 0.05})
    events = await begin(api, 6)

    async def whole() -> bool:
        return any(text.endswith("anything else?") for _, text in await rows(api, thread))

    thread = thread_id(events)
    assert not await whole()
    await eventually(whole, "the answer is stored whole", within_s=PROBE_S)
    (entry,) = await log(lab, "message")
    assert entry["at"] < entry["disconnected_at"] < time.time()


async def test_a_client_that_leaves_a_stalled_answer_is_noticed(
    api: httpx.AsyncClient, lab: httpx.AsyncClient
) -> None:
    await lab.put("/faults", json={"fault": "stall"})
    await begin(api, 4)

    async def noticed() -> bool:
        return (await log(lab, "message"))[0]["disconnected_at"] is not None

    await eventually(noticed, "the disconnect is noticed", within_s=PROBE_S)


async def test_a_status_fault_answers_so_and_stores_nothing(
    api: httpx.AsyncClient, lab: httpx.AsyncClient
) -> None:
    thread = thread_id(await send(api, "hello"))
    before = await rows(api, thread)
    await lab.put("/faults", json={"fault": "status", "status": 500, "times": 1})
    body = {"content": "hello again", "thread_id": thread}
    response = await api.post(MESSAGES, json=body)
    assert response.status_code == 500
    assert response.json() == {"detail": "Something went wrong. Please try again later."}
    assert await rows(api, thread) == before
    assert (await api.post(MESSAGES, json=body)).status_code == 200


async def test_a_close_fault_breaks_the_stream_after_so_many_words(
    api: httpx.AsyncClient, lab: httpx.AsyncClient
) -> None:
    await lab.put("/faults", json={"fault": "close", "after_chunks": 3})
    events: Events = []

    async def read() -> None:
        body = {"content": "What are your hours?", "stream": True}
        async with api.stream("POST", MESSAGES, json=body) as response:
            async for line in response.aiter_lines():
                events.extend(events_of(line))

    with pytest.raises(httpx.RemoteProtocolError):
        await read()
    assert spoken(events) == "We are open"
    assert len(await rows(api, thread_id(events))) == 2


async def test_the_first_word_waits_for_first_byte_s_but_the_opening_does_not(
    api: httpx.AsyncClient, lab: httpx.AsyncClient
) -> None:
    await lab.put("/faults", json={"first_byte_s": 0.2})
    await send(api, "hello")
    (entry,) = await log(lab, "message")
    assert entry["first_event_at"] - entry["at"] >= 0.2
    await lab.put("/faults", json={"fault": "stall"})
    assert kinds(await begin(api, 4))[-1] == "message_start"


async def test_the_log_shows_requests_and_connections(
    api: httpx.AsyncClient, lab: httpx.AsyncClient
) -> None:
    events = await send(api, "hello", system_prompt="Be kind.", tools=[END_CALL], memory="auto")
    await send(api, "hello", thread_id=thread_id(events), memory="Auto")
    first, second = await log(lab, "message")
    assert (first["content"], first["system_prompt"]) == ("hello", "Be kind.")
    assert (first["tools"], second["tools"]) == (["end_call"], [])
    assert (first["misspelt_memory"], second["misspelt_memory"]) == (True, False)
    assert first["thread_id"] == second["thread_id"] == thread_id(events)
    assert first["run_id"] in run_path(events)
    assert first["client_port"] == second["client_port"]
    assert first["at"] <= first["first_event_at"] <= first["ended_at"] <= second["at"]
    async with httpx.AsyncClient(base_url=str(api.base_url), headers=KEY) as other:
        await send(other, "hello")
    assert (await log(lab, "message"))[2]["client_port"] != first["client_port"]


async def test_a_scripted_line_is_said_once(api: httpx.AsyncClient, lab: httpx.AsyncClient) -> None:
    line = {"match": "^hello", "say": "Scripted.", "tool_calls": [{"name": "end_call"}]}
    assert (await lab.put("/script", json=line)).status_code == 200
    assert spoken(await send(api, "other")) != "Scripted."
    scripted = await send(api, "Hello there", tools=[END_CALL])
    assert (spoken(scripted), scripted[-1]["type"]) == ("Scripted.", "tool_submit_required")
    assert (await lab.get("/script")).json() == []
    assert spoken(await send(api, "Hello there")) != "Scripted."


async def test_scripted_rounds_chain_and_unoffered_tools_become_prose(
    api: httpx.AsyncClient, lab: httpx.AsyncClient
) -> None:
    call = [{"name": "end_call", "arguments": "not json"}]
    script = [{"match": match, "tool_calls": call} for match in ("^hi$", "^one$", "^two$")]
    await lab.put("/script", json=script)
    events = await send(api, "hi", tools=[END_CALL])
    tools: list[dict[str, Any]] = [END_CALL]
    last = events[-1]
    for output in ("one", "two"):
        assert last["tool_calls"][0]["function"]["arguments"] == "not json"
        outputs = [{"tool_call_id": last["tool_calls"][0]["id"], "output": output}]
        body = {"tool_outputs": outputs} | ({"tools": tools} if output == "one" else {})
        last = events_of((await submit(api, events, **body)).text)[-1]
    assert last["type"] == "run_ended"
    assert last["content"] == "Calling end_call."


async def test_a_faulty_script_is_refused(lab: httpx.AsyncClient) -> None:
    assert (await lab.put("/script", json={"match": "("})).status_code == 422
    assert (await lab.put("/script", content=b"nonsense")).status_code == 422
