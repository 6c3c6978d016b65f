"""psrpc's transport: Redis publish and subscribe, with a listener that is watched and restarted."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import Any

from google.protobuf.message import DecodeError
from valkey import exceptions
from valkey.asyncio import Valkey

from lab.gateway import wire

log = logging.getLogger("lab.gateway.bus")

RECONNECT_S = 0.25
Handler = Callable[[Any], None]


class Bus:
    """Publishes messages and hands received ones to their channel's handler.

    `run` must be running for anything to be received; `connected` is set while the subscriptions
    are in force.
    """

    def __init__(self, address: str) -> None:
        host, _, port = address.rpartition(":")
        # A socket timeout would end the idle subscription without a word.
        self._valkey = Valkey(host=host, port=int(port), socket_timeout=None)
        self._handlers: dict[str, Handler] = {}
        self.connected = asyncio.Event()

    def subscribe(self, channel: str, handler: Handler) -> None:
        """Calls `handler` with every message on `channel`; to be called before `run`.

        A `*` in it stands for any text.
        """
        self._handlers[channel] = handler

    async def publish(self, channel: str, message: Any) -> None:
        """Sends one message.

        Raises:
            valkey.exceptions.ConnectionError: Redis cannot be reached.
        """
        await self._valkey.publish(channel, wire.pack(message))

    async def close(self) -> None:
        """Closes the connections to Redis."""
        await self._valkey.aclose()

    async def run(self) -> None:
        """Listens, and subscribes anew after a lost connection, until cancelled."""
        while True:
            try:
                await self._receive()
            except (exceptions.ConnectionError, exceptions.TimeoutError, OSError) as error:
                log.warning("Redis connection lost: %s", error)
            finally:
                self.connected.clear()
            await asyncio.sleep(RECONNECT_S)

    async def _receive(self) -> None:
        missing = set(self._handlers)
        patterns = {channel for channel in missing if "*" in channel}
        async with self._valkey.pubsub() as pubsub:
            await pubsub.subscribe(*(missing - patterns))
            if patterns:
                await pubsub.psubscribe(*patterns)
            async for message in pubsub.listen():
                channel = (message["pattern"] or message["channel"]).decode()
                if message["type"] in {"subscribe", "psubscribe"}:
                    missing.discard(message["channel"].decode())
                    if not missing:
                        self.connected.set()
                elif message["type"] in {"message", "pmessage"}:
                    self._hand_over(channel, message["data"])

    def _hand_over(self, channel: str, data: bytes) -> None:
        try:
            message = wire.unpack(data)
        except DecodeError:
            log.warning("not a psrpc message", extra={"channel": channel})
            return
        if message is not None:
            self._handlers[channel](message)
