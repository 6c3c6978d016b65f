"""What a lab has running: every process of it carries its home in the environment."""

from __future__ import annotations

from pathlib import Path

import psutil


def of_lab(home: Path) -> list[str]:
    """Command lines of the processes of the lab at `home`, or of all labs below it."""
    return [
        " ".join(process.cmdline())
        for process in psutil.process_iter()
        if Path(_home(process)).is_relative_to(home)
    ]


def _home(process: psutil.Process) -> str:
    try:
        return process.environ().get("HOTLINE_LAB_HOME", "/")
    except psutil.Error:  # gone, a zombie or another user's
        return "/"
