"""One inbound call, from INVITE to BYE, in livekit-sip's order (pkg/sip/inbound.go)."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import secrets
from collections.abc import Iterator

from aiosipua import IncomingCall
from livekit import rtc
from livekit.rtc.participant import PublishTrackError

from lab.gateway import attributes, ending
from lab.gateway.access_token import Guest, access_token
from lab.gateway.answer_headers import HeaderedTransport
from lab.gateway.call import Call, Exchange
from lab.gateway.dispatch import Dispatch, sip_call
from lab.gateway.ending import Ending
from lab.gateway.phone_leg import NoPortFree, PhoneLeg
from lab.gateway.psrpc import RpcError
from lab.gateway.room_leg import RoomLeg
from lab.gateway.sdp import Terms, Unacceptable

log = logging.getLogger("lab.gateway.call")


class Refused(Exception):
    """The call ends before it is answered."""

    def __init__(self, how: Ending) -> None:
        super().__init__(how.word)
        self.how = how


class InboundCall(Call):
    """A call that a phone began."""

    def __init__(self, sip: IncomingCall, exchange: Exchange) -> None:
        super().__init__(f"SCL_{secrets.token_hex(6)}", exchange)
        self.sip = sip
        self.dialog = sip.dialog
        self.remote = sip.source_addr
        self._info = sip_call(sip.invite, sip.source_addr[0], self.id)
        sip.dialog.local_tag = self.id  # livekit-sip's To tag is its call id

    def reinvited(self) -> None:
        """Answers a re-INVITE with the same SDP; only the phone's RTP address is taken over."""
        self.follow(self.sip.sdp_offer)
        self.sip.accept(self.sip.sdp_answer)

    def _tell_phone(self, how: Ending) -> None:
        if how.by_phone:
            return
        if self.answered:
            self._say_bye()
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
            terms = self._agree()
            room, phone, address = await self._open_legs()
            self._spawn(self._limit(dispatch.max_call_s))
            await self._join(dispatch, room, phone)
        except Refused as refused:
            self.end(refused.how)
            return
        except NoPortFree:
            self.end(ending.NO_PORT)
            return
        ringing.cancel()
        self.sip.accept(terms.answer(*address))
        self._connect(room, phone, terms, dispatch.media_timeout_s)
        await self._until_heard(phone)
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

    def _agree(self) -> Terms:
        try:
            return Terms.of(self.sip.sdp_offer)
        except Unacceptable as error:
            raise Refused(ending.UNACCEPTABLE) from error

    async def _join(self, dispatch: Dispatch, room: RoomLeg, phone: PhoneLeg) -> None:
        """Joins the room and waits in it until somebody there can be heard."""
        config = self._exchange.config
        guest = Guest(
            room_name=dispatch.room_name,
            identity=dispatch.identity,
            name=dispatch.name,
            metadata=dispatch.metadata,
            attributes=attributes.at_join(self.sip.invite, dispatch),
            room_preset=dispatch.room_preset,
            room_config=dispatch.room_config,
        )
        token = dispatch.token or access_token(config.api_key, config.api_secret, guest)
        try:
            async with asyncio.timeout(dispatch.ringing_timeout_s):
                await room.join(dispatch.ws_url or config.ws_url, token, phone.play_digits)
                self._spawn(self._watch_room(room))
                self._add_headers(dispatch)
                await room.answerable.wait()
        except TimeoutError as error:
            raise Refused(ending.NO_ANSWER) from error
        except (rtc.ConnectError, PublishTrackError) as error:
            raise Refused(ending.NOT_JOINED) from error

    def _add_headers(self, dispatch: Dispatch) -> None:
        """Adds the trunk's headers to the 200 OK, and those made of attributes to all requests."""
        self.attributes_to_headers = dispatch.attributes_to_headers
        if self.sip.transport is not None:
            self.sip.transport = HeaderedTransport(
                self.sip.transport, lambda: {**dispatch.headers, **self.headers()}
            )


@contextlib.contextmanager
def _or_try_later() -> Iterator[None]:
    try:
        yield
    except RpcError as error:
        log.warning("livekit-server did not say: %s", error)
        raise Refused(ending.TRY_LATER) from error
