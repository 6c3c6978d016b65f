"""Callers who are remembered from call to call, and operators who look or make the bot forget."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import httpx
import pytest
from typer.testing import CliRunner, Result

from bot.backboard import Client, Memories
from bot.caller import Caller, Recollection, assistant_name
from bot_admin.app import app
from tests.checks.emulator import emulated
from tests.checks.plugin import Line
from tests.checks.wait import eventually

NUMBER = "+12025550123"
NAME = assistant_name("front-desk", NUMBER)
CALL = ["Receptionist: May I have your name, please?", "Caller: My name is David Miller."]


@pytest.fixture
async def memories(line: Line) -> AsyncIterator[Memories]:
    client = Client(base_url=line.url, api_key="lab")
    yield Memories(client)
    await client.aclose()


async def never(_: Recollection) -> None:
    raise AssertionError("it was recalled in time")


async def recall(memories: Memories, name: str = NAME) -> Recollection:
    caller = Caller(memories, name)
    recollection = await caller.recalled(or_later=never, within_s=5)
    assert recollection is not None
    await caller.aclose()
    return recollection


async def test_a_caller_is_known_by_name_at_the_next_call(memories: Memories) -> None:
    caller = Caller(memories, NAME)
    first = await caller.recalled(or_later=never, within_s=5)
    assert first is not None
    assert (first.facts, first.name) == ((), None)
    await caller.remember(CALL)
    await caller.aclose()
    keeper = await memories.find(NAME)
    assert keeper == first.assistant_id

    async def written() -> bool:
        return bool(await memories.all(first.assistant_id))

    await eventually(written, "the facts are written", within_s=5)
    assert (await recall(memories)).name == "David Miller"
    assert (await recall(memories, assistant_name("sales", NUMBER))).name is None


async def test_a_slow_service_holds_up_no_answer_and_is_heard_later(
    line: Line, memories: Memories
) -> None:
    keeper = await memories.create(NAME)
    line.backboard.behaviour = line.backboard.behaviour.model_copy(update={"lookup_s": 0.4})
    arrived = asyncio.Event()
    late: list[Recollection] = []

    async def later(recollection: Recollection) -> None:
        late.append(recollection)
        arrived.set()

    caller = Caller(memories, NAME)
    began = time.monotonic()
    assert await caller.recalled(or_later=later, within_s=0.05) is None
    assert time.monotonic() - began < 0.3
    await asyncio.wait_for(arrived.wait(), 5)
    assert late[0].assistant_id == keeper
    await caller.aclose()


async def test_a_service_that_is_not_there_makes_a_stranger_of_everybody() -> None:
    client = Client(base_url="http://127.0.0.1:9/api", api_key="lab")
    caller = Caller(Memories(client), NAME)
    assert await caller.recalled(or_later=never, within_s=5) is None
    await caller.remember(CALL)
    await caller.aclose()
    await client.aclose()


async def test_a_call_without_words_leaves_nothing(line: Line, memories: Memories) -> None:
    caller = Caller(memories, NAME)
    await caller.remember([])
    await caller.aclose()
    assert line.posted() == []


# --- The operator ---------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def backboard(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with emulated("backboard", tmp_path_factory.mktemp("lab")) as url:
        yield f"{url}/api"


@pytest.fixture
def known(backboard: str) -> str:
    """The assistant of a caller who has left two facts with the front desk."""
    with httpx.Client(base_url=backboard, headers={"X-API-Key": "lab"}) as http:
        keeper = http.post("/assistants", json={"name": NAME}).json()["assistant_id"]
        for fact in ("Name: David Miller", "Booked an appointment for Tuesday."):
            http.post(f"/assistants/{keeper}/memories", json={"content": fact}).raise_for_status()
    return str(keeper)


def run(backboard: str, *arguments: str, key: str = "lab", stdin: str | None = None) -> Result:
    environment = {"BACKBOARD_BASE_URL": backboard, "BACKBOARD_API_KEY": key}
    return CliRunner().invoke(app, ["caller", *arguments], env=environment, input=stdin)


def test_an_operator_sees_what_is_remembered_and_makes_it_forgotten(
    backboard: str, known: str
) -> None:
    shown = run(backboard, "show", "+1 (202) 555-0123")
    assert shown.exit_code == 0
    assert shown.stdout.splitlines() == [
        "front-desk: 2 facts",
        "  Name: David Miller",
        "  Booked an appointment for Tuesday.",
    ]
    told = json.loads(run(backboard, "show", NUMBER, "--json").stdout)
    assert (told["number"], told["personas"]) == (NUMBER, ["front-desk"])
    assert told["facts"][0]["text"] == "Name: David Miller"

    forgotten = run(backboard, "forget", NUMBER, "--yes")
    assert forgotten.exit_code == 0
    assert "forgotten by front-desk" in forgotten.stderr
    gone = httpx.get(f"{backboard}/assistants/{known}", headers={"X-API-Key": "lab"})
    assert gone.status_code == 404
    assert json.loads(run(backboard, "show", NUMBER, "--json").stdout)["facts"] == []


def test_nobody_is_forgotten_unless_somebody_says_so(backboard: str, known: str) -> None:
    result = run(backboard, "forget", NUMBER)
    assert result.exit_code == 2
    assert "--yes" in result.stderr
    assert httpx.get(f"{backboard}/assistants/{known}", headers={"X-API-Key": "lab"}).is_success
    assert run(backboard, "forget", NUMBER, "--yes").exit_code == 0


def test_who_was_never_known_is_no_failure(backboard: str) -> None:
    for command in (["show"], ["forget", "--yes"]):
        result = run(backboard, *command, "+12025550199")
        assert result.exit_code == 0
        assert "Nothing is remembered of +12025550199." in result.stderr


def test_a_persona_that_is_gone_can_still_be_asked(backboard: str, known: str) -> None:
    assert known
    assert run(backboard, "show", NUMBER, "--persona", "old-desk").stdout == ""
    assert "2 facts" in run(backboard, "show", NUMBER, "--persona", "front-desk").stdout
    assert run(backboard, "forget", NUMBER, "--yes").exit_code == 0


@pytest.mark.parametrize(
    ("arguments", "key", "url", "exit_code", "words"),
    [
        (["show", "555"], "lab", None, 2, "555 is not a number in E.164 form"),
        (["show", NUMBER], "wrong", None, 1, "Check BACKBOARD_API_KEY"),
        (["show", NUMBER], "lab", "http://127.0.0.1:9/api", 1, "Check BACKBOARD_BASE_URL"),
        (["show", NUMBER], "lab", "backboard", 1, "must begin with https://"),
    ],
    ids=["number", "key", "nowhere", "url"],
)
def test_what_cannot_be_asked_is_one_sentence(
    backboard: str, arguments: list[str], key: str, url: str | None, exit_code: int, words: str
) -> None:
    result = run(url or backboard, *arguments, key=key)
    assert result.exit_code == exit_code
    assert words in result.stderr
    assert "Traceback" not in result.stderr


def test_without_a_key_it_says_which_is_missing(tmp_path: Path) -> None:
    empty = tmp_path / "env"
    empty.touch()
    environment = {"BACKBOARD_BASE_URL": "", "BACKBOARD_API_KEY": ""}
    result = CliRunner().invoke(
        app, ["--env-file", str(empty), "caller", "show", NUMBER], env=environment
    )
    assert result.exit_code == 1
    assert "BACKBOARD_API_KEY is missing" in result.stderr
