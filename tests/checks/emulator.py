"""One of the lab's emulators as a process of its own, for tests that need no more."""

from __future__ import annotations

import contextlib
import socket
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx

from lab.process import Process
from lab.settings import inherited_environment


@contextlib.contextmanager
def emulated(provider: str, folder: Path) -> Iterator[str]:
    """The base URL of a running emulator of `provider`, which logs into `folder`."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    url = f"http://127.0.0.1:{port}"
    command = [sys.executable, "-m", f"lab.{provider}", "--port", str(port)]
    log = folder / f"{provider}.log"
    process = Process(provider, command, log=log, env=inherited_environment())
    try:
        process.await_ready(lambda: _answers(url))
        yield url
    finally:
        assert process.stop() == 0


def _answers(url: str) -> bool:
    try:
        return httpx.get(f"{url}/_lab/health", trust_env=False).is_success
    except httpx.TransportError:
        return False
