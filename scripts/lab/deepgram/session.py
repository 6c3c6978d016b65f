"""One websocket at `/v1/listen`: audio and control messages in, results out."""

from __future__ import annotations

import asyncio
import contextlib
import datetime
import hashlib
import json
import logging
from typing import Any

from aiohttp import WSCloseCode, WSMsgType, web

from lab.deepgram import messages
from lab.deepgram.decode import decode
from lab.deepgram.delivery import Delivery, Hearing, Recognizes
from lab.deepgram.options import ListenOptions
from lab.deepgram.speech import (
    Event,
    NobodySpeaks,
    Segment,
    SegmentEnded,
    Segmenter,
    SpeechGoesOn,
    SpeechStarted,
    UtteranceEnded,
)
from lab.deepgram.tape import Tape
from lab.deepgram.voice import VoiceDetector, VoiceModel
from lab.faults import Control, Dropped
from lab.recognizer_process import RecognizerEnded

IDLE_S = 10.0  # Deepgram closes with NET-0001 after as long without audio or KeepAlive
BYTES_A_SAMPLE = {"linear16": 2, "mulaw": 1}

logger = logging.getLogger(__name__)


class Session:
    """Serves one accepted websocket until either side closes it; `entry` is its request log."""

    def __init__(
        self,
        socket: web.WebSocketResponse,
        options: ListenOptions,
        recognizer: Recognizes,
        voice: VoiceModel,
        control: Control,
        entry: dict[str, Any],
    ) -> None:
        self._socket = socket
        self._options = options
        self._entry = entry
        self._encoding, self._sample_rate = options.raw_audio()
        self._detector = VoiceDetector(voice, self._sample_rate)
        self._segmenter = Segmenter(options.endpointing, options.utterance_end_ms)
        self._tape = Tape(self._sample_rate)
        self._judged = 0  # samples the detector has had
        self._rest = b""  # half a sample
        self._sha256 = hashlib.sha256()
        self._created = datetime.datetime.now(datetime.UTC)
        self._closing = False
        self._delivery = Delivery(
            socket.send_json, recognizer, options, self._sample_rate, control, entry
        )

    async def run(self) -> None:
        """Returns when the websocket is closed."""
        sender = asyncio.create_task(self._send(), name="deepgram-results")
        try:
            await self._receive()
        finally:
            sender.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await sender
            if self._entry["close_code"] is None:  # the client closed
                self._entry["close_code"] = self._socket.close_code

    async def _send(self) -> None:
        try:
            await self._delivery.run()
            await self._close(WSCloseCode.OK)
        except Dropped:
            await self._close(WSCloseCode.INTERNAL_ERROR)
        except RecognizerEnded:
            logger.exception("closing a stream that cannot be recognised")
            await self._close(WSCloseCode.INTERNAL_ERROR)
        except ConnectionError:
            logger.info("a client went away before its results")

    async def _receive(self) -> None:
        while True:
            try:
                message = await self._socket.receive(timeout=IDLE_S)
            except TimeoutError:
                await self._close(WSCloseCode.INTERNAL_ERROR, b"NET-0001")
                return
            if message.type is WSMsgType.BINARY:
                self._hear(message.data)
            elif message.type is WSMsgType.TEXT:
                await self._obey(message.data)
            else:
                return

    async def _close(self, code: WSCloseCode, reason: bytes = b"") -> None:
        self._entry["close_code"] = int(code)
        await self._socket.close(code=code, message=reason)

    async def _obey(self, text: str) -> None:
        try:
            command = json.loads(text).get("type")
        except (ValueError, AttributeError):
            await self._close(WSCloseCode.POLICY_VIOLATION, b"DATA-0000")
            return
        if command == "Finalize":
            self._finalize(from_finalize=True)
        elif command == "CloseStream" and not self._closing:
            self._closing = True
            self._finalize(from_finalize=False)
            self._delivery.put(self._metadata())
            self._delivery.put(None)

    def _hear(self, data: bytes) -> None:
        if self._closing:
            return
        self._sha256.update(data)
        self._entry["bytes"] += len(data)
        data = self._rest + data
        whole = len(data) - len(data) % BYTES_A_SAMPLE[self._encoding]
        self._rest = data[whole:]
        self._tape.append(decode(data[:whole], self._encoding))
        self._entry["seconds"] = round(self._tape.end / self._sample_rate, 3)
        while self._tape.end - self._judged >= self._detector.window_samples:
            window = self._tape.window(self._judged, self._detector.window_samples)
            self._judged += self._detector.window_samples
            for event in self._segmenter.feed(self._detector.probability(window)):
                self._react(event)
        self._tape.forget(self._segmenter.needed_from_s)

    def _react(self, event: Event) -> None:
        match event:
            case SpeechStarted(at_s):
                if self._options.vad_events:
                    self._delivery.put(messages.speech_started(at_s))
            case SpeechGoesOn(segment, pausing):
                if pausing or (self._options.interim_results and not self._delivery.busy):
                    self._put(segment, is_final=False)
            case SegmentEnded(segment, speech_final):
                self._put(segment, is_final=True, speech_final=speech_final)
            case UtteranceEnded(last_voice_end_s):
                self._delivery.put(messages.utterance_end(last_voice_end_s))
            case NobodySpeaks():
                self._put(None, is_final=True)

    def _finalize(self, *, from_finalize: bool) -> None:
        self._put(self._segmenter.finalize(), is_final=True, from_finalize=from_finalize)

    def _put(
        self,
        segment: Segment | None,
        *,
        is_final: bool,
        speech_final: bool = False,
        from_finalize: bool = False,
    ) -> None:
        self._delivery.put(
            Hearing(
                segment,
                None if segment is None else self._tape.cut(segment.listen),
                self._segmenter.now_s,
                is_final,
                speech_final,
                from_finalize,
            )
        )

    def _metadata(self) -> messages.Message:
        return messages.metadata(
            self._options,
            self._entry["request_id"],
            self._sha256.hexdigest(),
            self._created.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            self._entry["seconds"],
        )
