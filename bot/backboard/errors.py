"""Backboard's failures as LiveKit's: each error says whether another attempt makes sense.

    APIError                    an `error`, `run_failed` or `run_ended` event; an unreadable answer
    ├── APIStatusError          an HTTP status of 400 or more
    └── APIConnectionError      no connection, or one that ended before the run did
        └── APITimeoutError     a missed deadline

Every retry is made on a fresh thread (see `llm.BackboardStream`), for a failed request may have
landed all the same: Backboard answers some HTTP 500 after it stored the message.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx
from livekit.agents import APIConnectionError, APIError, APIStatusError, APITimeoutError

from .models import Failed, RunEnded, Unreadable

# 501 and 505 tell of a wrong request: they stay as they are.
_RETRYABLE_STATUSES = frozenset({408, 429, 500, 502, 503, 504})

# What Backboard's own command line retries on (Backboard-R-CLI, streamRetry.ts).
_TRANSIENT = (
    "idle timeout",
    "failed to continue streaming",
    "timed out",
    "read timeout",
    "connection was closed",
    "closed unexpectedly",
    "connection reset",
    "connection closed",
    "remote protocol error",
    "gateway timeout",
    "bad gateway",
    "service unavailable",
)

# What the service says of an account inside an HTTP 200, as the status it stands for. None of
# these passes by itself, so Backboard's own command line does not retry on them either.
_ACCOUNT = {
    "credit": 402,
    "quota": 402,
    "billing": 402,
    "rate limit": 429,
    "unauthorized": 401,
    "api key": 401,
}

# Backboard has sent these as the text of a completed answer. They are no words for a caller.
NOTICES = ("Your free credit is reserved for", "LLM Error:")

_LASTING = frozenset({401, 402, 403})

_PATIENCE_S = 1.0
"""The longest `Retry-After` that somebody on the phone can wait for."""

_MESSAGE_LIMIT = 200


def from_status(
    status: int, body: bytes, *, request_id: str | None = None, retry_after: str | None = None
) -> APIStatusError:
    """The error for an answer with an HTTP status of 400 or more.

    `retry_after` is the header's value: seconds, or a date (RFC 9110, section 10.2.3).
    """
    said = _detail(body)
    return APIStatusError(
        f"Backboard refused the request: {said}" if said else "Backboard refused the request.",
        status_code=status,
        request_id=request_id,
        retryable=status in _RETRYABLE_STATUSES and _soon(retry_after),
    )


def from_event(event: Failed | RunEnded) -> APIError:
    """The error for an event that ends a run without an answer."""
    said = _text(event.error) or _text(event.message)
    kind = event.type if isinstance(event, Failed) else f"run {event.status}"
    message = f"Backboard gave up ({kind}): {said}".rstrip(": ")
    return _of_account(said, message) or APIError(
        message, retryable=any(phrase in said.lower() for phrase in _TRANSIENT)
    )


def from_document(body: bytes) -> APIError:
    """The error for a JSON document in the place of a stream: its `content` tells of a failure."""
    said = _text(_field_of(body, "content"))
    message = "Backboard answered without a stream."
    return _of_account(said, message) or APIError(message, retryable=False)


def from_notice(text: str) -> APIError:
    """The error for a completed answer whose text is one of `NOTICES`."""
    message = "Backboard sent a notice instead of an answer."
    return _of_account(text, message) or APIError(message, retryable=False)


def is_lasting(error: BaseException | None) -> bool:
    """Whether the next turn will fail as this one did: the key or the account is refused."""
    return isinstance(error, APIStatusError) and error.status_code in _LASTING


def early_end() -> APIConnectionError:
    """The error for a stream that ended without an event that ends the run."""
    return APIConnectionError("Backboard ended the stream before the run had ended.")


@contextmanager
def translated() -> Iterator[None]:
    """Turns httpx's transport errors, and events that cannot be read, into LiveKit's."""
    try:
        yield
    except httpx.TimeoutException as error:
        raise APITimeoutError("Backboard did not answer in time.") from error
    except Unreadable as error:  # it may have been cut short
        raise APIConnectionError(str(error)) from None
    except httpx.HTTPError as error:
        raise APIConnectionError("The connection to Backboard failed.") from error


def _soon(retry_after: str | None) -> bool:
    try:
        return float(retry_after or 0) <= _PATIENCE_S
    except ValueError:  # a date: it has a resolution of a second, so it is not soon
        return False


def _of_account(said: str, message: str) -> APIStatusError | None:
    for phrase, status in _ACCOUNT.items():
        if phrase in said.lower():
            return APIStatusError(message, status_code=status, retryable=False)
    return None


def _detail(body: bytes) -> str:
    detail = _field_of(body, "detail")
    if isinstance(detail, list):  # FastAPI's 422; its "input" would repeat what the caller said
        return "; ".join(_problem(problem) for problem in detail)[:_MESSAGE_LIMIT]
    return _text(detail)


def _field_of(body: bytes, name: str) -> Any:
    try:
        answer = json.loads(body)
    except ValueError:
        return None  # a gateway's page
    return answer.get(name) if isinstance(answer, dict) else None


def _problem(problem: object) -> str:
    if not isinstance(problem, dict):
        return ""
    location = ".".join(map(str, problem.get("loc", ())))
    return f"{location}: {problem.get('msg', '')}"


def _text(said: object) -> str:
    if isinstance(said, dict):
        said = said.get("message") or said.get("detail")
    return said[:_MESSAGE_LIMIT] if isinstance(said, str) else ""
