"""Requests that the gateway sends, and the responses to them (RFC 3261 section 17.1)."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from aiosipua import SipRequest, SipResponse
from aiosipua.transaction import T1, T2, TIMER_H
from aiosipua.transport import SipTransport

Address = tuple[str, int]
Key = tuple[str, str]
OnResponse = Callable[[SipResponse], None]

TIMER_B_S = TIMER_H
"""How long a request may stay without any response (section 17.1.1.2)."""


class ClientTransactions:
    """Sends requests, again and again until something comes back, and routes the responses."""

    def __init__(self, transport: SipTransport) -> None:
        self._transport = transport
        self._open: dict[Key, OnResponse] = {}
        self._repeating: dict[Key, asyncio.Task[None]] = {}

    @property
    def local_address(self) -> Address:
        """What Via and Contact name."""
        return self._transport.local_addr

    def send(
        self, request: SipRequest, to: Address, on_response: OnResponse = lambda _: None
    ) -> None:
        """Sends a request; `on_response` gets every response to it.

        An ACK is sent once, all else until the first response, or TIMER_B_S.
        """
        self._transport.send(request, to)
        if request.method != "ACK":
            key = _key(request)
            self._open[key] = on_response
            self._repeating[key] = asyncio.create_task(self._repeat(key, request, to))

    async def final(self, request: SipRequest, to: Address) -> tuple[int, str]:
        """Sends a request that is no INVITE; returns the final status and its reason."""
        answered: asyncio.Future[SipResponse] = asyncio.get_running_loop().create_future()

        def take(response: SipResponse) -> None:
            if response.status_code >= 200 and not answered.done():
                answered.set_result(response)

        self.send(request, to, take)
        response = await answered
        return response.status_code, response.reason_phrase

    def receive(self, response: SipResponse) -> None:
        """Hands a response to whom it concerns."""
        key = _key(response)
        repeating = self._repeating.pop(key, None)
        if repeating is not None:
            repeating.cancel()
        on_response = self._open.get(key)
        if on_response is not None:
            on_response(response)
            if response.status_code >= 200:  # an INVITE's final response may come again
                linger_s = TIMER_B_S if key[1] == "INVITE" else 0.0
                asyncio.get_running_loop().call_later(linger_s, self._open.pop, key, None)

    async def stop(self) -> None:
        """Repeats nothing any more."""
        tasks = list(self._repeating.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _repeat(self, key: Key, request: SipRequest, to: Address) -> None:
        pause_s, passed_s = T1, 0.0
        while passed_s < TIMER_B_S:
            await asyncio.sleep(pause_s)
            passed_s += pause_s
            self._transport.send(request, to)
            # Only what is no INVITE slows down no further than T2 (section 17.1.2.2).
            pause_s = pause_s * 2 if request.method == "INVITE" else min(pause_s * 2, T2)
        del self._repeating[key], self._open[key]


def _key(message: SipRequest | SipResponse) -> Key:
    """The branch of the topmost Via, and the method of CSeq."""
    branch = message.via[0].branch if message.via else None
    return branch or "", message.cseq.method if message.cseq else ""
