"""Numbers as words or as digits: Moonshine mixes the two, Deepgram's options ask for one."""

from __future__ import annotations

import re

_UNITS = [
    *("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"),
    *("ten", "eleven", "twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen"),
    *("eighteen", "nineteen"),
]
_TENS = ["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"]
_ORDINALS = {
    **{"one": "first", "two": "second", "three": "third", "five": "fifth", "eight": "eighth"},
    **{"nine": "ninth", "twelve": "twelfth"},
    **{ten: f"{ten[:-1]}ieth" for ten in _TENS},
}
_VALUES = {word: value for value, word in enumerate(_UNITS)} | {
    word: 10 * value for value, word in enumerate(_TENS, start=2)
}

_FIGURES = re.compile(
    r"(?P<dollars>\$\d[\d,]*(?:\.\d\d)?)"
    r"|(?P<clock>\b\d{1,2}:\d\d\b)"
    r"|(?P<percent>\b\d[\d,.]*%)"
    r"|(?P<ordinal>\b\d{1,2}(?:st|nd|rd|th)\b)"
    r"|(?P<decimal>\b\d+\.\d+\b)"
    r"|(?P<thousands>\b\d{1,3}(?:,\d{3})+\b)"
    r"|(?P<code>\b\d+(?:-\d+)+\b)"
    r"|(?P<plain>\d+)"
)
_WORDS = re.compile(
    rf"\b(?P<tens>{'|'.join(_TENS)})(?:[- ](?P<unit>{'|'.join(_UNITS[1:10])}))?\b"
    rf"|\b(?P<small>{'|'.join(sorted(_UNITS, key=len, reverse=True))})\b",
    re.IGNORECASE,
)
_DIGIT = "|".join(_UNITS[:10])
_COMMA_BETWEEN_DIGITS = re.compile(  # Moonshine writes "five, five", Deepgram "five five"
    rf"(\b(?:{_DIGIT})),(?= (?:{_DIGIT})\b)", re.IGNORECASE
)
_ONE_NEXT_TO_A_FIGURE = re.compile(r"(?<=\d )one\b|\bone(?= \d)", re.IGNORECASE)


def digits_to_words(text: str) -> str:
    """Figures as callers say them: "3:30" is "three thirty", "555-0123" digit by digit."""
    return _COMMA_BETWEEN_DIGITS.sub(r"\1", _FIGURES.sub(_speak, text))


def words_to_digits(text: str) -> str:
    """Cardinals from zero to ninety-nine as figures; a lone "one" stays: mostly a pronoun."""

    def figure(match: re.Match[str]) -> str:
        if match["tens"]:
            return str(
                _VALUES[match["tens"].lower()] + _VALUES.get((match["unit"] or "").lower(), 0)
            )
        return str(_VALUES[match["small"].lower()]) if match["small"].lower() != "one" else match[0]

    text = _WORDS.sub(figure, _COMMA_BETWEEN_DIGITS.sub(r"\1", text))
    return _ONE_NEXT_TO_A_FIGURE.sub("1", text)


def _speak(match: re.Match[str]) -> str:
    kind, figures = match.lastgroup, match[0].replace(",", "")
    if kind == "dollars":
        return _amount(figures[1:])
    if kind == "clock":
        return _clock(*figures.split(":"))
    if kind == "percent":
        return f"{_number(figures[:-1])} percent"
    if kind == "ordinal":
        return _ordinal(int(figures[:-2]))
    if kind == "decimal":
        return _number(figures)
    if kind == "thousands":
        return cardinal(int(figures))
    return (
        " ".join(_plain(part) for part in figures.split("-"))
        if kind == "plain"
        else _spell(figures)
    )


def cardinal(value: int) -> str:
    """A whole number below a billion in words, without hyphens or "and"."""
    for size, name in ((1_000_000, "million"), (1_000, "thousand"), (100, "hundred")):
        if value >= size:
            rest = f" {cardinal(value % size)}" if value % size else ""
            return f"{cardinal(value // size)} {name}{rest}"
    if value < 20:
        return _UNITS[value]
    unit = f" {_UNITS[value % 10]}" if value % 10 else ""
    return _TENS[value // 10 - 2] + unit


def _spell(figures: str) -> str:
    return " ".join(_UNITS[int(digit)] for digit in figures if digit.isdigit())


def _plain(figures: str) -> str:
    """Up to two digits and round hundreds are numbers, 19xx and 20xx years, the rest is spelled."""
    value = int(figures)
    if figures.startswith("0") and figures != "0":
        return _spell(figures)
    if value < 100 or (value < 10_000 and value % 100 == 0):
        return cardinal(value)
    if len(figures) == 4 and figures[:2] in ("19", "20") and figures[2] != "0":
        return f"{cardinal(int(figures[:2]))} {cardinal(int(figures[2:]))}"
    return _spell(figures)


def _number(figures: str) -> str:
    whole, _, fraction = figures.rstrip(".").partition(".")
    spoken = cardinal(int(whole))
    return f"{spoken} point {_spell(fraction)}" if fraction else spoken


def _amount(figures: str) -> str:
    dollars, _, cents = figures.partition(".")
    spoken = f"{cardinal(int(dollars))} dollar{'' if int(dollars) == 1 else 's'}"
    return f"{spoken} and {cardinal(int(cents))} cents" if int(cents or 0) else spoken


def _clock(hours: str, minutes: str) -> str:
    if minutes == "00":
        return f"{cardinal(int(hours))} o'clock"
    return f"{cardinal(int(hours))} {'oh ' if minutes[0] == '0' else ''}{cardinal(int(minutes))}"


def _ordinal(value: int) -> str:
    *first, last = cardinal(value).split()
    return " ".join([*first, _ORDINALS.get(last, f"{last}th")])
