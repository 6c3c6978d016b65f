from __future__ import annotations

import io
import logging

import pytest

from bot.privacy import Redaction, masked


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("call-_+12025550123_ptJVrcHGko2z", "call-_…23_ptJVrcHGko2z"),
        ("sip:12025550123@127.0.0.1", "sip:…23@127.0.0.1"),
        ("pid 16577 on port 44407", "pid 16577 on port 44407"),
        ("AJ_8harmless", "AJ_8harmless"),
    ],
)
def test_numbers_are_cut_down_to_two_digits(text: str, expected: str) -> None:
    assert masked(text) == expected


class AllFields(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        return f"{record.getMessage()} {vars(record)}"


def test_a_line_loses_marked_fields_and_numbers_in_all_others() -> None:
    written = io.StringIO()
    handler = logging.StreamHandler(written)
    handler.setFormatter(AllFields())
    handler.addFilter(Redaction())
    logger = logging.Logger("test")
    logger.addHandler(handler)
    logger.info(
        "call of +12025550123", extra={"room": "call-+12025550123", "lk.pii.transcript": "secret"}
    )
    line = written.getvalue()
    assert "call of …23" in line
    assert "call-…23" in line
    assert "2025550123" not in line
    assert "lk.pii" not in line
