"""A call as the person holding the phone has it."""

from __future__ import annotations

import asyncio
import contextlib
import time
from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Literal, NamedTuple, TypeVar

from aiosipua import Dialog, SdpMessage, SipRequest, SipResponse

from lab.clips import Clips
from lab.phone.errors import (
    CallOver,
    NoDigits,
    NoQuiet,
    NoSpeech,
    PhoneError,
    StillUp,
    TookTooLong,
)
from lab.phone.event import SipEvent, method_of
from lab.phone.media import Media
from lab.phone.recording import Recording
from lab.phone.refer import ANSWERS, Transfer
from lab.phone.sdp import Address
from lab.phone.signalling import FarEndsWay, Signalling
from lab.phone.sound import Samples, Span

CONFIRMATION_S = 2.0  # how long a hang-up waits for the far end's word; the call is over regardless

Found = TypeVar("Found")
EndsHow = Literal["bye", "cancel", "refusal", "vanished"]


class Ending(NamedTuple):
    """How a call ended."""

    at_s: float
    by: Literal["us", "them"]
    how: EndsHow


class PhoneCall(ABC):
    """One call. All times are seconds of the phone's clock, `time.monotonic`.

    `events` is every SIP message, `recording` both directions, `spoken` the spans of sound in what
    was said here.
    """

    def __init__(self, call_id: str, signalling: Signalling, media: Media, clips: Clips) -> None:
        self.events: list[SipEvent] = signalling.events(call_id)
        self.spoken: list[Span] = []
        self.local_sdp: SdpMessage | None = None
        self.answered_s: float | None = None
        self.ending: Ending | None = None
        self._signalling = signalling
        self._media = media
        self._clips = clips
        self._decided = asyncio.Event()  # answered, or over
        self._over = asyncio.Event()
        self._acknowledged = asyncio.Event()  # the far end has our answer
        self._confirmed = asyncio.Event()  # the far end knows that it is over
        self.transfer: Transfer = "not-allowed"  # what comes of a REFER
        self._referring: asyncio.Task[None] | None = None
        self._turn = Span(media.recording.sent.origin_s, media.recording.sent.origin_s)
        signalling.join(call_id, self)

    @property
    def recording(self) -> Recording:
        """What passed so far, up to about 50 ms ago; all of it once the call is over."""
        return self._media.recording

    @property
    def digits(self) -> str:
        """The telephone-events received so far."""
        return self._media.digits

    @property
    def referred_to(self) -> str | None:
        """Where the far end asked to be transferred: Refer-To of the last REFER."""
        asked = [event.message for event in self.events if event.what == "REFER"]
        return asked[-1].get_header("Refer-To") if asked else None

    def utterances(self) -> list[Span]:
        """The far end's sounds so far, oldest first; the last one may be going on."""
        return self._media.sound.utterances()

    async def says(self, what: str | Samples) -> Span:
        """Speaks a text, or plays int16 samples at 8 kHz, in real time.

        Returns the span from its first sound to its last, once the last sample has left. Raises
        CallOver when the call ends before, and PhoneError when it is not up or the audio is not
        playable.
        """
        self._must_be_up()
        samples = await asyncio.to_thread(self._clips.clip, what) if isinstance(what, str) else what
        began_s = time.monotonic()
        span = await self._media.play(samples)
        self.spoken.append(span)
        self._turn = Span(began_s, span.end_s)
        return span

    async def presses(self, digits: str) -> None:
        """Presses keys, 240 ms each, as telephone-events (RFC 4733). Raises as `says` does."""
        self._must_be_up()
        for digit in digits:
            await self._media.press(digit)

    async def hears_speech(self, timeout: float = 20.0) -> float:
        """Waits until the far end takes its turn; returns when that sound began.

        That is the first sound that began after our last words began, or after what was last
        waited for here, and went on after they ended. Raises NoSpeech, CallOver.
        """

        def taken() -> float | None:
            for span in self.utterances():
                if span.start_s > self._turn.start_s and span.end_s > self._turn.end_s:
                    return span.start_s
            return None

        error = NoSpeech(f"the far end said nothing new within {timeout:g} s")
        start_s = await self._until(taken, timeout, error)
        self._turn = Span(start_s, start_s)
        return start_s

    async def hears_quiet(self, for_s: float = 0.8, timeout: float = 30.0) -> float:
        """Waits until the far end has been quiet for `for_s`; returns when its last sound ended.

        When it has made no sound at all, that is when the call was answered. Raises NoQuiet,
        CallOver.
        """

        def fallen() -> float | None:
            spans = self.utterances()
            last_s = spans[-1].end_s if spans else self.answered_s
            return last_s if last_s is not None and time.monotonic() - last_s >= for_s else None

        error = NoQuiet(f"the far end was never quiet for {for_s:g} s within {timeout:g} s")
        end_s = await self._until(fallen, timeout, error)
        self._turn = Span(max(self._turn.start_s, end_s), max(self._turn.end_s, end_s))
        return end_s

    async def hears_digits(self, count: int, timeout: float = 10.0) -> str:
        """Waits for `count` digits in all and returns all received. Raises NoDigits, CallOver."""

        def enough() -> str | None:
            return self.digits if len(self.digits) >= count else None

        error = NoDigits(f"fewer than {count} digits were received within {timeout:g} s")
        return await self._until(enough, timeout, error)

    async def ended(self, timeout: float = 30.0) -> Ending:
        """Waits for the end of the call, from whichever side. Raises StillUp."""
        await wait_for(self._over, timeout, StillUp(f"the call did not end within {timeout:g} s"))
        assert self.ending is not None
        return self.ending

    def stops_sending(self) -> None:
        """Vanishes: sends no RTP any more, and no BYE. What arrives is still heard."""
        self._media.vanish()

    @abstractmethod
    async def hangs_up(self) -> None:
        """Ends the call, if it is not over, and waits shortly for the far end's confirmation."""

    async def close(self) -> None:
        """Hangs up and frees the ports."""
        if self._referring is not None:
            self._referring.cancel()
            await asyncio.wait({self._referring})
        await self.hangs_up()
        await self._media.close()

    def responded(self, response: SipResponse) -> None:
        """Takes notice of a response."""
        if method_of(response) in {"BYE", "NOTIFY"} and response.status_code >= 200:
            self._confirmed.set()

    def acknowledged(self) -> None:
        """Takes notice of an ACK."""
        self._acknowledged.set()

    def moved(self, remote: Address) -> None:
        """Follows the far end's media."""
        self._media.redirect(remote)

    def referred(self, refer: SipRequest) -> None:
        """Answers REFER as `transfer` says."""
        self._referring = asyncio.create_task(self._take_transfer(refer))

    def far_end_left(self, how: FarEndsWay) -> None:
        """Ends here too."""
        self._end("them", how)

    @property
    @abstractmethod
    def _dialog(self) -> tuple[Dialog, Address]:
        """The SIP dialog, and where its requests are sent."""

    async def _take_transfer(self, refer: SipRequest) -> None:
        answer = ANSWERS[self.transfer]
        self._signalling.reply(refer, answer.status, {})
        for status in answer.reports:
            if self.ending is None:
                self._confirmed.clear()
                self._signalling.notify(*self._dialog, status)
                await self._shortly(self._confirmed)
        if answer.hangs_up:
            await self.hangs_up()

    def _end(self, by: Literal["us", "them"], how: EndsHow) -> None:
        if self.ending is None:
            self.ending = Ending(time.monotonic(), by, how)
            self._media.hang_up()
        self._decide()
        self._over.set()

    def _begin(self) -> float:
        self.answered_s = time.monotonic()
        self._decide()
        return self.answered_s

    def _decide(self) -> None:
        self._decided.set()

    def _must_be_up(self) -> None:
        if self.ending is not None:
            raise CallOver("the call is over: nothing more can be said")
        if self.answered_s is None:
            raise PhoneError("the call is not answered yet: wait for answered() first")

    async def _shortly(self, told: asyncio.Event) -> None:
        """Waits for the far end's word: one that is gone says none, which is no fault of ours."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(CONFIRMATION_S):
                await told.wait()

    async def _until(
        self, probe: Callable[[], Found | None], timeout: float, error: TookTooLong
    ) -> Found:
        """Asks `probe` at every tick of the media clock until it has found something."""
        try:
            async with asyncio.timeout(timeout):
                while (found := probe()) is None:
                    if self.ending is not None:
                        raise CallOver("the call ended before what was waited for came")
                    await self._media.tick.wait()
        except TimeoutError:
            raise error from None
        return found


async def wait_for(event: asyncio.Event, timeout: float, error: TookTooLong) -> None:
    """Waits for `event`; raises `error` after `timeout` seconds."""
    try:
        async with asyncio.timeout(timeout):
            await event.wait()
    except TimeoutError:
        raise error from None
