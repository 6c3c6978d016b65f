"""Operators keep the suppression list."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from bot_admin.app import app

NUMBER = "+12025550123"


@pytest.fixture(autouse=True)
def _folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)


def run(*arguments: str, url: str | None = None) -> Result:
    environment = {"DATABASE_URL": url, "LIVEKIT_URL": None}
    return CliRunner().invoke(app, ["suppression", *arguments], env=environment)


def listed() -> list[str]:
    return [entry["number"] for entry in json.loads(run("list", "--json").stdout)["numbers"]]


def refused(*arguments: str, exit_code: int = 2, url: str | None = None) -> str:
    """The sentence that a command is refused with."""
    result = run(*arguments, url=url)
    assert result.exit_code == exit_code, result.output
    assert result.stdout == ""
    return result.stderr


def test_a_number_is_added_checked_and_removed() -> None:
    assert run("list").stderr == "0 numbers on the list.\n"
    assert "1 number put on the list." in run("add", "+1 (202) 555-0123").stderr
    assert "1 number had been on it." in run("add", NUMBER).stderr
    assert run("check", NUMBER).stdout.startswith(f"{NUMBER} is on the list since 20")
    assert run("list").stdout.split()[0] == NUMBER
    assert "off the list" in run("remove", NUMBER, "--yes").stderr
    assert run("check", NUMBER).stdout == f"{NUMBER} is not on the list.\n"
    assert "was not on the list" in run("remove", NUMBER, "--yes").stderr
    assert Path("var/hotline.db").stat().st_mode & 0o077 == 0


def test_programs_get_json() -> None:
    added = run("add", NUMBER, "2025550124", "--region", "us", "--until", "2d", "--json")
    assert json.loads(added.stdout) == {"numbers": [NUMBER, "+12025550124"], "added": 2}
    checked = json.loads(run("check", NUMBER, "--json").stdout)
    assert checked["suppressed"] is True
    assert checked["entry"]["source"] == "operator"
    assert checked["entry"]["until"] > checked["entry"]["since"]
    assert json.loads(run("check", "+12025550199", "--json").stdout)["entry"] is None
    assert json.loads(run("remove", NUMBER, "--yes", "--json").stdout)["removed"] is True


def test_nobody_may_be_dialled_again_unless_somebody_says_so() -> None:
    run("add", NUMBER)
    assert "--yes" in refused("remove", NUMBER)
    assert listed() == [NUMBER]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["add", "911"], "911 is not a number in E.164 form"),
        (["add", "+15550123"], "too few or too many digits"),
        (["add", NUMBER, "2025550124"], "2025550124 is not a number in E.164 form"),
        (["add", "2025550124", "--region", "USA"], "--region is two letters such as US, not USA"),
        (["add", NUMBER, "--until", "soon"], "--until wants a time such as 2d"),
        (["add", NUMBER, "--until", "2020-01-01"], "--until 2020-01-01 is past"),
        (["check", "x"], "x is not a number"),
        (["import", "absent.csv"], "absent.csv cannot be read"),
    ],
)
def test_wrong_usage_is_one_sentence(arguments: list[str], words: str) -> None:
    sentence = refused(*arguments)
    assert words in sentence
    assert sentence.count("\n") == 1
    assert listed() == []


def test_a_database_that_is_not_there_is_one_sentence() -> None:
    sentence = refused("list", exit_code=1, url="postgresql://bot:secret@127.0.0.1:9/x")
    assert "cannot be used" in sentence
    assert "secret" not in sentence
    assert "DATABASE_URL: must begin with sqlite" in refused("list", exit_code=1, url="mysql://x")
    Path("letter.db").write_text("no database" * 100)
    assert "check DATABASE_URL" in refused("list", exit_code=1, url="sqlite:///letter.db")


def test_a_file_is_imported_with_counts() -> None:
    Path("stop.csv").write_text(
        "\ufeffName,Phone\nAnn,+12025550123\nBob,(202) 555-0124\nAnn,+1-202-555-0123\n\n",
        encoding="utf-8",
    )
    told = json.loads(run("import", "stop.csv", "--region", "US", "--json").stdout)
    assert told == {"added": 2, "already": 0, "repeated": 1, "bad": []}
    assert sorted(listed()) == ["+12025550123", "+12025550124"]
    again = run("import", "stop.csv", "--region", "US")
    assert again.stderr == (
        "0 numbers put on the list. 2 numbers had been on it. Repeated: 1; bad rows: 0.\n"
    )
    entries = json.loads(run("list", "--json").stdout)["numbers"]
    assert {entry["source"] for entry in entries} == {"stop.csv"}


def test_a_bad_row_stops_the_import_unless_it_may_be_skipped() -> None:
    Path("stop.txt").write_text("# ours\n+12025550123\n2025550124\n1.20255E+10\n+12025550125\n")
    result = run("import", "stop.txt")
    assert result.exit_code == 1
    assert result.stderr.splitlines() == [
        "stop.txt line 3: 2025550124 is not a number in E.164 form, like +12025550100.",
        "stop.txt line 4: 1.20255E+10 is not a number.",
        "Error: 2 rows are bad; nothing was imported. --skip-bad imports the rest.",
    ]
    assert listed() == []
    skipped = run("import", "stop.txt", "--skip-bad")
    assert skipped.exit_code == 0
    assert "2 numbers put on the list. Repeated: 0; bad rows: 2." in skipped.stderr
    assert len(listed()) == 2


def test_a_big_import_is_asked_about() -> None:
    Path("big.txt").write_text("".join(f"+1202555{line:04}\n" for line in range(1000)))
    assert "--yes" in refused("import", "big.txt")
    assert listed() == []
    assert json.loads(run("import", "big.txt", "--yes", "--json").stdout)["added"] == 1000
