"""What a caller's words come to, whatever the speech recogniser made of case, dots and hyphens."""

from __future__ import annotations

import re

_JOINED = (
    (re.compile(r"['’]"), ""),
    (re.compile(r"(?:\b|(?<=\d))([ap])\.?\s?m\b\.?"), r" \1m"),
    (re.compile(r"[^a-z0-9]+"), " "),
    (re.compile(r"\bgood (?:bye|by|buy)\b"), "goodbye"),
    (re.compile(r"\bo clock\b"), "oclock"),
    (re.compile(r"\bcheck up\b"), "checkup"),
)
_SENTENCE_END = re.compile(r"[.!?;](?=\s|$)|\n")
_FILLERS = {"uh", "um", "er", "erm", "hm", "oh", "well", "so", "yeah", "yes", "sure", "okay", "ok"}
_FILLERS |= {"hi", "hello", "please", "of", "course", "certainly"}

# Words that end a name, or show that a short answer is not one.
_NOT_A_NAME = set(
    """
    a about actually address again all am an and any anything appointment are at be because
    book but bye call calling can cancel could days did do doing done else fine for forget
    friday from go going good goodbye great have hear help here how i im in insurance is it
    its just later leave like looking maybe me mind monday more morning my name need never
    next no nobody none not nothing of on one or parking people please question really right
    saturday say see sorry speaking stop sunday thank thanks that thats the there this
    thursday to today tomorrow tuesday two wait want was we wednesday what whats when where
    which who why will with would wrong yes you your
    """.split()
)
_POLITE = {"thank", "thanks", "you", "bye", "goodbye", "is", "my", "name"}
_SAYS_NAME = re.compile(
    r"\b(?:my names?(?: is)?|(?:the )?name is|under(?: the name)?(?: of)?|this is|call me)\s+(.*)"
)
_INTRODUCED = re.compile(r"\b(?:my names?(?: is)?|(?:the )?name is)\s+(.*)")
_MAY_SAY_NAME = re.compile(r"^(?:it is|its|i am|im|that is|thats|for)\s+(.*)")
_LONGEST_NAME = 3

_GOODBYE = re.compile(
    r"\b(?:goodbye|bye|bye bye|see you|take care|hang up"
    r"|have a (?:nice|good|great|lovely) (?:day|one|evening|afternoon|weekend))\b"
)
_NOTHING_MORE = re.compile(
    r"\b(?:thats|that is|thatll be|that will be|that would be|this is) (?:all|it|everything)\b"
    r"|\bnothing (?:else|more)\b|\bno (?:thank you|thanks)\b|\bno more questions\b"
    r"|\b(?:i am|im|we are|were) (?:all set|done|good|all good)\b"
)
_REPEAT = re.compile(
    r"\bwhat did you (?:just )?(?:say|tell)\b|\bwhat was that\b|\bcome again\b|\bpardon\b"
    r"|\b(?:say|repeat) (?:that|it|this|yourself)\b|\bsay again\b|^(?:please )?repeat(?: please)?$"
    r"|\b(?:didnt|did not|couldnt|could not|cant|cannot) (?:quite )?(?:hear|catch|understand|get)"
    r"(?: (?:you|that|it|what.*))?$"
    r"|\b(?:once again|one more time)\b|^(?:sorry|what|huh|excuse me|im sorry)$"
)
_OWN_NAME = re.compile(
    r"\b(?:what is|whats|(?:know|remember|recall|have|tell me|remind me of)(?: what)?) my name\b"
    r"|\bwho am i$"
)
_NEVER_MIND = re.compile(r"\bnever ?mind\b|\bforget (?:it|about it|that)\b|\bchanged my mind\b")
_THANKS = re.compile(r"\b(?:thank you|thanks|cheers)\b")
_YES = re.compile(r"^(?:yes|yeah|yep|yup|sure|of course|certainly|please do|i would|i do)\b")
_NO = re.compile(r"^(?:no|nope|nah|not really|not now|not today|i dont think so)\b")
_ACKNOWLEDGED = re.compile(
    r"^(?:(?:ok|okay|great|perfect|alright|all right|right|good|fine|wonderful|excellent|i see"
    r"|got it|sounds good|that is fine|thats fine|very good) ?)+$"
)
_PAUSE = re.compile(
    r"\bhold on\b|\bone (?:moment|second)\b|\bjust a (?:second|sec|moment|minute)\b"
    r"|\bbear with me\b|^(?:wait|stop)\b"
)


def plain(text: str) -> str:
    """The bare words of `text`: lower case, single spaces, no apostrophes, `a.m.` as `am`."""
    text = text.lower()
    for pattern, replacement in _JOINED:
        text = pattern.sub(replacement, text)
    return text.strip()


def says_goodbye(words: str) -> bool:
    """Whether plain `words` take leave, or want nothing more."""
    return bool(_GOODBYE.search(words) or _NOTHING_MORE.search(words))


def asks_to_repeat(words: str) -> bool:
    """Whether plain `words` ask for the last answer again."""
    return bool(_REPEAT.search(words))


def asks_own_name(words: str) -> bool:
    """Whether plain `words` ask what the caller's name is."""
    return bool(_OWN_NAME.search(words))


def gives_up(words: str) -> bool:
    """Whether plain `words` drop what was begun."""
    return bool(_NEVER_MIND.search(words))


def thanks(words: str) -> bool:
    """Whether plain `words` hold thanks."""
    return bool(_THANKS.search(words))


def agrees(words: str) -> bool:
    """Whether plain `words` begin with a yes."""
    return bool(_YES.search(words))


def declines(words: str) -> bool:
    """Whether plain `words` begin with a no."""
    return bool(_NO.search(words))


def acknowledges(words: str) -> bool:
    """Whether plain `words` only show that the answer arrived."""
    return bool(_ACKNOWLEDGED.search(words))


def asks_to_wait(words: str) -> bool:
    """Whether plain `words` ask for a moment."""
    return bool(_PAUSE.search(words))


def name_in(text: str, asked: bool) -> str | None:
    """The caller's own name in `text`; when `asked`, "I'm Ann" and a bare "Ann" count too."""
    for sentence in _SENTENCE_END.sub("|", text).split("|"):
        words = _without_fillers(plain(sentence))
        said = _SAYS_NAME.search(words) or (_MAY_SAY_NAME.search(words) if asked else None)
        if said:
            name = _name_at_start_of(said.group(1))
        elif asked and not (_NOT_A_NAME - _POLITE) & set(words.split()):
            name = _name_at_start_of(words)
        else:
            name = None
        if name:
            return name
    return None


def introduction(text: str) -> str | None:
    """The name in "my name is …", wherever in a call that is said."""
    for sentence in _SENTENCE_END.sub("|", text).split("|"):
        said = _INTRODUCED.search(_without_fillers(plain(sentence)))
        if said and (name := _name_at_start_of(said.group(1))):
            return name
    return None


def _without_fillers(words: str) -> str:
    tokens = words.split()
    while tokens and tokens[0] in _FILLERS:
        tokens.pop(0)
    while tokens and tokens[-1] in {"please", "thanks", "here", "speaking"}:
        tokens.pop()
    return " ".join(tokens)


def _name_at_start_of(words: str) -> str | None:
    name: list[str] = []
    for token in words.split()[:_LONGEST_NAME]:
        if token in _NOT_A_NAME or not token.isalpha():
            break
        name.append(token.capitalize())
    return " ".join(name) or None
