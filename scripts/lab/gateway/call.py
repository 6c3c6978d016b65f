"""What every call is, whoever began it: two legs, limits, one end."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from abc import ABC, abstractmethod
from collections.abc import Coroutine, Iterator, Mapping
from dataclasses import dataclass

from aiosipua import Dialog, SdpMessage, SipRequest

from lab.digest import Challenges
from lab.gateway import attributes, ending
from lab.gateway.client_transaction import ClientTransactions
from lab.gateway.config import GatewayConfig
from lab.gateway.dispatch import MAX_CALL_S, CallRules
from lab.gateway.earpiece import Earpiece
from lab.gateway.ending import Ending
from lab.gateway.phone_leg import PhoneLeg, RtpPorts
from lab.gateway.room_leg import RoomLeg
from lab.gateway.sdp import Terms
from lab.gateway.transfer import Transfers

log = logging.getLogger("lab.gateway.call")

FIRST_RTP_S = 1.0
"""A call counts as active with the phone's first RTP packet, or this long after the 200 OK."""


@dataclass(frozen=True)
class Exchange:
    """What all calls share."""

    config: GatewayConfig
    rules: CallRules
    challenges: Challenges
    rtp_ports: RtpPorts
    transactions: ClientTransactions


class Call(ABC):
    """One call; `run` lasts as long as it does.

    `dialog` is the SIP dialog, `remote` where its requests are sent, `attributes_to_headers` the
    trunk's map for those requests.
    """

    dialog: Dialog
    remote: tuple[str, int]

    def __init__(self, call_id: str, exchange: Exchange) -> None:
        self.id = call_id
        self.answered = False
        self.attributes_to_headers: Mapping[str, str] = {}
        self.transfers = Transfers(self)
        self._exchange = exchange
        self._ending: asyncio.Future[Ending] = asyncio.get_running_loop().create_future()
        self._tasks: set[asyncio.Task[None]] = set()
        self._room: RoomLeg | None = None
        self._phone: PhoneLeg | None = None
        self._earpiece: Earpiece | None = None

    def end(self, how: Ending) -> None:
        """Ends the call; the first to say so wins."""
        if not self._ending.done():
            self._ending.set_result(how)
            for task in self._tasks:  # at once, so that no 180 follows the final answer
                task.cancel()

    async def run(self) -> Ending:
        """Carries the call through; returns when both sides are done with it."""
        self._spawn(self._live())
        how = await self._ending
        log.info("call %s ended: %s", self.id, how.word)
        await asyncio.wait(self._tasks)
        self._tell_phone(how)
        self.transfers.call_ended()
        if self._phone is not None:
            await self._phone.close()
        if self._room is not None:
            if how.hangup:
                await self._room.set_status("hangup")
            await self._room.leave(how.left_as)
        return how

    def request(self, method: str, headers: Mapping[str, str] | None = None) -> SipRequest:
        """A request within the dialog, with the headers that the participant's attributes make."""
        host, port = self._exchange.transactions.local_address
        request = self.dialog.create_request(method, via_host=host, via_port=port)
        request.headers.set_single("Contact", f"<sip:{host}:{port}>")
        for name, value in {**(headers or {}), **self.headers()}.items():
            request.headers.set_single(name, value)
        return request

    def headers(self) -> dict[str, str]:
        """The headers made of the participant's attributes, as they are now."""
        if self._room is None or not self.attributes_to_headers:
            return {}
        return attributes.to_headers(self._room.attributes, self.attributes_to_headers)

    def follow(self, sdp: SdpMessage | None) -> None:
        """Sends the phone's audio where a re-INVITE says; all else in its SDP is ignored."""
        remote = sdp.rtp_address if sdp else None
        held = "0.0.0.0"  # RFC 2543's way to hold a call
        if self._phone is not None and remote is not None and remote[0] != held:
            self._phone.move(remote)

    @contextlib.contextmanager
    def ringing(self) -> Iterator[None]:
        """The phone of an answered call hears ringing, and not the room, for as long as this."""
        if self._earpiece is not None:
            self._earpiece.rings = True
        try:
            yield
        finally:
            if self._earpiece is not None:
                self._earpiece.rings = False

    def hang_up_after(self, delay_s: float, how: Ending) -> None:
        """Ends the call in a while, unless it ends before."""

        async def end_later() -> None:
            await asyncio.sleep(delay_s)
            self.end(how)

        if not self._ending.done():
            self._spawn(end_later())

    async def asks(self, request: SipRequest) -> tuple[int, str]:
        """Sends a request within the dialog; returns the final status and its reason."""
        return await self._exchange.transactions.final(request, self.remote)

    @abstractmethod
    async def _live(self) -> None:
        """Brings the call up."""

    @abstractmethod
    def _tell_phone(self, how: Ending) -> None:
        """Ends the phone's side."""

    def _say_bye(self) -> None:
        self._exchange.transactions.send(self.request("BYE"), self.remote)
        self.dialog.terminate()

    def _spawn(self, work: Coroutine[None, None, None]) -> asyncio.Task[None]:
        task = asyncio.create_task(work)
        task.add_done_callback(self._check)
        self._tasks.add(task)
        return task

    def _check(self, task: asyncio.Task[None]) -> None:
        error = None if task.cancelled() else task.exception()
        if error is not None:
            log.error("call %s failed", self.id, exc_info=error)
            self.end(ending.FAULT)

    async def _open_legs(self) -> tuple[RoomLeg, PhoneLeg, tuple[str, int]]:
        """Both legs, and the phone leg's address; raises NoPortFree."""
        room = RoomLeg()
        self._room, self._phone = room, PhoneLeg(on_audio=room.hear, on_digit=room.press)
        return room, self._phone, await self._phone.open(self._exchange.rtp_ports)

    def _connect(
        self, room: RoomLeg, phone: PhoneLeg, terms: Terms, media_timeout_s: float | None
    ) -> None:
        """Lets the two sides hear each other."""
        self.answered = True
        # What the room said before the answer is not for the phone.
        room.mixer.clear()
        self._earpiece = Earpiece(room.mixer)
        phone.start(terms, self._earpiece.frame)
        self._spawn(room.run())
        self._spawn(self._watch_media(phone, media_timeout_s))

    async def _until_heard(self, phone: PhoneLeg) -> None:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(phone.listening.wait(), FIRST_RTP_S)

    async def _limit(self, max_call_s: float) -> None:
        await asyncio.sleep(min(max_call_s, MAX_CALL_S))
        self.end(ending.TOO_LONG)

    async def _watch_room(self, room: RoomLeg) -> None:
        await room.closed.wait()
        self.end(ending.ROOM_CLOSED)

    async def _watch_media(self, phone: PhoneLeg, timeout_s: float | None) -> None:
        """Ends the call when the phone has sent no RTP for too long."""
        config = self._exchange.config
        gap_s = timeout_s or config.media_timeout
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(phone.listening.wait(), config.media_timeout_initial)
        while (left_s := phone.heard_at + gap_s - time.monotonic()) > 0:  # noqa: ASYNC110
            await asyncio.sleep(left_s)  # every packet moves the moment
        self.end(ending.MEDIA_TIMEOUT)
