"""The text of one run as it streams: what of it is new, and what of it may be spoken."""

from __future__ import annotations

from . import errors
from .models import ContentStreaming


class Answer:
    """Collects the text of one run.

    The first words are held back for as long as they may turn out to be one of Backboard's own
    notices: a few characters, in practice one token.
    """

    def __init__(self) -> None:
        self._received = ""
        self._released = 0

    @property
    def text(self) -> str:
        """All text received."""
        return self._received

    def add(self, event: ContentStreaming) -> str:
        """Takes the next piece; returns what may now be spoken.

        `accumulated_content` decides what is new, as the `content` of some providers repeats
        everything; where it does not continue what was received, `content` stands for itself.

        Raises:
            APIError: the text is a notice of the service, not an answer.
        """
        so_far = event.accumulated_content
        if so_far is not None and so_far.startswith(self._received):
            self._received = so_far
        else:
            self._received += event.content or ""
        start = self._received.lstrip()
        if not self._released and any(notice.startswith(start) for notice in errors.NOTICES):
            return ""
        return self._release()

    def finish(self, final: str | None) -> str:
        """Takes the end of the run; returns what is left to speak.

        `final` is spoken only when nothing was streamed, as some providers do not stream.
        """
        if not self._received:
            self._received = final or ""
        return self._release()

    def _release(self) -> str:
        if self._received.lstrip().startswith(errors.NOTICES):
            raise errors.from_notice(self._received)
        new = self._received[self._released :]
        self._released = len(self._received)
        return new
