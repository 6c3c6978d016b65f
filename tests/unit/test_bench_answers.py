from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from bot.pickup import Pickup
from tests.bench.answers import answers
from tests.bench.sound import heard, lasts_s
from tests.checks.line import SAMPLE_RATE, Wave, alaw, mulaw, tone


def test_the_answers_are_many_and_of_all_kinds() -> None:
    all_of_them = list(answers())
    assert len(all_of_them) >= 80
    assert len({answer.name for answer in all_of_them}) == len(all_of_them)
    assert {answer.who for answer in all_of_them} == set(Pickup)
    assert len({answer.line for answer in all_of_them}) > 5
    assert len({answer.speaker for answer in all_of_them}) > 5


def test_an_answer_is_heard_from_its_lead_to_its_end() -> None:
    answer = next(answers())
    wave, over_s = heard(answer)
    lead_s = answer.parts[0]

    assert isinstance(lead_s, float)
    assert over_s == lasts_s(answer)
    loud_s = np.flatnonzero(np.abs(wave) > 0.02) / SAMPLE_RATE
    assert lead_s <= loud_s[0] < lead_s + 0.2
    assert over_s - 0.3 < loud_s[-1] <= over_s


@pytest.mark.parametrize("codec", [mulaw, alaw])
@pytest.mark.parametrize("level", [0.05, 0.5])
def test_the_codecs_have_the_noise_of_g711(codec: Callable[[Wave], Wave], level: float) -> None:
    wave = tone(440, 0.5, level)
    noise = np.sqrt(np.mean((codec(wave) - wave) ** 2) / np.mean(wave**2))
    assert -42 < 20 * np.log10(noise) < -34  # ITU-T G.712 asks for 33 dB
    assert len(np.unique(codec(wave))) <= 256
