"""The JSON of Cartesia's TTS API, in the shapes of version 2025-04-16.

Source: docs.cartesia.ai, "Text to Speech (WebSocket)" and "Contexts".
"""

from __future__ import annotations

import base64
import json
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

# Every answer but an error carries this status, as in Cartesia's own examples.
_PARTIAL = 206

# Cartesia's own words (quoted in livekit/agents pull request 3080).
_EMPTY = (
    "transcript empty or contains only punctuation: "
    "first transcript for WS is empty or contains only punctuation"
)


class BadRequest(Exception):
    """The request cannot be spoken; the text says why and what would do."""

    def __init__(self, reason: str, context_id: Any = None) -> None:
        super().__init__(reason)
        self.context_id = context_id


class OutputFormat(BaseModel):
    """The audio asked for; only raw 16-bit PCM is emulated."""

    container: Literal["raw"]
    encoding: Literal["pcm_s16le"]
    sample_rate: Literal[8000, 16000, 22050, 24000, 44100, 48000]


class Speak(BaseModel):
    """The body of `POST /tts/bytes`."""

    # `model_id` is Cartesia's word; pydantic would keep names in model_ for itself.
    model_config = ConfigDict(frozen=True, protected_namespaces=())

    model_id: str
    transcript: str
    voice: dict[str, Any]
    output_format: OutputFormat

    @property
    def voice_id(self) -> str:
        """The voice's id, or the mode of a voice that has none (an embedding)."""
        return str(self.voice.get("id") or self.voice.get("mode"))

    def require_words(self) -> None:
        """Raises BadRequest when there is nothing to pronounce: no first transcript may be so."""
        if not any(character.isalnum() for character in self.transcript):
            raise BadRequest(_EMPTY)


class Generation(Speak):
    """A transcript for a context of the websocket."""

    context_id: str
    more: bool = Field(default=False, alias="continue")
    flush: bool = False
    add_timestamps: bool = False
    max_buffer_delay_ms: int = Field(default=3000, ge=0, le=5000)


class Cancel(BaseModel):
    """The wish to hear no more of a context."""

    context_id: str
    cancel: Literal[True]


def parse_speak(body: bytes) -> Speak:
    """Reads the body of `POST /tts/bytes`; raises BadRequest."""
    try:
        speak = Speak.model_validate_json(body)
    except ValidationError as error:
        raise BadRequest(_reasons(error)) from error
    speak.require_words()
    return speak


def parse_request(text: str) -> Generation | Cancel:
    """Reads a client's websocket message; raises BadRequest."""
    try:
        data = json.loads(text)
    except ValueError as error:
        raise BadRequest("the message is not JSON") from error
    if not isinstance(data, dict):
        raise BadRequest("the message is not a JSON object")
    try:
        return (Cancel if data.get("cancel") else Generation).model_validate(data)
    except ValidationError as error:
        raise BadRequest(_reasons(error), data.get("context_id")) from error


def _reasons(error: ValidationError) -> str:
    reasons = []
    for e in error.errors():
        other = e["type"] == "literal_error"
        reason = f"not emulated, use {e['ctx']['expected']}" if other else e["msg"]
        reasons.append(f"{'.'.join(map(str, e['loc']))}: {reason}")
    return "; ".join(reasons)


def chunk(context_id: str, audio: bytes, flush_id: int, step_time_ms: int) -> str:
    """Raw audio; `flush_id` tells which flush it belongs to, `step_time_ms` how long it took."""
    data = base64.b64encode(audio).decode()
    return _message(
        "chunk", context_id, data=data, flush_id=flush_id, step_time=step_time_ms, done=False
    )


def timestamps(context_id: str, words: list[tuple[str, float, float]]) -> str:
    """Words with their start and end, in seconds since the context's first sample."""
    spoken = {
        "words": [word for word, _, _ in words],
        "start": [start_s for _, start_s, _ in words],
        "end": [end_s for _, _, end_s in words],
    }
    return _message("timestamps", context_id, word_timestamps=spoken, done=False)


def flush_done(context_id: str, flush_id: int) -> str:
    """All audio of that flush has been sent."""
    return _message("flush_done", context_id, flush_done=True, flush_id=flush_id, done=False)


def done(context_id: str) -> str:
    """The context's last message."""
    return _message("done", context_id, done=True)


def error(context_id: Any, status: int, reason: str) -> str:
    """The end of a context that cannot be spoken: `done` is always true in Cartesia's errors.

    `context_id` is echoed as it came; None when the request had none.
    """
    return _message("error", context_id, error=reason, done=True, status_code=status)


def _message(kind: str, context_id: Any, **fields: Any) -> str:
    message = {"type": kind, "context_id": context_id, "status_code": _PARTIAL, **fields}
    return json.dumps(message)
