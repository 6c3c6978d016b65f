"""Comparing what a phone heard with what was meant: a recogniser errs in single words."""

from __future__ import annotations

import jiwer

MOST_WRONG = 0.5
"""Share of words; an answer to another question has more of them wrong."""


def plain(text: str) -> str:
    """Lower case, letters and digits only, so that spelling habits do not count."""
    kept = "".join(c if c.isalnum() else " " for c in text.lower().replace("good-bye", "goodbye"))
    return " ".join(kept.split())


def assert_heard(heard: str, meant: str) -> None:
    """Fails, showing both, unless `heard` is `meant` but for a few words."""
    wrong = jiwer.wer(plain(meant), plain(heard) or "nothing")
    assert wrong <= MOST_WRONG, f"heard {heard!r} instead of {meant!r} ({wrong:.0%} wrong)"
