"""Segmentation of speech by voice probability."""

from __future__ import annotations

from itertools import chain

import pytest

from lab.deepgram.speech import (
    LONGEST_S,
    SHORTEST_PAUSE_S,
    SILENCE_S,
    WINDOW_S,
    Event,
    NobodySpeaks,
    Segment,
    SegmentEnded,
    Segmenter,
    SpeechGoesOn,
    SpeechStarted,
    UtteranceEnded,
)


def feed(segmenter: Segmenter, *stretches: tuple[float, float]) -> list[Event]:
    """Feeds (seconds, probability) one after another."""
    windows = chain.from_iterable([p] * round(s / WINDOW_S) for s, p in stretches)
    return [event for p in windows for event in segmenter.feed(p)]


def ended(events: list[Event]) -> list[SegmentEnded]:
    return [event for event in events if isinstance(event, SegmentEnded)]


def segment_of(event: SegmentEnded) -> Segment:
    assert event.segment is not None
    return event.segment


def test_a_pause_ends_the_segment_as_final() -> None:
    events = feed(Segmenter(25), (0.64, 0.0), (1.28, 0.9), (0.64, 0.0))

    assert isinstance(events[0], SpeechStarted)
    assert events[0].at_s == pytest.approx(0.64)
    (end,) = ended(events)
    assert end.speech_final
    (voiced,) = segment_of(end).voiced
    assert (voiced.start_s, voiced.end_s) == pytest.approx((0.64, 1.92))


def test_audio_around_the_voice_is_listened_to_as_well() -> None:
    (end,) = ended(feed(Segmenter(25), (0.64, 0.0), (1.28, 0.9), (0.64, 0.0)))

    listen = segment_of(end).listen
    assert listen.start_s == pytest.approx(0.64 - 0.25)
    assert 1.92 + 0.1 < listen.end_s <= 1.92 + 0.2


def test_a_gap_shorter_than_the_floor_does_not_split_a_phrase() -> None:
    gap_s = SHORTEST_PAUSE_S - WINDOW_S
    (end,) = ended(feed(Segmenter(25), (0.64, 0.9), (gap_s, 0.0), (0.64, 0.9), (0.64, 0.0)))

    assert len(segment_of(end).voiced) == 2


def test_endpointing_above_the_floor_is_waited_for() -> None:
    segmenter = Segmenter(500)

    assert not ended(feed(segmenter, (0.64, 0.9), (0.48, 0.0)))
    assert ended(feed(segmenter, (0.064, 0.0)))


def test_a_click_is_no_speech() -> None:
    assert feed(Segmenter(25), (0.32, 0.0), (WINDOW_S, 0.9), (0.32, 0.0)) == []


def test_hysteresis_keeps_a_weak_end_of_a_word() -> None:
    (end,) = ended(feed(Segmenter(25), (0.64, 0.9), (0.32, 0.4), (0.64, 0.0)))

    assert segment_of(end).voiced[-1].end_s == pytest.approx(0.96)
    assert feed(Segmenter(25), (0.64, 0.4)) == []


def test_interim_results_come_about_every_300_ms_while_the_caller_speaks() -> None:
    events = feed(Segmenter(25), (0.32, 0.0), (3.2, 0.9))

    assert len([e for e in events if isinstance(e, SpeechGoesOn) and not e.pausing]) == 10


def test_a_gap_is_announced_before_it_ends_the_segment() -> None:
    events = feed(Segmenter(25), (0.256, 0.9), (0.32, 0.0))

    hint, end = events[-2:]
    assert isinstance(hint, SpeechGoesOn)
    assert hint.pausing
    assert isinstance(end, SegmentEnded)
    assert segment_of(end).voiced == hint.segment.voiced


def test_a_long_monologue_is_final_at_a_gap_but_not_speech_final() -> None:
    events = feed(Segmenter(25), (8.0, 0.9), (0.096, 0.0), (1.0, 0.9), (0.32, 0.0))

    first, second = ended(events)
    assert not first.speech_final
    assert second.speech_final
    assert len([e for e in events if isinstance(e, SpeechStarted)]) == 1


def test_speech_without_any_gap_is_cut_and_no_audio_is_heard_twice() -> None:
    first, second = ended(feed(Segmenter(25), (LONGEST_S + 1, 0.9), (0.32, 0.0)))

    assert not first.speech_final
    assert segment_of(second).listen.start_s == segment_of(first).listen.end_s
    assert segment_of(second).voiced[0].start_s == segment_of(first).voiced[-1].end_s


def test_speech_final_comes_even_when_all_words_were_final_before() -> None:
    segmenter = Segmenter(1000)
    feed(segmenter, (0.64, 0.9))
    assert segmenter.finalize() is not None

    assert ended(feed(segmenter, (1.1, 0.0))) == [SegmentEnded(None, speech_final=True)]


def test_without_endpointing_only_finalize_or_length_ends_a_segment() -> None:
    segmenter = Segmenter(None)

    assert not ended(feed(segmenter, (1.28, 0.9), (3.2, 0.0)))
    assert segmenter.finalize() is not None
    assert segmenter.finalize() is None


def test_utterance_end_comes_once_and_names_the_last_voice() -> None:
    segmenter = Segmenter(25, utterance_end_ms=1000)

    events = feed(segmenter, (0.64, 0.9), (3.0, 0.0))

    ends = [event for event in events if isinstance(event, UtteranceEnded)]
    assert [end.last_voice_end_s for end in ends] == [pytest.approx(0.64)]
    assert events.index(ends[0]) > events.index(ended(events)[0])


def test_utterance_end_makes_open_words_final_first() -> None:
    events = feed(Segmenter(None, utterance_end_ms=1000), (0.64, 0.9), (1.1, 0.0))

    assert isinstance(events[-2], SegmentEnded)
    assert isinstance(events[-1], UtteranceEnded)


def test_silence_is_reported_now_and_then() -> None:
    assert feed(Segmenter(25), (3.1 * SILENCE_S, 0.0)) == [NobodySpeaks()] * 3


def test_audio_that_may_still_be_needed_is_named() -> None:
    segmenter = Segmenter(25)

    feed(segmenter, (3.2, 0.0))
    assert segmenter.needed_from_s == pytest.approx(3.2 - 0.25)
    feed(segmenter, (1.6, 0.9))
    assert segmenter.needed_from_s == pytest.approx(3.2 - 0.25)
