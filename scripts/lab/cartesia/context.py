"""When the text of a context may be spoken: transcripts go in, speakable pieces come out."""

from __future__ import annotations

import re

from hibari import Hibari

LONG_CHARS = 120
_CLAUSE_END = re.compile(r"[,;:—]\s+")
_SHORTEST_CLAUSE_CHARS = 15
_NEXT_SENTENCE = "X"  # what may follow: a capital, so that "Dr. " stays whole and "Done. " does not


class Context:
    """The text of one context that has not been spoken yet.

    Transcripts are joined verbatim (docs.cartesia.ai, "Contexts") and come out by sentences, each
    once its end is seen. With `managed` false (`max_buffer_delay_ms` 0, "custom buffering") nothing
    waits: the client has cut the text already. A first sentence longer than LONG_CHARS is cut after
    its first clause, so that the first audio comes early.
    """

    def __init__(self, *, managed: bool = True) -> None:
        self._managed = managed
        self._pending = ""
        self._begun = False

    @property
    def waiting(self) -> bool:
        """Whether there is text whose sentence has not ended."""
        return bool(self._pending.strip())

    def push(self, transcript: str) -> list[str]:
        """Takes a transcript and returns the pieces that may now be spoken."""
        self._pending += transcript
        if not self._managed:
            return self.drain()
        *whole, rest = Hibari.split_sentences(self._pending + _NEXT_SENTENCE)
        self._pending = rest.removesuffix(_NEXT_SENTENCE)
        return self._begin(whole)

    def drain(self) -> list[str]:
        """Returns what is left, ended or not: for a flush, the last transcript or a long wait."""
        left, self._pending = self._pending, ""
        return self._begin(Hibari.split_sentences(left))

    def _begin(self, pieces: list[str]) -> list[str]:
        if self._begun or not pieces:
            return pieces
        self._begun = True
        return [*_first_clause(pieces[0]), *pieces[1:]]


def _first_clause(sentence: str) -> list[str]:
    end = _CLAUSE_END.search(sentence, _SHORTEST_CLAUSE_CHARS)
    if len(sentence) <= LONG_CHARS or end is None:
        return [sentence]
    return [sentence[: end.start() + 1], sentence[end.end() :]]
