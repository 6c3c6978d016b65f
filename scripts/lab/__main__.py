"""`python -m lab` is `bot-lab`."""

from __future__ import annotations

from lab.app import main

main()
