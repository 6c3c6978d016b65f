"""A telephone in this process: dials, rings, talks and listens over SIP and RTP on loopback."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Self

from aiosipua import IncomingCall, SipDigestAuth

from lab.clips import Clips
from lab.phone import sdp
from lab.phone.call import PhoneCall
from lab.phone.dialled import DialledCall
from lab.phone.errors import NoCall, PhoneError
from lab.phone.media import Media
from lab.phone.received import ReceivedCall, given_up
from lab.phone.sdp import Address
from lab.phone.signalling import Signalling


class Phone:
    """A phone with one number, for as many calls at a time as one likes.

        async with Phone("+12025550123") as phone:
            call = await phone.dial("+12025550100", gateway=("127.0.0.1", 5060))
            await call.answered()
            said = await call.says("Hello, who is this?")
            gap_s = await call.hears_speech() - said.end_s

    `codecs` is any of PCMU and PCMA, best first; `auth` the user and password that answer a digest
    challenge. At its end calls are hung up, waiting ones refused with 480, and ports freed.
    """

    def __init__(
        self,
        number: str,
        *,
        codecs: Sequence[str] = ("PCMU", "PCMA"),
        auth: tuple[str, str] | None = None,
        clips: Clips | None = None,
        host: str = "127.0.0.1",
    ) -> None:
        if not codecs or not set(codecs) <= set(sdp.PAYLOAD_TYPES):
            raise PhoneError(f"codecs must be of {', '.join(sdp.PAYLOAD_TYPES)}, at least one")
        self.number = number
        self._codecs = codecs
        self._auth = SipDigestAuth(*auth) if auth is not None else None
        self._clips = clips or Clips()
        self._host = host
        self._waiting: asyncio.Queue[IncomingCall] = asyncio.Queue()
        self._signalling = Signalling(host, self._waiting.put_nowait)
        self._calls: list[PhoneCall] = []

    @property
    def address(self) -> Address:
        """Where it takes calls, once it is on."""
        return self._signalling.address

    async def dial(
        self, number: str, *, gateway: Address, headers: Mapping[str, str] | None = None
    ) -> DialledCall:
        """Sends an INVITE for `number` to `gateway`, with `headers` in it, and returns at once.

        Raises ValueError for a header that cannot be sent.
        """
        media = await Media.open(self._host)
        offer = sdp.offer(media.address, self._codecs)
        try:
            invitation = self._signalling.invite(
                number, self.number, gateway, offer, headers or {}, self._auth
            )
        except ValueError:
            await media.close()
            raise
        call = DialledCall(invitation, self._signalling, media, self._clips)
        self._calls.append(call)
        return call

    async def rings(self, timeout: float = 20.0) -> ReceivedCall:
        """Waits for an INVITE, sends 180 and returns the call: answer or reject it.

        Until this is called, an INVITE gets 100 and nothing more. Raises NoCall.
        """
        try:
            async with asyncio.timeout(timeout):
                invite = await self._waiting.get()
                while given_up(invite):
                    invite = await self._waiting.get()
        except TimeoutError:
            raise NoCall(f"nobody dialled this phone within {timeout:g} s") from None
        media = await Media.open(self._host)
        call = ReceivedCall(invite, self._signalling, media, self._clips, self._codecs)
        self._calls.append(call)
        call.rings()
        return call

    async def answers(self, *, after_s: float = 0.0, timeout: float = 20.0) -> ReceivedCall:
        """Waits for an INVITE, lets it ring for `after_s` and answers.

        Raises NoCall, CallOver when the caller gives up, and PhoneError without a common codec.
        """
        call = await self.rings(timeout)
        await call.keeps_ringing(after_s)
        call.answers()
        return call

    async def rejects(
        self, status: int = 486, *, after_s: float = 0.0, timeout: float = 20.0
    ) -> ReceivedCall:
        """Waits for an INVITE, lets it ring for `after_s` and refuses it. Raises NoCall."""
        call = await self.rings(timeout)
        await call.keeps_ringing(after_s)
        call.rejects(status)
        return call

    async def __aenter__(self) -> Self:
        await self._signalling.start()
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        try:
            await asyncio.gather(*(call.close() for call in self._calls))
        finally:
            self._refuse_waiting()
            await self._signalling.stop()
            await asyncio.sleep(0)  # closed transports free their sockets on the loop's next turn

    def _refuse_waiting(self) -> None:
        while not self._waiting.empty():
            invite = self._waiting.get_nowait()
            if not given_up(invite):
                invite.reject(480)
