"""The logs of a lab's processes."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from pathlib import Path

from lab.errors import LabError
from lab.settings import LabSettings
from lab.state import DEFAULT_NAME, labs


def tails(name: str | None, process: str | None, lines: int) -> Iterator[tuple[str, str]]:
    """The last `lines` lines of each log; they stay readable after the lab went down.

    Raises:
        LabError: there is no such lab or process.
    """
    folder = LabSettings.load().labs_dir
    running = [state.name for state in labs(folder)]
    chosen = name or (running[0] if len(running) == 1 else DEFAULT_NAME)
    paths = sorted((folder / chosen / "logs").glob("*.log"))
    if not paths:
        raise LabError(f"The lab {chosen} has no logs.")
    if process is not None:
        known = ", ".join(path.stem for path in paths)
        paths = [path for path in paths if path.stem == process]
        if not paths:
            raise LabError(f"The lab {chosen} has no process {process}: it has {known}.")
    for path in paths:
        yield path.stem, _tail(path, lines)


def _tail(path: Path, lines: int) -> str:
    with path.open(errors="replace") as file:
        return "".join(deque(file, maxlen=lines))
