"""How an event becomes bytes: the plain way, and the odd ways a reader must also understand.

Line ends, comments, several `data:` lines and the optional space are those of the HTML Living
Standard, section 9.2.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

Event = dict[str, Any]
Frame = Callable[[Event], bytes]

TERMINAL = {
    "run_ended",
    "message_complete",
    "tool_submit_required",
    "run_failed",
    "run_cancelled",
    "error",
    "message_saved",
}
"""Events after which Backboard closes the stream."""


def plain(event: Event) -> bytes:
    """One `data:` line and the blank line that ends it."""
    return f"data: {_text(event)}\n\n".encode()


def crlf(event: Event) -> bytes:
    """Lines end in CR LF."""
    return plain(event).replace(b"\n", b"\r\n")


def cr(event: Event) -> bytes:
    """Lines end in CR alone."""
    return plain(event).replace(b"\n", b"\r")


def no_space(event: Event) -> bytes:
    """No space after the colon."""
    return plain(event).replace(b"data: ", b"data:", 1)


def multi_line(event: Event) -> bytes:
    """The JSON spread over several `data:` lines of one frame."""
    lines = json.dumps(event, ensure_ascii=False, indent=1).splitlines()
    return ("".join(f"data: {line}\n" for line in lines) + "\n").encode()


def commented(event: Event) -> bytes:
    """Comments before and inside the frame."""
    return b": keep-alive\n\n: data: not this\n" + plain(event)


def unterminated(event: Event) -> bytes:
    """The last frame has no blank line, nor even a line end."""
    return plain(event).rstrip(b"\n") if event.get("type") in TERMINAL else plain(event)


def done_line(event: Event) -> bytes:
    """A `[DONE]` frame follows the last event."""
    done = b"data: [DONE]\n\n" if event.get("type") in TERMINAL else b""
    return plain(event) + done


def _text(event: Event) -> str:
    return json.dumps(event, ensure_ascii=False)
