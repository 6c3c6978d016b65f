from __future__ import annotations

import json
from itertools import pairwise

import numpy as np
import pytest

from lab.cartesia import messages, words
from lab.cartesia.context import LONG_CHARS, Context
from lab.cartesia.track import CHUNK_MS, Track
from lab.voice import PAUSE_S

GENERATION = {
    "model_id": "sonic-3",
    "transcript": "Hello.",
    "voice": {"mode": "id", "id": "someone"},
    "output_format": {"container": "raw", "encoding": "pcm_s16le", "sample_rate": 8000},
    "context_id": "one",
}


def test_a_sentence_waits_for_its_end() -> None:
    context = Context()
    assert context.push("How can I ") == []
    assert context.push("help you?") == []
    assert context.waiting
    assert context.push(" I am") == ["How can I help you?"]
    assert context.waiting
    assert context.drain() == ["I am"]
    assert not context.waiting


def test_a_space_after_the_full_stop_is_enough() -> None:
    assert Context().push("Good morning. ") == ["Good morning."]


@pytest.mark.parametrize("text", ["Please see Dr. ", "That is $3.", "Ask for J. "])
def test_a_full_stop_that_may_not_end_the_sentence_waits(text: str) -> None:
    assert Context().push(text) == []


def test_transcripts_are_joined_verbatim() -> None:
    context = Context()
    pieces = [piece for part in ("We op", "en at n", "ine. ") for piece in context.push(part)]
    assert pieces == ["We open at nine."]


def test_without_managed_buffering_nothing_waits() -> None:
    context = Context(managed=False)
    assert context.push("Let me ") == ["Let me"]
    assert not context.waiting


def test_a_drained_text_still_comes_by_sentences() -> None:
    assert Context(managed=False).push("One. Two. Three") == ["One.", "Two.", "Three"]


def test_a_long_first_sentence_begins_with_its_first_clause() -> None:
    clause = "Thank you for calling the clinic,"
    rest = "we have " + "one more opening " * (LONG_CHARS // 15) + "today."
    context = Context()
    assert context.push(f"{clause} {rest} ") == [clause, rest]
    assert context.push(f"{clause} {rest} ") == [f"{clause} {rest}"]


def test_a_short_first_sentence_stays_whole() -> None:
    sentence = "Thank you for calling, how can I help?"
    assert Context().push(sentence + " ") == [sentence]


def test_words_are_timed_in_order_and_fill_the_piece() -> None:
    timed = words.timed("How can I help?", 2.0, 4.0)
    assert [word for word, _, _ in timed] == ["How", "can", "I", "help?"]
    assert timed[0][1] == 2.0
    assert timed[-1][2] == 4.0
    assert all(end == start for (_, _, end), (_, start, _) in pairwise(timed))
    lengths_s = {word: end - start for word, start, end in timed}
    assert lengths_s["help?"] == pytest.approx(5 * lengths_s["I"], abs=0.01)


def test_pieces_follow_each_other_after_a_pause() -> None:
    track = Track(8000)
    first = track.add(np.ones(8000, np.int16))
    second = track.add(np.ones(4000, np.int16))
    assert (first.start_s, first.end_s) == (0.0, 1.0)
    assert (second.start_s, second.end_s) == (1.0 + PAUSE_S, 1.5 + PAUSE_S)
    assert not second.samples[: round(PAUSE_S * 8000)].any()


def test_chunks_hold_every_sample_once() -> None:
    samples = np.arange(-1000, 1000, dtype=np.int16)
    chunks = list(Track(8000).add(samples).chunks())
    assert [len(chunk) for chunk in chunks] == [2 * 8 * CHUNK_MS, 2 * 8 * CHUNK_MS, 2 * 400]
    assert np.array_equal(np.frombuffer(b"".join(chunks), "<i2"), samples)


def test_a_generation_waits_three_seconds_and_ends_its_context_by_default() -> None:
    request = messages.parse_request(json.dumps(GENERATION))
    assert isinstance(request, messages.Generation)
    assert not request.more
    assert request.max_buffer_delay_ms == 3000


def test_a_cancel_needs_nothing_but_its_context() -> None:
    request = messages.parse_request('{"context_id": "one", "cancel": true}')
    assert request == messages.Cancel(context_id="one", cancel=True)


def test_an_encoding_that_is_not_emulated_is_named() -> None:
    output_format = GENERATION["output_format"] | {"encoding": "pcm_mulaw"}  # type: ignore[operator] # a dict in a dict of mixed values
    with pytest.raises(
        messages.BadRequest, match=r"encoding: not emulated, use 'pcm_s16le'"
    ) as bad:
        messages.parse_request(json.dumps(GENERATION | {"output_format": output_format}))
    assert bad.value.context_id == "one"


@pytest.mark.parametrize("text", ["rubbish", "[]", "{}"])
def test_a_message_that_is_no_request_is_refused(text: str) -> None:
    with pytest.raises(messages.BadRequest):
        messages.parse_request(text)
