"""English speech to text without a network: Moonshine tiny, run with onnxruntime.

The weights are files inside the wheel of `moonshine-voice` 0.1.0 (MIT). The decoding loop follows
the published `useful-moonshine-onnx`: one encoder run, then greedy decoding with a key/value cache.

Run as a program, it answers length-prefixed requests on standard input until that is closed:
see `lab.recognizer_process`, which owns such a process.
"""

from __future__ import annotations

import importlib.util
import re
import signal
import struct
import sys
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

import numpy as np
import numpy.typing as npt
import onnxruntime
import soxr

MODEL_RATE = 16_000
LAYERS, HEADS, HEAD_SIZE = 6, 8, 36  # of Moonshine tiny
START_TOKEN, END_TOKEN = 1, 2
TOKENS_PER_S = 8  # faster than anyone speaks: it ends a decoder that repeats itself
SHORTEST_S = 0.5  # shorter audio is padded: the encoder's convolutions need some frames
LONGEST_S = 12.0  # longer audio is cut at a quiet place: the decoder loses its way in it
DOUBTFUL = 0.5  # silence, hum and DTMF give "You" at 0.2 to 0.45; clear speech lies above 0.8

REQUEST = struct.Struct("<II")  # sample rate in Hz, samples; then int16 samples
REPLY = struct.Struct("<fI")  # confidence, bytes; then UTF-8 text

_ONE_WORD = re.compile(r"\b(to(?=-(?:day|night|morrow)\b)|good(?=-bye\b))-(\w+)", re.IGNORECASE)
_TWO_WORDS = re.compile(  # only "twenty-one" and its like have a hyphen
    r"(?<=\bgood)-(?=(?:morning|night|evening|day)\b)"
    r"|(?<=teen)-|(?<=\bten)-"
    r"|(?<=(?:wen|hir|for|fif|six|ven|igh|ine)ty)"
    r"-(?!(?:one|two|three|four|five|six|seven|eight|nine|first|second|third|\w+th)\b)",
    re.IGNORECASE,
)

Pcm = npt.NDArray[np.int16]


class Transcript(NamedTuple):
    """What was said, and the model's mean token probability (0 to 1)."""

    text: str
    confidence: float


SILENCE = Transcript("", 0.0)


class Recognizer:
    """Moonshine tiny on one thread; one instance serves one caller at a time."""

    def __init__(self) -> None:
        assets = _package("moonshine_voice") / "assets/tiny-en"
        self._encoder = _session(assets / "encoder_model.ort")
        self._decoder = _session(assets / "decoder_model_merged.ort")
        self._vocabulary = _vocabulary((assets / "tokenizer.bin").read_bytes())

    def transcribe(self, pcm: Pcm, sample_rate: int) -> str:
        """The words in int16 mono `pcm` of any length; empty when there is no speech in it."""
        return self.recognize(pcm, sample_rate).text

    def recognize(self, pcm: Pcm, sample_rate: int) -> Transcript:
        """Like `transcribe`, with the confidence."""
        audio = soxr.resample(pcm.astype(np.float32) / 32768, sample_rate, MODEL_RATE)
        heard = [
            (len(piece), self._decode(piece)) for piece in _pieces(np.asarray(audio, np.float32))
        ]
        kept = [(weight, part) for weight, part in heard if part.text]
        if not kept:
            return SILENCE
        total = sum(weight for weight, _ in kept)
        confidence = sum(weight * part.confidence for weight, part in kept) / total
        return Transcript(" ".join(part.text for _, part in kept), confidence)

    def _decode(self, audio: npt.NDArray[np.float32]) -> Transcript:
        samples = max(len(audio), int(SHORTEST_S * MODEL_RATE))
        padded = np.pad(audio, (0, samples - len(audio)))[None]
        mask = np.ones(padded.shape, np.int64)
        hidden = self._encoder.run(None, {"input_values": padded, "attention_mask": mask})[0]
        tokens, probabilities = self._decode_tokens(
            hidden, mask, int(samples / MODEL_RATE * TOKENS_PER_S) + 4
        )
        confidence = float(np.mean(probabilities))
        if not tokens or confidence < DOUBTFUL:
            return SILENCE
        pieces = b"".join(self._vocabulary[token] for token in tokens)
        return Transcript(modern_spelling(_plain(pieces)), confidence)

    def _decode_tokens(
        self, hidden: npt.NDArray[np.float32], mask: npt.NDArray[np.int64], limit: int
    ) -> tuple[list[int], list[float]]:
        cache = _empty_cache()
        tokens: list[int] = []
        probabilities: list[float] = []
        last = START_TOKEN
        for step in range(limit):
            logits, *present = self._decoder.run(
                None,
                {
                    "input_ids": [[last]],
                    "encoder_hidden_states": hidden,
                    "encoder_attention_mask": mask,
                    "use_cache_branch": [step > 0],
                    **cache,
                },
            )
            scores = logits[0, -1]
            last = int(scores.argmax())
            probabilities.append(float(1 / np.exp(scores - scores[last]).sum()))
            if last == END_TOKEN:
                break
            tokens.append(last)
            for name, value in zip(cache, present, strict=True):
                if step == 0 or "decoder" in name:  # the encoder's part never changes
                    cache[name] = value
        return tokens, probabilities


