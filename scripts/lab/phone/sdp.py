"""Offer and answer for one audio stream of G.711 with telephone-events (RFC 3264, RFC 4733)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from aiosipua import MediaDescription, SdpMessage, SdpNegotiationError, build_sdp, negotiate_sdp

PAYLOAD_TYPES = {"PCMU": 0, "PCMA": 8}  # RFC 3551 table 4
EVENT_PAYLOAD_TYPE = 101  # what we offer for telephone-events

Address = tuple[str, int]


class Agreed(NamedTuple):
    """What both sides settled on."""

    remote: Address
    payload_type: int
    event_payload_type: int | None  # None: the far end takes no telephone-events


def offer(local: Address, codecs: Sequence[str]) -> SdpMessage:
    """Offers `codecs` (names of PAYLOAD_TYPES), best first, and telephone-events."""
    first, *others = codecs
    sdp = build_sdp(*local, PAYLOAD_TYPES[first], first, dtmf_payload_type=EVENT_PAYLOAD_TYPE)
    audio = _audio(sdp)
    for place, name in enumerate(others, start=1):  # aiosipua builds offers of one codec only
        audio.formats.insert(place, str(PAYLOAD_TYPES[name]))
        audio.attributes["rtpmap"].insert(place, f"{PAYLOAD_TYPES[name]} {name}/8000")
    return sdp


def answer(
    offered: SdpMessage | None, local: Address, codecs: Sequence[str]
) -> tuple[SdpMessage, Agreed]:
    """Answers with the first offered codec that is in `codecs`.

    Raises SdpNegotiationError when there is none, or no offer.
    """
    if offered is None:
        raise SdpNegotiationError("the INVITE carries no SDP offer")
    answered, _ = negotiate_sdp(
        offered,
        *local,
        supported_codecs=[PAYLOAD_TYPES[name] for name in codecs],
        dtmf_payload_type=_event_payload_type(_audio(offered)) or 0,
    )
    return answered, _agreed(offered, _audio(answered))


def agreed(answered: SdpMessage | None) -> Agreed:
    """Reads the answer to our offer. Raises SdpNegotiationError when it holds no usable audio."""
    if answered is None:
        raise SdpNegotiationError("the answer carries no SDP")
    return _agreed(answered, _audio(answered))


def _agreed(remote: SdpMessage, chosen: MediaDescription) -> Agreed:
    address = remote.rtp_address
    known = [c.payload_type for c in chosen.codecs if c.payload_type in PAYLOAD_TYPES.values()]
    if address is None or address[1] == 0 or not known:
        raise SdpNegotiationError("the far end's SDP names no address or no G.711 codec")
    return Agreed(address, known[0], _event_payload_type(_audio(remote)))


def _audio(sdp: SdpMessage) -> MediaDescription:
    if sdp.audio is None:
        raise SdpNegotiationError("the SDP has no audio")
    return sdp.audio


def _event_payload_type(audio: MediaDescription) -> int | None:
    names = {codec.encoding_name.lower(): codec.payload_type for codec in audio.codecs}
    return names.get("telephone-event")
