"""`bot-admin doctor --call` on a lab with the bot on it: a call is the proof of everything."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from lab.owner import running
from lab.settings import ROOT
from lab.stand import bot_on


def test_the_doctor_calls_and_finds_all_well(tmp_path: Path) -> None:
    with running(f"doctor-{os.getpid()}", "auto") as (lab, _), bot_on(lab, tmp_path):
        done = subprocess.run(
            [
                *(sys.executable, "-m", "bot_admin", "--env-file", str(lab.env_file)),
                *("doctor", "--call", "--json"),
            ],
            cwd=ROOT,
            env=lab.child_environment,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
    told = json.loads(done.stdout)
    verdicts = {check["id"]: check["verdict"] for check in told["checks"]}
    assert verdicts["call"] == "ok", told
    assert "fail" not in verdicts.values(), told
    assert done.returncode == 0
