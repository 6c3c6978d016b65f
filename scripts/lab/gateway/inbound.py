"""One inbound call, from INVITE to BYE, in livekit-sip's order (pkg/sip/inbound.go)."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import secrets
import time
from collections.abc import Coroutine, Iterator
from dataclasses import dataclass

from aiosipua import IncomingCall, SipMessage, SipRequest
from livekit import rtc
from livekit.rtc.participant import PublishTrackError

from lab.digest import Challenges
from lab.gateway import attributes, ending
from lab.gateway.access_token import access_token
from lab.gateway.answer_headers import HeaderedTransport
from lab.gateway.config import GatewayConfig
from lab.gateway.dispatch import CallRules, Dispatch, sip_call
from lab.gateway.ending import Ending
from lab.gateway.phone_leg import NoPortFree, PhoneLeg, RtpPorts
from lab.gateway.psrpc import RpcError
from lab.gateway.room_leg import RoomLeg
from lab.gateway.sdp import Terms, Unacceptable

log = logging.getLogger("lab.gateway.call")

FIRST_RTP_S = 1.0
"""A call counts as active with the phone's first RTP packet, or this long after the 200 OK."""


class Refused(Exception):
    """The call ends before it is answered."""

    def __init__(self, how: Ending) -> None:
        super().__init__(how.word)
        self.how = how


@dataclass(frozen=True)
class Exchange:
    """What all calls share."""

    config: GatewayConfig
    rules: CallRules
    challenges: Challenges
    rtp_ports: RtpPorts


