"""A model that LiveKit's AMD may ask, and that knows the answer: the best a real one could do."""

from __future__ import annotations

import asyncio
import json
from typing import Any

from livekit.agents import DEFAULT_API_CONNECT_OPTIONS, APIConnectOptions
from livekit.agents.llm import (
    LLM,
    ChatChunk,
    ChatContext,
    ChoiceDelta,
    FunctionToolCall,
    LLMStream,
    Tool,
)
from livekit.agents.voice.amd import AMDCategory

from bot.pickup import Pickup

THINKS_S = 0.4
"""What a small hosted model takes for a tool call."""

CATEGORIES = {
    Pickup.PERSON: AMDCategory.HUMAN,
    Pickup.VOICEMAIL: AMDCategory.MACHINE_VM,
    Pickup.MAILBOX_FULL: AMDCategory.MACHINE_UNAVAILABLE,
    Pickup.SCREENING: AMDCategory.MACHINE_IVR,
    Pickup.MENU: AMDCategory.MACHINE_IVR,
    Pickup.NOT_IN_SERVICE: AMDCategory.MACHINE_UNAVAILABLE,
    Pickup.FAX: AMDCategory.MACHINE_UNAVAILABLE,
}
"""AMD's prompt puts them so."""


class Oracle(LLM[Any]):
    """Says what took the call, whatever was understood of it."""

    def __init__(self, who: Pickup) -> None:
        super().__init__()
        self.category = CATEGORIES[who]

    def chat(
        self,
        *,
        chat_ctx: ChatContext,
        tools: list[Tool] | None = None,
        conn_options: APIConnectOptions = DEFAULT_API_CONNECT_OPTIONS,
        **_: Any,
    ) -> LLMStream:
        return _Saying(self, chat_ctx=chat_ctx, tools=tools or [], conn_options=conn_options)


class _Saying(LLMStream):
    async def _run(self) -> None:
        await asyncio.sleep(THINKS_S)
        assert isinstance(self._llm, Oracle)
        call = FunctionToolCall(
            name="save_prediction",
            arguments=json.dumps({"label": self._llm.category}),
            call_id="prediction",
        )
        delta = ChoiceDelta(role="assistant", tool_calls=[call])
        self._event_ch.send_nowait(ChatChunk(id="prediction", delta=delta))