def modern_spelling(text: str) -> str:
    """Moonshine's hyphens undone: "To-night" is "Tonight", "thirty-please" two words."""
    text = _ONE_WORD.sub(r"\1\2", text)
    return _TWO_WORDS.sub(" ", text)


def _package(name: str) -> Path:
    spec = importlib.util.find_spec(name)
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError(f"{name} is not installed: install the extra `lab`")
    return Path(spec.origin).parent


def _session(model: Path) -> Any:
    if not model.exists():
        raise FileNotFoundError(
            f"{model.name} is not in the installed moonshine-voice: install version 0.1.0"
        )
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    return onnxruntime.InferenceSession(str(model), options, providers=["CPUExecutionProvider"])


def _vocabulary(packed: bytes) -> list[bytes]:
    """The tokens of `tokenizer.bin`: byte strings, each behind a one- or two-byte length."""
    tokens, at = [], 0
    while at < len(packed):
        length, at = packed[at], at + 1
        if length >= 128:
            length, at = length - 128 + packed[at] * 128, at + 1
        tokens.append(packed[at : at + length])
        at += length
    return tokens


def _plain(pieces: bytes) -> str:
    return pieces.decode("utf-8", "replace").replace("\u2581", " ").strip()


def _empty_cache() -> dict[str, Any]:
    return {
        f"past_key_values.{layer}.{side}.{part}": np.zeros((0, HEADS, 1, HEAD_SIZE), np.float32)
        for layer in range(LAYERS)
        for side in ("decoder", "encoder")
        for part in ("key", "value")
    }


def _pieces(audio: npt.NDArray[np.float32]) -> list[npt.NDArray[np.float32]]:
    """Cuts audio longer than LONGEST_S at the quietest 0.1 s of the second half of each piece."""
    frame, longest = MODEL_RATE // 10, int(LONGEST_S * MODEL_RATE)
    pieces = []
    while len(audio) > longest:
        frames = audio[longest // 2 : longest].reshape(-1, frame)
        quietest = int(np.square(frames).mean(axis=1).argmin())
        cut = longest // 2 + quietest * frame + frame // 2
        pieces.append(audio[:cut])
        audio = audio[cut:]
    return [*pieces, audio]


def _answer(requests: BinaryIO, replies: BinaryIO) -> None:
    recognizer = Recognizer()
    replies.write(REPLY.pack(1.0, 0))  # ready
    replies.flush()
    while header := requests.read(REQUEST.size):
        sample_rate, samples = REQUEST.unpack(header)
        pcm = np.frombuffer(requests.read(samples * 2), np.int16)
        heard = recognizer.recognize(pcm, sample_rate)
        text = heard.text.encode()
        replies.write(REPLY.pack(heard.confidence, len(text)) + text)
        replies.flush()


if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the owner, who closes our input
    _answer(sys.stdin.buffer, sys.stdout.buffer)
