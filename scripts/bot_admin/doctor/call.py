"""A real call on the lab, dialled by the lab's own phone: `bot-admin doctor --call`."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Sequence
from typing import Any

from bot_admin.doctor.examination import Findings
from bot_admin.doctor.finding import Finding, fail, ok, skip
from bot_admin.doctor.patient import Patient

CALL_WITHIN_S = 60.0
HEARD_WITHIN_S = 10.0
WORDS = "What are your opening hours?"
REMEDY = "Look into the worker's log, and bot-lab logs."


async def call(patient: Patient) -> Findings:
    """Dials the first declared number and waits for sound and a reply."""
    lab = await _lab_at(patient.settings.livekit_url)
    if lab is None:
        return [skip("LIVEKIT_URL is no lab of this machine: dial the number with any phone.")]
    if patient.declared is None:
        return [skip("The declarations cannot be read, so there is no number to dial.")]
    trunks = patient.declared.inbound_trunks
    number = next((number for trunk in trunks for number in trunk.numbers), None)
    if number is None:
        return [skip("No number is declared.")]
    status, told = await _bot_lab("dial", number, "--say", WORDS, "--name", lab, "--json")
    if status != 0 or not isinstance(told, dict):
        return [fail(f"The call to {number} was not taken.", REMEDY)]
    return [heard(number, told)]


def heard(number: str, told: dict[str, Any]) -> Finding:
    """The verdict on a call, from the account that `bot-lab dial --json` gives."""
    answer_s, sound_s = told["invite_to_answer_s"], told["answer_to_first_sound_s"]
    if sound_s is None:
        return fail(f"{number} answered after {answer_s:.2f} s and was silent.", REMEDY)
    timed = (
        f"{number} answered {answer_s:.2f} s after the INVITE, first sound {sound_s:.2f} s later"
    )
    if answer_s + sound_s > HEARD_WITHIN_S:
        return fail(f"{timed}.", REMEDY)
    if told["gaps_s"] == [None]:
        return fail(f"{timed}, but no reply came to what the caller said.", REMEDY)
    return ok(f"{timed}, and it replies.")


async def _lab_at(url: str) -> str | None:
    """The name of the running lab whose LiveKit has this URL."""
    _, labs = await _bot_lab("status", "--json")
    for lab in labs if isinstance(labs, list) else []:
        if lab["environment"]["LIVEKIT_URL"] == url:
            return str(lab["name"])
    return None


async def _bot_lab(*arguments: str) -> tuple[int | None, Any]:
    """Runs the lab's command; its exit status, and its data if it gave any."""
    process = await asyncio.create_subprocess_exec(
        *_command(arguments), stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL
    )
    try:
        output, _ = await process.communicate()
    finally:
        if process.returncode is None:
            process.terminate()
            await process.wait()
    try:
        return process.returncode, json.loads(output)
    except ValueError:
        return process.returncode, None


def _command(arguments: Sequence[str]) -> list[str]:
    return [sys.executable, "-m", "lab", *arguments]
