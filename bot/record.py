"""The call record: what was said and done on one call, written once as a JSON file."""

from __future__ import annotations

import json
import logging
import time
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from bot.call import Call
from bot.dtmf import masked
from bot.outcome import AnsweredBy, Ending, Transferred

if TYPE_CHECKING:
    from livekit.agents import AgentSession, ConversationItemAddedEvent

    from bot import backboard
    from bot.pickup import Judgement

log = logging.getLogger("hotline.record")

LATENCIES = {
    "transcription_delay": "transcription_s",
    "end_of_turn_delay": "end_of_turn_s",
    "llm_node_ttft": "llm_first_token_s",
    "tts_node_ttfb": "tts_first_byte_s",
    "e2e_latency": "reply_s",
}
"""LiveKit's per-message metrics, in seconds, under the record's names."""


@dataclass(frozen=True)
class Turn:
    """Something one side said."""

    who: Literal["caller", "callee", "bot"]
    text: str
    """As far as it was heard: cut where the caller interrupted."""
    at_s: float
    """Start, in seconds after the answer."""
    interrupted: bool
    latency: dict[str, float]


@dataclass(frozen=True)
class Message:
    """A message the caller left."""

    name: str
    text: str


@dataclass
class Transfer:
    """An attempt to put the caller through."""

    target: str
    """Its name in the persona; never the number."""
    at_s: float
    """When REFER was asked for, in seconds after the answer."""
    result: Transferred = Transferred.UNKNOWN


