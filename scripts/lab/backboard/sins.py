"""What a client does wrong although it is answered, flagged in its entry of the request log.

`sins` of an entry names them; `GET /_lab/sins` lists all with their details.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Literal

from lab.backboard.bodies import MessageBody
from lab.backboard.threads import Run, Thread

Entry = dict[str, Any]
Sin = Literal[
    "empty-content",
    "legacy-endpoint",
    "memory-spelling",
    "message-resent",
    "model-missing",
    "pending-run-ignored",
    "stream-missing",
    "thread-shared",
    "tools-missing",
    "unknown-field",
]


def flag(entry: Entry, sin: Sin, detail: str) -> None:
    """Flags an entry."""
    entry["sins"].append(sin)
    entry["sin_details"].append(detail)


def committed(requests: Sequence[Entry]) -> Iterator[dict[str, Any]]:
    """Every sin of the log, in the order of the requests."""
    for entry in requests:
        for sin, detail in zip(entry["sins"], entry["sin_details"], strict=True):
            yield {"index": entry["index"], "kind": entry["kind"], "sin": sin, "detail": detail}


def judge_body(entry: Entry, body: MessageBody) -> None:
    """Flags what is wrong in a message by itself."""
    for spelling in body.misspelt():
        flag(entry, "memory-spelling", f"{spelling!r} is silently taken for 'off'")
    if not body.content.strip():
        flag(entry, "empty-content", "nobody knows whether the service takes it")
    if not body.wants_run():
        return
    if not body.stream:
        flag(entry, "stream-missing", "the caller would wait for the whole answer")
    if not (body.llm_provider and body.model_name):
        flag(entry, "model-missing", "the service would choose a model by itself")


def judge_turn(entry: Entry, body: MessageBody, thread: Thread) -> None:
    """Flags what is wrong in a message on this thread, before it is stored there."""
    judge_sharing(entry, thread)
    if any(run.status == "REQUIRES_ACTION" for run in thread.runs.values()):
        flag(entry, "pending-run-ignored", "the thread waits for tool outputs")
    if detail := _resent(body, thread):
        flag(entry, "message-resent", detail)


def judge_sharing(entry: Entry, thread: Thread) -> None:
    """Flags a request on a thread that another request is still using."""
    if any(run.status == "IN_PROGRESS" for run in thread.runs.values()):
        flag(entry, "thread-shared", "a run is in progress on the thread")
    elif thread.streams:
        flag(entry, "thread-shared", "an earlier response is still being sent")


def judge_outputs(entry: Entry, run: Run, tools: Sequence[str] | None, *, stream: bool) -> None:
    """Flags what is wrong in tool outputs; an empty list of tools is a decision, not a sin."""
    missing = [name for name in run.offered if name not in (tools or ())]
    if missing and tools != []:
        flag(entry, "tools-missing", f"the run loses {', '.join(missing)}")
    if not stream:
        flag(entry, "stream-missing", "the caller would wait for the whole answer")


def _resent(body: MessageBody, thread: Thread) -> str | None:
    users = [index for index, row in enumerate(thread.messages) if row.role == "user"]
    turn = (body.metadata or {}).get("turn")
    if turn is not None and turn in [thread.messages[i].metadata.get("turn") for i in users]:
        return f"turn {turn!r} is already in the thread"
    if not users or thread.messages[users[-1]].content != body.content:
        return None
    answers = thread.messages[users[-1] + 1 :]
    if any(row.role == "assistant" and row.status == "COMPLETED" for row in answers):
        return None
    return "the same words are in the thread, unanswered"
