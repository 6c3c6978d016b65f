"""The query of `/v1/listen`: what is honoured, what is ignored, what is refused.

Honoured: the fields of ListenOptions. Accepted without effect, because Moonshine has no such knob:
keyterm, keywords, profanity_filter, redact, replace, search, dictation, tag, mip_opt_out, no_delay,
and whatever this module does not know (Deepgram ignores unknown parameters as well).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, ValidationError, model_validator

DEFAULT_ENDPOINTING_MS = 10  # Deepgram's documented default
SHORTEST_UTTERANCE_END_MS = 1000  # Deepgram answers 400 to less
SAMPLE_RATES = (8_000, 16_000)

MODELS = frozenset(
    {"nova-3", "nova-2", "nova", "enhanced", "base"}
    | {f"nova-3-{domain}" for domain in ("general", "medical", "multilingual")}
    | {
        f"nova-2-{domain}"
        for domain in (
            *("general", "meeting", "phonecall", "finance", "conversationalai", "voicemail"),
            *("video", "medical", "drivethru", "automotive", "atc"),
        )
    }
    | {f"nova-{domain}" for domain in ("general", "phonecall", "meeting")}
    | {f"enhanced-{domain}" for domain in ("general", "meeting", "phonecall", "finance")}
    | {
        f"base-{domain}"
        for domain in ("general", "meeting", "phonecall", "finance", "conversationalai")
    }
)


class BadRequest(Exception):
    """The query cannot be served: HTTP 400 with this message."""


def _endpointing(value: Any) -> Any:
    return {"false": None, "true": DEFAULT_ENDPOINTING_MS}.get(value, value)


class ListenOptions(BaseModel):
    """The parameters that change what the emulator answers, with Deepgram's defaults."""

    model_config = ConfigDict(frozen=True, extra="ignore", protected_namespaces=())

    model: str = "base"
    language: str = "en"
    encoding: Literal["linear16", "mulaw"] | None = None
    sample_rate: int | None = None
    channels: int = 1
    interim_results: bool = False
    endpointing: Annotated[int | None, BeforeValidator(_endpointing)] = DEFAULT_ENDPOINTING_MS
    utterance_end_ms: int | None = None
    vad_events: bool = False
    punctuate: bool = False
    smart_format: bool = False
    numerals: bool = False
    filler_words: bool = False
    detect_language: bool = False
    multichannel: bool = False
    diarize: bool = False

    @classmethod
    def parse(cls, query: Mapping[str, str]) -> Self:
        """Reads a query string's parameters; raises BadRequest in Deepgram's words where known."""
        try:
            return cls.model_validate(dict(query))
        except ValidationError as error:
            first = error.errors()[0]
            name = str(first["loc"][0]) if first["loc"] else ""
            if first["type"] == "value_error":
                raise BadRequest(str(first["ctx"]["error"])) from None
            raise BadRequest(f"Invalid '{name}' value of '{query.get(name)}'.") from None

    @model_validator(mode="after")
    def _can_be_served(self) -> Self:
        if self.model not in MODELS:
            raise ValueError("Bad Request: No such model/language/tier combination found.")
        for name in ("multichannel", "diarize"):
            if getattr(self, name):
                raise ValueError(f"The lab's emulator does not do '{name}': leave it out.")
        if self.channels != 1:
            raise ValueError("The lab's emulator hears one channel: send channels=1.")
        if self.sample_rate is not None and self.sample_rate not in SAMPLE_RATES:
            raise ValueError("The lab's emulator hears sample_rate=8000 or 16000.")
        if self.endpointing is not None and self.endpointing < 0:
            raise ValueError(f"Invalid 'endpointing' value of '{self.endpointing}'.")
        self._check_utterance_end()
        return self

    def _check_utterance_end(self) -> None:
        gap_ms = self.utterance_end_ms
        if gap_ms is None:
            return
        if gap_ms < SHORTEST_UTTERANCE_END_MS:
            raise ValueError(f"Invalid 'utterance_end_ms' value of '{gap_ms}'.")
        if not self.interim_results:
            raise ValueError("'utterance_end_ms' needs interim_results=true.")

    def raw_audio(self) -> tuple[str, int]:
        """The encoding and sample rate of headerless audio; raises BadRequest when not given."""
        if self.encoding is None or self.sample_rate is None:
            raise BadRequest("The lab's emulator needs encoding and sample_rate for raw audio.")
        return self.encoding, self.sample_rate
