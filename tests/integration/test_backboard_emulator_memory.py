"""Assistants and their memory at the lab's Backboard."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator
from typing import Any

import pytest

from lab.backboard.behaviour import Behaviour
from tests.checks.backboard import Served, served
from tests.checks.wait import eventually

ASSISTANTS = "/api/assistants"
TRANSCRIPT = """The call so far.
Receptionist: Hello, how can I help?
Caller: Book me for Tuesday at three thirty.
Receptionist: Tuesday at three thirty is free. May I have your name, please?
Caller: David Miller."""
NAME = "The user's name is David Miller"
BOOKED = "Booked an appointment for Tuesday at three thirty."


@pytest.fixture
async def lab() -> AsyncIterator[Served]:
    async with served() as lab:
        lab.backboard.behaviour = Behaviour(memory_delay_s=0.01)
        yield lab


async def created(lab: Served, name: str = "caller", **fields: Any) -> str:
    """A new assistant's id."""
    response = await lab.client.post(ASSISTANTS, json={"name": name, **fields})
    assert response.status_code == 200, response.text
    return str(response.json()["assistant_id"])


async def remembered(lab: Served, assistant: str) -> list[str]:
    """What the assistant remembers."""
    rows = (await lab.client.get(f"{ASSISTANTS}/{assistant}/memories")).json()["memories"]
    return [row["content"] for row in rows]


async def ingested(lab: Served, assistant: str, content: str, **fields: Any) -> dict[str, Any]:
    """The operation of a message that no model answers, once it is complete."""
    body = {"memory": "Auto", "send_to_llm": "false", "assistant_id": assistant, **fields}
    wire = await lab.send(content, **body)
    return await completed(lab, wire.only("message_saved")["memory_operation_id"])


async def completed(lab: Served, operation_id: str) -> dict[str, Any]:
    """The operation, once it is complete."""
    path = f"{ASSISTANTS}/memories/operations/{operation_id}"

    async def is_complete() -> bool:
        return bool((await lab.client.get(path)).json()["status"] == "COMPLETED")

    await eventually(is_complete, "the memory is written", within_s=5)
    operation: dict[str, Any] = (await lab.client.get(path)).json()
    return operation


async def test_an_assistant_is_found_by_its_exact_name(lab: Served) -> None:
    first, _ = await created(lab, "caller-1"), await created(lab, "caller-10")
    found = (await lab.client.get(ASSISTANTS, params={"name": "caller-1"})).json()
    assert [row["assistant_id"] for row in found] == [first]
    assert (await lab.client.get(ASSISTANTS, params={"name": "Caller-1"})).json() == []
    page = (await lab.client.get(ASSISTANTS, params={"skip": 1, "limit": 1})).json()
    assert [row["assistant_id"] for row in page] == [first]  # after the default one
    assert (await lab.client.get(ASSISTANTS, params={"limit": 201})).status_code == 422


@pytest.mark.parametrize("body", [{}, {"name": ""}, {"name": "x" * 256}, {"name": "x", "tok_k": 0}])
async def test_an_assistant_has_a_name_and_limits(lab: Served, body: dict[str, Any]) -> None:
    assert (await lab.client.post(ASSISTANTS, json=body)).status_code == 422


async def test_an_assistant_is_changed_and_cloned(lab: Served) -> None:
    template = await created(lab, "template", description="Be brief.", tok_k=3)
    path = f"{ASSISTANTS}/{template}"
    await lab.client.post(f"{path}/memories", json={"content": "A fact."})
    changed = (await lab.client.put(path, json={"system_prompt": "Be kind."})).json()
    assert (changed["name"], changed["system_prompt"], changed["tok_k"]) == (
        *("template", "Be kind.", 3),
    )
    for copy, memories in ((True, ["A fact."]), (False, [])):
        body = {"name": "clone", "copy_memories": copy}
        clone = (await lab.client.post(f"{path}/clone", json=body)).json()
        assert (clone["name"], clone["system_prompt"]) == ("clone", "Be kind.")
        assert clone["assistant_id"] != template
        assert await remembered(lab, clone["assistant_id"]) == memories


async def test_deleting_an_assistant_takes_its_threads_and_memories(lab: Served) -> None:
    kept = (await lab.send()).thread_id
    assistant = await created(lab)
    thread = (await lab.send(assistant_id=assistant)).thread_id
    path = f"{ASSISTANTS}/{assistant}"
    assert (await lab.client.delete(path)).json()["assistant_id"] == assistant
    assert (await lab.client.get(path)).status_code == 404
    assert (await lab.client.get(f"{path}/memories")).status_code == 404
    assert [found.thread_id for found in lab.backboard.threads] == [kept]
    assert (await lab.client.get(f"/api/threads/{thread}")).status_code == 404


async def test_there_is_always_an_assistant_for_threads_that_name_none(lab: Served) -> None:
    (row,) = (await lab.client.get(ASSISTANTS)).json()
    await lab.client.delete(f"{ASSISTANTS}/{row['assistant_id']}")
    assert (await lab.send()).status == 200


async def test_a_thread_is_made_for_an_assistant_with_a_body(lab: Served) -> None:
    assistant = await created(lab)
    path = f"{ASSISTANTS}/{assistant}/threads"
    assert (await lab.client.post(path)).status_code == 422
    thread = (await lab.client.post(path, json={})).json()
    assert thread["messages"] == []
    await lab.send(thread_id=thread["thread_id"])
    await lab.send()
    listed = (await lab.client.get(path)).json()
    assert [row["thread_id"] for row in listed] == [thread["thread_id"]]


