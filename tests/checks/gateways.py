"""The gateways that tests run against: the lab's own, and a real livekit-sip where there is one."""

from __future__ import annotations

from pathlib import Path

import pytest

from lab.settings import LabSettings

GATEWAYS = ["lab", "livekit-sip"]


NEEDS_NO_OTHER = "any_gateway"
"""Marks tests that run on the lab's own gateway alone: what is behind it does not depend on it."""


def livekit_sip(gateway: str) -> Path | None:
    """The program of `gateway`, None for the lab's own; skips the test where it is missing."""
    if gateway == "lab":
        return None
    program = LabSettings.load().livekit_sip()
    if program is None:
        pytest.skip("no livekit-sip: set LIVEKIT_SIP_BIN to test against the real one too")
    return program
