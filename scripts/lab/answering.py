"""`bot-lab answer`: a phone that takes the calls which a running lab's gateway places."""

from __future__ import annotations

import asyncio
import contextlib
import signal
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from lab.account import Tell
from lab.errors import LabError
from lab.phone import AnsweringPhone, ReceivedCall, Script, StillUp, load, parse
from lab.recognizer import Recognizer
from lab.settings import LabSettings
from lab.state import running_lab

LONGEST_CALL_S = 24 * 3600.0


def scripts(number: str | None, table: dict[str, Any], path: Path | None) -> dict[str, Script]:
    """The script of one number, or those of a file.

    Raises:
        LabError: one of them is wrong.
    """
    if path is not None:
        return load(path)
    return {number or "": parse(number or "", table)}


def answer(
    scripts: Mapping[str, Script], name: str | None, calls: int | None, tell: Tell
) -> list[dict[str, Any]]:
    """Answers at the outbound address of the lab called `name`, and tells each call's end.

    Returns an account of each call after `calls` of them, or when interrupted.

    Raises:
        LabError: no such lab, or something answers there already.
    """
    state = running_lab(LabSettings.load().labs_dir, name)
    port = state.ports.get("answer")
    if port is None:
        raise LabError(f"The lab {state.name} was started by an older bot-lab: start it anew.")
    accounts: list[dict[str, Any]] = []
    with contextlib.suppress(KeyboardInterrupt, asyncio.CancelledError):
        asyncio.run(_answer(scripts, port, calls, tell, accounts))
    return accounts


async def _answer(
    scripts: Mapping[str, Script],
    port: int,
    calls: int | None,
    tell: Tell,
    accounts: list[dict[str, Any]],
) -> None:
    recognizer, lock = Recognizer(), asyncio.Lock()
    task = asyncio.current_task()
    if task is not None:  # Ctrl-C does the same by itself
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    async with AnsweringPhone(scripts, port=port) as phone, asyncio.TaskGroup() as group:
        tell(f"answering {', '.join(scripts)} at {phone.address[0]}:{port}")
        taken = 0
        while calls is None or taken < calls:
            call = await phone.takes(LONGEST_CALL_S)
            taken += 1
            group.create_task(_follow(call, recognizer, lock, tell, accounts))


async def _follow(
    call: ReceivedCall,
    recognizer: Recognizer,
    one_at_a_time: asyncio.Lock,
    tell: Tell,
    accounts: list[dict[str, Any]],
) -> None:
    tell(f"{call.number} is called by {call.caller}")
    with contextlib.suppress(StillUp):
        await call.ended(LONGEST_CALL_S)
    async with one_at_a_time:
        account = await asyncio.to_thread(_account, call, recognizer)
    accounts.append(account)
    tell(f"{call.number}: {account['ended']}")
    if account["heard"]:
        tell(f"  heard  {account['heard']}")


def _account(call: ReceivedCall, recognizer: Recognizer) -> dict[str, Any]:
    """A call for programs; times in seconds."""
    began_s, ending = call.events[0].at_s, call.ending
    heard = call.recording.received.samples if call.answered_s is not None else None
    words = recognizer.transcribe(heard, 8000) if heard is not None and len(heard) else ""
    who = {"us": "the phone", "them": "the caller"}[ending.by] if ending else "nobody"
    return {
        "number": call.number,
        "caller": call.caller,
        "answered_after_s": call.answered_s and round(call.answered_s - began_s, 3),
        "lasted_s": ending and round(ending.at_s - began_s, 3),
        "ended": f"{ending.how if ending else 'up'} by {who}",
        "heard": words,
        "digits": call.digits,
        "referred_to": call.referred_to,
    }
