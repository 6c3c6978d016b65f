"""`python -m lab.openai --port N`: serves the emulated chat completions on loopback."""

from __future__ import annotations

from lab.emulator import serve
from lab.openai.api import build

serve(build, "An emulated OpenAI-compatible server with the lab's receptionist as its model.")