async def test_memories_are_kept_searched_and_forgotten(lab: Served) -> None:
    base = f"{ASSISTANTS}/{await created(lab)}/memories"
    ids = [
        (await lab.client.post(base, json={"content": text, "metadata": {"n": 1}})).json()["id"]
        for text in ("Likes tea.", "Parks behind the house.")
    ]
    search = {"query": "where does the caller park behind", "limit": 1}
    found = (await lab.client.post(f"{base}/search", json=search)).json()
    assert (found["total_count"], found["memories"][0]["id"]) == (1, ids[1])
    assert 0 < found["memories"][0]["score"] <= 1
    assert (await lab.client.post(f"{base}/search", json={"limit": 51})).status_code == 422
    one = f"{base}/{ids[0]}"
    await lab.client.put(one, json={"content": "Likes coffee."})
    row = (await lab.client.get(one)).json()
    assert (row["content"], row["metadata"]) == ("Likes coffee.", {"n": 1})
    await lab.client.delete(one)
    assert (await lab.client.get(one)).status_code == 404
    assert (await lab.client.get(f"{base}/stats")).json() == {"total_memories": 1}
    await lab.client.delete(base)
    assert (await lab.client.get(base)).json() == {"memories": [], "total_count": 0}


async def test_a_transcript_is_remembered_without_a_run(lab: Served) -> None:
    assistant = await created(lab)
    operation = await ingested(lab, assistant, TRANSCRIPT)
    assert [(change["event"], change["memory"]) for change in operation["memory_ids"]] == [
        *(("ADD", NAME), ("ADD", BOOKED)),
    ]
    assert await remembered(lab, assistant) == [NAME, BOOKED]
    again = await ingested(lab, assistant, TRANSCRIPT)
    assert [change["event"] for change in again["memory_ids"]] == ["NONE", "NONE"]
    renamed = await ingested(lab, assistant, "My name is Ann Lee.")
    assert [change["event"] for change in renamed["memory_ids"]] == ["UPDATE"]
    assert await remembered(lab, assistant) == ["The user's name is Ann Lee", BOOKED]


async def test_writing_takes_its_time(lab: Served) -> None:
    lab.backboard.behaviour = Behaviour(memory_delay_s=60)
    assistant = await created(lab)
    body = {"memory": "Auto", "send_to_llm": "false", "assistant_id": assistant}
    operation_id = (await lab.send(TRANSCRIPT, **body)).events[-1]["memory_operation_id"]
    operation = (await lab.client.get(f"{ASSISTANTS}/memories/operations/{operation_id}")).json()
    assert (operation["status"], operation["memory_ids"]) == ("IN_PROGRESS", [])
    assert await remembered(lab, assistant) == []
    unknown = f"{ASSISTANTS}/memories/operations/{uuid.uuid4()}"
    assert (await lab.client.get(unknown)).status_code == 404


async def test_the_assistants_own_prompt_decides_how_a_name_is_written(lab: Served) -> None:
    prompt = "Write the name as `Name: <full name>`."
    assistant = await created(lab, custom_fact_extraction_prompt=prompt)
    await ingested(lab, assistant, "My name is David Miller.")
    assert await remembered(lab, assistant) == ["Name: David Miller"]


@pytest.mark.parametrize(
    ("memory", "known", "written"),
    [
        ({"memory": "Auto"}, True, True),
        ({"memory_pro": "Auto"}, True, True),
        ({"memory": "Readonly"}, True, False),
        ({"memory": "off"}, False, False),
        ({"memory": "auto"}, False, False),
        ({}, False, False),
    ],
)
async def test_what_is_remembered_reaches_the_model_and_what_is_new_the_memory(
    lab: Served, memory: dict[str, str], known: bool, written: bool
) -> None:
    assistant = await created(lab)
    await lab.client.post(f"{ASSISTANTS}/{assistant}/memories", json={"content": NAME})
    content = "Book me for Tuesday at three thirty."
    wire = await lab.send(content, assistant_id=assistant, **memory)
    assert lab.last["seen"]["memories"] == ([NAME] if known else [])
    assert ("memory_retrieved" in wire.types) is known
    assert ("booked" in wire.text) is known  # without asking for the name
    end = wire.only("run_ended")
    assert [found["memory"] for found in end["retrieved_memories"]] == ([NAME] if known else [])
    assert (end["memory_operation_id"] is not None) is written
    if written:
        await completed(lab, end["memory_operation_id"])
    assert await remembered(lab, assistant) == [NAME] + [BOOKED] * written


async def test_memory_belongs_to_one_assistant(lab: Served) -> None:
    assistant = await created(lab)
    await ingested(lab, assistant, "My name is David Miller.")
    other = await lab.send("What is my name?", assistant_id=await created(lab), memory="Readonly")
    assert other.text == "I am sorry, I do not know your name yet."
    assert "memory_retrieved" not in other.types
    own = await lab.send("What is my name?", assistant_id=assistant, memory="Readonly")
    assert own.text == "Your name is David Miller."


async def test_facts_are_gathered_over_the_turns_of_a_thread(lab: Served) -> None:
    assistant = await created(lab)
    first = await lab.send("Book me for Tuesday at three thirty.", assistant_id=assistant)
    second = await lab.send("David Miller", thread_id=first.thread_id, memory="Auto")
    await completed(lab, second.events[-1]["memory_operation_id"])
    assert await remembered(lab, assistant) == [NAME, BOOKED]


async def test_the_reply_without_stream_tells_of_memory_too(lab: Served) -> None:
    assistant = await created(lab)
    await ingested(lab, assistant, "My name is David Miller.")
    body = {"assistant_id": assistant, "memory": "Auto", "stream": False}
    reply = (await lab.send("What is my name?", **body)).json
    assert reply["retrieved_memories"][0]["memory"] == NAME
    assert reply["memory_operation_id"] is not None
