"""Operators look at call records."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from bot.call import Call, JobMetadata
from bot.outcome import EndedBy, Ending, Outcome
from bot.record import CallRecord, Message, Turn
from bot_admin.app import app

THEM, US = "+12025550123", "+12025550100"


def file(folder: Path, id_: str, ago: timedelta, outcome: Outcome, *, inbound: bool = True) -> None:
    """Files a call as the bot does."""
    begun = (datetime.now(UTC) - ago).timestamp()
    attributes = {"sip.phoneNumber": THEM, "sip.trunkPhoneNumber": US}
    if inbound:
        attributes["sip.ruleID"] = "SDR_1"
    record = CallRecord(job_id=id_, room="room", persona="front-desk", started_at=begun)
    record.call = Call.from_job(JobMetadata(), "room", "sip_x", attributes)
    record.answered_at = begun + 1
    record.turns.append(Turn("bot", "Good day, how can I help?", 0.4, True, {}))
    record.turns.append(Turn("caller", "A haircut,\x1b[2J please.", 62.25, False, {}))
    record.messages.append(Message("Ann", "Please call back."))
    record.ends(Ending(outcome, EndedBy.CALLER, "caller hung up"))
    record.write(folder)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "records"
    file(folder, "AJ_old", timedelta(days=9), Outcome.COMPLETED)
    file(folder, "AJ_out", timedelta(days=1), Outcome.COMPLETED, inbound=False)
    file(folder, "AJ_new", timedelta(minutes=5), Outcome.ABANDONED)
    return folder


def run(folder: Path, *arguments: str) -> Result:
    environment = {"HOTLINE_RECORDS_DIR": str(folder), "LIVEKIT_URL": None}
    return CliRunner().invoke(app, ["calls", *arguments], env=environment)


@pytest.mark.parametrize(
    ("arguments", "ids"),
    [
        ([], ["AJ_new", "AJ_out", "AJ_old"]),
        (["--limit", "2"], ["AJ_new", "AJ_out"]),
        (["--since", "2d"], ["AJ_new", "AJ_out"]),
        (["--since", "2020-01-01"], ["AJ_new", "AJ_out", "AJ_old"]),
        (["--outcome", "abandoned"], ["AJ_new"]),
        (["--direction", "out"], ["AJ_out"]),
        (["--direction", "in", "--outcome", "completed"], ["AJ_old"]),
        (["--number", THEM], ["AJ_new", "AJ_out", "AJ_old"]),
        (["--number", US], []),
    ],
)
def test_calls_are_listed_newest_first_and_narrowed_down(
    folder: Path, arguments: list[str], ids: list[str]
) -> None:
    result = run(folder, "list", *arguments)
    assert result.exit_code == 0
    assert [line.split()[0] for line in result.stdout.splitlines()] == ids
    told = json.loads(run(folder, "list", "--json", *arguments).stdout)
    assert [call["id"] for call in told["calls"]] == ids


def test_numbers_are_masked_unless_they_are_wanted(folder: Path) -> None:
    for option in ([], ["--json"]):
        assert THEM not in run(folder, "list", *option).stdout
        assert "…23" in run(folder, "list", *option).stdout
        assert THEM in run(folder, "list", "--full", *option).stdout


def test_a_call_is_shown_with_its_turns_in_time(folder: Path) -> None:
    result = run(folder, "show", "AJ_out")
    assert result.exit_code == 0
    lines = result.stdout.splitlines()
    assert f"to          {THEM}" in lines
    assert "outcome     completed" in lines
    assert " 0:00.4  bot     Good day, how can I help? (interrupted)" in lines
    assert " 1:02.2  caller  A haircut, [2J please." in lines
    assert "message from Ann: Please call back." in lines
    assert "\x1b" not in result.stdout
    assert json.loads(run(folder, "show", "AJ_out", "--json").stdout)["to"] == THEM


def test_what_is_no_record_is_told_and_passed_over(folder: Path) -> None:
    for name, text in {
        "20260101T000000Z-AJ_half.json": '{"version": 1, ',
        "20990101T000000Z-AJ_other.json": "[]",
        "20990101T000000Z-AJ_draft.part": "{}",
        "notes.json": "{}",
    }.items():
        (folder / name).write_text(text)
    result = run(folder, "list")
    assert len(result.stdout.splitlines()) == 3
    assert "AJ_half.json is not a call record." in result.stderr
    assert "AJ_other.json is not a call record." in result.stderr
    assert "notes" not in result.stderr
    assert run(folder, "show", "AJ_half").exit_code == 1


@pytest.mark.parametrize(
    ("arguments", "exit_code", "words"),
    [
        (["show", "AJ_none"], 1, "There is no record of a call AJ_none"),
        (["show", "../../etc/passwd"], 1, "There is no record"),
        (["list", "--since", "yesterday"], 2, "--since wants a time such as 2d"),
        (["list", "--since", "99999999999d"], 2, "--since wants a time"),
        (["list", "--number", "12"], 2, "12 is not a number in E.164 form"),
        (["list", "--outcome", "odd"], 2, "odd"),
        (["list", "--limit", "0"], 2, "--limit"),
    ],
)
def test_wrong_usage_is_told_in_words(
    folder: Path, arguments: list[str], exit_code: int, words: str
) -> None:
    result = run(folder, *arguments)
    assert result.exit_code == exit_code
    assert words in result.stderr
    assert "Traceback" not in result.stderr


def test_a_folder_that_is_not_there_holds_no_calls(tmp_path: Path) -> None:
    result = run(tmp_path / "none", "list")
    assert (result.exit_code, result.stderr) == (0, "No calls.\n")
    (tmp_path / "file").touch()
    assert "cannot be read" in run(tmp_path / "file", "list").stderr
