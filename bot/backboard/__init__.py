"""Backboard plugin for LiveKit Agents.

See https://backboard.io for the service. One `LLM` serves one `AgentSession`, that is, one call:

    session = AgentSession(stt=..., llm=backboard.LLM(), tts=...)

`BACKBOARD_API_KEY` and `BACKBOARD_BASE_URL` are the defaults of `api_key` and `base_url`. A worker
calls `backboard.preload()` in its prewarm function.
"""

from __future__ import annotations

from livekit.agents import Plugin

from .client import Client, preload, shared_http
from .deadlines import Deadlines
from .errors import is_lasting
from .llm import DEFAULT_BASE_URL, LLM, BackboardStream
from .log import logger
from .memory import Fact, Memories
from .models import Memory
from .usage import Usage
from .version import __version__

__all__ = [
    "DEFAULT_BASE_URL",
    "LLM",
    "BackboardStream",
    "Client",
    "Deadlines",
    "Fact",
    "Memories",
    "Memory",
    "Usage",
    "__version__",
    "is_lasting",
    "preload",
    "shared_http",
]


class BackboardPlugin(Plugin):
    """Makes the plugin known to LiveKit's registry."""

    def __init__(self) -> None:
        super().__init__(__name__, __version__, __package__ or __name__, logger)


Plugin.register_plugin(BackboardPlugin())
