from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from bot.settings import (
    LiveKitSettings,
    OperatorSettings,
    Settings,
    SettingsError,
    environment,
)

ROOT = Path(__file__).parents[2]
LAB = {
    "LIVEKIT_URL": "ws://127.0.0.1:7880",
    "LIVEKIT_API_KEY": "lab",
    "LIVEKIT_API_SECRET": "secret",
    "DEEPGRAM_BASE_URL": "http://127.0.0.1:7901/v1/listen",
    "BACKBOARD_BASE_URL": "http://127.0.0.1:7903/api",
    "CARTESIA_BASE_URL": "http://127.0.0.1:7902",
}


@pytest.fixture(autouse=True)
def _clean(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in list(os.environ):  # noqa: TID251
        if name.startswith(
            ("LIVEKIT_", "HOTLINE_", "DEEPGRAM_", "CARTESIA_", "BACKBOARD_", "DATABASE_")
        ):
            monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)


def _env_file(folder: Path, values: dict[str, str]) -> Path:
    path = folder / "env"
    path.write_text("".join(f"{name}={value}\n" for name, value in values.items()))
    return path


def test_the_labs_env_file_is_enough(tmp_path: Path) -> None:
    settings = Settings.load(_env_file(tmp_path, LAB))
    assert settings.livekit_url == LAB["LIVEKIT_URL"]
    assert settings.agent_name == "hotline"
    assert not settings.on_livekit_cloud


def test_an_env_file_that_is_named_outright_wins_over_exported_accounts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LIVEKIT_URL", "wss://real.livekit.cloud")
    path = _env_file(tmp_path, LAB)
    assert Settings.load(path).livekit_url == LAB["LIVEKIT_URL"]
    assert environment(path)["LIVEKIT_URL"] == LAB["LIVEKIT_URL"]


def test_the_standing_env_file_only_fills_in(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOTLINE_AGENT_NAME", "night-desk")
    (tmp_path / ".env").write_text(
        _env_file(tmp_path, {**LAB, "HOTLINE_AGENT_NAME": "day-desk"}).read_text()
    )
    assert Settings.load().agent_name == "night-desk"
    assert Settings.load().livekit_url == LAB["LIVEKIT_URL"]


def test_an_env_file_can_be_named_in_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOTLINE_ENV_FILE", str(_env_file(tmp_path, LAB)))
    assert Settings.load().livekit_api_key == "lab"


def test_every_fault_is_named_at_once(tmp_path: Path) -> None:
    path = _env_file(
        tmp_path,
        {"LIVEKIT_URL": "somewhere", "HOTLINE_MAX_CALLS": "many", "HOTLINE_AGENTNAME": "x"},
    )
    with pytest.raises(SettingsError) as caught:
        Settings.load(path)
    message = str(caught.value)
    for part in (
        "LIVEKIT_URL: must look like",
        "LIVEKIT_API_KEY is missing",
        "LIVEKIT_API_SECRET is missing",
        "HOTLINE_MAX_CALLS: ",
        "HOTLINE_AGENTNAME is not a setting: do you mean HOTLINE_AGENT_NAME?",
        "DEEPGRAM_API_KEY is missing",
        "BACKBOARD_API_KEY is missing",
        "CARTESIA_API_KEY is missing",
    ):
        assert part in message


def test_livekit_cloud_alone_is_enough(tmp_path: Path) -> None:
    cloud = {k: v for k, v in LAB.items() if k.startswith("LIVEKIT_")}
    cloud["LIVEKIT_URL"] = "wss://demo.livekit.cloud"
    assert Settings.load(_env_file(tmp_path, cloud)).on_livekit_cloud


def test_operators_need_no_provider(tmp_path: Path) -> None:
    livekit = {k: v for k, v in LAB.items() if k.startswith("LIVEKIT_")}
    assert LiveKitSettings.load(_env_file(tmp_path, livekit)).livekit_api_key == "lab"


def test_secrets_are_not_shown(tmp_path: Path) -> None:
    assert "secret" not in repr(Settings.load(_env_file(tmp_path, LAB)).livekit_api_secret)


def test_a_named_env_file_must_exist(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="There is no env file"):
        Settings.load(tmp_path / "absent")


def test_the_example_lists_every_setting() -> None:
    example = set(re.findall(r"^#? ?([A-Z_]+)=", (ROOT / ".env.example").read_text(), re.M))
    known = {str(field.validation_alias) for field in Settings.model_fields.values()}
    assert known <= example


def test_the_operators_tools_need_no_account(tmp_path: Path) -> None:
    settings = OperatorSettings.load(_env_file(tmp_path, {}))
    assert settings.database_url.get_secret_value() == "sqlite:///var/hotline.db"
    assert settings.dial_countries == {"US", "CA"}


def test_countries_are_a_list(tmp_path: Path) -> None:
    path = _env_file(tmp_path, {"HOTLINE_DIAL_COUNTRIES": "us, GB,"})
    assert OperatorSettings.load(path).dial_countries == {"US", "GB"}


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("HOTLINE_DIAL_COUNTRIES", "US,UK", "UK is no country"),
        ("HOTLINE_DIAL_COUNTRIES", "001", "001 is no country"),
        ("DATABASE_URL", "mysql://bot:secret@host/x", "must begin with sqlite:///"),
    ],
)
def test_wrong_settings_of_the_operators_tools(
    tmp_path: Path, name: str, value: str, words: str
) -> None:
    with pytest.raises(SettingsError, match=f"{name}: .*{words}") as caught:
        OperatorSettings.load(_env_file(tmp_path, {name: value}))
    assert "secret" not in str(caught.value)
