"""A recognised text in the form the options ask for."""

from __future__ import annotations

import re
from dataclasses import dataclass

from lab.deepgram.numerals import digits_to_words, words_to_digits
from lab.deepgram.options import ListenOptions

FILLERS = frozenset({"uh", "um", "mhmm", "mm-mm", "uh-uh", "uh-huh", "nuh-uh"})  # Deepgram's list


@dataclass(frozen=True)
class Word:
    """One word, bare and lower case, and as it stands in a punctuated text."""

    bare: str
    punctuated: str


@dataclass(frozen=True)
class Wording:
    """A text word by word; `transcript` is the text."""

    words: tuple[Word, ...]
    formatted: bool

    @property
    def transcript(self) -> str:
        """The text as Deepgram puts it in `transcript`."""
        return " ".join(word.punctuated if self.formatted else word.bare for word in self.words)


def wording_of(text: str, options: ListenOptions) -> Wording:
    """Applies punctuate, smart_format, numerals and filler_words to a recognised text."""
    figures = options.numerals or options.smart_format
    text = words_to_digits(text) if figures else digits_to_words(text)
    words = [Word(_bare(token), token) for token in text.split() if _bare(token)]
    if not options.filler_words:
        words = [one for one in words if one.bare not in FILLERS]
    if words:  # a figure at the start of a sentence became a lower-case word, or a filler went
        first = words[0].punctuated
        words[0] = Word(words[0].bare, first[0].upper() + first[1:])
    return Wording(tuple(words), formatted=options.punctuate or options.smart_format)


def _bare(token: str) -> str:
    return re.sub(r"^[^\w$]+|[^\w%]+$", "", token).lower()
