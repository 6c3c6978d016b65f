"""What LiveKit's refusals and silences mean, each in one sentence with its remedy."""

from __future__ import annotations

from http import HTTPStatus

from sip.errors import KeyRefusedError, RefusedError, RemoteError, UnreachableError


def refusal(url: str, what: str, status: int, message: str) -> RemoteError:
    """The error for an answer with an HTTP status; `what` was asked, such as `list trunks`."""
    if status in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN):
        return KeyRefusedError(
            f"LiveKit at {url} refuses the API key; check LIVEKIT_API_KEY and LIVEKIT_API_SECRET."
        )
    if not message:
        return UnreachableError(
            f"{url} answers HTTP {status}, not as LiveKit does; check LIVEKIT_URL."
        )
    return RefusedError(f"LiveKit refuses to {what}: {message.rstrip('.')}.")


def unreachable(url: str, error: Exception) -> UnreachableError:
    """The error for a server that does not answer."""
    return UnreachableError(
        f"LiveKit does not answer at {url} ({type(error).__name__}); "
        "check LIVEKIT_URL and that the server runs."
    )
