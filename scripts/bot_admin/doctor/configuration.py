"""The settings and personas, read as the worker reads them when it starts."""

from __future__ import annotations

from bot.persona import PersonaError, Personas
from bot.settings import ENV_FILE_NAME, Settings, SettingsError
from bot_admin.doctor.examination import Findings
from bot_admin.doctor.finding import fail, ok, warn
from bot_admin.doctor.patient import Patient


async def settings(patient: Patient) -> Findings:
    """Every missing, wrong and unknown value, one finding each."""
    try:
        Settings.load(patient.env_file)
    except SettingsError as error:
        remedy = f"Put it right in {_source(patient)} (see .env.example)."
        return [fail(f"{fault}.", remedy) for fault in error.faults]
    return [ok("All settings can be read.")]


async def personas(patient: Patient) -> Findings:
    """Every fault of the personas, one finding each."""
    folder = patient.settings.personas_dir
    try:
        names = [persona.name for persona in Personas.load(folder)]
    except PersonaError as error:
        remedy = "Put the file right, or name another folder in HOTLINE_PERSONAS_DIR."
        return [fail(f"{fault}.", remedy) for fault in error.faults]
    return [ok(f"Who answers: {', '.join(names)}.")]


async def warmth(patient: Patient) -> Findings:
    """Whether a process waits for the next call."""
    idle = patient.settings.idle_processes
    if idle == 0:
        return [
            warn(
                "No process waits for the next call: its start is heard as ringing.",
                "Set HOTLINE_IDLE_PROCESSES to 1 or more and start the worker again.",
            )
        ]
    return [ok(f"The worker keeps {idle} warm for the next calls.")]


def _source(patient: Patient) -> str:
    named = patient.env_file or patient.environment.get(ENV_FILE_NAME)
    return f"{named}" if named else "the environment or .env"
