"""Calling psrpc methods: the names of the channels and the claim handshake (livekit/psrpc 0.7)."""

from __future__ import annotations

import asyncio
import re
import secrets
import time
from typing import Any, TypeVar

from valkey import exceptions

from lab.gateway import wire
from lab.gateway.bus import Bus

TIMEOUT_S = 3.0
"""psrpc's default client timeout, which livekit-sip keeps."""

_T = TypeVar("_T")


class RpcError(Exception):
    """A psrpc method failed or did not answer; `code` is psrpc's word for why.

    `details` are protobuf messages that go with it to whoever called livekit-server's API.
    """

    def __init__(self, code: str, message: str, *details: Any) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.details = details


def channel(*parts: str) -> str:
    """Joins parts to a name; characters outside 0-9A-Za-z_ become `u+` and four hex digits."""
    return "|".join(
        re.sub(r"[^0-9A-Za-z_]", lambda match: f"u+{ord(match[0]):04x}", part) for part in parts
    )


class Client:
    """Calls the methods of one psrpc service."""

    def __init__(self, bus: Bus, service: str) -> None:
        self._bus = bus
        self._service = service
        self._id = f"CLI_{secrets.token_hex(6)}"
        self._claims: dict[str, asyncio.Future[Any]] = {}
        self._responses: dict[str, asyncio.Future[Any]] = {}
        bus.subscribe(channel(service, self._id, "CLAIM"), self._on_claim)
        bus.subscribe(channel(service, self._id, "RES"), self._on_response)

    async def call(self, method: str, request: Any, response_type: type[_T]) -> _T:
        """Calls a method on one of the servers that offer it.

        Raises:
            RpcError: it answered with an error, nobody answered in time, or Redis is away.
        """
        request_id = f"REQ_{secrets.token_hex(6)}"
        loop = asyncio.get_running_loop()
        claim = self._claims[request_id] = loop.create_future()
        response = self._responses[request_id] = loop.create_future()
        try:
            async with asyncio.timeout(TIMEOUT_S):
                await self._bus.connected.wait()
                await self._bus.publish(
                    channel(self._service, method, "REQ"), self._request(request_id, request)
                )
                offer = await claim
                await self._bus.publish(
                    channel(self._service, method, "RCLAIM"),
                    wire.ClaimResponse(request_id=request_id, server_id=offer.server_id),
                )
                answer = await response
        except TimeoutError:
            raise RpcError("unavailable", f"no answer to {method} within {TIMEOUT_S:g} s") from None
        except exceptions.ConnectionError as error:
            raise RpcError("unavailable", f"Redis is away: {error}") from error
        finally:
            del self._claims[request_id], self._responses[request_id]
        if answer.code or answer.error:
            raise RpcError(answer.code or "unknown", answer.error)
        parsed: _T = response_type.FromString(answer.raw_response)  # type: ignore[attr-defined]  # message classes are built at import
        return parsed

    def _request(self, request_id: str, request: Any) -> Any:
        now_ns = time.time_ns()
        return wire.Request(
            request_id=request_id,
            client_id=self._id,
            sent_at=now_ns,
            expiry=now_ns + int(TIMEOUT_S * 1e9),
            raw_request=request.SerializeToString(),
        )

    def _on_claim(self, message: Any) -> None:
        _resolve(self._claims, message)

    def _on_response(self, message: Any) -> None:
        _resolve(self._responses, message)


def _resolve(waiting: dict[str, asyncio.Future[Any]], message: Any) -> None:
    future = waiting.get(message.request_id)
    if future is not None and not future.done():
        future.set_result(message)
