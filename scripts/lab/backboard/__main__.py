"""`python -m lab.backboard --port N`: serves the emulated Backboard on loopback."""

from __future__ import annotations

from lab.backboard.api import build
from lab.emulator import serve

serve(build, "An emulated Backboard with a deterministic receptionist as its model.")
