"""`python -m bot_admin` is `bot-admin`."""

from __future__ import annotations

from bot_admin.app import main

main()
