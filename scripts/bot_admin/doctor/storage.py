"""Where records and prompts are kept: can they be written, and is there room?"""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from pathlib import Path

from bot_admin.doctor.examination import Findings
from bot_admin.doctor.finding import Finding, fail, ok, warn
from bot_admin.doctor.patient import Patient

LEAST_FREE = 10**9
"""Bytes; a record is a few kB, a log and prompts more."""


async def storage(patient: Patient) -> Findings:
    """Each folder that the worker writes to."""
    settings = patient.settings
    folders = {
        "HOTLINE_RECORDS_DIR": settings.records_dir,
        "HOTLINE_PROMPTS_DIR": settings.prompts_dir,
    }
    # In a thread: a network drive may hang.
    return [await asyncio.to_thread(kept_in, folder, name) for name, folder in folders.items()]


def kept_in(folder: Path, variable: str) -> Finding:
    """The verdict on one folder; what is not there yet will be made by the worker."""
    there = next(path for path in (folder.absolute(), *folder.absolute().parents) if path.exists())
    try:
        with tempfile.TemporaryFile(dir=there):
            free = shutil.disk_usage(there).free
    except OSError as error:
        return fail(
            f"{folder} cannot be written to ({error.strerror}).",
            f"Name another folder in {variable}, or give it to the user that runs the worker.",
        )
    return room(folder, free)


def room(folder: Path, free: int) -> Finding:
    """The verdict on the bytes left for a folder."""
    told = f"{folder} can be written to and has {free / 1e9:.1f} GB left"
    if free < LEAST_FREE:
        return warn(f"{told}.", "Free some space: without it calls leave no record.")
    return ok(f"{told}.")
