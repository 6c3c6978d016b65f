"""The phone's side of the audio: one RTP socket, sending 20 ms frames without a break."""

from __future__ import annotations

import asyncio
import itertools
import time
from collections.abc import Callable, Iterator

import numpy as np
from aiortp import DtmfEvent, MediaClock, RtpPacket, RtpTransport, get_codec
from aiortp.sender import RtpSender
from aiortp.utils import uint16_gt

from lab.gateway.mixer import Samples
from lab.gateway.sdp import FRAME_MS, Terms
from lab.gateway.telephone_event import FRAME_SAMPLES, DigitReceiver, DigitSender


class NoPortFree(Exception):
    """Every port of the RTP range is in use."""


class RtpPorts:
    """Opens sockets on even ports, in turns: late packets of the last call meet nobody."""

    def __init__(self, ip: str, first: int, last: int) -> None:
        self._ip = ip
        self._ports = range(first + first % 2, last + 1, 2)
        self._turns: Iterator[int] = itertools.cycle(self._ports)

    async def open(self, protocol: asyncio.DatagramProtocol) -> tuple[str, int]:
        """Binds the next free port.

        Raises:
            NoPortFree: none is.
        """
        loop = asyncio.get_running_loop()
        for port in itertools.islice(self._turns, len(self._ports)):
            try:
                await loop.create_datagram_endpoint(lambda: protocol, local_addr=(self._ip, port))
            except OSError:
                continue
            return self._ip, port
        raise NoPortFree(f"no RTP port is free between {self._ports[0]} and {self._ports[-1]}")


class PhoneLeg:
    """RTP to and from one phone.

    `on_audio` gets 8 kHz samples as they arrive, `on_digit` each DTMF digit at key-down.
    `listening` is set by the first packet, `heard_at` (monotonic seconds) by every one.
    """

    def __init__(
        self, on_audio: Callable[[Samples], None], on_digit: Callable[[DtmfEvent], None]
    ) -> None:
        self.listening = asyncio.Event()
        self.heard_at = time.monotonic()
        self._terms: Terms | None = None
        self._remote: tuple[str, int] | None = None
        self._on_audio = on_audio
        self._on_digit = on_digit
        self._digits_in = DigitReceiver()
        self._digits_out = DigitSender()
        self._newest: tuple[int, int] | None = None  # SSRC and sequence number
        self._event_timestamp = 0
        self._transport = RtpTransport(on_rtp=self._receive, on_rtcp=lambda *_: None)
        self._clock: MediaClock | None = None

    async def open(self, ports: RtpPorts) -> tuple[str, int]:
        """Binds a socket and returns its address; raises NoPortFree."""
        return await ports.open(self._transport)

    def start(self, terms: Terms, source: Callable[[], Samples]) -> None:
        """Begins to listen, and to send every 20 ms what `source` gives, until closed."""
        self._terms, self._remote = terms, terms.remote
        self.heard_at = time.monotonic()
        sender = RtpSender(self._transport, terms.payload_type, enable_history=False)
        sender.timestamp_increment = FRAME_SAMPLES
        self._clock = MediaClock(FRAME_MS / 1000, lambda: self._send(terms, sender, source()))
        self._clock.start()

    def play_digits(self, digits: str) -> None:
        """Sends DTMF, if the phone agreed to it; `w` is a pause."""
        if self._terms is not None and self._terms.event_payload_type is not None:
            self._digits_out.play(digits)

    def move(self, remote: tuple[str, int]) -> None:
        """Sends to another address from now on."""
        self._remote = remote

    async def close(self) -> None:
        """Stops sending and gives the port back."""
        if self._clock is not None:
            await self._clock.stop()
        self._transport.close()

    def _send(self, terms: Terms, sender: RtpSender, frame: Samples) -> None:
        event = self._digits_out.step()
        if event is None or terms.event_payload_type is None:
            payload = get_codec(terms.payload_type).encode(frame.tobytes())
            sender.send_frame_auto(payload, addr=self._remote)
            return
        if event.first:
            self._event_timestamp = sender.current_timestamp
        for _ in range(event.copies):
            sender.send_raw(
                terms.event_payload_type,
                event.payload,
                self._event_timestamp,
                marker=int(event.first),
                addr=self._remote,
            )
        sender.advance_timestamp()

    def _receive(self, data: bytes, _: tuple[str, int]) -> None:
        terms = self._terms
        if terms is None:
            return  # early media
        try:
            packet = RtpPacket.parse(data)
        except ValueError:
            return
        self.heard_at = time.monotonic()
        self.listening.set()
        if not self._is_newer(packet):
            return
        if packet.payload_type == terms.payload_type:
            samples = np.frombuffer(get_codec(terms.payload_type).decode(packet.payload), np.int16)
            self._on_audio(samples)
        elif packet.payload_type == terms.event_payload_type:
            event = self._digits_in.receive(packet)
            if event is not None:
                self._on_digit(event)

    def _is_newer(self, packet: RtpPacket) -> bool:
        """Late and repeated packets are left out; loopback loses none, so nothing is concealed."""
        newest = self._newest
        known = newest is not None and newest[0] == packet.ssrc
        if known and newest and not uint16_gt(packet.sequence_number, newest[1]):
            return False
        self._newest = (packet.ssrc, packet.sequence_number)
        return True
