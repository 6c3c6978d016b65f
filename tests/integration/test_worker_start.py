"""The worker's start, as its operator sees it when something is wrong."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from lab.settings import ROOT, inherited_environment


def _start(folder: Path, **env: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "livekit.agents", "start", str(ROOT / "bot/worker.py")],
        cwd=folder,
        env={**inherited_environment(), **env},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_missing_and_unknown_settings_are_one_message(tmp_path: Path) -> None:
    done = _start(tmp_path, HOTLINE_MAX_CALL="3")
    assert done.returncode == 1
    for part in ("LIVEKIT_URL is missing", "CARTESIA_API_KEY is missing", "HOTLINE_MAX_CALLS?"):
        assert part in done.stderr
    assert "Traceback" not in done.stderr


def test_a_broken_persona_is_named_with_its_file(tmp_path: Path) -> None:
    (tmp_path / "desk.toml").write_text('greeting = ""\n')
    accounts = {
        "LIVEKIT_URL": "wss://demo.livekit.cloud",
        "LIVEKIT_API_KEY": "key",
        "LIVEKIT_API_SECRET": "secret",
    }
    done = _start(tmp_path, **accounts, HOTLINE_PERSONAS_DIR=str(tmp_path))
    assert done.returncode == 1
    assert "desk.toml: greeting" in done.stderr
    assert "desk.toml: instructions" in done.stderr
    assert "Traceback" not in done.stderr
