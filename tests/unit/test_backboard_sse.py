from __future__ import annotations

import json
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.backboard.sse import Parser


def parsed(*chunks: bytes) -> list[str]:
    parser = Parser()
    events = [data for chunk in chunks for data in parser.feed(chunk)]
    return [*events, *parser.close()]


@pytest.mark.parametrize("line_end", [b"\n", b"\r\n", b"\r"])
def test_every_line_end_of_the_standard_is_read(line_end: bytes) -> None:
    stream = line_end.join([b"data: one", b"", b"data: two", b"", b""])
    assert parsed(stream) == ["one", "two"]


def test_the_space_after_the_colon_is_optional_and_only_one_is_taken() -> None:
    assert parsed(b"data:none\n\ndata: one\n\ndata:  two\n\n") == ["none", "one", " two"]


def test_comments_and_other_fields_are_no_events() -> None:
    assert parsed(b": ping\n\nevent: x\nid: 7\nretry: 5\n\ndata: kept\n\n") == ["kept"]


def test_lines_of_data_are_joined() -> None:
    assert parsed(b'data: {"a":\ndata: 1}\n\n') == ['{"a":\n1}']


def test_an_event_is_given_when_its_blank_line_arrives_and_not_later() -> None:
    parser = Parser()
    assert parser.feed(b"data: one\n") == []
    assert parser.feed(b"\ndata: two") == ["one"]


def test_the_last_event_needs_no_blank_line() -> None:
    assert parsed(b"data: one\n\ndata: two") == ["one", "two"]
    assert parsed(b"data: one\r") == ["one"]


def test_the_end_marker_is_data_like_any_other() -> None:
    assert parsed(b"data: [DONE]\n\n") == ["[DONE]"]


EVENTS = st.lists(st.text().map(lambda text: json.dumps({"text": text}, ensure_ascii=False)))
LINE_ENDS = st.sampled_from(["\n", "\r\n", "\r"])
PREFIXES = st.sampled_from(["data:", "data: ", ": comment{end}data: ", "event: x{end}data:"])


@given(events=EVENTS, data=st.data())
def test_any_split_of_the_bytes_gives_the_same_events(
    events: list[str], data: st.DataObject
) -> None:
    stream = ""
    for event in events:
        end = data.draw(LINE_ENDS)
        stream += data.draw(PREFIXES).format(end=end) + event + end + end
    raw = stream.encode()
    cuts = sorted(data.draw(st.lists(st.integers(0, len(raw)))))
    chunks = [raw[start:stop] for start, stop in pairwise([0, *cuts, len(raw)])]
    assert parsed(*chunks) == events
    assert parsed(*(raw[i : i + 1] for i in range(len(raw)))) == events
