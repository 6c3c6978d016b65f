"""A call that this phone placed."""

from __future__ import annotations

import asyncio
import time

from aiosipua import Dialog, SdpNegotiationError, SipResponse
from aiosipua import OutgoingCall as Invitation

from lab.clips import Clips
from lab.phone import sdp
from lab.phone.call import PhoneCall, wait_for
from lab.phone.errors import CallFailed, CallOver, NoFinalAnswer, NotRinging
from lab.phone.event import method_of
from lab.phone.media import Media
from lab.phone.signalling import Signalling


class DialledCall(PhoneCall):
    """A call whose INVITE has just left."""

    def __init__(
        self, invitation: Invitation, signalling: Signalling, media: Media, clips: Clips
    ) -> None:
        super().__init__(invitation.call_id, signalling, media, clips)
        self.local_sdp = invitation.sdp_offer
        self.rang_s: float | None = None
        self._invitation = invitation
        self._failure: CallFailed | None = None
        self._provisional = False
        self._rang = asyncio.Event()
        self._cancelling = False
        self._cancelled = False
        invitation.on_answer = self._answered
        invitation.on_rejected = self._rejected

    async def ringing(self, timeout: float = 20.0) -> float:
        """Waits for the first 180 or 183; returns when it came.

        Raises CallOver when the call was answered, refused or cancelled without, and NotRinging.
        """
        error = NotRinging(f"the far end did not ring within {timeout:g} s")
        await wait_for(self._rang, timeout, error)
        if self.rang_s is None:
            raise CallOver("the call was decided without ringing")
        return self.rang_s

    async def answered(self, timeout: float = 20.0) -> float:
        """Waits for the answer; returns when it came.

        Raises CallFailed on a refusal, CallOver when this phone cancelled, NoFinalAnswer.
        """
        error = NoFinalAnswer(f"no final answer to the INVITE within {timeout:g} s")
        await wait_for(self._decided, timeout, error)
        if self._failure is not None:
            raise self._failure
        if self.answered_s is None:
            raise CallOver("this phone cancelled the call before it was answered")
        return self.answered_s

    def cancel(self) -> None:
        """Sends CANCEL, once the far end has responded at all (RFC 3261 section 9.1).

        Nothing happens when the call is answered or over.
        """
        if self._decided.is_set() or self._cancelling:
            return
        self._cancelling = True
        if self._provisional:
            self._send_cancel()

    async def hangs_up(self) -> None:
        """Sends BYE, or CANCEL before the answer, and waits shortly for its confirmation."""
        if self.ending is None and self.answered_s is not None:
            self._signalling.bye(self._invitation)
            self._end("us", "bye")
            await self._shortly(self._confirmed)
        elif self.ending is None:
            self.cancel()
            await self._shortly(self._confirmed)
            self._end("us", "cancel")

    def responded(self, response: SipResponse) -> None:
        """Follows the INVITE where aiosipua does not: before the answer, and after a CANCEL."""
        super().responded(response)
        status = response.status_code
        if method_of(response) != "INVITE":
            return
        if status < 200:
            self._progressed(status)
        elif self._cancelled and status < 300:
            self._signalling.bye_to_crossing_answer(self._invitation, response)
            self._end("us", "bye")
        elif self._cancelled:
            self._confirmed.set()
            self._end("us", "cancel")

    @property
    def _dialog(self) -> tuple[Dialog, sdp.Address]:
        return self._invitation.dialog, self._invitation.remote_addr

    def _decide(self) -> None:
        super()._decide()
        self._rang.set()

    def _progressed(self, status: int) -> None:
        self._provisional = True
        if status in (180, 183) and self.rang_s is None:
            self.rang_s = time.monotonic()
            self._rang.set()
        if self._cancelling and not self._cancelled:
            self._send_cancel()

    def _send_cancel(self) -> None:
        self._cancelled = True
        self._signalling.cancel(self._invitation)

    def _answered(self, invitation: Invitation) -> None:
        try:
            agreed = sdp.agreed(invitation.sdp_answer)
        except SdpNegotiationError as error:
            self._failure = CallFailed(200, f"answered, but unusable: {error}")
        if self._cancelling or self._failure is not None:
            self._signalling.bye(invitation)
            self._end("us", "bye")
            return
        self._begin()
        self._media.start(agreed)

    def _rejected(self, _: Invitation, status: int, reason: str) -> None:
        self._failure = CallFailed(status, reason)
        self._end("them", "refusal")
