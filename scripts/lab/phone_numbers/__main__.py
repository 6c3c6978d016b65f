"""`python -m lab.phone_numbers --port N`: serves the emulated phone numbers on loopback."""

from __future__ import annotations

from lab.emulator import serve
from lab.phone_numbers.api import build

serve(build, "An emulated LiveKit Cloud that sells made-up US phone numbers.")