@dataclass
class CallRecord:
    """Grows with the call; `write` files it."""

    job_id: str
    room: str
    persona: str | None = None
    call: Call | None = None
    started_at: float = field(default_factory=time.time)
    answered_at: float | None = None
    ended_at: float | None = None
    ending: Ending | None = None
    turns: list[Turn] = field(default_factory=list)
    messages: list[Message] = field(default_factory=list)
    transfers: list[Transfer] = field(default_factory=list)
    mind: backboard.LLM | None = None
    """Tells what its answers cost."""
    recalled_facts: int = 0
    """How much was known of the caller when the call began."""
    judgements: list[Judgement] = field(default_factory=list)
    """Of an outbound call: who took it, as it was judged one time after the other."""
    opted_out: bool = False
    """Whether the other party wants no more calls."""
    suppressed: bool = False
    """Whether that is on the suppression list."""
    path: Path | None = None
    """Where it is filed."""
    keypresses: int = 0
    """How many keys the caller pressed; which ones is not kept: they may be a card number."""

    def follow(self, session: AgentSession[None], mind: backboard.LLM | None = None) -> None:
        """Records every turn of a session, and what its mind uses."""
        self.mind = mind
        session.on("conversation_item_added", self._on_item)

    def heard(self, text: str) -> None:
        """The other party has said something that no turn came of."""
        now = self._since_answer(time.time())
        self.turns.append(Turn(self._other, masked(text), now, interrupted=False, latency={}))

    def answered(self) -> None:
        """The phone's call became active."""
        self.answered_at = self.answered_at or time.time()

    def key_pressed(self) -> None:
        """The caller pressed a key."""
        self.keypresses += 1

    @property
    def _other(self) -> Literal["caller", "callee"]:
        return "callee" if self.call and self.call.direction == "outbound" else "caller"

    @property
    def answered_by(self) -> AnsweredBy | None:
        """Who took an outbound call, as it was judged last; None when nobody did."""
        if self.call is None or self.call.direction == "inbound" or self.answered_at is None:
            return None
        if not self.judgements:
            return AnsweredBy.UNKNOWN
        return AnsweredBy.MACHINE if self.judgements[-1].who.is_machine else AnsweredBy.PERSON

    def transferring(self, target: str) -> Transfer:
        """The caller is being put through; the result is to be set once it is known."""
        self.transfers.append(Transfer(target, self._since_answer(time.time())))
        return self.transfers[-1]

    def ends(self, ending: Ending) -> None:
        """The call is ending; the first ending counts."""
        self.ending = self.ending or ending

    def ended(self) -> None:
        """The phone's leg is down."""
        self.ended_at = self.ended_at or time.time()

    def _on_item(self, event: ConversationItemAddedEvent) -> None:
        item = event.item
        if item.type != "message" or item.role not in ("user", "assistant"):
            return
        metrics: dict[str, Any] = dict(item.metrics)
        started_at = metrics.get("started_speaking_at") or item.created_at
        self.turns.append(
            Turn(
                who=self._other if item.role == "user" else "bot",
                text=masked(item.text_content or ""),
                at_s=self._since_answer(started_at),
                interrupted=item.interrupted,
                latency={
                    ours: round(metrics[theirs], 3)
                    for theirs, ours in LATENCIES.items()
                    if metrics.get(theirs) is not None
                },
            )
        )

    def _since_answer(self, at: float) -> float:
        return round(at - (self.answered_at or self.started_at), 3)

    def transcript(self) -> list[str]:
        """What was said, a line each; empty when nobody but the bot or a machine said it."""
        if all(turn.who == "bot" for turn in self.turns) or self.answered_by is AnsweredBy.MACHINE:
            return []
        speakers = {"caller": "Caller", "callee": "Caller", "bot": "Receptionist"}
        return [f"{speakers[turn.who]}: {' '.join(turn.text.split())}" for turn in self.turns]

    def as_json(self) -> dict[str, Any]:
        """The record as it is filed: ISO times in UTC, durations in seconds."""
        call, ending = self.call, self.ending
        outbound = call.metadata.outbound if call else None
        return {
            "version": 1,
            "job_id": self.job_id,
            "room": self.room,
            "persona": self.persona,
            "direction": call.direction if call else None,
            "from": call.from_number if call else None,
            "to": call.to_number if call else None,
            "trunk_id": call.trunk_id if call else None,
            "rule_id": call.rule_id if call else None,
            "call_id": call.call_id if call else None,
            "sip_call_id": call.sip_call_id if call else None,
            "started_at": _iso(self.started_at),
            "answered_at": _iso(self.answered_at),
            "ended_at": _iso(self.ended_at),
            "talk_s": _between(self.answered_at, self.ended_at),
            "outcome": ending.outcome if ending else None,
            "ended_by": ending.ended_by if ending else None,
            "detail": ending.detail if ending else None,
            "attempt": outbound.attempt if outbound else None,
            "answered_by": self.answered_by,
            "pickup": [asdict(judgement) for judgement in self.judgements],
            "opted_out": self.opted_out,
            "suppressed": self.suppressed,
            "turns": [asdict(turn) for turn in self.turns],
            "messages": [asdict(message) for message in self.messages],
            "transfers": [asdict(transfer) for transfer in self.transfers],
            "transferred_to": next(
                (t.target for t in self.transfers if t.result is Transferred.DONE), None
            ),
            "keypresses": self.keypresses,
            "recalled_facts": self.recalled_facts,
            "usage": asdict(self.mind.usage) if self.mind else None,
        }

    def write(self, folder: Path) -> None:
        """Files the record as `<start>-<job id>.json`, readable by its owner alone.

        A reader never sees half a record: the file appears under its name when it is whole.
        """
        self.ended()
        folder.mkdir(parents=True, exist_ok=True)
        start = datetime.fromtimestamp(self.started_at, UTC).strftime("%Y%m%dT%H%M%SZ")
        path = folder / f"{start}-{self.job_id}.json"
        draft = path.with_suffix(".part")
        draft.touch(mode=0o600)
        draft.write_text(json.dumps(self.as_json(), indent=2, ensure_ascii=False))
        draft.replace(path)
        self.path = path
        log.info("call recorded", extra={"outcome": self.ending and self.ending.outcome.value})


def _iso(at: float | None) -> str | None:
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds") if at else None


def _between(start: float | None, end: float | None) -> float | None:
    return round(end - start, 3) if start is not None and end is not None else None
