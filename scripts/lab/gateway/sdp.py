"""Which codec a call uses: SDP offer and answer (RFC 3264)."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import Self

from aiosipua.sdp import SdpMessage, negotiate_sdp, parse_sdp

PCMU, PCMA = 0, 8
PREFERENCE = (PCMU, PCMA)
"""livekit-sip's order, which counts more than the order of the offer."""
FRAME_MS = 20


_OFFER = """\
v=0
o=- {id} {id} IN IP4 {ip}
s=LiveKit
c=IN IP4 {ip}
t=0 0
m=audio {port} RTP/AVP 0 8 101
a=rtpmap:0 PCMU/8000
a=rtpmap:8 PCMA/8000
a=rtpmap:101 telephone-event/8000
a=fmtp:101 0-16
a=ptime:20
a=sendrecv
"""


def offer(ip: str, port: int) -> SdpMessage:
    """What the gateway offers whom it calls, naming its RTP socket."""
    return parse_sdp(_OFFER.format(id=secrets.randbits(62), ip=ip, port=port))


class Unacceptable(Exception):
    """The phone sent no SDP, or one without a codec that the gateway speaks."""


@dataclass(frozen=True)
class Terms:
    """What both sides can do."""

    offer: SdpMessage
    remote: tuple[str, int]
    payload_type: int
    event_payload_type: int | None
    """Of RFC 4733 telephone events; None: no DTMF in this call."""

    @classmethod
    def of(cls, offer: SdpMessage | None) -> Self:
        """Reads the phone's SDP, its offer or its answer to `offer`.

        Raises:
            Unacceptable: there is nothing in it to agree on.
        """
        audio = offer.audio if offer else None
        if offer is None or audio is None or offer.rtp_address is None:
            raise Unacceptable("the SDP has no audio")
        offered = {codec.payload_type for codec in audio.codecs}
        chosen = next((codec for codec in PREFERENCE if codec in offered), None)
        if chosen is None:
            raise Unacceptable("the SDP has neither PCMU nor PCMA")
        events = (
            codec.payload_type
            for codec in audio.codecs
            if codec.encoding_name.lower() == "telephone-event" and codec.clock_rate == 8000
        )
        return cls(offer, offer.rtp_address, chosen, next(events, None))

    def answer(self, ip: str, port: int) -> SdpMessage:
        """The answer, naming the gateway's RTP socket."""
        answer, _ = negotiate_sdp(
            self.offer,
            ip,
            port,
            supported_codecs=[self.payload_type],
            dtmf_payload_type=self.event_payload_type or 0,
            session_name="LiveKit",
        )
        if answer.audio is not None:
            answer.audio.attributes["ptime"] = [str(FRAME_MS)]
        return answer
