"""The JSON of Deepgram's messages, as its documentation and LiveKit's plugin have it."""

from __future__ import annotations

import itertools

import pytest

from lab.deepgram import messages
from lab.deepgram.options import ListenOptions
from lab.deepgram.speech import Span
from lab.deepgram.wording import wording_of

OPTIONS = ListenOptions.parse({"model": "nova-3", "punctuate": "true", "language": "en-US"})


def results(text: str, options: ListenOptions = OPTIONS) -> messages.Message:
    return messages.results(
        {
            "span": Span(1.0, 4.5),
            "wording": wording_of(text, options),
            "voiced": (Span(1.5, 2.0), Span(3.0, 4.0)) if text else (),
            "confidence": 0.91,
            "is_final": True,
            "speech_final": True,
            "from_finalize": False,
        },
        options,
        "request-1",
    )


def test_a_result_has_deepgrams_fields() -> None:
    message = results("Hello, is anybody there?")

    assert message["type"] == "Results"
    assert (message["start"], message["duration"]) == (1.0, 3.5)
    assert (message["is_final"], message["speech_final"], message["from_finalize"]) == (
        True,
        True,
        False,
    )
    assert message["channel_index"] == [0, 1]
    assert message["metadata"]["request_id"] == "request-1"
    assert message["metadata"]["model_info"]["name"] == "nova-3"
    (alternative,) = message["channel"]["alternatives"]
    assert alternative["transcript"] == "Hello, is anybody there?"
    assert alternative["confidence"] == 0.91
    assert alternative["words"][0]["word"] == "hello"
    assert alternative["words"][0]["punctuated_word"] == "Hello,"


def test_word_times_run_in_order_through_the_voiced_time_only() -> None:
    words = results("Hello, is anybody there?")["channel"]["alternatives"][0]["words"]

    assert (words[0]["start"], words[-1]["end"]) == pytest.approx((1.5, 4.0))
    assert all(word["start"] < word["end"] for word in words)
    assert all(one["end"] <= other["start"] for one, other in itertools.pairwise(words))
    assert not any(2.0 < word["start"] < 3.0 for word in words)


def test_an_empty_result_has_no_words_and_no_confidence() -> None:
    (alternative,) = results("")["channel"]["alternatives"]

    assert alternative == {"transcript": "", "confidence": 0.0, "words": []}


def test_words_have_no_punctuated_form_unless_it_was_asked_for() -> None:
    plain = OPTIONS.model_copy(update={"punctuate": False})

    assert (
        "punctuated_word" not in results("Hello.", plain)["channel"]["alternatives"][0]["words"][0]
    )


def test_the_multilingual_model_names_the_language() -> None:
    multi = OPTIONS.model_copy(update={"language": "multi"})

    assert results("Hello.", multi)["channel"]["alternatives"][0]["languages"] == ["en"]


def test_a_recording_is_answered_with_one_channel() -> None:
    summary = messages.metadata(OPTIONS, "request-1", "00", "2026-01-01T00:00:00.000Z", 2.0)
    spoken = messages.alternative(wording_of("Hi.", OPTIONS), (Span(0.5, 1.0),), 0.9)
    detecting = OPTIONS.model_copy(update={"detect_language": True})

    reply = messages.prerecorded(summary, spoken, detecting)

    assert reply["metadata"]["duration"] == 2.0
    assert "type" not in reply["metadata"]
    (channel,) = reply["results"]["channels"]
    assert channel["detected_language"] == "en"
    assert channel["alternatives"] == [spoken]
