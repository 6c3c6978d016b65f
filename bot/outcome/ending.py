"""The end of a call that was answered or came in: which side ended it, and why."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from bot.outcome.vocabulary import Outcome


class EndedBy(StrEnum):
    """Which side ended a call."""

    CALLER = "caller"
    CALLEE = "callee"
    BOT = "bot"
    NETWORK = "network"
    OPERATOR = "operator"


@dataclass(frozen=True)
class Ending:
    """The end of one call."""

    outcome: Outcome
    ended_by: EndedBy
    detail: str = ""
    """A static phrase for people, such as `end_call tool`; never what was said."""


def phone_left(reason: str | None, *, answered: bool) -> Ending:
    """Why the phone of somebody who called us left.

    Args:
        reason: LiveKit's DisconnectReason by name, None when unknown. livekit-sip v1.11 leaves
            with CLIENT_INITIATED after the phone's BYE or CANCEL, but also when it hung up itself
            because no RTP came any more or the trunk's longest call was over.
        answered: whether `sip.callStatus` ever was `active`.
    """
    match reason:
        case "CLIENT_INITIATED" | "USER_REJECTED" | "USER_UNAVAILABLE":
            if answered:
                return Ending(Outcome.COMPLETED, EndedBy.CALLER, "caller hung up")
            return Ending(Outcome.ABANDONED, EndedBy.CALLER, "caller hung up before the answer")
        case _:
            return _left_for_us(reason)


def called_phone_left(reason: str | None, *, answered: bool) -> Ending:
    """Why the phone of somebody whom we called left; arguments as those of `phone_left`.

    Before the answer LiveKit tells participants less than it tells whoever asked for the call: 404
    and 480 alike are USER_UNAVAILABLE, 403 and 486 alike are USER_REJECTED.
    """
    match reason:
        case "CLIENT_INITIATED" if answered:
            return Ending(Outcome.COMPLETED, EndedBy.CALLEE, "callee hung up")
        case "USER_UNAVAILABLE":
            return Ending(Outcome.NO_ANSWER, EndedBy.NETWORK, "nobody came to the phone")
        case "USER_REJECTED":
            return Ending(Outcome.DECLINED, EndedBy.CALLEE, "the call was refused")
        case "CLIENT_INITIATED" | "UNKNOWN_REASON" | None if not answered:
            return Ending(Outcome.CARRIER_ERROR, EndedBy.NETWORK, "the call was not connected")
        case "PARTICIPANT_REMOVED" | "ROOM_DELETED" if not answered:
            return Ending(Outcome.CANCELLED, EndedBy.OPERATOR, "cancelled before the answer")
        case _:
            return _left_for_us(reason)


def _left_for_us(reason: str | None) -> Ending:
    match reason:
        case "PARTICIPANT_REMOVED" | "ROOM_DELETED" | "DUPLICATE_IDENTITY" | "SERVER_SHUTDOWN":
            return Ending(Outcome.STOPPED, EndedBy.OPERATOR, reason.lower().replace("_", "-"))
        case _:
            return Ending(Outcome.CONNECTION_LOST, EndedBy.NETWORK, "the gateway ended the call")


def job_ended(reason: str) -> Ending:
    """Why a job ended that nobody on the call ended; `reason` is LiveKit's shutdown reason."""
    match reason:
        case "job crashed":
            return Ending(Outcome.FAILED, EndedBy.BOT, "the job crashed")
        case "room disconnected":
            return Ending(Outcome.CONNECTION_LOST, EndedBy.NETWORK, "the room was lost")
        case _:
            return Ending(Outcome.STOPPED, EndedBy.OPERATOR, "the worker was stopped")
