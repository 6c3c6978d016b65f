"""How long the bot waits before it takes its turn: longer where the words say more will come.

The audio turn detector hears whether a voice sounds finished; it cannot know that "my number is
five five five" has seven digits to go. So what was understood so far sets the wait: `patience` is
the pure rule, `TurnTaking` applies it to a session while the caller speaks.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from livekit.agents import AgentSession, AgentStateChangedEvent, UserInputTranscribedEvent


@dataclass(frozen=True)
class Patience:
    """Silence after the caller's last sound before the turn is taken."""

    min_delay_s: float
    """When the voice sounds finished."""
    max_delay_s: float
    """When it does not."""


SETTLED = Patience(0.3, 2.5)
"""A finished thought: LiveKit's own delays for its audio turn detector."""
PAUSING = Patience(0.6, 2.5)
"""It ends in a comma, or in a numeral ("at three thirty"): perhaps done, perhaps not."""
UNFINISHED = Patience(1.1, 3.0)
"""It ends in a word that wants another one."""
SPELLING = Patience(1.4, 3.0)
"""Digits are being told in groups; people pause 0.5 to 1 s between them."""

HURRIED = Patience(0.2, 0.4)
"""While the words are only listened to, and no turn is waited for."""

PHONE_DIGITS = 10
"""Digits of a national number in the North American plan; eleven with its leading 1."""
CARD_DIGITS = 16

DIGIT_WORDS = frozenset("zero oh o one two three four five six seven eight nine".split())
NUMERAL_WORDS = DIGIT_WORDS | frozenset(
    "ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen twenty "
    "thirty forty fifty sixty seventy eighty ninety hundred thousand double triple".split()
)
OPEN_WORDS = frozenset(
    "a an the and or but so because that which to for from of in on at by with about into between "
    "my your his her our their is are was it's i'm i'd i'll we we're need want like um uh er hmm "
    "number".split()
)
OPEN_PHRASES = ("let me see", "let me think", "let me check", "one moment", "hold on", "wait")

CLOCK = re.compile(r"\d{1,2}:\d\d")
FAREWELL = re.compile(r"\bgood[- ]?bye?\b|\bbye?[- ]bye?\b")
"""Recognisers spell it in ways that end in "by", which else would want another word."""
WORD = re.compile(r"[a-z']+|\d")


def patience(transcript: str) -> Patience:
    """How long to wait after `transcript`, the caller's turn as understood so far."""
    text = FAREWELL.sub("goodbye", transcript.lower().strip())
    words = WORD.findall(CLOCK.sub("twelve", text))  # a time of day is a numeral, not digits told
    if not words:
        return SETTLED
    numerals = _trailing_numerals(words)
    digits = [word for word in numerals if word.isdigit() or word in DIGIT_WORDS]
    if _whole(digits):
        return SETTLED
    told = [word for word in words if word.isdigit() or word in DIGIT_WORDS]
    if numerals and (len(told) >= 3 or "number" in words):  # a group may be misheard between two
        return SPELLING
    if numerals:
        return PAUSING
    if words[-1] in OPEN_WORDS or " ".join(words).endswith(OPEN_PHRASES):
        return UNFINISHED
    return PAUSING if text.endswith(",") else SETTLED


def _whole(digits: list[str]) -> bool:
    """Whether digits told one by one make a phone number or a card number."""
    with_country = len(digits) == PHONE_DIGITS + 1 and digits[0] in ("1", "one")
    return len(digits) == PHONE_DIGITS or with_country or len(digits) >= CARD_DIGITS


def _trailing_numerals(words: list[str]) -> list[str]:
    numerals: list[str] = []
    for word in reversed(words):
        if not (word.isdigit() or word in NUMERAL_WORDS):
            break
        numerals.insert(0, word)
    return numerals


class TurnTaking:
    """Sets a session's endpointing delays by what the caller has said in the turn so far."""

    def __init__(self, session: AgentSession[None]) -> None:
        self._session = session
        self._finals: list[str] = []
        self._patience = SETTLED
        self._hurried = False
        # Listeners run inside emit, that is before LiveKit reads the delays for this transcript.
        session.on("user_input_transcribed", self._on_transcript)
        session.on("agent_state_changed", self._on_state)

    def hurry(self, hurried: bool) -> None:
        """Whether turns end at once: what is said is none that the bot answers."""
        self._hurried = hurried
        self._finals.clear()
        self._wait(SETTLED)

    def _on_transcript(self, event: UserInputTranscribedEvent) -> None:
        self._wait(patience(" ".join([*self._finals, event.transcript])))
        if event.is_final:
            self._finals.append(event.transcript)

    def _on_state(self, event: AgentStateChangedEvent) -> None:
        if event.new_state == "thinking":  # the turn was taken
            self._finals.clear()
            self._wait(SETTLED)

    def _wait(self, wanted: Patience) -> None:
        wanted = HURRIED if self._hurried else wanted
        if wanted != self._patience:
            self._patience = wanted
            self._session.update_options(
                endpointing_opts={"min_delay": wanted.min_delay_s, "max_delay": wanted.max_delay_s}
            )
