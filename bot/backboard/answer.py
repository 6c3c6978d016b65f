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
        self._repeats = False

    @property
    def text(self) -> str:
        """All text received."""
        return self._received

    def add(self, event: ContentStreaming) -> str:
        """Takes the next piece; returns what may now be spoken.

        Raises:
            APIError: the text is a notice of the service, not an answer.
        """
        self._received = self._so_far(event)
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

    def _so_far(self, event: ContentStreaming) -> str:
        """All text up to this piece.

        `accumulated_content` tells, unless it does not continue what came before. Without it the
        `content` of some providers repeats everything: one that begins with all that came, and
        goes on, is no new piece. One that equals it may be ("ha", "ha"), until that was seen.
        """
        told, piece = event.accumulated_content, event.content or ""
        if told is not None and told.startswith(self._received):
            return told
        if told is None and self._received and piece.startswith(self._received):
            self._repeats = self._repeats or len(piece) > len(self._received)
            if self._repeats:
                return piece
        return self._received + piece

    def _release(self) -> str:
        if self._received.lstrip().startswith(errors.NOTICES):
            raise errors.from_notice(self._received)
        new = self._received[self._released :]
        self._released = len(self._received)
        return new
