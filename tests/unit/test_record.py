from __future__ import annotations

import json
from pathlib import Path

from livekit.agents import AgentSession, ConversationItemAddedEvent
from livekit.agents.llm import ChatMessage

from bot.call import Call, JobMetadata
from bot.dtmf import note
from bot.outcome import EndedBy, Ending, Outcome
from bot.record import CallRecord, Message


async def _written(record: CallRecord, folder: Path, *messages: ChatMessage) -> dict[str, object]:
    session = AgentSession[None](vad=None)
    record.follow(session)
    for message in messages:
        session.emit("conversation_item_added", ConversationItemAddedEvent(item=message))
    record.write(folder)
    path = record.path
    assert path is not None
    assert path.stat().st_mode & 0o077 == 0
    assert list(folder.iterdir()) == [path]
    data: dict[str, object] = json.loads(path.read_text())
    return data


def _record() -> CallRecord:
    record = CallRecord(job_id="AJ_1", room="room", started_at=1000.0)
    record.call = Call.from_job(
        JobMetadata(),
        "room",
        "sip_x",
        {"sip.ruleID": "r", "sip.phoneNumber": "+12025550123", "sip.callID": "SCL_1"},
    )
    record.answered_at = 1001.0
    return record


async def test_turns_carry_who_what_when_and_the_latency_of_each_stage(tmp_path: Path) -> None:
    record = _record()
    record.ends(Ending(Outcome.COMPLETED, EndedBy.CALLER, "caller hung up"))
    data = await _written(
        record,
        tmp_path,
        ChatMessage(role="user", content=["Hello."], metrics={"started_speaking_at": 1002.5}),
        ChatMessage(
            role="assistant",
            content=["Good day to"],
            interrupted=True,
            metrics={"started_speaking_at": 1004.0, "e2e_latency": 0.51, "llm_node_ttft": 0.2},
        ),
        ChatMessage(role="system", content=["not said"]),
    )
    assert data["turns"] == [
        {"who": "caller", "text": "Hello.", "at_s": 1.5, "interrupted": False, "latency": {}},
        {
            "who": "bot",
            "text": "Good day to",
            "at_s": 3.0,
            "interrupted": True,
            "latency": {"reply_s": 0.51, "llm_first_token_s": 0.2},
        },
    ]
    assert data["from"] == "+12025550123"
    assert (data["outcome"], data["ended_by"]) == ("completed", "caller")
    assert data["started_at"] == "1970-01-01T00:16:40.000+00:00"


async def test_pressed_keys_are_counted_and_not_kept(tmp_path: Path) -> None:
    record = _record()
    for _ in "4242":
        record.key_pressed()
    data = await _written(record, tmp_path, ChatMessage(role="user", content=[note("4242")]))
    assert data["keypresses"] == 4
    assert "4 2 4 2" not in json.dumps(data)


async def test_messages_are_kept_and_the_first_ending_counts(tmp_path: Path) -> None:
    record = _record()
    record.messages.append(Message("Ann", "Please call back."))
    record.ends(Ending(Outcome.ABANDONED, EndedBy.CALLER))
    record.ends(Ending(Outcome.FAILED, EndedBy.BOT))
    data = await _written(record, tmp_path)
    assert data["messages"] == [{"name": "Ann", "text": "Please call back."}]
    assert data["outcome"] == "abandoned"
