"""What the words of who took the call give away: a recorded voice has phrases that people lack.

Pure. The phrases are those of carriers' and handsets' announcements in American English; where a
person might say them too ("she can't come to the phone", "who's calling?"), one does not suffice.
"""

from __future__ import annotations

import re
import unicodedata

from bot.pickup.judgement import Pickup

TONE = (
    r"(?:after|at|following|hear|wait for) (?:the|a) (?:short )?"
    r"(?:tone|town|beep|beat|beef|signal)s?\b"  # and what recognisers make of a tone and a beep
)
MESSAGE = r"(?:message|massage)s?"  # recognisers write both
VOICEMAIL = r"(?:voice ?mail|voice male|automat\w+ voice messag\w+|answering machine)"
MAILBOX = rf"(?:mail ?box|memory|{VOICEMAIL})"
CALLED = (
    r"(?:number|person|party|customer|subscriber) (?:that )?(?:you|youre|youve)(?: have| are)?"
    r" (?:dial+ed|dial+ing|called|calling|reached|trying to)"
)
KEY = r"(?:zero|one|won|two|three|four|five|six|seven|eight|nine|uno|dos|\d|pound|star|any key)\b"
NOT_OFFERED = r"(?<!like to )(?<!want to )(?<!wanna )(?<!can )(?<!could )"  # by a person

CERTAIN: tuple[tuple[Pickup, tuple[str, ...]], ...] = (
    (
        Pickup.MAILBOX_FULL,
        (
            rf"{MAILBOX} (?:\w+ ){{0,8}}(?:is|its|was) (?:\w+ )?full",
            rf"{MAILBOX} (?:that )?(?:has not|is not|hasnt|isnt)(?: yet)? (?:been|set)",
            rf"(?:cannot|cant|unable to|not) (?:accept|tak)\w* (?:any |more |new )*{MESSAGE}",
            rf"not (?:yet )?set up (?:a |their )?{VOICEMAIL}",
        ),
    ),
    (
        Pickup.NOT_IN_SERVICE,
        (
            r"(?:not|no longer|out of|isnt)(?: currently)?(?: in)? service",
            r"been (?:\w+ )?disconnected",
            r"(?:cannot|could not|couldnt) be completed",
            r"(?:not (?:a )?|non ?)(?:working|valid) number",
            r"(?:check|verify) the (?:number|area code)",
            r"number (?:\w+ ){0,6}(?:been changed|not assigned|not recognized|is invalid)",
        ),
    ),
    (
        Pickup.SCREENING,
        (
            r"screening (?:service|assistant)",
            r"call (?:screen\w*|assistant)",
            r"(?:say|state|record|speak) your (?:full )?name",
            r"(?:say|state|tell me) who (?:is|you)",
            r"name and why you",
            r"before i (?:try|connect|put)",
            r"(?:try|trying|attempt) to connect you",
            r"(?:if|whether) (?:this|the) person is available",
        ),
    ),
    (
        Pickup.VOICEMAIL,
        (
            TONE,
            rf"record (?:your|a|you) {MESSAGE}",
            r"(?:finished|done) recording",
            r"been forwarded to",
        ),
    ),
    (
        Pickup.MENU,
        (
            rf"(?:press|dial|push|presione|oprima|marque) (?:the |el )?{KEY}(?! one one| 1 1)",
            r"para espanol",
            r"main menu",
            r"say or press",
            r"(?:following|these|menu) options",
            r"options have (?:\w+ )?changed",
            r"listen (?:carefully|closely)",
            r"(?:partys|persons|your) extension",
        ),
    ),
    (
        Pickup.VOICEMAIL,
        (
            rf"{NOT_OFFERED}leave (?:\w+ )?(?:a|your|the) (?:\w+ )?(?:{MESSAGE}|name|number)",
            rf"{NOT_OFFERED}leave {MESSAGE}",
        ),
    ),
    (Pickup.NOT_IN_SERVICE, (r"try you\w* call (?:again|later)",)),
)
"""Said by recorded voices alone. The first that is found counts: "leave a message after the tone or
press one" is a mailbox, "press one to leave a message" is a menu."""

