from __future__ import annotations

import pytest

from bot.opt_out import asks_to_stop


@pytest.mark.parametrize(
    "words",
    [
        "Stop calling me.",
        "please stop calling",
        "Don't call me again.",
        "Don\u2019t call here anymore",
        "do not ever call this number again",
        "Never call me!",
        "Quit calling us.",
        "Take me off your list.",
        "remove my number from your list please",
        "Put me on the do not call list.",
        "I want to opt out",
        "unsubscribe",
        "No more calls.",
        "I don't want you to call me again.",
        "I don't want you calling me anymore.",
        "I told you not to call me again.",
        "I do not want any calls from you.",
        "Please don't call me back.",
        "Do not contact me any further.",
        "don't call me on this number",
        "Hello, stop calling me!",
    ],
)
def test_these_words_stop_calls(words: str) -> None:
    assert asks_to_stop(words)


@pytest.mark.parametrize(
    "words",
    [
        "",
        "Can you call me again tomorrow?",
        "I don't call it a problem.",
        "Never mind, call me on Tuesday.",
        "Please stop, I did not hear you.",
        "Don't call me before nine.",
        "Why did you call me?",
        "I will stop calling the other dentist and come to you.",
        "Don't forget to call me.",
        "If I don't call, keep the appointment.",
        "If you don't call me, I'll call you.",
        "Please don't call now, I'm driving.",
        "You never call me anymore.",
        "I don't want you to call me before nine.",
        "I don't want to miss your call.",
    ],
)
def test_these_words_do_not(words: str) -> None:
    assert not asks_to_stop(words)
