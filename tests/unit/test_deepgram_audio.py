"""Audio as it comes in, and the part of it that is kept."""

from __future__ import annotations

import io
import wave

import numpy as np
import pytest

from lab.deepgram.decode import decode, decode_wav
from lab.deepgram.speech import Span
from lab.deepgram.tape import Tape


def wav(channels: int = 1, rate: int = 8000) -> bytes:
    file = io.BytesIO()
    with wave.open(file, "wb") as writer:
        writer.setnchannels(channels)
        writer.setsampwidth(2)
        writer.setframerate(rate)
        writer.writeframes(np.arange(-50, 50, dtype="<i2").tobytes())
    return file.getvalue()


def test_linear16_is_little_endian_and_a_half_sample_is_dropped() -> None:
    assert decode(b"\x01\x00\xff\xff\x07", "linear16").tolist() == [1, -1]


def test_mulaw_follows_g711() -> None:
    """ITU-T G.711 table 2b: the ends, the zeros and one in between."""
    assert decode(bytes([0x80, 0x00, 0xFF, 0x7F, 0xF0]), "mulaw").tolist() == [
        32124,
        -32124,
        0,
        0,
        120,
    ]


def test_a_wav_file_is_read_with_its_rate() -> None:
    pcm, rate = decode_wav(wav(rate=16_000))

    assert rate == 16_000
    assert pcm.tolist() == list(range(-50, 50))


@pytest.mark.parametrize(
    ("data", "says"), [(wav(channels=2), "mono"), (b"RIFFxxxx", "not a WAV"), (b"", "not a WAV")]
)
def test_other_files_are_refused(data: bytes, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        decode_wav(data)


def test_the_tape_forgets_the_past_and_keeps_its_time() -> None:
    tape = Tape(1000)
    tape.append(np.arange(5000, dtype=np.int16))

    tape.forget(before_s=3.0)
    tape.append(np.arange(5000, 6000, dtype=np.int16))

    assert tape.end == 6000
    assert tape.window(4990, 20).tolist() == list(range(4990, 5010))
    assert tape.cut(Span(0.0, 3.002)).tolist() == [3000, 3001]
