"""A lab: all its processes, started in order, each on its probe, and ended together."""

from __future__ import annotations

import functools
import http.client
import secrets
import socket
import sys
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Self

from lab import daemons
from lab.ports import LOOPBACK, PortBlock, Ports, control_url
from lab.process import Process
from lab.settings import inherited_environment

EMULATORS = ("deepgram", "cartesia", "backboard")
API_KEY = "lab"
"""The key that the emulated providers take."""

MEDIA_TIMEOUT_S = 15.0
"""livekit-sip's own."""

NO_PROXY = urllib.request.build_opener(urllib.request.ProxyHandler({}))

Report = Callable[[str], None]


@dataclass(frozen=True)
class Credentials:
    """Secrets of one lab, made when it starts."""

    livekit_key: str
    livekit_secret: str
    sip_username: str
    sip_password: str

    @classmethod
    def made(cls) -> Self:
        """Fresh ones; livekit-server wants 32 characters or more."""
        return cls("lab", secrets.token_hex(20), "lab", secrets.token_hex(8))


class Lab:
    """A running phone network on loopback; use as a context manager, or `up` and `down`."""

    def __init__(
        self,
        home: Path,
        block: PortBlock,
        livekit_server: Path,
        livekit_sip: Path | None = None,
        *,
        media_timeout_s: float = MEDIA_TIMEOUT_S,
    ) -> None:
        """Prepares a lab; nothing runs yet.

        Args:
            home: folder for configurations, logs and the env file.
            block: the ports to use.
            livekit_server: the real livekit-server.
            livekit_sip: the real livekit-sip; absent: the lab's own gateway.
            media_timeout_s: silence on RTP after which the gateway hangs up.
        """
        self.home = home.absolute()
        self.ports: Ports = block.ports
        self.credentials = Credentials.made()
        self.processes: list[Process] = []
        self._block = block
        self._livekit_server = livekit_server
        self._media_timeout_s = media_timeout_s
        self.livekit_sip = livekit_sip

    @property
    def sip_address(self) -> tuple[str, int]:
        """Where phones send their INVITE."""
        return LOOPBACK, self.ports.sip

    @property
    def env_file(self) -> Path:
        """KEY=value lines for `bot` and `bot-admin`."""
        return self.home / "env"

    @property
    def environment(self) -> Mapping[str, str]:
        """What `bot` and `bot-admin` need to use this lab instead of real accounts."""
        ports, credentials = self.ports, self.credentials
        return {
            "LIVEKIT_URL": f"ws://{LOOPBACK}:{ports.livekit}",
            "LIVEKIT_API_KEY": credentials.livekit_key,
            "LIVEKIT_API_SECRET": credentials.livekit_secret,
            "DEEPGRAM_BASE_URL": f"http://{LOOPBACK}:{ports.deepgram}/v1/listen",
            "DEEPGRAM_API_KEY": API_KEY,
            "CARTESIA_BASE_URL": f"http://{LOOPBACK}:{ports.cartesia}",
            "CARTESIA_API_KEY": API_KEY,
            "BACKBOARD_BASE_URL": f"http://{LOOPBACK}:{ports.backboard}/api",
            "BACKBOARD_API_KEY": API_KEY,
            "HOTLINE_SIP_ADDRESSES": f"{LOOPBACK}/32",
            "HOTLINE_SIP_OUTBOUND_ADDRESS": f"{LOOPBACK}:{ports.answer}",
            "HOTLINE_SIP_USERNAME": credentials.sip_username,
            "HOTLINE_SIP_PASSWORD": credentials.sip_password,
            "HOTLINE_HEALTH_HOST": LOOPBACK,
            "HOTLINE_HEALTH_PORT": str(ports.bot_health),
        }

    @property
    def child_environment(self) -> dict[str, str]:
        """The environment of every process of the lab; HOTLINE_LAB_HOME marks it as such."""
        return {**inherited_environment(), "HOTLINE_LAB_HOME": str(self.home)}

    def control_url(self, emulator: str) -> str:
        """Base of an emulator's control API."""
        return control_url(getattr(self.ports, emulator))

    def __enter__(self) -> Self:
        self.up()
        return self

    def __exit__(self, *_: object) -> None:
        self.down()

    def up(self, report: Report = lambda _: None) -> None:
        """Starts everything and returns when all of it is ready.

        Raises:
            ProcessFailed: a part did not come up; those before it are ended again.
            LabError: a program is missing.
        """
        self.home.mkdir(parents=True, exist_ok=True)
        try:
            self._start(report)
        except BaseException:
            self.down()
            raise
        self._write_environment()

    def down(self) -> None:
        """Ends everything; safe to call twice."""
        for process in self.processes:
            process.request_stop()
        for process in self.processes:
            process.stop()
        self.processes.clear()
        self._block.release()

    def check(self) -> None:
        """Raises ProcessFailed when a part has ended by itself."""
        for process in self.processes:
            process.check()

    def _start(self, report: Report) -> None:
        ports, key, secret = self.ports, *self._livekit_keys
        emulators = [self._spawn(name, self._emulator(name)) for name in EMULATORS]

        report("redis")
        self._spawn("redis", daemons.redis(ports)).await_ready(self._redis_answers)

        report("livekit-server")
        command = daemons.livekit_server(self._livekit_server, ports, key, secret, self.home)
        livekit = self._spawn("livekit-server", command, stop_signal="INT")
        livekit.await_ready(lambda: _answers(f"http://{LOOPBACK}:{ports.livekit}/"))

        report("livekit-sip" if self.livekit_sip else "SIP gateway")
        command = daemons.sip_gateway(
            self.livekit_sip, ports, key, secret, self.home, self._media_timeout_s
        )
        gateway = self._spawn("sip-gateway", command, stop_signal="INT")
        gateway.await_ready(lambda: _answers(f"http://{LOOPBACK}:{ports.sip_health}/"))

        for process in emulators:
            report(process.name)
            health = f"{self.control_url(process.name)}/health"
            process.await_ready(functools.partial(_answers, health))

    def _spawn(
        self, name: str, command: daemons.Command, *, stop_signal: Literal["TERM", "INT"] = "TERM"
    ) -> Process:
        log = self.home / "logs" / f"{name}.log"
        process = Process(
            name, command, log=log, env=self.child_environment, stop_signal=stop_signal
        )
        self.processes.append(process)
        return process

    def _emulator(self, name: str) -> daemons.Command:
        return [sys.executable, "-m", f"lab.{name}", "--port", str(getattr(self.ports, name))]

    @property
    def _livekit_keys(self) -> tuple[str, str]:
        return self.credentials.livekit_key, self.credentials.livekit_secret

    def _redis_answers(self) -> bool:
        try:
            with socket.create_connection((LOOPBACK, self.ports.redis), timeout=1) as connection:
                connection.sendall(b"PING\r\n")
                return connection.recv(16).startswith(b"+PONG")
        except (ConnectionError, TimeoutError):
            return False

    def _write_environment(self) -> None:
        self.env_file.touch(mode=0o600)
        lines = (f"{name}={value}\n" for name, value in self.environment.items())
        self.env_file.write_text("".join(lines))


def _answers(url: str) -> bool:
    try:
        with NO_PROXY.open(url, timeout=1) as response:
            return bool(response.status == 200)
    except (OSError, http.client.HTTPException):
        return False
