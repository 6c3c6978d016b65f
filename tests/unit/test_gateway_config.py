from __future__ import annotations

import json
from pathlib import Path

import pytest

from lab.errors import LabError
from lab.gateway.config import GatewayConfig, duration_s, port_range

MINIMAL = {
    "api_key": "k",
    "api_secret": "s",
    "ws_url": "ws://127.0.0.1:7880",
    "redis": {"address": "127.0.0.1:6379"},
    "health_port": 8081,
}


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("15s", 15.0), ("1m30s", 90.0), ("250ms", 0.25), ("1.5h", 5400.0), ("2m", 120.0)],
)
def test_reads_go_durations(text: str, seconds: float) -> None:
    assert duration_s(text) == pytest.approx(seconds)


@pytest.mark.parametrize("text", ["", "15", "s", "15 s", "-1s", "1x"])
def test_refuses_what_is_no_duration(text: str) -> None:
    with pytest.raises(ValueError, match="not a duration"):
        duration_s(text)


@pytest.mark.parametrize("text", ["20000", "20100-20000", "a-b", "1-70000", "0-5"])
def test_refuses_what_is_no_port_range(text: str) -> None:
    with pytest.raises(ValueError, match="not a range"):
        port_range(text)


def test_reads_livekit_sips_file_and_ignores_the_keys_it_has_no_use_for(tmp_path: Path) -> None:
    path = tmp_path / "sip.json"
    path.write_text(
        json.dumps(
            {
                **MINIMAL,
                "rtp_port": "20000-20100",
                "media_timeout": "3s",
                "nat_1_to_1_ip": "127.0.0.1",
                "logging": {"level": "debug"},
            }
        )
    )
    config = GatewayConfig.load(path)
    assert config.rtp_port == (20000, 20100)
    assert config.media_timeout == 3.0
    assert config.media_timeout_initial == 30.0
    assert config.sip_ringing_interval == 1.0
    assert config.listen_ip == "127.0.0.1"


def test_names_the_key_that_is_wrong(tmp_path: Path) -> None:
    path = tmp_path / "sip.json"
    path.write_text(json.dumps({**MINIMAL, "media_timeout": "soon"}))
    with pytest.raises(LabError, match="media_timeout"):
        GatewayConfig.load(path)


def test_says_when_the_file_is_missing(tmp_path: Path) -> None:
    with pytest.raises(LabError, match="cannot be read"):
        GatewayConfig.load(tmp_path / "none.json")
