"""Server-sent events, parsed as their bytes arrive (WHATWG HTML, section 9.2.6).

Only `data` fields are kept: Backboard names the kind of an event inside its JSON.
"""

from __future__ import annotations

from collections.abc import Iterator


class Parser:
    """Turns bytes, split anywhere, into the data of whole events.

    Lines end in LF, CRLF or CR; comments and fields other than `data` are skipped; the lines of
    one event's data are joined by LF.
    """

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._data: list[str] = []
        self._after_cr = False

    def feed(self, chunk: bytes) -> list[str]:
        """Takes the next bytes; returns the data of every event they complete."""
        return [data for line in self._lines(chunk) for data in self._line(line)]

    def close(self) -> list[str]:
        """Takes the end of the stream; returns the last event even when no blank line ended it.

        The standard drops such an event; Backboard's own client keeps it, and so does this one.
        """
        return self.feed(b"\n\n")

    def _lines(self, chunk: bytes) -> Iterator[bytes]:
        if not chunk:
            return
        if self._after_cr:
            chunk = chunk.removeprefix(b"\n")  # the second half of a CRLF split in two
        self._after_cr = chunk.endswith(b"\r")
        *whole, rest = chunk.replace(b"\r\n", b"\n").replace(b"\r", b"\n").split(b"\n")
        for line in whole:
            yield bytes(self._buffer) + line
            self._buffer.clear()
        self._buffer += rest

    def _line(self, line: bytes) -> Iterator[str]:
        if not line:
            if self._data:
                yield "\n".join(self._data)
            self._data = []
            return
        name, _, value = line.partition(b":")
        if name == b"data":
            self._data.append(value.removeprefix(b" ").decode("utf-8", errors="replace"))
