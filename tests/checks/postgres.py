"""A Postgres of the tests' own, where its programs are installed."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

PLACES = ("/usr/lib/postgresql/*/bin", "/opt/homebrew/opt/postgresql*/bin")


def _programs() -> Path | None:
    """The folder of initdb and pg_ctl, which Debian keeps off PATH."""
    if found := shutil.which("initdb"):
        return Path(found).resolve().parent
    folders = (path for place in PLACES for path in Path("/").glob(place.removeprefix("/")))
    return next((folder for folder in folders if (folder / "initdb").exists()), None)


def _user() -> str | None:
    """Who runs it: never root, which Postgres refuses."""
    if os.getuid() != 0:
        return None
    names = {entry.pw_name for entry in pwd.getpwall()}
    return next((name for name in ("postgres", "nobody") if name in names), None)


@contextmanager
def postgres() -> Iterator[str]:
    """The address of a fresh server on a socket of its own; skips where there is none."""
    programs, user = _programs(), _user()
    pytest.importorskip("psycopg")
    if programs is None or (os.getuid() == 0 and user is None):
        pytest.skip("no Postgres here")
    folder = Path(tempfile.mkdtemp(prefix="pg-"))  # a socket's path has 107 characters at most
    if user:
        shutil.chown(folder, user)
    data, log = folder / "data", folder / "log"

    def run(program: str, *arguments: str) -> None:
        command = [str(programs / program), "-D", str(data), *arguments]
        subprocess.run(
            command, user=user, cwd=folder, check=True, timeout=60, stdout=subprocess.DEVNULL
        )

    try:
        run("initdb", "-U", "hotline", "-A", "trust", "--no-sync")
        options = f"-c listen_addresses='' -c fsync=off -k {folder}"
        run("pg_ctl", "-w", "-l", str(log), "-o", options, "start")
        try:
            yield f"postgresql://hotline@/postgres?host={folder}"
        finally:
            run("pg_ctl", "-w", "-m", "immediate", "stop")
    finally:
        shutil.rmtree(folder)
