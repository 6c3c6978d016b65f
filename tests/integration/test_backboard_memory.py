"""Memory: who keeps it, what is written into it and when, and who is kept out of it."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator

import httpx
import pytest
import respx
from livekit.agents import APIError, APIStatusError
from livekit.agents.llm import ChatContext

from bot.backboard import LLM, Client, Fact, Memories
from tests.checks.plugin import Line, ask, call, heard
from tests.checks.wait import eventually

NAMED = "My name is David Miller."


@pytest.fixture
async def memories(line: Line) -> AsyncIterator[Memories]:
    client = Client(base_url=line.url, api_key="lab")
    yield Memories(client)
    await client.aclose()


def _auto(line: Line, assistant_id: str) -> LLM:
    return LLM(api_key="lab", base_url=line.url, assistant_id=assistant_id, memory="Auto")


async def _remembered(memories: Memories, assistant_id: str) -> list[Fact]:
    found: list[Fact] = []

    async def there() -> bool:
        found[:] = await memories.all(assistant_id)
        return bool(found)

    await eventually(there, "the facts are written", within_s=5)
    return found


async def test_an_assistant_is_found_by_its_exact_name_and_the_oldest_wins(
    memories: Memories,
) -> None:
    assert await memories.find("hotline/desk/1") is None
    first = await memories.create("hotline/desk/1")
    await memories.create("hotline/desk/1")
    await memories.create("hotline/desk/10")
    assert await memories.find("hotline/desk/1") == first


async def test_what_is_ingested_is_found_by_search_and_asks_no_model(
    line: Line, memories: Memories
) -> None:
    keeper = await memories.create("hotline/desk/1", extraction="Write `Name: ` and the name.")
    await memories.ingest(keeper, f"Assistant: Your name, please?\nUser: {NAMED}")
    (fact,) = await _remembered(memories, keeper)
    assert fact.text == "Name: David Miller"
    assert await memories.search(keeper, "who is the caller") == ["Name: David Miller"]
    assert "seen" not in line.posted()[0]


async def test_one_keeper_never_knows_what_another_does(memories: Memories) -> None:
    mine, theirs = [await memories.create(f"hotline/desk/{n}") for n in (1, 2)]
    await memories.ingest(mine, f"User: {NAMED}")
    await _remembered(memories, mine)
    assert await memories.all(theirs) == []
    assert await memories.search(theirs, "name") == []


async def test_forgetting_takes_every_assistant_of_the_name_and_no_other(
    line: Line, memories: Memories
) -> None:
    for name in ("hotline/desk/1", "hotline/desk/1", "hotline/desk/2"):
        await memories.create(name)
    assert await memories.forget("hotline/desk/1") == 2
    assert await memories.find("hotline/desk/1") is None
    assert await memories.find("hotline/desk/2") is not None
    assert await memories.forget("hotline/desk/1") == 0


async def test_a_key_that_is_refused_is_no_forgetting(line: Line) -> None:
    client = Client(base_url=line.url, api_key="wrong")
    with pytest.raises(APIStatusError) as caught:
        await Memories(client).forget("hotline/desk/1")
    assert caught.value.status_code == 401
    await client.aclose()


async def test_auto_reads_during_the_call_and_writes_at_its_end_what_was_really_said(
    line: Line, memories: Memories
) -> None:
    keeper = await memories.create("hotline/desk/1")
    async with _auto(line, keeper) as llm:
        ctx = call("Hello")
        await ask(llm, ctx)
        speculation = ctx.copy()
        speculation.add_message(role="user", content="My name is David")
        await heard(llm.chat(chat_ctx=speculation))
        ctx.add_message(role="user", content=NAMED)
        await ask(llm, ctx)
        assert {entry["memory"] for entry in line.posted()} == {"Readonly"}
    *_, written = line.posted()
    assert (written["memory"], written["send_to_llm"]) == ("Auto", "false")
    said = [text for text in written["content"].splitlines() if text.startswith("User: ")]
    assert said == ["User: Hello", f"User: {NAMED}"]
    assert [fact.text for fact in await _remembered(memories, keeper)] == [
        "The user's name is David Miller"
    ]


async def test_what_was_written_by_hand_is_not_written_again(
    line: Line, memories: Memories
) -> None:
    keeper = await memories.create("hotline/desk/1")
    llm = _auto(line, keeper)
    ctx = call(NAMED)
    await ask(llm, ctx)
    await llm.remember(ctx)
    await llm.aclose()
    written = [entry for entry in line.posted() if entry["memory"] == "Auto"]
    assert len(written) == 1
    assert "Assistant: " in written[0]["content"]


async def test_nobody_remembers_without_an_assistant(line: Line) -> None:
    with pytest.raises(ValueError, match="assistant_id"):
        await line.llm.remember(ChatContext.empty())


async def test_a_change_of_assistant_leaves_the_others_threads_alone(
    line: Line, memories: Memories
) -> None:
    keeper = await memories.create("hotline/desk/1")
    ctx = call("Hello")
    await ask(line.llm, ctx)
    line.llm.update_options(assistant_id=keeper, memory="Readonly")
    ctx.add_message(role="user", content="When do you open?")
    await ask(line.llm, ctx)
    first, second = line.posted()
    assert first["thread_id"] != second["thread_id"]
    thread = line.backboard.threads.get(second["thread_id"])
    assert thread is not None
    assert thread.assistant_id == keeper


@pytest.mark.parametrize(
    "document", [None, [None, 5], {"assistants": None}, {"memories": None}, {"memories": ["x"]}, 7]
)
async def test_what_cannot_be_read_is_an_error_and_no_crash(
    respx_mock: respx.MockRouter, document: object
) -> None:
    respx_mock.route(host="backboard.example").respond(json=document)
    async with httpx.AsyncClient() as http:
        client = Client(base_url="http://backboard.example/api", api_key="k", http_client=http)
        memories = Memories(client)
        with pytest.raises(APIError):
            await memories.all("a")
        with contextlib.suppress(APIError):  # a list without the name is an honest answer
            assert await memories.find("hotline/desk/1") is None
