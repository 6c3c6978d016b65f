"""The call records on disk, as `bot.record` files them: found, narrowed down and read."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

from bot.outcome import Outcome
from bot.store.errors import StoreError

NAME = re.compile(r"(?P<start>\d{8}T\d{6}Z)-(?P<job_id>.+)\.json", re.ASCII)
START = "%Y%m%dT%H%M%SZ"
VERSION = 1


@dataclass(frozen=True)
class StoredCall:
    """One record, as it was filed."""

    path: Path
    data: dict[str, Any]

    @property
    def id(self) -> str:
        """LiveKit's job id."""
        return str(self.data["job_id"])

    @property
    def their_number(self) -> str | None:
        """The other party's number, as the network told it."""
        number = self.data.get("to" if self.data.get("direction") == "outbound" else "from")
        return None if number is None else str(number)


@dataclass(frozen=True)
class Wanted:
    """Which calls are wanted; what is None does not matter."""

    since: datetime | None = None
    """Begun at this time or after it."""
    outcome: Outcome | None = None
    direction: Literal["inbound", "outbound"] | None = None
    number: str | None = None
    """The other party's, in E.164."""

    def includes(self, call: StoredCall) -> bool:
        """Whether a call is one of them, as far as its record tells."""
        return (
            self.outcome in (None, call.data.get("outcome"))
            and self.direction in (None, call.data.get("direction"))
            and self.number in (None, call.their_number)
        )


class CallRecords:
    """The records in a folder.

    Args:
        folder: HOTLINE_RECORDS_DIR; one that is not there holds no records.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.unreadable: list[Path] = []
        """Files met so far that are named like records and are none."""

    def newest(self, wanted: Wanted) -> Iterator[StoredCall]:
        """Calls that are wanted, the newest first; reads no more files than are asked for.

        Raises:
            StoreError: the folder cannot be read.
        """
        for path, name in self._files():
            begun = datetime.strptime(name["start"], START).replace(tzinfo=UTC)
            if wanted.since is not None and begun < wanted.since.replace(microsecond=0):
                return
            call = _read(path)
            if call is None:
                self.unreadable.append(path)
            elif wanted.includes(call):
                yield call

    def find(self, id_: str) -> StoredCall:
        """The call with a job id.

        Raises:
            StoreError: there is none, or its file cannot be read.
        """
        for path, name in self._files():
            if name["job_id"] == id_:
                if call := _read(path):
                    return call
                raise StoreError(f"{path} is not a call record.")
        raise StoreError(f"There is no record of a call {id_} in {self._folder}.")

    def _files(self) -> Iterator[tuple[Path, re.Match[str]]]:
        """Files named like records, the newest first: the names begin with the time."""
        try:
            names = sorted((path.name for path in self._folder.iterdir()), reverse=True)
        except FileNotFoundError:
            return
        except OSError as error:
            raise StoreError(f"{self._folder} cannot be read ({error.strerror}).") from error
        for name in names:
            if found := NAME.fullmatch(name):
                yield self._folder / name, found


def _read(path: Path) -> StoredCall | None:
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    if not isinstance(data, dict) or data.get("version") != VERSION:
        return None
    whole = isinstance(data.get("job_id"), str) and isinstance(data.get("turns"), list)
    return StoredCall(path, data) if whole else None
