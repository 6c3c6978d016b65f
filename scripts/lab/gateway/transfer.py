"""Call transfer: an in-dialog REFER and the NOTIFYs that tell what came of it (RFC 3515)."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import TYPE_CHECKING

from aiosipua import SipRequest

from lab.gateway import ending
from lab.gateway.psrpc import RpcError
from lab.gateway.refusal_status import rpc_error

if TYPE_CHECKING:
    from lab.gateway.call import Call

BYE_S = 1.0
"""How long a transferred phone may take to hang up by itself (livekit-sip's referByeTimeout)."""


class Transfers:
    """The transfers of one call: one at a time."""

    def __init__(self, call: Call) -> None:
        self._call = call
        self._target: str | None = None
        self._accepted = False
        self._outcome = _outcome()

    async def transfer(self, target: str, headers: Mapping[str, str]) -> None:
        """Sends REFER and returns when the target has answered.

        A second request for the same target waits for the same outcome. The BYE follows by itself.

        Raises:
            RpcError: the phone refused, the target did, or a transfer elsewhere is under way.
        """
        if self._target is not None:
            if target != self._target:
                raise RpcError("invalid_argument", "call already being transferred elsewhere")
            await asyncio.shield(self._outcome)
            return
        self._target, self._accepted = target, False
        self._outcome = _outcome()
        try:
            await self._refer(headers)
        finally:
            self._target = None

    def notified(self, notify: SipRequest) -> int:
        """Takes a NOTIFY; returns the status to answer it with."""
        event = (notify.get_header("Event") or "").partition(";")[0].strip().lower()
        if event != "refer":
            return 501
        status, reason = _fragment(notify.text)
        if status is None:
            return 400
        if status == 200:
            self._settle(None)
        elif status > 199:
            self._settle(rpc_error(status, reason, prefix="call transfer failed: "))
        return 200

    def call_ended(self) -> None:
        """A call that ends after the 202 counts as transferred; before, it does not."""
        gone = RpcError("not_found", "the call ended before it was transferred")
        self._settle(None if self._accepted else gone)

    async def _refer(self, headers: Mapping[str, str]) -> None:
        refer = self._call.request("REFER", {**headers, "Refer-To": self._target or ""})
        asking = asyncio.create_task(self._ask(refer))
        try:
            await self._outcome
        finally:
            asking.cancel()
        self._call.hang_up_after(BYE_S, ending.TRANSFERRED)

    async def _ask(self, refer: SipRequest) -> None:
        status, reason = await self._call.asks(refer)
        self._accepted = status in (200, 202)
        if not self._accepted:
            self._settle(rpc_error(status, reason))

    def _settle(self, error: RpcError | None) -> None:
        if self._outcome.done():
            return
        if error is None:
            self._outcome.set_result(None)
        else:
            self._outcome.set_exception(error)


def _outcome() -> asyncio.Future[None]:
    outcome: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    outcome.add_done_callback(lambda done: done.cancelled() or done.exception())  # none may wait
    return outcome


def _fragment(body: str) -> tuple[int | None, str]:
    """Status and reason of a message/sipfrag body; None when it is none."""
    version, _, rest = body.strip().partition(" ")
    status, _, reason = rest.partition("\n")[0].strip().partition(" ")
    if version != "SIP/2.0" or not status.isdigit():
        return None, ""
    return int(status), reason
