"""When each word of a spoken piece is heard."""

from __future__ import annotations


def timed(text: str, start_s: float, end_s: float) -> list[tuple[str, float, float]]:
    """Spreads the words of `text` over its audio, each in proportion to its length.

    Words keep their spelling and order: LiveKit's plugin looks each one up in the text it sent.
    """
    words = text.split()
    per_character_s = (end_s - start_s) / max(1, sum(map(len, words)))
    timings: list[tuple[str, float, float]] = []
    for word in words:
        word_end_s = start_s + len(word) * per_character_s
        timings.append((word, round(start_s, 3), round(word_end_s, 3)))
        start_s = word_end_s
    return timings
