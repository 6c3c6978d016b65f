"""One call's RTP: a packet out every 20 ms by one absolute clock, and whatever comes in."""

from __future__ import annotations

import asyncio
import math
import time
from collections import deque
from typing import Self

import numpy as np
from aiortp import DtmfReceiver, MediaClock, RtpPacket, RtpTransport, get_codec
from aiortp.sender import RtpSender
from aiortp.utils import random32

from lab.phone.errors import CallOver, PhoneError
from lab.phone.ports import port_pair
from lab.phone.recording import Recording
from lab.phone.sdp import EVENT_PAYLOAD_TYPE, PAYLOAD_TYPES, Address, Agreed
from lab.phone.sound import Samples, SoundDetector, Span
from lab.phone.talk import PACKET_S, PACKET_SAMPLES, SILENCE, Clip, Digit
from lab.phone.timeline import Timeline


class Media:
    """Sends silence, clips and digits without a gap, records both directions, listens for sound.

    Made by `open`. Nothing is sent before `start`; what arrives counts from the outset. `tick` is
    set every 20 ms and then replaced. The clock is `time.monotonic`.
    """

    def __init__(self, address: Address) -> None:
        self.address = address
        self.recording = Recording(time.monotonic())
        self.sound = SoundDetector()
        self.digits = ""
        self.tick = asyncio.Event()
        self._rtp = RtpTransport(self._arrived, self._ignore)
        self._rtcp = RtpTransport(self._ignore, self._ignore)
        self._sender = RtpSender(self._rtp, payload_type=0, enable_history=False)
        self._agreed: Agreed | None = None
        self._silenced: PhoneError | None = None
        self._timestamp = random32()
        self._marker = 1  # the first packet begins a talkspurt (RFC 3551 section 4.1)
        self._queue: deque[Clip | Digit] = deque()
        self._sent = Timeline(self.recording.sent.write)
        self._received = Timeline(self._hear)
        self._events = DtmfReceiver(self._take_digit)
        self._clock = MediaClock(PACKET_S, self._on_tick)

    @classmethod
    async def open(cls, host: str) -> Self:
        """Binds a free pair of ports on `host`. Raises OSError when there is none."""
        rtp, rtcp = port_pair(host)
        media = cls((host, int(rtp.getsockname()[1])))
        loop = asyncio.get_running_loop()
        await loop.create_datagram_endpoint(lambda: media._rtp, sock=rtp)
        await loop.create_datagram_endpoint(lambda: media._rtcp, sock=rtcp)
        media._clock.start()
        return media

    def start(self, agreed: Agreed) -> None:
        """Begins to send, silence first."""
        self._agreed = agreed

    def redirect(self, remote: Address) -> None:
        """Sends to another address from now on."""
        if self._agreed is not None:
            self._agreed = self._agreed._replace(remote=remote)

    async def play(self, samples: Samples) -> Span:
        """Sends `samples` after what is queued; see Clip. Raises PhoneError, CallOver."""
        clip = Clip(samples)
        self._enqueue(clip)
        return await clip.done

    async def press(self, digit: str) -> None:
        """Sends one telephone-event and the pause after it. Raises PhoneError, CallOver."""
        if self._agreed is not None and self._agreed.event_payload_type is None:
            raise PhoneError("the far end takes no telephone-events: its SDP names none")
        event = Digit(digit)
        self._enqueue(event)
        await event.done

    def vanish(self) -> None:
        """Sends nothing any more, as a phone that lost its network."""
        self._silence(PhoneError("this phone has stopped sending: nothing more can be said"))

    def hang_up(self) -> None:
        """Ends sending and receiving; what passed is all on record then."""
        self._silence(CallOver("the call is over: nothing more can be said"))
        self.settle(math.inf)
        self._rtp.close()
        self._rtcp.close()
        self._pulse()

    async def close(self) -> None:
        """Hangs up and stops the clock."""
        self.hang_up()
        await self._clock.stop()

    def settle(self, now_s: float) -> None:
        """Puts on record what passed up to HOLD_S before `now_s`."""
        self._sent.settle(now_s)
        self._received.settle(now_s)

    def _enqueue(self, item: Clip | Digit) -> None:
        if self._silenced is not None:
            raise self._silenced
        self._queue.append(item)

    def _silence(self, reason: PhoneError) -> None:
        self._silenced = reason
        for item in self._queue:
            if not item.done.done():
                item.done.set_exception(reason)
        self._queue.clear()

    def _on_tick(self) -> None:
        now_s = time.monotonic()
        if self._agreed is not None and self._silenced is None:
            self._send(now_s, self._agreed)
        self._timestamp = (self._timestamp + PACKET_SAMPLES) & 0xFFFFFFFF
        self.settle(now_s)
        self._pulse()

    def _send(self, now_s: float, agreed: Agreed) -> None:
        while self._queue and self._queue[0].done.done():
            self._queue.popleft()
        item = self._queue[0] if self._queue else None
        if isinstance(item, Digit) and (payloads := item.payloads(self._timestamp)):
            for marker, payload in payloads:
                event_type = agreed.event_payload_type or EVENT_PAYLOAD_TYPE
                self._sender.send_raw(event_type, payload, item.began, marker, agreed.remote)
            return
        samples = item.packet(now_s) if isinstance(item, Clip) else SILENCE
        payload = get_codec(agreed.payload_type).encode(samples.astype("<i2").tobytes())
        self._sender.send_raw(
            agreed.payload_type, payload, self._timestamp, self._marker, agreed.remote
        )
        self._marker = 0
        self._sent.add(now_s, self._timestamp, self._sender.ssrc, samples)

    def _arrived(self, data: bytes, _: Address) -> None:
        now_s = time.monotonic()
        try:
            packet = RtpPacket.parse(data)
        except ValueError:
            return  # not RTP: nothing a caller would hear
        if packet.payload_type in PAYLOAD_TYPES.values():
            pcm = get_codec(packet.payload_type).decode(packet.payload)
            samples = np.frombuffer(pcm, "<i2").astype(np.int16)
            self._received.add(now_s, packet.timestamp, packet.ssrc, samples)
        elif len(packet.payload) == 4 and self._is_event(packet.payload_type):
            self._events.handle_packet(packet)

    def _is_event(self, payload_type: int) -> bool:
        ours = self._agreed.event_payload_type if self._agreed is not None else None
        return payload_type in (EVENT_PAYLOAD_TYPE, ours)

    def _ignore(self, data: bytes, _: Address) -> None:
        """Takes RTCP off the socket: reports are of no use on loopback."""

    def _hear(self, at_s: float, samples: Samples) -> None:
        self.recording.received.write(at_s, samples)
        self.sound.feed(at_s, samples)

    def _take_digit(self, digit: str, _: int) -> None:
        self.digits += digit

    def _pulse(self) -> None:
        self.tick.set()
        self.tick = asyncio.Event()
