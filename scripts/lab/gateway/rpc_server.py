"""Serving psrpc methods: the claim handshake from the answering side (livekit/psrpc 0.7)."""

from __future__ import annotations

import asyncio
import logging
import secrets
import time
from collections.abc import Awaitable, Callable
from typing import Any

from google.protobuf.any_pb2 import Any as AnyMessage
from valkey import exceptions

from lab.gateway import wire
from lab.gateway.bus import Bus
from lab.gateway.psrpc import RpcError, channel

log = logging.getLogger("lab.gateway.rpc")

Handle = Callable[[Any], Awaitable[Any]]
ANY_TOPIC = "*"


class Server:
    """Answers the methods of one psrpc service, each request in a task of its own."""

    def __init__(self, bus: Bus, service: str) -> None:
        self._bus = bus
        self._service = service
        self._id = f"SRV_{secrets.token_hex(6)}"
        self._claims: dict[str, asyncio.Future[str]] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    def serve(
        self,
        method: str,
        request_type: Any,
        handle: Handle,
        *,
        topic: str = "",
        claims: Callable[[Any], bool] = lambda _: True,
    ) -> None:
        """Answers `method` with what `handle` returns, or with the RpcError it raises.

        Only requests for which `claims` holds are taken; `handle` is cancelled when the caller
        waits no longer. To be called before the bus runs; `topic` may be ANY_TOPIC.
        """

        def requested(request: Any) -> None:
            message = request_type.FromString(request.raw_request)
            if time.time_ns() < request.expiry and claims(message):
                task = asyncio.create_task(self._answer(method, request, message, handle))
                self._tasks.add(task)
                task.add_done_callback(self._tasks.discard)

        parts = [channel(self._service, method), *([topic] if topic else [])]
        self._bus.subscribe("|".join([*parts, "REQ"]), requested)
        self._bus.subscribe("|".join([*parts, "RCLAIM"]), self._claimed)

    async def close(self) -> None:
        """Ends what is being answered."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _claimed(self, claim: Any) -> None:
        future = self._claims.get(claim.request_id)
        if future is not None and not future.done():
            future.set_result(claim.server_id)

    async def _answer(self, method: str, request: Any, message: Any, handle: Handle) -> None:
        try:
            async with asyncio.timeout(max(0.0, request.expiry / 1e9 - time.time())):
                if not await self._is_ours(request):
                    return
                response = await self._response(request, message, handle)
                await self._bus.publish(channel(self._service, request.client_id, "RES"), response)
        except TimeoutError:
            log.warning("%s was not answered in time", method)
        except exceptions.ConnectionError as error:
            log.warning("Redis is away: %s", error)

    async def _is_ours(self, request: Any) -> bool:
        """Offers to answer, and waits for the caller to choose."""
        claim = self._claims[request.request_id] = asyncio.get_running_loop().create_future()
        try:
            await self._bus.publish(
                channel(self._service, request.client_id, "CLAIM"),
                wire.ClaimRequest(request_id=request.request_id, server_id=self._id, affinity=1.0),
            )
            return bool(await claim == self._id)
        finally:
            del self._claims[request.request_id]

    async def _response(self, request: Any, message: Any, handle: Handle) -> Any:
        response = wire.Response(request_id=request.request_id, server_id=self._id)
        try:
            answer = await handle(message)
            response.raw_response = answer.SerializeToString()
        except RpcError as error:
            response.code, response.error = error.code, error.message
            for detail in error.details:
                packed = AnyMessage()
                packed.Pack(detail)
                response.error_details.append(packed)
        response.sent_at = time.time_ns()
        return response
