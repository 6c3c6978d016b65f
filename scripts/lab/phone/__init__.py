"""A phone for scripts and tests: it dials, answers, talks and listens, and times everything."""

from lab.phone.answering import AnsweringPhone
from lab.phone.call import Ending, PhoneCall
from lab.phone.dialled import DialledCall
from lab.phone.errors import (
    CallFailed,
    CallOver,
    NoCall,
    NoDigits,
    NoFinalAnswer,
    NoQuiet,
    NoSpeech,
    NotRinging,
    PhoneError,
    StillUp,
    TookTooLong,
)
from lab.phone.event import SipEvent
from lab.phone.phone import Phone
from lab.phone.received import ReceivedCall
from lab.phone.recording import Recording
from lab.phone.script import Script, load, parse
from lab.phone.sound import Samples, Span, utterances

__all__ = [
    "AnsweringPhone",
    "CallFailed",
    "CallOver",
    "DialledCall",
    "Ending",
    "NoCall",
    "NoDigits",
    "NoFinalAnswer",
    "NoQuiet",
    "NoSpeech",
    "NotRinging",
    "Phone",
    "PhoneCall",
    "PhoneError",
    "ReceivedCall",
    "Recording",
    "Samples",
    "Script",
    "SipEvent",
    "Span",
    "StillUp",
    "TookTooLong",
    "load",
    "parse",
    "utterances",
]
