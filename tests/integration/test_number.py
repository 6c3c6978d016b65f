"""`bot-admin number` against an emulated LiveKit Cloud, and against a server that is not one."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import httpx
import pytest
import typer
from aiohttp.test_utils import TestServer
from livekit import api
from typer.testing import CliRunner, Result

from bot_admin.app import app
from lab.faults import Control, Faults
from lab.network import Lab
from lab.phone_numbers.access import API_KEY, API_SECRET
from lab.phone_numbers.api import PhoneNumberService
from lab.phone_numbers.project import Holding
from lab.ports import PortBlock
from lab.settings import LabSettings
from sip.errors import OutcomeUnknownError, RefusedError, UnreachableError
from sip.remote import phone_numbers
from tests.checks.emulator import emulated

NUMBER = "+14155550100"
OTHER = "+12025550100"
RULES = [{"id": "SDR_front", "name": "front-desk"}, {"id": "SDR_sales", "name": "sales"}]


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with emulated("phone_numbers", tmp_path_factory.mktemp("cloud")) as url:
        yield url


@pytest.fixture(autouse=True)
def _free_plan(cloud: str) -> None:
    """Every test begins with an empty project, no faults and an empty log."""
    project(cloud)
    for log in ("faults", "requests"):
        httpx.delete(f"{cloud}/_lab/{log}", trust_env=False).raise_for_status()


def project(cloud: str, **fields: Any) -> None:
    body = {"rules": RULES, **fields}
    httpx.put(f"{cloud}/_lab/project", json=body, trust_env=False).raise_for_status()


def held(cloud: str) -> dict[str, list[str]]:
    """The rules of each number that is held, as the emulator has it."""
    content = httpx.get(f"{cloud}/_lab/project", trust_env=False).json()
    return {n["e164"]: n["rule_ids"] for n in content["numbers"] if n["released_at"] is None}


def asked(cloud: str) -> list[str]:
    content = httpx.get(f"{cloud}/_lab/requests", trust_env=False).json()
    return [entry["kind"] for entry in content]


def run(url: str, *arguments: str, secret: str = API_SECRET) -> Result:
    environment = {
        "LIVEKIT_URL": url,
        "LIVEKIT_API_KEY": API_KEY,
        "LIVEKIT_API_SECRET": secret,
    }
    return CliRunner().invoke(app, ["number", *arguments], env=environment)


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def at_a_terminal(monkeypatch: pytest.MonkeyPatch, answer: str) -> list[str]:
    """Somebody who types `answer`; returns what they were asked."""
    questions: list[str] = []

    def typed(question: str, **_: object) -> str:
        questions.append(question)
        return answer

    monkeypatch.setattr("bot_admin.number.sys", SimpleNamespace(stdin=Terminal()))
    monkeypatch.setattr(typer, "confirm", lambda question, **_: typed(question) == "y")
    monkeypatch.setattr(typer, "prompt", typed)
    return questions


# --- Searching ------------------------------------------------------------------------------------


def test_search_shows_what_is_for_sale_and_how_to_buy_it(cloud: str) -> None:
    shown = run(cloud, "search", "--area-code", "415", "--limit", "2")
    assert shown.exit_code == 0
    assert shown.stdout.splitlines() == [
        "+14155550100  local  San Francisco, CA  voice",
        "+14155550101  local  San Francisco, CA  voice",
    ]
    assert "bot-admin number buy +14155550100" in shown.stderr


def test_search_follows_pages_up_to_the_limit(cloud: str) -> None:
    told = json.loads(run(cloud, "search", "--limit", "120", "--json").stdout)["numbers"]
    assert len({number["e164"] for number in told}) == 120
    assert {number["country"] for number in told} == {"US"}
    assert asked(cloud) == ["SearchPhoneNumbers"] * 3


def test_search_that_finds_nothing_says_so(cloud: str) -> None:
    shown = run(cloud, "search", "--area-code", "907")
    assert (shown.exit_code, shown.stdout) == (0, "")
    assert "No number of area code 907 of US is for sale." in shown.stderr


# --- The list -------------------------------------------------------------------------------------


def test_list_names_the_rule_and_counts(cloud: str) -> None:
    numbers = [
        {"e164": NUMBER, "rule_ids": ["SDR_front"]},
        {"e164": "+18885550100"},
        {"e164": OTHER, "rule_ids": ["SDR_gone"]},
        {"e164": "+12125550100", "released_at": "2026-09-24T19:39:32Z"},
    ]
    project(cloud, plan="paid", numbers=numbers)
    shown = run(cloud, "list")
    assert shown.stdout.splitlines() == [
        "+14155550100  local      San Francisco, CA  active   front-desk",
        "+18885550100  toll-free  -                  offline  no rule",
        "+12025550100  local      Washington, DC     active   SDR_gone",
    ]
    assert "3 numbers: 2 active, 1 offline." in shown.stderr


def test_list_can_be_narrowed_to_statuses(cloud: str) -> None:
    numbers = [
        {"e164": NUMBER},
        {"e164": OTHER, "provisioning": True},
        {"e164": "+12125550100", "released_at": "2026-09-24T19:39:32Z"},
    ]
    project(cloud, plan="paid", numbers=numbers)
    shown = run(cloud, "list", "--status", "pending", "--status", "released", "--json")
    told = json.loads(shown.stdout)
    assert told["counts"] == {"pending": 1, "released": 1}
    assert [number["e164"] for number in told["numbers"]] == [OTHER, "+12125550100"]
    assert run(cloud, "list", "--status", "lost").exit_code == 2


def test_list_follows_all_pages(cloud: str) -> None:
    numbers = [{"e164": f"+1{code}55501{n:02}"} for code in (212, 312) for n in range(60)]
    project(cloud, plan="paid", numbers=numbers)
    told = json.loads(run(cloud, "list", "--json").stdout)
    assert told["counts"] == {"offline": 120}
    assert asked(cloud) == ["ListPhoneNumbers"] * 3


def test_a_project_without_numbers_says_so(cloud: str) -> None:
    shown = run(cloud, "list")
    assert (shown.exit_code, shown.stdout, shown.stderr) == (0, "", "No numbers.\n")


# --- Buying ---------------------------------------------------------------------------------------


def test_buying_shows_the_price_and_the_plan_and_routes_the_number(cloud: str) -> None:
    bought = run(cloud, "buy", "+1 (415) 555-0100", "--rule", "front-desk", "--yes")
    assert bought.exit_code == 0
    assert bought.stdout == "bought  +14155550100  active\n"
    assert "local  $1.00 a month" in bought.stderr
    assert "The project has no number. Every plan includes one US local number" in bought.stderr
    assert "livekit.com/pricing" in bought.stderr
    assert "check the dashboard for today's prices" in bought.stderr
    assert held(cloud) == {NUMBER: ["SDR_front"]}


def test_several_are_bought_by_one_request(cloud: str) -> None:
    project(cloud, plan="paid")
    told = json.loads(run(cloud, "buy", NUMBER, OTHER, NUMBER, "--yes", "--json").stdout)
    assert [number["number"] for number in told["bought"]] == [NUMBER, OTHER]
    assert asked(cloud).count("PurchasePhoneNumber") == 1
    assert set(held(cloud)) == {NUMBER, OTHER}


def test_a_number_bought_without_a_rule_says_what_is_left_to_do(cloud: str) -> None:
    result = run(cloud, "buy", NUMBER, "--yes")
    assert result.stdout == "bought  +14155550100  offline\n"
    assert "bot-admin number assign +14155550100 RULE" in result.stderr


def test_nothing_is_bought_unless_somebody_says_so(
    cloud: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    silent = run(cloud, "buy", NUMBER)
    assert silent.exit_code == 2
    assert "--yes" in silent.stderr
    assert asked(cloud) == []
    questions = at_a_terminal(monkeypatch, "n")
    refused = run(cloud, "buy", NUMBER)
    assert refused.exit_code == 1
    assert "Nothing was bought." in refused.stderr
    assert "$1.00 a month" in refused.stderr
    assert questions == ["Buy +14155550100?"]
    assert held(cloud) == {}
    at_a_terminal(monkeypatch, "y")
    assert run(cloud, "buy", NUMBER).exit_code == 0
    assert set(held(cloud)) == {NUMBER}


def test_a_number_that_is_ours_is_not_bought_again(cloud: str) -> None:
    project(cloud, numbers=[{"e164": NUMBER, "rule_ids": ["SDR_front"]}])
    result = run(cloud, "buy", NUMBER, "--yes", "--json")
    assert result.exit_code == 0
    assert json.loads(result.stdout) == {"bought": [], "already_ours": [NUMBER], "rule": None}
    assert "is this project's already (active)" in result.stderr
    assert asked(cloud) == ["ListPhoneNumbers"]


def test_the_free_plan_has_one_number(cloud: str) -> None:
    project(cloud, numbers=[{"e164": NUMBER}])
    result = run(cloud, "buy", OTHER, "--yes")
    assert result.exit_code == 1
    assert "The project has 1 number." in result.stderr
    assert "the free plan has one number: release the one you have" in result.stderr
    assert set(held(cloud)) == {NUMBER}


@pytest.mark.parametrize(
    ("arguments", "exit_code", "words"),
    [
        (["buy", "555", "--yes"], 2, "555 is not a number in E.164 form"),
        (["buy", "+19075550100", "--yes"], 1, "+19075550100 is not available"),
        (["buy", NUMBER, "--rule", "nobody", "--yes"], 1, "it has: front-desk, sales"),
        (["search", "--country", "USA"], 2, "two letters"),
        (["search", "--area-code", "SF"], 2, "digits"),
        (["assign", NUMBER, "front-desk"], 1, "is not a number of this project"),
        (["release", NUMBER, "--yes"], 1, "is not a number of this project"),
    ],
)
def test_what_cannot_be_done_is_one_sentence(
    cloud: str, arguments: list[str], exit_code: int, words: str
) -> None:
    result = run(cloud, *arguments)
    assert result.exit_code == exit_code
    assert words in result.stderr
    assert held(cloud) == {}


# --- Routing --------------------------------------------------------------------------------------


def test_assign_goes_by_the_rules_name_and_may_be_repeated(cloud: str) -> None:
    project(cloud, numbers=[{"e164": NUMBER, "rule_ids": ["SDR_front"]}])
    result = run(cloud, "assign", NUMBER, "sales")
    assert result.exit_code == 0
    assert "Calls to +14155550100 now go to sales." in result.stderr
    assert held(cloud) == {NUMBER: ["SDR_sales"]}
    again = json.loads(run(cloud, "assign", NUMBER, "sales", "--json").stdout)
    rule = {"id": "SDR_sales", "name": "sales"}
    assert again == {"number": NUMBER, "rule": rule, "changed": False}
    assert asked(cloud).count("UpdatePhoneNumber") == 1


def test_a_name_that_two_rules_have_is_not_guessed(cloud: str) -> None:
    rules = [{"id": "SDR_1", "name": "sales"}, {"id": "SDR_2", "name": "sales"}]
    project(cloud, rules=rules, numbers=[{"e164": NUMBER}])
    result = run(cloud, "assign", NUMBER, "sales")
    assert result.exit_code == 1
    assert "several dispatch rules named sales (SDR_1, SDR_2)" in result.stderr
    assert held(cloud) == {NUMBER: []}


def test_a_rule_that_is_bound_to_trunks_is_doubted(cloud: str) -> None:
    rules = [{"id": "SDR_1", "name": "hotline", "trunk_ids": ["ST_1"]}]
    project(cloud, rules=rules, numbers=[{"e164": NUMBER}])
    result = run(cloud, "assign", NUMBER, "hotline")
    assert result.exit_code == 0
    assert "hotline takes the calls of ST_1 only" in result.stderr


# --- Releasing ------------------------------------------------------------------------------------


def test_release_shows_what_is_lost(cloud: str) -> None:
    project(cloud, numbers=[{"e164": NUMBER, "rule_ids": ["SDR_front"]}])
    result = run(cloud, "release", NUMBER, "--yes", "--json")
    assert result.exit_code == 0
    assert "+14155550100  local  San Francisco, CA  front-desk" in result.stderr
    assert "Calls to it will fail, and it may be gone for ever." in result.stderr
    assert json.loads(result.stdout) == {"number": NUMBER, "released": True}
    assert held(cloud) == {}


def test_release_wants_the_last_four_digits_typed(
    cloud: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    project(cloud, numbers=[{"e164": NUMBER}])
    assert run(cloud, "release", NUMBER).exit_code == 2
    for answer in ("y", "0101"):
        at_a_terminal(monkeypatch, answer)
        kept = run(cloud, "release", NUMBER)
        assert kept.exit_code == 1
        assert "it was kept" in kept.stderr
    assert held(cloud) == {NUMBER: []}
    at_a_terminal(monkeypatch, "0100")
    assert run(cloud, "release", NUMBER).exit_code == 0
    assert held(cloud) == {}


# --- LiveKit says no, or nothing ------------------------------------------------------------------


@pytest.mark.parametrize("arguments", [["list"], ["search"], ["buy", NUMBER, "--yes"]])
def test_a_wrong_key_is_one_sentence(cloud: str, arguments: list[str]) -> None:
    result = run(cloud, *arguments, secret="not-the-secret-not-the-secret-not")
    assert result.exit_code == 1
    assert "check LIVEKIT_API_KEY and LIVEKIT_API_SECRET" in result.stderr


def test_a_server_that_is_not_there_is_one_sentence() -> None:
    result = run("ws://127.0.0.1:9", "list")
    assert result.exit_code == 1
    assert "LiveKit does not answer at ws://127.0.0.1:9" in result.stderr


def test_a_server_of_ones_own_has_no_numbers(tmp_path_factory: pytest.TempPathFactory) -> None:
    home = tmp_path_factory.mktemp("own")
    with Lab(home, PortBlock.auto(), LabSettings.load().livekit_server()) as lab:
        result = CliRunner().invoke(app, ["number", "list"], env=lab.environment)
    assert result.exit_code == 1
    assert "has no phone numbers: they are LiveKit Cloud's" in result.stderr
    assert "declare your carrier's numbers in sip/trunks.toml" in result.stderr


async def test_a_purchase_whose_answer_is_lost_is_not_made_twice() -> None:
    control = Control()
    service = PhoneNumberService(control)
    async with TestServer(service.application()) as server:
        url = str(server.make_url("/"))
        async with phone_numbers(url, API_KEY, API_SECRET, timeout_s=0.5) as numbers:
            for faults, why in (
                (Faults(fault="close"), "ServerDisconnectedError"),
                (Faults(fault="status", status=503), "HTTP 503"),
                (Faults(fault="stall"), "TimeoutError"),
            ):
                service.project.numbers.clear()
                control.requests.clear()
                control.faults = faults
                with pytest.raises(OutcomeUnknownError, match="bot-admin number list") as lost:
                    await numbers.buy([NUMBER])
                assert why in str(lost.value)
                if faults.fault != "status":
                    assert [entry["kind"] for entry in control.requests] == ["PurchasePhoneNumber"]
                    assert [number.e164 for number in service.project.held()] == [NUMBER]
            control.faults = Faults()
            (bought,) = await numbers.all()
            control.faults = Faults(fault="close")
            with pytest.raises(OutcomeUnknownError, match=r"release \+14155550100"):
                await numbers.release(bought)
            with pytest.raises(UnreachableError):
                await numbers.all()
            control.faults = Faults(fault="status", status=429)
            with pytest.raises(RefusedError, match="wait a minute"):
                await numbers.all()


async def test_what_never_left_is_not_called_unknown() -> None:
    async with phone_numbers("http://127.0.0.1:9", API_KEY, API_SECRET) as numbers:
        with pytest.raises(UnreachableError):
            await numbers.buy([NUMBER])


# --- The emulator ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("method", "body", "status", "code"),
    [
        ("SearchPhoneNumbers", {"country": "US"}, 400, "invalid_argument"),
        ("SearchPhoneNumbers", {"countryCode": "US", "limit": "9"}, 400, "invalid_argument"),
        ("ListPhoneNumbers", {"statuses": ["active"]}, 400, "invalid_argument"),
        ("GetPhoneNumber", {}, 400, "invalid_argument"),
        ("GetPhoneNumber", {"phoneNumber": OTHER}, 404, "not_found"),
        ("GetPhoneNumber", {"phone_number": NUMBER}, 200, None),
        ("BuyPhoneNumber", {}, 404, "bad_route"),
    ],
)
async def test_the_emulator_is_strict(
    method: str, body: dict[str, Any], status: int, code: str | None
) -> None:
    service = PhoneNumberService(Control())
    service.project.numbers.append(Holding(e164=NUMBER))
    token = api.AccessToken(API_KEY, API_SECRET)
    path = f"/twirp/livekit.PhoneNumberService/{method}"
    async with (
        TestServer(service.application()) as server,
        httpx.AsyncClient(base_url=str(server.make_url("/")), trust_env=False) as http,
    ):

        async def post(grants: api.SIPGrants) -> httpx.Response:
            bearer = token.with_sip_grants(grants).to_jwt()
            return await http.post(path, json=body, headers={"Authorization": f"Bearer {bearer}"})

        answer = await post(api.SIPGrants(admin=True))
        assert (answer.status_code, answer.json().get("code")) == (status, code)
        denied = await post(api.SIPGrants(call=True))
        assert (denied.status_code, denied.json()["code"]) == (403, "permission_denied")
