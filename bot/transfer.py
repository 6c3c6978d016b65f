"""Cold transfer: the caller is put through by REFER, and the call goes on when that fails."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from typing import TYPE_CHECKING

import aiohttp
from google.protobuf.duration_pb2 import Duration
from livekit import api
from livekit.agents.utils.aio import cancel_and_wait
from livekit.agents.utils.http_context import http_session
from livekit.protocol.sip import STS_TRANSFER_SUCCESSFUL

from bot.outcome import EndedBy, Ending, Outcome, Transferred, of_transfer_failure
from bot.outcome.failure import SIP_STATUS_CODE

if TYPE_CHECKING:
    from bot.hangup import Hangup
    from bot.record import CallRecord
    from bot.target import Target

log = logging.getLogger("hotline.transfer")

ANSWER_MARGIN_S = 5.0
"""From the end of the ringing to LiveKit's word on it; the least that its client allows is 2 s."""
LEAVES_WITHIN_S = 3.0
"""livekit-sip gives a transferred phone 1 s to hang up by itself, then sends BYE."""
TOLD_WITHIN_S = 3.0
"""From the end of a call that is being transferred to LiveKit's word on the transfer."""

ENDING = Ending(Outcome.TRANSFERRED, EndedBy.BOT, "transfer_call tool")

Refer = Callable[["Target"], Awaitable[Transferred]]


async def refer(room: str, identity: str, target: Target) -> Transferred:
    """Has LiveKit send REFER to the phone `identity`; returns once it is known what came of it.

    The caller hears ringing meanwhile, and not the room.
    """
    # On LiveKit Cloud its client would by default send a request again that may have left.
    livekit = api.LiveKitAPI(session=http_session(), failover=False)
    request = api.TransferSIPParticipantRequest(
        room_name=room,
        participant_identity=identity,
        transfer_to=target.to,
        play_dialtone=True,
        ringing_timeout=Duration(seconds=target.ring_timeout_s),
    )
    try:
        answer = await livekit.sip.transfer_sip_participant(
            request, timeout=target.ring_timeout_s + ANSWER_MARGIN_S
        )
    except api.ServerError as error:
        return of_transfer_failure(error.code, error.message, error.metadata)
    except (aiohttp.ClientError, TimeoutError, OSError) as error:
        return of_transfer_failure(type(error).__name__)
    # A server that knows no transfer ids answers nothing at all, and that only to a success.
    if not answer.transfer_id or answer.status == STS_TRANSFER_SUCCESSFUL:
        return Transferred.DONE
    status = str(int(answer.sip_status.code))
    return of_transfer_failure("unknown", metadata={SIP_STATUS_CODE: status})


class Transfers:
    """The transfers of one call, one at a time.

    Args:
        targets: those of the persona.
        refer: sends REFER and tells what came of it.
        record: keeps what was tried, under the targets' names.
        hangup: ends the call that was given away.
    """

    def __init__(
        self, targets: Mapping[str, Target], refer: Refer, record: CallRecord, hangup: Hangup
    ) -> None:
        self.targets = targets
        self._refer = refer
        self._record = record
        self._hangup = hangup
        self._announcing = False
        self._asking: asyncio.Task[Transferred] | None = None
        self._leaving: asyncio.Task[None] | None = None
        self._left = asyncio.Event()

    @property
    def pending(self) -> bool:
        """Whether the caller is being put through."""
        return self._announcing or self._is_asking

    async def put_through(
        self, name: str, announce: Callable[[], Awaitable[None]]
    ) -> Transferred | None:
        """Transfers the caller, after `announce`; returns when it is done, or has failed.

        None when the call has ended before. The call of a caller who is through ends by itself.
        """
        self._announcing = True
        try:
            await announce()
        finally:
            self._announcing = False
        if self._hangup.begun:
            return None
        self._asking = asyncio.create_task(self._ask(name))
        return await asyncio.shield(self._asking)

    def phone_left(self, ending: Ending) -> None:
        """The phone has left the room, which ends the call.

        While a transfer is under way its result tells why: the phone leaves before or after that
        is known, and one that has accepted REFER and hangs up counts as transferred.
        """
        self._left.set()
        if self._is_asking:
            self._leaving = asyncio.create_task(self._end_once_told(ending))
        else:
            self._hangup.end_call(ending, now=True)

    async def aclose(self) -> None:
        """Waits for nothing any more."""
        await cancel_and_wait(*filter(None, (self._leaving, self._asking)))

    @property
    def _is_asking(self) -> bool:
        return self._asking is not None and not self._asking.done()

    async def _ask(self, name: str) -> Transferred:
        attempt = self._record.transferring(name)
        attempt.result = await self._refer(self.targets[name])
        log.info("a transfer was tried", extra={"target": name, "result": attempt.result})
        if attempt.result is Transferred.DONE:
            self._record.ends(ENDING)
            with suppress(TimeoutError):
                async with asyncio.timeout(LEAVES_WITHIN_S):
                    await self._left.wait()
            self._hangup.end_call(ENDING, now=True)
        return attempt.result

    async def _end_once_told(self, ending: Ending) -> None:
        if self._asking is not None:
            await asyncio.wait({self._asking}, timeout=TOLD_WITHIN_S)
        self._hangup.end_call(ending, now=True)
