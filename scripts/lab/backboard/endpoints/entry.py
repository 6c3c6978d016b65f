"""The request log entry that belongs to a request."""

from __future__ import annotations

from typing import Any

from aiohttp import web

ENTRY = web.RequestKey("entry", dict[str, Any])
