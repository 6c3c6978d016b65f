"""The JSON Deepgram sends: one function a message, field for field as its documentation shows them.

https://developers.deepgram.com/reference/speech-to-text/listen-streaming and, for errors,
https://developers.deepgram.com/reference/errors
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Sequence
from typing import Any, TypedDict

from lab.deepgram.options import ListenOptions
from lab.deepgram.speech import Span
from lab.deepgram.wording import Wording

Message = dict[str, Any]
ARCHITECTURE = "moonshine-tiny"  # honest: Deepgram's own would say nova-3


class Result(TypedDict):
    """What one Results message says about its stretch of the stream."""

    span: Span
    wording: Wording
    voiced: Sequence[Span]
    confidence: float
    is_final: bool
    speech_final: bool
    from_finalize: bool


def results(result: Result, options: ListenOptions, request_id: str) -> Message:
    """An interim or final transcript."""
    span = result["span"]
    spoken = alternative(result["wording"], result["voiced"], result["confidence"])
    if options.language == "multi":
        spoken["languages"] = ["en"]
    return {
        "type": "Results",
        "channel_index": [0, 1],
        "duration": _seconds(span.end_s - span.start_s),
        "start": _seconds(span.start_s),
        "is_final": result["is_final"],
        "speech_final": result["speech_final"],
        "channel": {"alternatives": [spoken]},
        "metadata": {
            "request_id": request_id,
            "model_info": _model_info(options),
            "model_uuid": _model_uuid(options),
        },
        "from_finalize": result["from_finalize"],
    }


def speech_started(at_s: float) -> Message:
    """Voice began at `at_s` of the stream."""
    return {"type": "SpeechStarted", "channel": [0, 1], "timestamp": _seconds(at_s)}


def utterance_end(last_word_end_s: float) -> Message:
    """The gap `utterance_end_ms` passed after the last word."""
    return {"type": "UtteranceEnd", "channel": [0, 1], "last_word_end": _seconds(last_word_end_s)}


def metadata(
    options: ListenOptions, request_id: str, sha256: str, created: str, duration_s: float
) -> Message:
    """The summary: alone at the end of a stream, inside the answer to a recording."""
    return {
        "type": "Metadata",
        "transaction_key": "deprecated",
        "request_id": request_id,
        "sha256": sha256,
        "created": created,
        "duration": _seconds(duration_s),
        "channels": 1,
        "models": [_model_uuid(options)],
        "model_info": {_model_uuid(options): _model_info(options)},
    }


def prerecorded(summary: Message, alternative: Message, options: ListenOptions) -> Message:
    """The answer to a recording."""
    channel: Message = {"alternatives": [alternative]}
    if options.detect_language:
        channel |= {"detected_language": "en", "language_confidence": 1.0}
    summary = {name: value for name, value in summary.items() if name != "type"}
    return {"metadata": summary, "results": {"channels": [channel]}}


def error(code: str, text: str, request_id: str) -> Message:
    """The body of an HTTP error."""
    return {"err_code": code, "err_msg": text, "request_id": request_id}


def alternative(wording: Wording, voiced: Sequence[Span], confidence: float) -> Message:
    """One transcript with its words."""
    words: list[Message] = []
    for word, span in zip(wording.words, _share(wording, voiced), strict=True):
        entry: Message = {
            "word": word.bare,
            "start": _seconds(span.start_s),
            "end": _seconds(span.end_s),
            "confidence": round(confidence, 4),
        }
        if wording.formatted:
            entry["punctuated_word"] = word.punctuated
        words.append(entry)
    return {
        "transcript": wording.transcript,
        "confidence": round(confidence, 4) if words else 0.0,
        "words": words,
    }


def _share(wording: Wording, voiced: Sequence[Span]) -> Iterator[Span]:
    """Word times. Moonshine gives none: the voiced time is shared out by the words' lengths."""
    lengths = [len(word.bare) + 1 for word in wording.words]
    voice_s = sum(span.end_s - span.start_s for span in voiced)
    spoken = 0
    for length in lengths:
        begin_s, end_s = (voice_s * at / sum(lengths) for at in (spoken, spoken + length))
        yield Span(_moment(voiced, begin_s, at_end=False), _moment(voiced, end_s, at_end=True))
        spoken += length


def _moment(voiced: Sequence[Span], voice_s: float, *, at_end: bool) -> float:
    """The stream time at which `voice_s` seconds of voice were heard."""
    for span in voiced:
        length_s = span.end_s - span.start_s
        if voice_s < length_s - 1e-9 or (at_end and voice_s <= length_s + 1e-9):
            return span.start_s + voice_s
        voice_s -= length_s
    return voiced[-1].end_s


def _model_info(options: ListenOptions) -> Message:
    return {
        "name": options.model,
        "version": "lab",
        "arch": ARCHITECTURE,
        "language": options.language,
    }


def _model_uuid(options: ListenOptions) -> str:
    return str(uuid.uuid5(uuid.NAMESPACE_URL, options.model))


def _seconds(value: float) -> float:
    return round(value, 3)
