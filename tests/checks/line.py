"""Sounds of a telephone line, made up: tones, noise and what the two G.711 codecs do to them."""

from __future__ import annotations

import functools

import numpy as np
import numpy.typing as npt

SAMPLE_RATE = 8000  # Hz
RAMP_S = 0.005
MU, A = 255.0, 87.6  # ITU-T G.711

Wave = npt.NDArray[np.float64]
"""Samples from -1 to 1 at SAMPLE_RATE."""


def tone(hz: float, lasts_s: float, level: float = 0.2) -> Wave:
    """A sine with soft edges."""
    at_s = np.arange(round(lasts_s * SAMPLE_RATE)) / SAMPLE_RATE
    edges = np.minimum(1.0, np.minimum(at_s, at_s[::-1]) / RAMP_S)
    return np.asarray(np.sin(2 * np.pi * hz * at_s) * edges * level)


def noise(samples: int, level: float) -> Wave:
    """White noise of this root mean square, the same each time."""
    return _noise(samples) * level


@functools.cache
def _noise(samples: int) -> Wave:
    return np.random.default_rng(samples).standard_normal(samples)


def mulaw(wave: Wave) -> Wave:
    """There and back through PCMU: the continuous law with its 8 bits."""
    loud = np.abs(np.clip(wave, -1, 1))
    code = np.round(np.log1p(MU * loud) / np.log1p(MU) * 127) / 127
    return np.asarray(np.sign(wave) * np.expm1(code * np.log1p(MU)) / MU)


def alaw(wave: Wave) -> Wave:
    """There and back through PCMA."""
    loud, knee = np.abs(np.clip(wave, -1, 1)), 1 + np.log(A)
    code = np.where(loud < 1 / A, A * loud, 1 + np.log(np.maximum(A * loud, 1))) / knee
    code = np.round(code * 127) / 127 * knee
    back = np.where(code < 1, code, np.exp(code - 1)) / A
    return np.asarray(np.sign(wave) * back)
