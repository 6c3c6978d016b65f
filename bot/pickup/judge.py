"""Judges who or what took the call, from what is heard on the line and when.

Pure: one clock, in seconds since the answer, and no waiting. A person says something short and is
silent; a machine gives itself away by its words or tones, at once or in the middle of a greeting.
As a person must not wait, "a person" is said early and may be taken back.
"""

from __future__ import annotations

import re

from bot.pickup.judgement import Evidence, Judgement, Pickup
from bot.pickup.tones import Sound
from bot.pickup.words import asks_to_hold, told_by_words

SILENCE_S = 2.8
"""Without a word: people who answer late do it within 2 s (F12), and they wait for 4 s at most."""
DEADLINE_S = 4.0
"""Whoever still talks now, without a machine's words, is answered like a person."""
REVISABLE_S = 30.0
"""From the answer; later, words like a machine's are somebody's who talks about machines."""

SHORT_S = 1.8
"""Nearly all people have said their greeting in this time, and few machines have."""
BARE_PAUSE_S = 0.6
"""After "Hello?" and its like; voice activity is known to be over after some 0.55 s anyway."""
SHORT_PAUSE_S = 0.7
OPENING_PAUSE_S = 1.0
"""After "Hi." or words that want more: recorded greetings pause there, for up to 0.8 s."""
LONG_PAUSE_S = 1.0

BARE = re.compile(r"\W*(?:hello|yes|yeah|yep|speaking|go ahead|who is this)\b", re.IGNORECASE)
OPENING = re.compile(r"\W*(?:hi|hey|hi there|thank you|thanks|welcome)\W*", re.IGNORECASE)
ENDED = re.compile(r"[.!?]\W*$")

SOUNDS = {
    Sound.BEEP: (Pickup.VOICEMAIL, Evidence.BEEP),
    Sound.SIT: (Pickup.NOT_IN_SERVICE, Evidence.SIT),
    Sound.CNG: (Pickup.FAX, Evidence.FAX_TONE),
    Sound.CED: (Pickup.FAX, Evidence.FAX_TONE),
}
CONCLUSIVE = frozenset({Evidence.SIT, Evidence.FAX_TONE})
"""No words say it better."""


class Judge:
    """Who or what is on the line of one call.

        judge.speech_began(0.4)
        judge.heard("Hello?", 0.8)
        judge.speech_ended(0.9, known_s=1.45)
        judge.judgement(1.5)               # a person, by the greeting, after 1.5 s

    Events come in the order of their times. `wakes_s` says when to ask again without one.
    """

    def __init__(self) -> None:
        self._before: Pickup | None = None
        self._judgement: Judgement | None = None
        self._origin_s: float | None = None
        self._began_s: float | None = None
        self._ended_s: float | None = None
        self._listen(from_s=0.0)

    def restart(self, at_s: float) -> None:
        """Judges the next voice anew, after a screener or a menu had its answer.

        Until it speaks there is no judgement, nor while the machine only asks to wait: that is
        still what it was before.
        """
        self._settle(at_s)
        self._before = self._judgement.who if self._judgement else self._before
        self._listen(from_s=None)

    def speech_began(self, at_s: float) -> None:
        """Somebody began to speak."""
        self._settle(at_s)
        if self._on_hold:
            self._listen(from_s=None, after=self._heard)
        self._voice(at_s)
        self._ended_s = None

    def speech_ended(self, at_s: float, known_s: float) -> None:
        """Nobody speaks since `at_s`, which is known since `known_s`."""
        self._settle(known_s)
        self._voice(at_s)
        self._ended_s, self._changed_s = at_s, known_s

    def heard(self, text: str, at_s: float) -> None:
        """`text` is all that was understood of the other side since the last restart."""
        self._settle(at_s)
        self._heard = text
        if not self._said:
            return
        if self._began_s is None:  # too soft for the voice detector
            self._voice(at_s)
            self._ended_s = at_s
        self._changed_s = at_s
        who = told_by_words(self._said)
        if who is None and self._before and asks_to_hold(self._said):
            who = self._before
            self._on_hold = True
        if who is not None:
            self._becomes(who, Evidence.WORDS, at_s)

    def tone(self, sound: Sound, at_s: float) -> None:
        """A tone is told by `bot.pickup.tones`."""
        self._settle(at_s)
        if sound is Sound.CNG and self._said:
            sound = Sound.BEEP  # a fax machine says nothing before it
        judged = self._judgement
        if sound is Sound.BEEP and judged is not None and judged.who.is_machine:
            return  # screeners and full mailboxes have beeps too
        self._becomes(*SOUNDS[sound], at_s)

    def judgement(self, now_s: float) -> Judgement | None:
        """Who it is as far as can be told at `now_s`, not before the latest event's time."""
        self._settle(now_s)
        return self._judgement

    @property
    def wakes_s(self) -> float | None:
        """When the judgement changes next if nothing is heard, or None for never."""
        due = self._due()
        return due[0] if due else None

    @property
    def _said(self) -> str:
        return self._heard.removeprefix(self._held).strip()

    def _listen(self, from_s: float | None, after: str = "") -> None:
        self._origin_s = from_s
        self._heard = self._held = after
        self._began_s = self._ended_s = None
        self._changed_s = from_s or 0.0
        self._on_hold = False
        self._judgement = None

    def _voice(self, at_s: float) -> None:
        self._began_s = at_s if self._began_s is None else self._began_s
        self._origin_s = at_s if self._origin_s is None else self._origin_s
        self._changed_s = max(self._changed_s, at_s)

    def _becomes(self, who: Pickup, evidence: Evidence, at_s: float) -> None:
        judged = self._judgement
        if judged is not None:
            late = at_s - (self._origin_s or 0.0) > REVISABLE_S and not judged.who.is_machine
            if late or judged.who is who or judged.evidence in CONCLUSIVE:
                return
        self._judgement = Judgement(who, evidence, at_s)

    def _settle(self, now_s: float) -> None:
        due = self._due()
        if due and due[0] <= now_s:
            self._judgement = Judgement(Pickup.PERSON, due[1], due[0])

    def _due(self) -> tuple[float, Evidence] | None:
        """When it is a person if nothing more is heard, and by what."""
        if self._judgement is not None or self._origin_s is None:
            return None
        if self._began_s is None:
            return self._origin_s + SILENCE_S, Evidence.SILENCE
        deadline = (self._origin_s + DEADLINE_S, Evidence.DEADLINE)
        if self._ended_s is None:
            return deadline
        pause_s = _pause_s(self._said, self._ended_s - self._began_s)
        return min((max(self._ended_s + pause_s, self._changed_s), Evidence.GREETING), deadline)


def _pause_s(said: str, lasted_s: float) -> float:
    """The silence after which a greeting is over."""
    if lasted_s > SHORT_S:
        return LONG_PAUSE_S
    if BARE.match(said):
        return BARE_PAUSE_S
    if said and (OPENING.fullmatch(said) or not ENDED.search(said)):
        return OPENING_PAUSE_S
    return SHORT_PAUSE_S
