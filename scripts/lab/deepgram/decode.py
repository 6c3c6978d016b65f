"""Audio as clients send it -> int16 mono samples."""

from __future__ import annotations

import io
import wave

import numpy as np

from lab.recognizer import Pcm


def decode(data: bytes, encoding: str) -> Pcm:
    """Raw `linear16` (little-endian) or `mulaw` audio; a last half sample is dropped."""
    if encoding == "mulaw":
        return _MULAW[np.frombuffer(data, np.uint8)]
    return np.frombuffer(data[: len(data) & ~1], "<i2").astype(np.int16)


def decode_wav(data: bytes) -> tuple[Pcm, int]:
    """The samples and the sample rate of a mono 16-bit PCM WAV file.

    Raises ValueError when it is anything else.
    """
    try:
        with wave.open(io.BytesIO(data)) as file:
            if file.getnchannels() != 1 or file.getsampwidth() != 2:
                raise ValueError("the WAV file must be mono with 16-bit samples")
            return decode(file.readframes(file.getnframes()), "linear16"), file.getframerate()
    except (wave.Error, EOFError) as error:
        raise ValueError(f"not a WAV file: {error or 'it ends too early'}") from None


def _mulaw_table() -> Pcm:
    """ITU-T G.711 mu-law: sign, three bits of exponent, four of mantissa, all inverted."""
    code = ~np.arange(256, dtype=np.uint8)
    exponent = (code >> 4 & 7).astype(np.int32)
    magnitude = (((code & 15).astype(np.int32) << 3) + 132 << exponent) - 132
    return np.where(code & 128, -magnitude, magnitude).astype(np.int16)


_MULAW = _mulaw_table()
