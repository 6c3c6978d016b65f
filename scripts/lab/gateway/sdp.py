"""Which codec a call uses: the answer to an SDP offer (RFC 3264)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

from aiosipua.sdp import SdpMessage, negotiate_sdp

PCMU, PCMA = 0, 8
PREFERENCE = (PCMU, PCMA)
"""livekit-sip's order, which counts more than the order of the offer."""
FRAME_MS = 20


class Unacceptable(Exception):
    """The INVITE brought no offer, or one without a codec that the gateway speaks."""


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
        """Reads an offer.

        Raises:
            Unacceptable: there is nothing in it to agree on.
        """
        audio = offer.audio if offer else None
        if offer is None or audio is None or offer.rtp_address is None:
            raise Unacceptable("the INVITE offers no audio")
        offered = {codec.payload_type for codec in audio.codecs}
        chosen = next((codec for codec in PREFERENCE if codec in offered), None)
        if chosen is None:
            raise Unacceptable("the INVITE offers neither PCMU nor PCMA")
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
