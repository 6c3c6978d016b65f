"""A call that came to this phone."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Sequence

from aiosipua import DialogState, IncomingCall, SdpNegotiationError

from lab.clips import Clips
from lab.phone import sdp
from lab.phone.call import PhoneCall
from lab.phone.errors import CallOver, PhoneError
from lab.phone.media import Media
from lab.phone.signalling import Signalling


class ReceivedCall(PhoneCall):
    """A call that rings."""

    def __init__(
        self,
        invite: IncomingCall,
        signalling: Signalling,
        media: Media,
        clips: Clips,
        codecs: Sequence[str],
    ) -> None:
        super().__init__(invite.call_id, signalling, media, clips)
        self._invite = invite
        self._codecs = codecs

    @property
    def caller(self) -> str:
        """The number in the From header."""
        address = self._invite.invite.from_addr
        return (address and address.uri.user) or ""

    @property
    def headers(self) -> dict[str, str]:
        """The INVITE's X- headers, their names in lower case."""
        return {name.lower(): value for name, value in self._invite.x_headers.items()}

    def rings(self) -> None:
        """Sends 180."""
        if self.ending is None:
            self._invite.ringing()

    async def keeps_ringing(self, for_s: float) -> None:
        """Rings on for `for_s`, or until the caller gives up."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(for_s):
                await self._over.wait()

    def answers(self) -> float:
        """Sends 200 and begins to send audio; returns when.

        Raises CallOver when the caller has given up, PhoneError and sends 488 without a codec.
        """
        if self.ending is not None:
            raise CallOver("the caller gave up before the call was answered")
        try:
            self.local_sdp, agreed = sdp.answer(
                self._invite.sdp_offer, self._media.address, self._codecs
            )
        except SdpNegotiationError as error:
            self.rejects(488)
            raise PhoneError(f"refused the call with 488: {error}") from error
        self._invite.accept(self.local_sdp)
        self._media.start(agreed)
        return self._begin()

    def rejects(self, status: int = 486, reason: str = "") -> None:
        """Sends a final status from 300 to 699; nothing when the call is answered or over."""
        if self.ending is None and self.answered_s is None:
            self._invite.reject(status, reason)
            self._end("us", "refusal")

    async def hangs_up(self) -> None:
        """Sends BYE, or 480 before the answer, and waits shortly for its confirmation."""
        if self.answered_s is None:
            self.rejects(480)
        elif self.ending is None:
            await self._shortly(self._acknowledged)  # no BYE before it (RFC 3261 section 15)
            self._invite.hangup()
            self._end("us", "bye")
            await self._shortly(self._confirmed)


def given_up(invite: IncomingCall) -> bool:
    """Whether the caller has cancelled."""
    return invite.dialog.state is DialogState.TERMINATED
