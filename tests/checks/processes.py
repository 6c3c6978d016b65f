"""What a lab has running: every process of it carries its home in the environment."""

from __future__ import annotations

from pathlib import Path

import psutil


def of_lab(home: Path) -> list[str]:
    """Command lines of the processes of the lab at `home`, or of all labs below it."""
    found = (_command_line(process, home) for process in psutil.process_iter())
    return [command_line for command_line in found if command_line]


def _command_line(process: psutil.Process, home: Path) -> str | None:
    try:
        own_home = process.environ().get("HOTLINE_LAB_HOME", "/")
        return " ".join(process.cmdline()) if Path(own_home).is_relative_to(home) else None
    except psutil.Error:  # gone, a zombie or another user's
        return None
