"""The emulators' control API, from outside: set faults, read what was asked of them."""

from __future__ import annotations

from typing import Any

import httpx

from lab.errors import LabError
from lab.ports import control_url
from lab.settings import LabSettings
from lab.state import running_lab


def set_faults(name: str | None, emulator: str, faults: dict[str, Any]) -> dict[str, Any]:
    """Puts faults in force at an emulator of a running lab; returns them as it took them.

    Raises:
        LabError: no such lab, or the emulator refuses the combination and says why.
    """
    state = running_lab(LabSettings.load().labs_dir, name)
    return put_faults(control_url(state.ports[emulator]), faults)


def set_scenario(name: str | None, line: dict[str, Any]) -> list[dict[str, Any]]:
    """Makes a scripted line answer at the Backboard of a running lab; returns its whole script.

    Raises:
        LabError: no such lab, or no such scenario; then it names those there are.
    """
    state = running_lab(LabSettings.load().labs_dir, name)
    return put_script(control_url(state.ports["backboard"]), line)


def clear_scenario(name: str | None) -> None:
    """Empties the script of a running lab's Backboard."""
    state = running_lab(LabSettings.load().labs_dir, name)
    base = control_url(state.ports["backboard"])
    httpx.delete(f"{base}/script", trust_env=False).raise_for_status()


def put_script(base: str, line: dict[str, Any]) -> list[dict[str, Any]]:
    """The same at a known control API."""
    response = httpx.put(f"{base}/script", json=line, trust_env=False)
    if response.status_code == httpx.codes.UNPROCESSABLE_ENTITY:
        reasons = "; ".join(fault["msg"] for fault in response.json()["detail"])
        raise LabError(f"The emulator refuses this scenario: {reasons}")
    lines: list[dict[str, Any]] = response.raise_for_status().json()
    return lines


def put_faults(base: str, faults: dict[str, Any]) -> dict[str, Any]:
    """The same at a known control API; `fault: none` alone clears all and frees stalled answers."""
    if faults.get("fault") == "none":
        httpx.delete(f"{base}/faults", trust_env=False).raise_for_status()
    response = httpx.put(f"{base}/faults", json=faults, trust_env=False)
    if response.status_code == httpx.codes.UNPROCESSABLE_ENTITY:
        raise LabError(f"The emulator refuses these faults: {response.json()['detail']}")
    taken: dict[str, Any] = response.raise_for_status().json()
    return taken
