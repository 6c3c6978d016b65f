"""A whole recording at once: what POST `/v1/listen` does."""

from __future__ import annotations

import asyncio
import datetime
import hashlib
import itertools

from lab.deepgram import messages
from lab.deepgram.decode import decode, decode_wav
from lab.deepgram.delivery import Recognizes
from lab.deepgram.options import DEFAULT_ENDPOINTING_MS, SAMPLE_RATES, BadRequest, ListenOptions
from lab.deepgram.speech import Segment, SegmentEnded, Segmenter
from lab.deepgram.tape import Tape
from lab.deepgram.voice import VoiceDetector, VoiceModel
from lab.deepgram.wording import wording_of
from lab.recognizer import Pcm


async def transcribe(
    body: bytes, options: ListenOptions, recognizer: Recognizes, voice: VoiceModel, request_id: str
) -> messages.Message:
    """The answer to a recording: a WAV file, or raw audio as `encoding` and `sample_rate` say.

    Raises BadRequest when the audio cannot be read.
    """
    pcm, sample_rate = _read(body, options)
    created = datetime.datetime.now(datetime.UTC)
    clips = await asyncio.to_thread(_segments, pcm, sample_rate, voice)
    heard = [await recognizer.recognize(clip, sample_rate) for _, clip in clips]
    weights = [len(part.text) for part in heard]
    confidence = sum(
        weight * part.confidence for weight, part in zip(weights, heard, strict=True)
    ) / max(sum(weights), 1)
    summary = messages.metadata(
        options,
        request_id,
        hashlib.sha256(body).hexdigest(),
        created.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        len(pcm) / sample_rate,
    )
    wording = wording_of(" ".join(part.text for part in heard if part.text), options)
    voiced = [span for segment, _ in clips for span in segment.voiced]
    return messages.prerecorded(summary, messages.alternative(wording, voiced, confidence), options)


def _read(body: bytes, options: ListenOptions) -> tuple[Pcm, int]:
    if not body.startswith(b"RIFF"):
        encoding, sample_rate = options.raw_audio()
        return decode(body, encoding), sample_rate
    try:
        pcm, sample_rate = decode_wav(body)
    except ValueError as error:
        raise BadRequest(
            f"Bad Request: failed to process audio: corrupt or unsupported data: {error}"
        ) from None
    if sample_rate not in SAMPLE_RATES:
        raise BadRequest("The lab's emulator hears recordings of 8000 or 16000 Hz.")
    return pcm, sample_rate


def _segments(pcm: Pcm, sample_rate: int, voice: VoiceModel) -> list[tuple[Segment, Pcm]]:
    detector = VoiceDetector(voice, sample_rate)
    segmenter = Segmenter(DEFAULT_ENDPOINTING_MS)
    tape = Tape(sample_rate)
    tape.append(pcm)
    events = itertools.chain.from_iterable(
        segmenter.feed(detector.probability(tape.window(begin, detector.window_samples)))
        for begin in range(0, len(pcm) - detector.window_samples + 1, detector.window_samples)
    )
    segments = [event.segment for event in events if isinstance(event, SegmentEnded)]
    segments.append(segmenter.finalize())
    return [(segment, tape.cut(segment.listen)) for segment in segments if segment is not None]
