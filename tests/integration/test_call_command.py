"""What `bot-admin call` refuses, before anything is dialled or written down."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from bot.store.attempts import Attempts
from bot.store.database import Database
from bot_admin.app import app
from lab.network import Lab

CALLEE = "+12025550111"
PERSONA = """
greeting = "Hello."
instructions = "Be kind."
"""
OUTBOUND = """
[outbound]
opening = "Hello {name}, this is a test."
purpose = "This is a test."
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "desk.toml").write_text("default = true\n" + PERSONA)
    (tmp_path / "caller.toml").write_text(PERSONA + OUTBOUND)
    return tmp_path


def run(folder: Path, *words: str, url: str = "ws://127.0.0.1:9", **settings: str) -> Result:
    environment = {
        "LIVEKIT_URL": url,
        "LIVEKIT_API_KEY": "key",
        "LIVEKIT_API_SECRET": "secret" * 8,
        "HOTLINE_PERSONAS_DIR": str(folder),
        "DATABASE_URL": f"sqlite:///{folder}/hotline.db",
        "HOTLINE_RECORDS_DIR": str(folder / "records"),
        **settings,
    }
    return CliRunner().invoke(app, ["call", *words], env=environment)


def attempts_of(folder: Path) -> int:
    async def count() -> int:
        async with Database.opened(f"sqlite:///{folder}/hotline.db") as database:
            return len(await Attempts(database).open())

    return asyncio.run(count())


@pytest.mark.parametrize(
    ("number", "why"),
    [
        ("911", "911 is an emergency number."),
        ("+1911", "emergency number"),
        ("+19005550100", "premium-rate"),
        ("+88161234567", "satellite"),
        ("+442079460000", "HOTLINE_DIAL_COUNTRIES allows CA, US"),
        ("five", "not a number in E.164 form"),
    ],
)
def test_what_must_not_be_dialled_is_refused_in_a_sentence(
    folder: Path, number: str, why: str
) -> None:
    done = run(folder, number, "--var", "name=Ann")
    assert done.exit_code == 37, done.output
    assert why in done.stderr
    assert done.stdout == ""
    assert attempts_of(folder) == 0


def test_who_is_on_the_suppression_list_is_not_called(folder: Path) -> None:
    settings = {"DATABASE_URL": f"sqlite:///{folder}/hotline.db"}
    CliRunner().invoke(app, ["suppression", "add", CALLEE, "--reason", "by mail"], env=settings)
    done = run(folder, CALLEE, "--var", "name=Ann")
    assert done.exit_code == 37, done.output
    assert "(by mail)" in done.stderr


@pytest.mark.parametrize(
    ("words", "why"),
    [
        ((), "caller wants to know name: give each with --var NAME=VALUE."),
        (("--var", "name"), "--var name is not NAME=VALUE."),
        (("--persona", "desk"), "desk places no calls: --persona names one"),
        (("--persona", "ann"), "(caller)"),
    ],
)
def test_an_order_that_is_not_whole_is_refused(
    folder: Path, words: tuple[str, ...], why: str
) -> None:
    done = run(folder, CALLEE, *words)
    assert done.exit_code == 2, done.output
    assert why in done.stderr
    assert attempts_of(folder) == 0


def test_a_server_that_does_not_answer_is_told_in_a_sentence(folder: Path) -> None:
    done = run(folder, CALLEE, "--var", "name=Ann")
    assert done.exit_code == 1, done.output
    assert done.stderr.startswith("Error: LiveKit does not answer at ws://127.0.0.1:9")
    assert "check LIVEKIT_URL" in done.stderr
    assert attempts_of(folder) == 0


def test_a_trunk_is_needed_and_its_numbers(server: Lab, folder: Path) -> None:
    env = server.environment
    keys = {name: env[name] for name in ("LIVEKIT_API_KEY", "LIVEKIT_API_SECRET")}
    url, name = env["LIVEKIT_URL"], ("--var", "name=Ann")
    done = run(folder, CALLEE, *name, url=url, **keys)
    assert (done.exit_code, "No outbound trunk is deployed" in done.stderr) == (1, True)

    numbers = folder / "sip"
    numbers.mkdir()
    (numbers / "trunks.toml").write_text(
        '[outbound_trunk.out]\naddress = "127.0.0.1:9"\nnumbers = ["+12025550100"]\n'
    )
    provision = ["provision", "--yes", "--declarations", str(numbers)]
    done = CliRunner().invoke(app, provision, env={"LIVEKIT_URL": url, **keys})
    assert done.exit_code == 0, done.output
    done = run(folder, CALLEE, *name, "--trunk", "in", url=url, **keys)
    assert (done.exit_code, "--trunk takes one of out" in done.stderr) == (2, True)
    done = run(folder, CALLEE, *name, "--from", "+12025550101", url=url, **keys)
    assert (done.exit_code, "it has +12025550100" in done.stderr) == (2, True)


def test_exit_codes_are_in_the_help() -> None:
    shown = CliRunner().invoke(app, ["call", "--help"])
    assert "36 cancelled" in " ".join(shown.output.split())
    assert "--persona" in shown.output


def test_nothing_to_settle_is_told(server: Lab, folder: Path) -> None:
    env = server.environment
    keys = {name: env[name] for name in ("LIVEKIT_API_KEY", "LIVEKIT_API_SECRET")}
    done = run(folder, "reconcile", "--json", url=env["LIVEKIT_URL"], **keys)
    assert json.loads(done.stdout) == {"attempts": [], "opted_out": 0}
