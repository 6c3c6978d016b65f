"""What livekit-server says about a call: the trunk's credentials, then the room (IOInfo)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from aiosipua import SipRequest, SipUri, parse_uri
from livekit.protocol.room import RoomConfiguration
from livekit.protocol.sip import SIPUri

from lab.gateway import wire
from lab.gateway.psrpc import Client

RINGING_TIMEOUT_S = 180.0
"""livekit-sip's default wait for somebody in the room to answer."""
MAX_CALL_S = 24 * 3600.0
"""livekit-sip's limit of any call."""


@dataclass(frozen=True, kw_only=True)
class TrunkAuthentication:
    """The trunk that a call came in on, and what its caller must know."""

    trunk_id: str
    username: str
    password: str = field(repr=False)
    realm: str
    drop: bool

    @property
    def wants_password(self) -> bool:
        """Whether the caller must answer a challenge."""
        return bool(self.username and self.password)


@dataclass(frozen=True, kw_only=True)
class Dispatch:
    """Where a call goes, as whom, and under which limits."""

    result: str
    room_name: str
    identity: str
    name: str
    metadata: str
    attributes: Mapping[str, str]
    token: str = field(repr=False)
    ws_url: str
    room_preset: str
    room_config: RoomConfiguration | None
    headers: Mapping[str, str]
    headers_to_attributes: Mapping[str, str]
    attributes_to_headers: Mapping[str, str]
    include_headers: int
    ringing_timeout_s: float
    max_call_s: float
    media_timeout_s: float | None

    @property
    def accepted(self) -> bool:
        """Whether a room was found."""
        return self.result in wire.ACCEPTED


def sip_call(invite: SipRequest, source_ip: str, lk_call_id: str) -> Any:
    """The `rpc.SIPCall` of an INVITE."""
    call = wire.SIPCall(
        lk_call_id=lk_call_id,
        source_ip=source_ip,
        sip_call_id=invite.call_id or "",
        address=_uri(parse_uri(invite.uri)),
        via=[SIPUri(host=via.host, port=via.port or 0) for via in invite.via],
    )
    if invite.from_addr:
        getattr(call, "from").CopyFrom(_uri(invite.from_addr.uri))
    if invite.to_addr:
        call.to.CopyFrom(_uri(invite.to_addr.uri))
    return call


def evaluation(
    call: Any, trunk_id: str, attributes: Mapping[str, str], pin: str | None = None
) -> Any:
    """The question where a call goes.

    A rule's numbers are compared with the two that stand beside the call, not with the call's own;
    `pin` is what the caller has typed, empty for `#` alone.
    """
    return wire.EvaluateSIPDispatchRulesRequest(
        call=call,
        sip_trunk_id=trunk_id,
        calling_number=getattr(call, "from").user,
        called_number=call.to.user,
        pin=pin or "",
        no_pin=pin == "",
        extra_attributes=attributes,
    )


def _uri(uri: SipUri) -> SIPUri:
    return SIPUri(user=uri.user or "", host=uri.host, port=uri.port or 0)


class CallRules:
    """Asks livekit-server about a call; every method raises `RpcError` when it cannot say."""

    def __init__(self, io_info: Client) -> None:
        self._io_info = io_info

    async def authentication(self, call: Any) -> TrunkAuthentication:
        """The trunk for this caller, number called and source address, if there is one."""
        answer = await self._io_info.call(
            "GetSIPTrunkAuthentication",
            wire.GetSIPTrunkAuthenticationRequest(call=call),
            wire.GetSIPTrunkAuthenticationResponse,
        )
        return TrunkAuthentication(
            trunk_id=answer.sip_trunk_id,
            username=answer.username,
            password=answer.password,
            realm=answer.realm,
            drop=answer.drop,
        )

    async def dispatch(self, call: Any, trunk_id: str, attributes: Mapping[str, str]) -> Dispatch:
        """The dispatch rule's answer; `attributes` come back with the participant's."""
        answer = await self._io_info.call(
            "EvaluateSIPDispatchRules",
            evaluation(call, trunk_id, attributes),
            wire.EvaluateSIPDispatchRulesResponse,
        )
        return _dispatch(answer)


def _dispatch(answer: Any) -> Dispatch:
    ringing_s = answer.ringing_timeout.ToTimedelta().total_seconds()
    max_call_s = answer.max_call_duration.ToTimedelta().total_seconds()
    media_timeout_s = answer.media.media_timeout.ToTimedelta().total_seconds()
    return Dispatch(
        result=wire.dispatch_result(answer.result),
        room_name=answer.room_name,
        identity=answer.participant_identity,
        name=answer.participant_name,
        metadata=answer.participant_metadata,
        attributes=dict(answer.participant_attributes),
        token=answer.token,
        ws_url=answer.ws_url,
        room_preset=answer.room_preset,
        room_config=answer.room_config if answer.HasField("room_config") else None,
        headers=dict(answer.headers),
        headers_to_attributes=dict(answer.headers_to_attributes),
        attributes_to_headers=dict(answer.attributes_to_headers),
        include_headers=answer.include_headers,
        ringing_timeout_s=ringing_s or RINGING_TIMEOUT_S,
        max_call_s=min(max_call_s or MAX_CALL_S, MAX_CALL_S),
        media_timeout_s=media_timeout_s or None,
    )
