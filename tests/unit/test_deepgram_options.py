"""The query of Deepgram's `/v1/listen`."""

from __future__ import annotations

import pytest

from lab.deepgram.options import BadRequest, ListenOptions

PLUGIN_QUERY = {  # what livekit-plugins-deepgram 1.8.9 sends by default
    "model": "nova-3",
    "punctuate": "true",
    "smart_format": "false",
    "no_delay": "true",
    "interim_results": "true",
    "encoding": "linear16",
    "vad_events": "true",
    "sample_rate": "16000",
    "channels": "1",
    "endpointing": "25",
    "filler_words": "true",
    "profanity_filter": "false",
    "numerals": "false",
    "mip_opt_out": "false",
    "language": "en-US",
}


def test_the_plugins_query_is_understood() -> None:
    options = ListenOptions.parse(PLUGIN_QUERY)

    assert options.raw_audio() == ("linear16", 16_000)
    assert (options.endpointing, options.language) == (25, "en-US")
    assert options.interim_results
    assert options.vad_events
    assert not options.numerals


@pytest.mark.parametrize(("given", "understood"), [("false", None), ("true", 10), ("300", 300)])
def test_endpointing_is_milliseconds_or_a_switch(given: str, understood: int | None) -> None:
    assert ListenOptions.parse(PLUGIN_QUERY | {"endpointing": given}).endpointing == understood


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"model": "nova-9"}, "No such model/language/tier combination found"),
        ({"model": "flux-general-en"}, "No such model/language/tier combination found"),
        ({"sample_rate": "44100"}, "sample_rate=8000 or 16000"),
        ({"sample_rate": "fast"}, "Invalid 'sample_rate' value of 'fast'"),
        ({"encoding": "opus"}, "Invalid 'encoding' value of 'opus'"),
        ({"channels": "2"}, "channels=1"),
        ({"multichannel": "true"}, "does not do 'multichannel'"),
        ({"diarize": "true"}, "does not do 'diarize'"),
        ({"endpointing": "-1"}, "Invalid 'endpointing' value of '-1'"),
        ({"utterance_end_ms": "999"}, "Invalid 'utterance_end_ms' value of '999'"),
        ({"utterance_end_ms": "1000", "interim_results": "false"}, "needs interim_results=true"),
    ],
)
def test_what_cannot_be_served_is_refused(wrong: dict[str, str], says: str) -> None:
    with pytest.raises(BadRequest, match=says):
        ListenOptions.parse(PLUGIN_QUERY | wrong)


def test_raw_audio_needs_encoding_and_sample_rate() -> None:
    with pytest.raises(BadRequest, match="encoding and sample_rate"):
        ListenOptions.parse({"model": "nova-3"}).raw_audio()


def test_unknown_parameters_are_ignored() -> None:
    assert ListenOptions.parse(PLUGIN_QUERY | {"keyterm": "hotline"}).model == "nova-3"
