"""The doctor's verdicts, and how it examines."""

from __future__ import annotations

import asyncio
import inspect
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import httpx
import pytest
from livekit.plugins import cartesia, deepgram

from bot import backboard
from bot_admin.doctor import agent, call, providers, quota, report, server, storage
from bot_admin.doctor.examination import Check, Findings, examine
from bot_admin.doctor.finding import Finding, Verdict, fail, ok, overall, skip, warn
from bot_admin.doctor.numbers import open_doors
from bot_admin.doctor.patient import Patient, Readable
from bot_admin.doctor.probe import Answer, place
from sip.deployment import Deployed, Deployment
from sip.model import DispatchRule

CLOUD = {
    "LIVEKIT_URL": "wss://project.livekit.cloud",
    "LIVEKIT_API_KEY": "key",
    "LIVEKIT_API_SECRET": "0123456789abcdef0123456789abcdef",
}
SELF_HOSTED = {**CLOUD, "LIVEKIT_URL": "ws://127.0.0.1:7880"}


def patient(**values: str) -> Patient:
    return Patient(Readable.of(values), values, None, Path(), None, ())


def a_check(name: str, *found: Finding | Exception, after_s: float = 0.0) -> Check:
    async def examined(_: Patient) -> Findings:
        await asyncio.sleep(after_s)
        for item in found:
            if isinstance(item, Exception):
                raise item
        return [item for item in found if isinstance(item, Finding)]

    return Check(name, name.capitalize(), examined, deadline_s=0.3)


async def examined(*checks: Check) -> list[tuple[str, list[Finding]]]:
    return [(check.id, [*found]) async for check, found in examine(patient(), checks)]


async def test_checks_run_at_once_and_are_told_in_their_order() -> None:
    began = time.monotonic()
    found = await examined(
        a_check("slow", ok("a"), after_s=0.2), a_check("quick", ok("b")), a_check("other", ok("c"))
    )
    assert [name for name, _ in found] == ["slow", "quick", "other"]
    assert time.monotonic() - began < 0.29


async def test_a_broken_check_is_a_failure_that_names_itself_and_no_secret() -> None:
    (_, broken), (_, late), (_, fine) = await examined(
        a_check("broken", ValueError("the-secret")), a_check("late", after_s=9), a_check("fine")
    )
    assert broken[0].verdict is Verdict.FAIL
    assert "broken (ValueError)" in broken[0].finding
    assert "the-secret" not in str(broken)
    assert late[0].verdict is Verdict.FAIL
    assert "0.3 s" in late[0].finding
    assert fine == []


@pytest.mark.parametrize(
    ("findings", "verdict"),
    [
        ([], "ok"),
        ([ok("a"), skip("b")], "ok"),
        ([ok("a"), warn("b", "c")], "warn"),
        ([fail("a", "b"), warn("c", "d"), ok("e")], "fail"),
    ],
)
def test_the_worst_finding_is_the_verdict(findings: Sequence[Finding], verdict: str) -> None:
    assert overall(findings) == verdict


def test_a_line_holds_the_remedy_and_the_summary_counts_all() -> None:
    one = a_check("one")
    rows = report.rows(one, [warn("It limps.", "Rest it."), ok("It walks.")])
    assert "warn" in report.line(*rows[0])
    assert "It limps. Rest it." in report.line(*rows[0])
    assert report.summary(rows) == "1 ok, 0 skip, 1 warn, 0 fail"
    assert report.as_data(rows)["checks"][1] == {
        "id": "one",
        "title": "One",
        "verdict": "ok",
        "finding": "It walks.",
        "remedy": "",
    }


def test_what_is_wrong_counts_as_not_set() -> None:
    read = Readable.of({**CLOUD, "LIVEKIT_URL": "project", "HOTLINE_MAX_CALLS": "0"})
    assert read.livekit_url == ""
    assert not read.has_livekit
    assert read.max_calls == 5
    assert Readable.of(CLOUD).has_livekit


@pytest.mark.parametrize(
    ("ahead_s", "verdict", "way"),
    [
        (5, "ok", ""),
        (-5, "ok", ""),
        (6, "warn", "ahead"),
        (-60, "warn", "behind"),
        (61, "fail", "ahead"),
    ],
)
def test_a_minute_of_skew_is_fatal_and_seconds_are_a_warning(
    ahead_s: float, verdict: str, way: str
) -> None:
    found = server.judged_skew(ahead_s)
    assert found.verdict == verdict
    assert way in found.finding


SERVICE = providers.Service("Deepgram", "DEEPGRAM", "https://secret@api.example/v1", {})


@pytest.mark.parametrize(
    ("status", "verdict"),
    [
        (200, "ok"),
        (401, "fail"),
        (403, "fail"),
        (402, "fail"),
        (404, "warn"),
        (429, "warn"),
        (301, "fail"),
        (500, "fail"),
    ],
)
def test_what_a_provider_answers_is_judged(status: int, verdict: str) -> None:
    found = providers.judged(SERVICE, Answer(httpx.Response(status), 0.01))
    assert found.verdict == verdict
    assert "Deepgram at api.example" in found.finding
    assert "secret" not in str(found)
    if status in (401, 403):
        assert found.remedy == "Check DEEPGRAM_API_KEY."


