"""What may happen to one answer, by name: the scenarios of the contract, with their numbers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from lab.backboard import frames, shapes
from lab.backboard.shapes import Mark, Shape, at, changed, each, without
from lab.backboard.threads import RunStatus

BILLING = (
    "Your free credit is reserved for Memory & RAG, so it can't cover LLM chat. "
    "Add credits to continue."
)
UNSUPPORTED = "LLM Error: Model 'x' is not supported by this provider."

_UPSTREAM = "upstream idle timeout exceeded"
_ERROR = {"type": "error", "error": _UPSTREAM}
_MEMORY = {"id": "00000000-0000-4000-8000-000000000001", "memory": "Likes mornings.", "score": 0.9}
_OPERATION = "00000000-0000-4000-8000-000000000002"
_UNKNOWN = {"type": "context_pruned", "content": "not to be spoken", "note": None}

Body = Literal["detail", "list", "html", "empty"]


@dataclass(frozen=True)
class Scenario:
    """What becomes of an answer.

    `answer` is the form of the response: events, one JSON `document` although a stream was asked
    for, a `refusal` of the request, or `landed`: a refusal of what is done all the same. `say`, if
    given, is said instead of anything else. Times are seconds, `after_chunks` counts words.
    """

    number: int
    meaning: str
    shape: Shape = shapes.as_is
    frame: frames.Frame = frames.plain
    outcome: RunStatus = "COMPLETED"
    say: str | None = None
    answer: Literal["events", "document", "refusal", "landed"] = "events"
    first_token_s: float = 0.0
    chunk_s: float = 0.0
    after_chunks: int = 2
    status: int = 500
    body: Body = "detail"
    retry_after_s: float | None = None


def _failing(number: int, meaning: str, shape: Shape) -> Scenario:
    return Scenario(number, meaning, shape, outcome="FAILED")


def _ended(meaning: str, shape: Shape, outcome: RunStatus = "COMPLETED") -> Scenario:
    return Scenario(9, meaning, shape, outcome=outcome)


def _framed(meaning: str, frame: frames.Frame) -> Scenario:
    return Scenario(19, meaning, frame=frame)


PLAIN = Scenario(1, "nothing is wrong")

SCENARIOS = {
    "plain": PLAIN,
    "slow-first-token": Scenario(2, "first word after first_token_s", first_token_s=2.0),
    "stall-first": Scenario(2, "accepted, then silence", at("first", Mark.STALL)),
    "keep-alive-only": Scenario(2, "signs of life and no word", shapes.keep_alive_only),
    "stall-mid": Scenario(3, "silence after after_chunks words", at("mid", Mark.STALL)),
    "slow-drip": Scenario(4, "chunk_s before every word", first_token_s=0.3, chunk_s=0.3),
    "cut-at-once": Scenario(5, "breaks before any event", at("start", Mark.CUT)),
    "cut-after-user-message": Scenario(5, "breaks after user_message", at("accepted", Mark.CUT)),
    "cut-mid-text": Scenario(5, "breaks after after_chunks words", at("mid", Mark.CUT)),
    "cut-before-end": Scenario(5, "breaks after the last word", at("end", Mark.CUT)),
    "eof-at-once": Scenario(6, "ends before any event", at("start", Mark.EOF)),
    "eof-mid": Scenario(6, "ends after after_chunks words", at("mid", Mark.EOF)),
    "eof-before-end": Scenario(6, "ends after the last word", at("end", Mark.EOF)),
    "error-first": _failing(7, "error is the only event", at("start", _ERROR, then="stop")),
    "error-mid": _failing(7, "error after after_chunks words", at("mid", _ERROR, then="stop")),
    "run-failed-error": _failing(
        8,
        "run_failed with `error`",
        at("mid", {"type": "run_failed", "error": _UPSTREAM}, then="stop"),
    ),
    "run-failed-message": _failing(
        8,
        "run_failed with `message`",
        at("mid", {"type": "run_failed", "message": _UPSTREAM}, then="stop"),
    ),
    "ended-failed": _ended("status failed", changed("run_ended", error=_UPSTREAM), "FAILED"),
    "ended-failed-upper": _ended(
        "status FAILED", changed("run_ended", status="FAILED", message=_UPSTREAM), "FAILED"
    ),
    "ended-cancelled": _ended("status cancelled", shapes.as_is, "CANCELLED"),
    "ended-completed-upper": _ended("status COMPLETED", changed("run_ended", status="COMPLETED")),
    "ended-without-status": _ended("no status", changed("run_ended", "status")),
    "run-cancelled": Scenario(
        10,
        "run_cancelled after after_chunks words",
        at("mid", {"type": "run_cancelled"}, then="stop"),
        outcome="CANCELLED",
    ),
    "status": Scenario(11, "HTTP status, body and retry_after_s as given", answer="refusal"),
    "landed": Scenario(
        12,
        "HTTP 500, and the answer is in the thread 1 s later",
        answer="landed",
        first_token_s=1.0,
    ),
    "billing-error": _failing(
        13,
        "no credit, as an error event",
        at("first", {"type": "error", "error": BILLING}, then="stop"),
    ),
    "billing-content": Scenario(13, "no credit, as a completed answer", say=BILLING),
    "json-failed": Scenario(
        13,
        "a JSON document with status FAILED instead of a stream",
        outcome="FAILED",
        say=UNSUPPORTED,
        answer="document",
    ),
    "call-without-type": Scenario(14, "calls lack `type`", each(shapes.untyped_calls)),
    "empty-tool-calls": Scenario(
        14,
        "tool_submit_required names no call",
        changed("tool_submit_required", tool_calls=[]),
        outcome="REQUIRES_ACTION",
    ),
    "without-tool-events": Scenario(
        15, "no tool_call_start and _ready", without("tool_call_start", "tool_call_ready")
    ),
    "without-accumulated": Scenario(
        16, "no accumulated_content", changed("content_streaming", "accumulated_content")
    ),
    "only-accumulated": Scenario(16, "no content", changed("content_streaming", "content")),
    "cumulative-content": Scenario(16, "content repeats itself", each(shapes.cumulative)),
    "reasoning": Scenario(17, "reasoning between the words", each(shapes.reasoning)),
    "memory-retrieved": Scenario(
        18, "memory_retrieved before the words", shapes.remembering(_MEMORY, _OPERATION)
    ),
    "unknown-events": Scenario(
        19, "an unknown event before every known one", each(lambda event: [_UNKNOWN, event])
    ),
    "comments": _framed("comment lines", frames.commented),
    "crlf": _framed("CR LF line ends", frames.crlf),
    "cr": _framed("CR line ends", frames.cr),
    "no-space": _framed("no space after data:", frames.no_space),
    "multi-line-data": _framed("several data: lines a frame", frames.multi_line),
    "unterminated": _framed("no line end after the last frame", frames.unterminated),
    "done-line": _framed("[DONE] after the last event", frames.done_line),
    "summary-frames": Scenario(19, "frames that repeat both texts", shapes.summarised),
    "message-complete": Scenario(
        19, "message_complete for run_ended", changed("run_ended", type="message_complete")
    ),
    "rubbish": Scenario(19, "a frame that is no JSON", at("mid", b"data: {rubbish\n\n")),
    "final-content-only": Scenario(20, "all text in final_content", each(shapes.final_only)),
    "empty": Scenario(21, "completed without a word", say=""),
    "without-user-message": Scenario(22, "no thread_id", without("user_message")),
    "without-run-started": Scenario(22, "run_id at the end only", each(shapes.without_run_started)),
}
