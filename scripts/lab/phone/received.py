"""A call that came to this phone."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Sequence

from aiosipua import Dialog, DialogState, IncomingCall, SdpMessage, SdpNegotiationError, parse_uri

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
        self.call_id = invite.call_id
        self._invite = invite
        self._codecs = codecs

    @property
    def caller(self) -> str:
        """The number in the From header."""
        address = self._invite.invite.from_addr
        return (address and address.uri.user) or ""

    @property
    def display_name(self) -> str:
        """The name in the From header; empty where there is none."""
        address = self._invite.invite.from_addr
        return (address and address.display_name) or ""

    @property
    def number(self) -> str:
        """The number that was dialled: the user of the Request-URI."""
        return parse_uri(self._invite.invite.uri).user or ""

    @property
    def headers(self) -> dict[str, str]:
        """The INVITE's X- headers, their names in lower case."""
        return {name.lower(): value for name, value in self._invite.x_headers.items()}

    def rings(self, *, early_media: bool = False) -> None:
        """Sends 180, or 183 with SDP."""
        if self.ending is not None:
            return
        if early_media:
            self._signalling.announce_media(self._invite, self._agree()[0])
        else:
            self._invite.ringing()

    async def keeps_ringing(self, for_s: float | None) -> None:
        """Rings on for `for_s` (None: for ever), or until the caller gives up."""
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
            self.local_sdp, agreed = self._agree()
        except SdpNegotiationError as error:
            self.rejects(488)
            raise PhoneError(f"refused the call with 488: {error}") from error
        self._invite.accept(self.local_sdp)
        self._media.start(agreed)
        return self._begin()

    def vanishes(self) -> None:
        """Loses its network: sends no SIP and no RTP any more, and takes none."""
        self._signalling.deafen(self.call_id)
        self._end("us", "vanished")

    def rejects(self, status: int = 486, reason: str = "") -> None:
        """Sends a final status from 300 to 699; nothing when the call is answered or over."""
        if self.ending is None and self.answered_s is None:
            self._invite.reject(status, reason)
            self._end("us", "refusal")

    @property
    def _dialog(self) -> tuple[Dialog, sdp.Address]:
        return self._invite.dialog, self._invite.source_addr

    def _agree(self) -> tuple[SdpMessage, sdp.Agreed]:
        return sdp.answer(self._invite.sdp_offer, self._media.address, self._codecs)

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