class InboundCall:
    """One call; `run` lasts as long as it does."""

    def __init__(self, sip: IncomingCall, exchange: Exchange) -> None:
        self.sip = sip
        self.id = f"SCL_{secrets.token_hex(6)}"
        self.answered = False
        self._exchange = exchange
        self._info = sip_call(sip.invite, sip.source_addr[0], self.id)
        self._ending: asyncio.Future[Ending] = asyncio.get_running_loop().create_future()
        self._tasks: set[asyncio.Task[None]] = set()
        self._room: RoomLeg | None = None
        self._phone: PhoneLeg | None = None
        sip.dialog.local_tag = self.id  # livekit-sip's To tag is its call id

    def end(self, how: Ending) -> None:
        """Ends the call; the first to say so wins."""
        if not self._ending.done():
            self._ending.set_result(how)
            for task in self._tasks:  # at once, so that no 180 follows the final answer
                task.cancel()

    def reinvited(self) -> None:
        """Answers a re-INVITE with the same SDP; only the phone's RTP address is taken over."""
        remote = self.sip.sdp_offer.rtp_address if self.sip.sdp_offer else None
        held = "0.0.0.0"  # RFC 2543's way to hold a call
        if self._phone is not None and remote is not None and remote[0] != held:
            self._phone.remote = remote
        self.sip.accept(self.sip.sdp_answer)

    async def run(self) -> Ending:
        """Carries the call through; returns when both sides are done with it."""
        self._spawn(self._live())
        how = await self._ending
        log.info("call %s ended: %s", self.id, how.word)
        await asyncio.wait(self._tasks)
        self._tell_phone(how)
        if self._phone is not None:
            await self._phone.close()
        if self._room is not None:
            if how.hangup:
                await self._room.set_status("hangup")
            await self._room.leave()
        return how

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

    def _tell_phone(self, how: Ending) -> None:
        if how.by_phone:
            return
        if self.answered:
            self.sip.hangup()
        elif how.status is not None:
            response = self.sip.dialog.create_response(self.sip.invite, how.status, how.reason)
            for name, value in how.headers.items():
                response.set_header(name, value)
            self.sip.dialog.terminate()
            if self.sip.transport is not None:
                self.sip.transport.send_reply(response)

    async def _live(self) -> None:
        try:
            trunk_id = await self._authenticate()
            ringing = self._spawn(self._ring())
            dispatch = await self._ask_where(trunk_id)
            room, phone, address = await self._open_legs()
            self._spawn(self._limit(dispatch.max_call_s))
            await self._join(dispatch, room, phone)
        except Refused as refused:
            self.end(refused.how)
            return
        ringing.cancel()
        self.sip.accept(phone.terms.answer(*address))
        self.answered = True
        # What the room said before the answer is not for the phone.
        room.mixer.clear()
        phone.start(room.mixer.mix)
        self._spawn(room.run())
        self._spawn(self._watch_media(phone, dispatch.media_timeout_s))
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(phone.listening.wait(), FIRST_RTP_S)
        await room.set_status("active")

    async def _authenticate(self) -> str:
        """The trunk of a caller who need not name its password, or has."""
        with _or_try_later():
            trunk = await self._exchange.rules.authentication(self._info)
        if trunk.drop:
            raise Refused(ending.DROPPED)
        if trunk.wants_password:
            challenges, call_id = self._exchange.challenges, self.sip.call_id
            credentials = self.sip.invite.get_header("Proxy-Authorization")
            if credentials is None:
                raise Refused(ending.challenged(challenges.issue(call_id, trunk.realm)))
            if not challenges.accepts(call_id, credentials, trunk.username, trunk.password):
                raise Refused(ending.UNAUTHORIZED)
        return trunk.trunk_id

    async def _ring(self) -> None:
        while True:
            self.sip.ringing()
            await asyncio.sleep(self._exchange.config.sip_ringing_interval)

    async def _ask_where(self, trunk_id: str) -> Dispatch:
        known = attributes.of_known_headers(self.sip.invite)
        with _or_try_later():
            dispatch = await self._exchange.rules.dispatch(self._info, trunk_id, known)
        if not dispatch.accepted:
            raise Refused(ending.OF_DISPATCH.get(dispatch.result, ending.NOT_IMPLEMENTED))
        return dispatch

    async def _open_legs(self) -> tuple[RoomLeg, PhoneLeg, tuple[str, int]]:
        try:
            terms = Terms.of(self.sip.sdp_offer)
        except Unacceptable as error:
            raise Refused(ending.UNACCEPTABLE) from error
        room = RoomLeg()
        phone = PhoneLeg(terms, on_audio=room.hear, on_digit=room.press)
        try:
            address = await phone.open(self._exchange.rtp_ports)
        except NoPortFree as error:
            raise Refused(ending.NO_PORT) from error
        self._room, self._phone = room, phone
        return room, phone, address

    async def _join(self, dispatch: Dispatch, room: RoomLeg, phone: PhoneLeg) -> None:
        """Joins the room and waits in it until somebody there can be heard."""
        config = self._exchange.config
        token = dispatch.token or access_token(
            config.api_key,
            config.api_secret,
            dispatch,
            attributes.at_join(self.sip.invite, dispatch),
        )
        try:
            async with asyncio.timeout(dispatch.ringing_timeout_s):
                await room.join(dispatch.ws_url or config.ws_url, token, phone.play_digits)
                self._spawn(self._watch_room(room))
                self._add_headers(dispatch, room)
                await room.answerable.wait()
        except TimeoutError as error:
            raise Refused(ending.NO_ANSWER) from error
        except (rtc.ConnectError, PublishTrackError) as error:
            raise Refused(ending.NOT_JOINED) from error

    def _add_headers(self, dispatch: Dispatch, room: RoomLeg) -> None:
        """Adds the trunk's headers to the 200 OK, and those made of attributes to the BYE too."""

        def headers(message: SipMessage) -> dict[str, str]:
            made = attributes.to_headers(room.attributes, dispatch.attributes_to_headers)
            return made if isinstance(message, SipRequest) else {**dispatch.headers, **made}

        if self.sip.transport is not None:
            self.sip.transport = HeaderedTransport(self.sip.transport, headers)

    async def _limit(self, max_call_s: float) -> None:
        await asyncio.sleep(max_call_s)
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


@contextlib.contextmanager
def _or_try_later() -> Iterator[None]:
    try:
        yield
    except RpcError as error:
        log.warning("livekit-server did not say: %s", error)
        raise Refused(ending.TRY_LATER) from error