LIKELY: tuple[tuple[Pickup, tuple[str, ...]], ...] = (
    (Pickup.SCREENING, (r"name and (?:the |a |your )?(?:brief )?reason (?:for|why|you)",)),
    (
        Pickup.MENU,
        (
            r"call (?:may|will|is)(?: be)?(?: being)? (?:recorded|monitored)",
            r"(?:agents|representatives|lines) are (?:\w+ )?(?:busy|assisting)",
            r"next available",
        ),
    ),
    (Pickup.NOT_IN_SERVICE, (rf"{CALLED}.* (?:not |un)available.* try again",)),
    (
        Pickup.VOICEMAIL,
        (
            CALLED,
            rf"(?:mail ?box|{VOICEMAIL})",
            r"(?:you have|youve|youd|you) reached\b(?! the wrong)",
            r"\d+ is (?:not |un)available",
            r"you know (?:what to do|the drill)",
            r"please hang up",
            r"we (?:cant|cannot|are unable to|are not able to) (?:come to|get to|take|answer)",
            r"if this is an emergency",
        ),
    ),
)
"""The same, unless a question goes with it ("you have reached Anna, how can I help?"); of what kind
the machine is, the next words may tell better."""

HINTS = (
    r"(?:cant|cannot|can not|unable to) (?:come to|get to|take|answer|pick up)",
    r"(?:get|call|return|reach) (?:back to you|you back|your call)",
    r"as soon as (?:i|we|possible)",
    r"(?:missed|take|answer) your call",
    r"away from (?:my|the|our)|out of (?:the|my) office|on the other line",
    r"(?:not|un)(?: currently)? ?available",
    r"(?:currently|now|is|are|were) closed",
    r"(?:office|business|opening|our) hours",
    r"thanks? (?:you )?for calling|your call is important",
)
"""Each is said by people too, but no person says two of them without asking anything."""

ASKING = re.compile(
    r"\b(?:who is (?:this|that|it|there|calling|speaking)|whos|who am i|who are you|what is|whats"
    r"|(?:how|what) (?:can|may|could|do)|(?:can|may|could|shall) i|(?:can|could) you|do you want"
    r"|would you like|is that you|speaking)\b"
)
"""A person who wants an answer, or who says that it is herself: "this is Anna speaking"."""

HOLDING = re.compile(
    r"\b(?:(?:stay|remain|hold) (?:on|the line)|please (?:hold|wait)|(?:one|a|just a) moment"
    r"|connect(?:ing)? you|(?:transfer|put)(?:ting|ring)? (?:you|your call)|see if|trying to reach"
    r"|(?:thank you|thanks|got it|okay)$)"
)
DIGIT = r"(?:\d|zero|oh|o|one|two|three|four|five|six|seven|eight|nine)"
READ_BACK = re.compile(rf"(?:\b{DIGIT}(?:(?=\d)|\b) ?)+")
LOCAL_DIGITS = 7
"""A mailbox without a greeting of its own reads its number; this many make a local one."""


def told_by_words(transcript: str) -> Pickup | None:
    """The machine whose words `transcript` has, or None where a person may have said it all."""
    return _first(CERTAIN, plain(transcript))


def suggested_by_words(transcript: str) -> Pickup | None:
    """The machine that is likely, when nothing tells it yet and the next words may."""
    said = plain(transcript)
    if ASKING.search(said):
        return None
    digits = max((_told_digits(found) for found in READ_BACK.findall(said)), default=0)
    if digits >= LOCAL_DIGITS or sum(_has(hint, said) for hint in HINTS) >= 2:
        return _first(LIKELY, said) or Pickup.VOICEMAIL
    return _first(LIKELY, said)


def asks_something(transcript: str) -> bool:
    """Whether it has a question, or other words, that only a person on the phone says."""
    return ASKING.search(plain(transcript)) is not None


def asks_to_hold(transcript: str) -> bool:
    """Whether it is what a machine says while it puts the call through."""
    said = plain(transcript)
    return bool(HOLDING.search(said)) and not ASKING.search(said)


def _first(table: tuple[tuple[Pickup, tuple[str, ...]], ...], said: str) -> Pickup | None:
    found = (who for who, phrases in table if any(_has(phrase, said) for phrase in phrases))
    return next(found, None)


def _told_digits(found: str) -> int:
    """How many digits, or none of one that a recogniser repeats for a noise."""
    digits = re.findall(DIGIT, found)
    return len(digits) if len(set(digits)) >= 3 else 0


def _has(phrase: str, said: str) -> bool:
    return re.search(rf"\b(?:{phrase})", said) is not None


def plain(transcript: str) -> str:
    """Lower-case words with single spaces, without accents, apostrophes and punctuation."""
    letters = unicodedata.normalize("NFKD", transcript.lower())
    kept = re.sub(r"['’\u0300-\u036f]", "", letters)
    return re.sub(r"[^a-z0-9]+", " ", kept).strip()
