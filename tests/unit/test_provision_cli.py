"""`bot-admin provision` as far as it gets without LiveKit."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from bot_admin.app import app

NOWHERE = {
    "LIVEKIT_URL": "ws://127.0.0.1:9",
    "LIVEKIT_API_KEY": "key",
    "LIVEKIT_API_SECRET": "0123456789abcdef0123456789abcdef",
}


def run(*arguments: str, **environment: str | None) -> Result:
    return CliRunner().invoke(app, ["provision", *arguments], env={**NOWHERE, **environment})


def test_without_a_terminal_it_asks_for_yes_in_one_sentence() -> None:
    result = run()

    assert result.exit_code == 2
    assert "--yes" in result.stderr
    assert result.stderr.count("\n") == 1


@pytest.mark.parametrize("mode", ["--plan", "--check"])
def test_looking_and_changing_exclude_each_other(mode: str) -> None:
    assert run(mode, "--yes").exit_code == 2


def test_a_folder_that_is_not_there_is_wrong_usage() -> None:
    assert run("--plan", "--declarations", "/nowhere").exit_code == 2


def test_faults_of_the_declarations_end_with_1_and_no_traceback(tmp_path: Path) -> None:
    (tmp_path / "trunks.toml").write_text('[inbound_trunk.main]\nnumbers = ["2025550100"]\n')

    result = run("--plan", "--declarations", str(tmp_path))

    assert result.exit_code == 1
    assert "trunks.toml: inbound_trunk.main.numbers[0]" in result.stderr


def test_missing_settings_are_named() -> None:
    result = run("--plan", LIVEKIT_URL=None, LIVEKIT_API_KEY=None)

    assert result.exit_code == 1
    assert "LIVEKIT_URL" in result.stderr
    assert "LIVEKIT_API_KEY" in result.stderr


def test_an_env_file_gives_settings_and_secrets(tmp_path: Path) -> None:
    env_file = tmp_path / "lab.env"
    names = {
        **NOWHERE,
        "HOTLINE_SIP_ADDRESSES": "192.0.2.0/24",
        "HOTLINE_SIP_OUTBOUND_ADDRESS": "sip.carrier.example",
    }
    env_file.write_text("".join(f"{name}={value}\n" for name, value in names.items()))

    result = CliRunner().invoke(
        app,
        ["--env-file", str(env_file), "provision", "--plan"],
        env=dict.fromkeys(names),
    )

    assert result.exit_code == 1
    assert "LiveKit does not answer at ws://127.0.0.1:9" in result.stderr


def test_a_bug_keeps_its_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sip.declaration.load", lambda *_: 1 / 0)

    assert isinstance(run("--plan").exception, ZeroDivisionError)