def test_what_may_be_shown_of_a_url_is_its_host_and_port() -> None:
    assert place("https://user:secret@host:81/path?key=secret") == "host:81"


def test_providers_are_asked_where_their_plugins_ask() -> None:
    ears = inspect.signature(deepgram.STT).parameters
    voice = inspect.signature(cartesia.TTS).parameters
    assert ears["base_url"].default == providers.DEEPGRAM_BASE_URL
    assert voice["base_url"].default == providers.CARTESIA_BASE_URL
    assert voice["api_version"].default == providers.CARTESIA_VERSION
    assert backboard.DEFAULT_BASE_URL == providers.BACKBOARD_BASE_URL


@pytest.mark.parametrize("provider", ["deepgram", "backboard", "cartesia"])
async def test_without_a_key_livekit_inference_serves_on_cloud_alone(provider: str) -> None:
    ask = getattr(providers, provider)
    (on_cloud,) = await ask(patient(**CLOUD))
    (elsewhere,) = await ask(patient(**SELF_HOSTED))
    assert on_cloud.verdict is Verdict.OK
    assert "LiveKit Inference" in on_cloud.finding
    assert elsewhere.verdict is Verdict.SKIP


async def test_a_second_model_is_served_by_livekit_inference_on_cloud() -> None:
    (found,) = await providers.fallback(patient(**CLOUD, HOTLINE_FALLBACK_MODEL="small"))
    assert (found.verdict, "small" in found.finding) == (Verdict.OK, True)


@pytest.mark.parametrize(
    ("livekit", "max_calls", "verdict", "words"),
    [
        (CLOUD, "5", "ok", "1,000 agent minutes"),
        (CLOUD, "6", "warn", "HOTLINE_MAX_CALLS is 6"),
        (SELF_HOSTED, "50", "ok", "no plan"),
    ],
)
async def test_the_free_plan_limits_cloud_alone(
    livekit: dict[str, str], max_calls: str, verdict: str, words: str
) -> None:
    (found,) = await quota.quota(patient(**livekit, HOTLINE_MAX_CALLS=max_calls))
    assert found.verdict == verdict
    assert words in found.finding


def rule(name: str, *trunks: str, owner: str | None = None) -> Deployed[DispatchRule]:
    resource = DispatchRule.model_construct(name=name, trunks=trunks)
    return Deployed(f"SDR_{name}", resource, owner)


def test_a_rule_without_trunks_is_open_on_a_server_of_ones_own() -> None:
    deployment = Deployment(rules=(rule("shut", "ST_1"), rule("open"), rule("ours", owner="ours")))
    found = open_doors(deployment, on_cloud=False)
    assert [finding.verdict for finding in found] == [Verdict.FAIL, Verdict.FAIL]
    assert "SDR_open" in found[0].finding
    (first, _) = open_doors(deployment, on_cloud=True)
    assert first.verdict is Verdict.WARN
    assert open_doors(Deployment(rules=(rule("shut", "ST_1"),)), on_cloud=False) == []


@pytest.mark.parametrize(
    ("asked", "verdicts"),
    [
        ({"a": "hotline"}, []),
        ({"a": "other"}, [Verdict.FAIL]),
        ({"a": "hotline", "b": "other"}, [Verdict.WARN]),  # it may run on another machine
        ({}, [Verdict.FAIL]),
    ],
    ids=["the-same", "another", "both", "none"],
)
def test_a_rule_must_ask_for_the_worker(asked: dict[str, str], verdicts: list[Verdict]) -> None:
    found = agent.names("hotline", asked)
    assert [finding.verdict for finding in found] == verdicts
    for finding in found:
        assert '"hotline"' in finding.finding
        assert not asked or '"other"' in finding.finding


@pytest.mark.parametrize(
    ("told", "verdict", "words"),
    [
        ({"agent_name": "hotline"}, "ok", "0 of 2 seats taken, load 0.00"),
        ({"agent_name": "hotline", "active_jobs": 1, "worker_load": 0.5}, "ok", "load 0.50"),
        ({"active_jobs": 2, "worker_load": 1}, "warn", "2 of 2"),
    ],
)
def test_a_full_house_is_a_warning(told: dict[str, Any], verdict: str, words: str) -> None:
    found = agent.seats(told, Readable.of({"HOTLINE_MAX_CALLS": "2"}))
    assert found.verdict == verdict
    assert words in found.finding


def test_a_disk_that_is_almost_full_is_a_warning() -> None:
    assert storage.room(Path("records"), 999_000_000).verdict is Verdict.WARN
    assert storage.room(Path("records"), 2_000_000_000).verdict is Verdict.OK


@pytest.mark.parametrize(
    ("answer_s", "sound_s", "gaps_s", "verdict"),
    [
        (0.7, 0.3, [1.1], "ok"),
        (0.7, None, [None], "fail"),
        (0.7, 0.3, [None], "fail"),
        (6.0, 4.1, [1.1], "fail"),
    ],
)
def test_a_call_must_be_answered_heard_and_replied_to(
    answer_s: float, sound_s: float | None, gaps_s: list[float | None], verdict: str
) -> None:
    told = {
        "invite_to_answer_s": answer_s,
        "answer_to_first_sound_s": sound_s,
        "gaps_s": gaps_s,
    }
    assert call.heard("+12025550100", told).verdict == verdict
