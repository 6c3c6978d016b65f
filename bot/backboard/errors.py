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

_MESSAGE_LIMIT = 200


def from_status(status: int, body: bytes, *, request_id: str | None = None) -> APIStatusError:
    """The error for an answer with an HTTP status of 400 or more."""
    said = _detail(body)
    return APIStatusError(
        f"Backboard refused the request: {said}" if said else "Backboard refused the request.",
        status_code=status,
        request_id=request_id,
        retryable=status in _RETRYABLE_STATUSES,
    )


def from_event(event: Failed | RunEnded) -> APIError:
    """The error for an event that ends a run without an answer."""
    said = _text(event.error) or _text(event.message)
    retryable = any(phrase in said.lower() for phrase in _TRANSIENT)
    kind = event.type if isinstance(event, Failed) else f"run {event.status}"
    return APIError(f"Backboard gave up ({kind}): {said}".rstrip(": "), retryable=retryable)


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


def _detail(body: bytes) -> str:
    try:
        answer = json.loads(body)
    except ValueError:
        return ""  # a gateway's page
    detail = answer.get("detail") if isinstance(answer, dict) else None
    if isinstance(detail, list):  # FastAPI's 422; its "input" would repeat what the caller said
        return "; ".join(_field(problem) for problem in detail)[:_MESSAGE_LIMIT]
    return _text(detail)


def _field(problem: object) -> str:
    if not isinstance(problem, dict):
        return ""
    location = ".".join(map(str, problem.get("loc", ())))
    return f"{location}: {problem.get('msg', '')}"


def _text(said: object) -> str:
    if isinstance(said, dict):
        said = said.get("message") or said.get("detail")
    return said[:_MESSAGE_LIMIT] if isinstance(said, str) else ""
