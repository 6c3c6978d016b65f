"""How a call ended: one vocabulary for the bot, the commands, the records and the reports. Pure."""

from __future__ import annotations

from bot.outcome.ending import EndedBy, Ending, called_phone_left, job_ended, phone_left
from bot.outcome.failure import of_failure
from bot.outcome.meaning import Meaning, Party, Retry
from bot.outcome.sip_status import of_sip_status
from bot.outcome.transfer import Transferred, of_transfer_failure
from bot.outcome.verdict import Verdict
from bot.outcome.vocabulary import AnsweredBy, Outcome

__all__ = [
    "AnsweredBy",
    "EndedBy",
    "Ending",
    "Meaning",
    "Outcome",
    "Party",
    "Retry",
    "Transferred",
    "Verdict",
    "called_phone_left",
    "job_ended",
    "of_failure",
    "of_sip_status",
    "of_transfer_failure",
    "phone_left",
]
