"""How likely it is that someone speaks: the Silero VAD that is inside LiveKit's plugin.

The model file is read where `livekit-plugins-silero` keeps it; importing the plugin would load all
of LiveKit Agents into the emulator, which takes seconds.
"""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnxruntime

from lab.recognizer import Pcm

WINDOW_SAMPLES = {8_000: 256, 16_000: 512}  # 32 ms: the only windows the model knows
CONTEXT_SAMPLES = {8_000: 32, 16_000: 64}  # the end of the window before, in front of each


class VoiceModel:
    """The loaded model; streams share it."""

    def __init__(self) -> None:
        spec = importlib.util.find_spec("livekit.plugins.silero")
        if spec is None or not spec.submodule_search_locations:
            raise ModuleNotFoundError("no livekit-plugins-silero: run ./scripts/setup")
        folder = Path(spec.submodule_search_locations[0])
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        options.inter_op_num_threads = 1
        self.session: Any = onnxruntime.InferenceSession(
            str(folder / "resources/silero_vad.onnx"), options, providers=["CPUExecutionProvider"]
        )


class VoiceDetector:
    """Follows one stream of 8 or 16 kHz audio, window by window."""

    def __init__(self, model: VoiceModel, sample_rate: int) -> None:
        self.window_samples = WINDOW_SAMPLES[sample_rate]
        self._session = model.session
        self._sample_rate = np.array(sample_rate, np.int64)
        self._state = np.zeros((2, 1, 128), np.float32)
        self._context: npt.NDArray[np.float32] = np.zeros(CONTEXT_SAMPLES[sample_rate], np.float32)

    def probability(self, window: Pcm) -> float:
        """The probability (0 to 1) of voice in the next `window_samples` samples."""
        audio = window.astype(np.float32) / np.float32(32768)
        voice, self._state = self._session.run(
            None,
            {
                "input": np.concatenate([self._context, audio])[None],
                "state": self._state,
                "sr": self._sample_rate,
            },
        )
        self._context = audio[-len(self._context) :]
        return float(voice.item())
