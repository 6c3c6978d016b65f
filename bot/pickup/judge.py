"""Judges who or what took the call, from what is heard on the line and when.

Pure: one clock, in seconds since the answer, and no waiting. A person says something short and is
silent; a machine gives itself away by its words or tones, at once or in the middle of a greeting.
As a person must not wait, "a person" is said early and may be taken back.
"""

from __future__ import annotations

import math
import re

from bot.pickup.judgement import Evidence, Judgement, Pickup
from bot.pickup.tones import Sound
from bot.pickup.words import asks_something, asks_to_hold, plain, suggested_by_words, told_by_words

SILENCE_S = 2.8
"""Without a word: people who answer late do it within 2 s (F12), and they wait for 4 s at most."""
DEADLINE_S = 4.0
"""Whoever still talks now, without a machine's words, is answered like a person."""
REVISABLE_S = 30.0
"""From the answer; later, words like a machine's are somebody's who talks about machines."""
STALLED_S = 1.2
"""While a voice goes on without a new word, it is somebody else's, where the phone is."""
SAME_S = 0.6
"""From a word to a later transcript without another, which shows that there is none."""

SHORT_S = 1.8
"""Nearly all people have said their greeting in this time, and few machines have."""
BARE_PAUSE_S = 0.6
"""After a question or a mere "hello", which recorded greetings seldom begin with."""
SHORT_PAUSE_S = 0.7
LONG_PAUSE_S = 0.9
"""After long greetings, and "Hi.": in recorded ones a pause of 0.4 to 0.8 s may follow."""

BARE = re.compile(r"\W*(?:hello|yes|yeah|yep)\b", re.IGNORECASE)
OPENING = re.compile(r"\W*(?:hi|hey|thank you|thanks|welcome)\W*", re.IGNORECASE)

SOUNDS = {
    Sound.BEEP: (Pickup.VOICEMAIL, Evidence.BEEP),
    Sound.SIT: (Pickup.NOT_IN_SERVICE, Evidence.SIT),
    Sound.CNG: (Pickup.FAX, Evidence.FAX_TONE),
    Sound.CED: (Pickup.FAX, Evidence.FAX_TONE),
}
EXACTNESS = (
    Pickup.PERSON,
    Pickup.VOICEMAIL,
    Pickup.MENU,
    Pickup.SCREENING,
    Pickup.NOT_IN_SERVICE,
    Pickup.MAILBOX_FULL,
    Pickup.FAX,
)
"""A judgement is only replaced by one further down: transcripts change their mind too."""


class Judge:
    """Who or what is on the line of one call.

        judge.speech_began(0.4)
        judge.heard("Hello?", 0.8)
        judge.speech_ended(0.9, known_s=1.2)
        judge.judgement(1.5)               # a person, by the greeting, after 1.5 s

    Events come in the order of their times. `wakes_s` says when to ask again without one.
    """

    def __init__(self) -> None:
        self._before: Pickup | None = None
        self._judgement: Judgement | None = None
        self._origin_s: float | None = None
        self._began_s: float | None = None
        self._ended_s: float | None = None
        self._suspect: Pickup | None = None
        self._cng_heard = self._on_hold = False
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
        self._ended_s, self._grew_s = None, at_s

    def speech_ended(self, at_s: float, known_s: float) -> None:
        """Nobody speaks since `at_s`, which is known since `known_s`."""
        self._settle(known_s)
        self._voice(at_s)
        self._ended_s, self._changed_s = at_s, known_s

    def heard(self, text: str, at_s: float) -> None:
        """`text` is all that was understood of the other side since the last restart."""
        self._settle(at_s)
        before = self._said
        self._heard = text
        if not self._said:
            return
        if self._began_s is None:  # too soft for the voice detector
            self._voice(at_s)
            self._ended_s = at_s
        self._changed_s = at_s
        if plain(self._said) != plain(before):
            self._grew_s = at_s
        who = told_by_words(self._said)
        evidence = Evidence.WORDS
        if who is None and self._before and asks_to_hold(self._said):
            who, evidence = self._before, Evidence.HOLD
            self._on_hold = True
        self._suspect = suggested_by_words(self._said)
        if self._judgement is not None:
            who = who or self._suspect
        if who is not None:
            self._becomes(who, evidence, at_s)

    def tone(self, sound: Sound, at_s: float) -> None:
        """A tone is told by `bot.pickup.tones`."""
        self._settle(at_s)
        again = self._cng_heard
        self._cng_heard = again or sound is Sound.CNG
        if sound is Sound.CNG and self._said and not again:
            sound = Sound.BEEP  # a fax machine says nothing before it, and repeats it
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
        # by number: what was on hold may yet be transcribed otherwise
        return " ".join(self._heard.split()[self._held_words :])

    def _listen(self, from_s: float | None, after: str = "") -> None:
        self._origin_s = from_s
        self._heard, self._held_words = after, len(after.split())
        self._began_s = self._ended_s = None
        self._changed_s = self._grew_s = from_s or 0.0
        self._suspect = None
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
            if late or EXACTNESS.index(who) <= EXACTNESS.index(judged.who):
                return
        self._judgement = Judgement(who, evidence, at_s)

    def _settle(self, now_s: float) -> None:
        due = self._due()
        if due and due[0] <= now_s:
            self._judgement = Judgement(due[1], due[2], due[0])

    def _due(self) -> tuple[float, Pickup, Evidence] | None:
        """When it is judged if nothing more is heard, as what, and by what."""
        if self._judgement is not None or self._origin_s is None:
            return None
        if self._began_s is None:
            return self._origin_s + SILENCE_S, Pickup.PERSON, Evidence.SILENCE
        by_s, evidence = self._origin_s + DEADLINE_S, Evidence.DEADLINE
        over_s = max(self._over_s, self._changed_s)
        if over_s < by_s:
            by_s, evidence = over_s, Evidence.GREETING
        if self._suspect:
            return by_s, self._suspect, Evidence.WORDS
        return by_s, Pickup.PERSON, evidence

    @property
    def _over_s(self) -> float:
        """When the greeting is over if nothing more is heard."""
        if self._ended_s is None or self._began_s is None:
            stalled = self._said and self._changed_s - self._grew_s >= SAME_S
            return self._grew_s + STALLED_S if stalled else math.inf
        return self._ended_s + _pause_s(self._said, self._ended_s - self._began_s)


def _pause_s(said: str, lasted_s: float) -> float:
    """The silence after which a greeting is over."""
    if asks_something(said):
        return BARE_PAUSE_S
    if lasted_s > SHORT_S or OPENING.fullmatch(said):
        return LONG_PAUSE_S
    return BARE_PAUSE_S if BARE.match(said) else SHORT_PAUSE_S
