"""What the words of who took the call give away: a recorded voice has phrases that people lack.

Pure. The phrases are those of carriers' and handsets' announcements in American English; where a
person might say them too ("she can't come to the phone", "who's calling?"), one does not suffice.
"""

from __future__ import annotations

import re
import unicodedata

from bot.pickup.judgement import Pickup

TONE = r"(?:after|at|following|hear|wait for) (?:the|a) (?:short )?(?:tone|town|beep|signal)s?"
MESSAGE = r"(?:message|massage)s?"  # recognisers write both
VOICEMAIL = r"(?:voice ?mail|voice male|automat\w+ voice messag\w+|answering machine)"
MAILBOX = rf"(?:mail ?box|{VOICEMAIL})"
CALLED = (
    r"(?:number|person|party|customer|subscriber) (?:that )?(?:you|youre|youve)(?: have| are)?"
    r" (?:dial+ed|dial+ing|called|calling|reached|trying to)"
)
KEY = r"(?:zero|one|won|two|three|four|five|six|seven|eight|nine|uno|dos|\d|pound|star|any key)\b"
NOT_OFFERED = r"(?<!like to )(?<!want to )(?<!wanna )"  # "would you like to leave a message?"

CERTAIN: tuple[tuple[Pickup, tuple[str, ...]], ...] = (
    (
        Pickup.MAILBOX_FULL,
        (
            rf"{MAILBOX} (?:\w+ ){{0,4}}(?:is|its|was) (?:\w+ )?full",
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
            r"not (?:a )?(?:working|valid) number",
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
            r"(?:if|whether) (?:this|the) person is available",
        ),
    ),
    (
        Pickup.VOICEMAIL,
        (
            TONE,
            VOICEMAIL,
            rf"record (?:your|a|you) {MESSAGE}",
            r"(?:finished|done) recording",
            r"forwarded to",
        ),
    ),
    (
        Pickup.MENU,
        (
            rf"(?:press|dial|push|presione|oprima|marque) (?:the |el )?{KEY}",
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
    (Pickup.NOT_IN_SERVICE, (rf"{CALLED}.* (?:not |un)available.* try again",)),
    (
        Pickup.VOICEMAIL,
        (CALLED, r"(?:you have|youve|youd|you) reached", r"\d+ is (?:not |un)available"),
    ),
)
"""The same, unless a question goes with it ("you have reached Anna, how can I help?")."""

HINTS = (
    r"(?:cant|cannot|can not|unable to) (?:come to|get to|take|answer|pick up)",
    r"(?:get|call|return|reach) (?:back to you|you back|your call)",
    r"as soon as (?:i|we|possible)",
    r"missed your call",
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
READ_BACK = re.compile(rf"(?:\b{DIGIT}\s*){{7,}}")
"""A mailbox without a greeting of its own reads its number: seven digits are a local one."""


def told_by_words(transcript: str) -> Pickup | None:
    """The machine whose words `transcript` has, or None where a person may have said it all."""
    said = _plain(transcript)
    for who, phrases in CERTAIN:
        if any(_has(phrase, said) for phrase in phrases):
            return who
    if ASKING.search(said):
        return None
    for who, phrases in LIKELY:
        if any(_has(phrase, said) for phrase in phrases):
            return who
    if READ_BACK.search(said) or sum(_has(hint, said) for hint in HINTS) >= 2:
        return Pickup.VOICEMAIL
    return None


def asks_to_hold(transcript: str) -> bool:
    """Whether it is what a machine says while it puts the call through."""
    said = _plain(transcript)
    return bool(HOLDING.search(said)) and not ASKING.search(said)


def _has(phrase: str, said: str) -> bool:
    return re.search(rf"\b(?:{phrase})", said) is not None


def _plain(transcript: str) -> str:
    """Lower-case words with single spaces, without accents, apostrophes and punctuation."""
    letters = unicodedata.normalize("NFKD", transcript.lower())
    kept = re.sub(r"['’\u0300-\u036f]", "", letters)
    return re.sub(r"[^a-z0-9]+", " ", kept).strip()
