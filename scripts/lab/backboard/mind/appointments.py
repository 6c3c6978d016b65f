"""Days and times of an appointment, as callers say them and as a telephone voice reads them."""

from __future__ import annotations

import re

OPENS_MIN = 9 * 60
CLOSES_MIN = 17 * 60
WEEKEND = ("Saturday", "Sunday")

_ONES = (
    *("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"),
    *("ten", "eleven", "twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen"),
    *("eighteen", "nineteen"),
)
_TENS = ("twenty", "thirty", "forty", "fifty")
_NUMBERS = {word: number for number, word in enumerate(_ONES)} | {
    word: 20 + 10 * number for number, word in enumerate(_TENS)
}
_HOUR = r"(one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|1[0-9]|[1-9])"
_MINUTE = (
    r"((?:twenty|thirty|forty|fifty)(?: (?:one|two|three|four|five|six|seven|eight|nine))?"
    r"|oh (?:five|5)|ten|fifteen|[0-5][0-9])"
)
_HALF = r"(?: (am|pm)| in the (morning|afternoon|evening))?"
_PAST = re.compile(rf"\b(half|quarter) (past|to) {_HOUR}\b{_HALF}")
_HOUR_MINUTE = re.compile(rf"\b{_HOUR} {_MINUTE}\b{_HALF}")
_RUN_TOGETHER = re.compile(rf"\b(1[0-9]|[1-9])([0-5][0-9])\b{_HALF}")
_SHARP = re.compile(rf"\b{_HOUR} (?:oclock{_HALF}|(am|pm)|in the (morning|afternoon|evening))")
_AT_HOUR = re.compile(rf"\b(?:at|around|about|make it|maybe|say) {_HOUR}\b")
_ANY_HOUR = re.compile(rf"\b{_HOUR}\b")
_NOON = re.compile(r"\b(?:noon|midday)\b")
_MORNING = re.compile(r"\bmorning\b|\bany ?time\b|\bwhenever\b|\bwhatever\b|\bfirst available\b")
_AFTERNOON = re.compile(r"\bafternoon\b")
_DAY = re.compile(
    r"\b(next )?(monday|tuesday|wednesday|thursday|friday|saturday|sunday)s?\b"
    r"|\b(the day after tomorrow|tomorrow|today)\b"
)
_UNWANTED = re.compile(r"\b(?:instead of|rather than|not) (?:on )?(?:next )?[a-z]+day\b")
_ANY_DAY = re.compile(r"\bany ?day\b|\bas soon as possible\b|\b(?:first|next|earliest) available\b")


def day_in(words: str) -> str | None:
    """The last day wanted in plain `words`, as it is spoken: "Tuesday", "next Friday", "today"."""
    days = list(_DAY.finditer(_UNWANTED.sub("", words)))
    if not days:
        return "Monday" if _ANY_DAY.search(words) else None
    following, weekday, relative = days[-1].groups()
    if relative:
        return str(relative)
    return f"{following or ''}{weekday.capitalize()}"


def time_in(words: str, asked: bool) -> int | None:
    """The time in plain `words`, in minutes after midnight; a bare number counts when `asked`.

    Hours from one to seven without A M or P M are in the afternoon, as everyone means them on the
    telephone to a dentist. "In the morning" alone is ten o'clock, "in the afternoon" two o'clock.
    """
    if match := _PAST.search(words):
        return _past(*match.groups())
    if match := _HOUR_MINUTE.search(words) or _RUN_TOGETHER.search(words):
        hour, minute, *half = match.groups()
        return _clock(_number(hour), _number(minute), half)
    if match := _SHARP.search(words):
        hour, *half = match.groups()
        return _clock(_number(hour), 0, half)
    if match := _AT_HOUR.search(words) or (_ANY_HOUR.search(words) if asked else None):
        return _clock(_number(match.group(1)), 0, [])
    if _NOON.search(words):
        return 12 * 60
    if _AFTERNOON.search(words):
        return 14 * 60
    return 10 * 60 if _MORNING.search(words) else None


def spoken_time(minutes: int) -> str:
    """`minutes` after midnight for the voice: "three thirty", "ten o'clock", "nine oh five"."""
    hour, minute = divmod(minutes, 60)
    hour_word = _ONES[(hour - 1) % 12 + 1]
    if minute == 0:
        return f"{hour_word} o'clock"
    if minute < 10:
        return f"{hour_word} oh {_ONES[minute]}"
    if minute < 20:
        return f"{hour_word} {_ONES[minute]}"
    tens, ones = divmod(minute, 10)
    return f"{hour_word} {_TENS[tens - 2]}" + (f" {_ONES[ones]}" if ones else "")


def spoken_digits(text: str) -> str:
    """Keypad presses for the voice: "4 2#" is "four two hash"."""
    keys = {str(number): word for number, word in enumerate(_ONES[:10])}
    keys |= {"#": "hash", "*": "star"}
    return " ".join(keys[key] for key in text if key in keys)


def on_day(day: str) -> str:
    """The day with its preposition: "on Tuesday", "tomorrow"."""
    return f"on {day}" if day[0].isupper() else day


def _past(part: str, direction: str, hour: str, *half: str | None) -> int:
    minutes = 30 if part == "half" else 15
    time = _clock(_number(hour), 0, list(half))
    return time + minutes if direction == "past" else time - minutes


def _clock(hour: int, minute: int, half: list[str | None]) -> int:
    named = next((word for word in half if word), None)
    morning = named in ("am", "morning")
    if morning and hour == 12:
        hour = 0
    elif not morning and (hour < 8 or (named and hour < 12)):
        hour += 12
    return hour * 60 + minute


def _number(words: str) -> int:
    return sum(int(word) if word.isdigit() else _NUMBERS.get(word, 0) for word in words.split())
