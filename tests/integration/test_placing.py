"""Calls as whoever wants them sees them: nobody is dialled too early or twice, all is told."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from livekit import api, rtc
from livekit.api.sip_service import SipService
from livekit.protocol import sip as proto_sip

import bot.dialling.placing
import bot.dialling.reconcile
from bot.call import READY
from bot.dialling.order import Order
from bot.dialling.placing import Placing, Server
from bot.dialling.progress import Progress, Stage
from bot.dialling.reconcile import settled, write_opt_outs
from bot.outcome import Outcome, Verdict
from bot.store.attempts import Attempts
from bot.store.calls import CallRecords
from bot.store.database import Database
from bot.store.models import AttemptState
from bot.store.suppression import Suppression
from lab.clips import Clips
from lab.network import Lab
from lab.phone import AnsweringPhone, Script
from tests.checks.wait import eventually

OURS, CALLEE = "+12025550100", "+12025550111"


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    async with Database.opened(f"sqlite:///{tmp_path}/hotline.db") as database:
        yield database


@pytest.fixture
def attempts(database: Database) -> Attempts:
    return Attempts(database)


@pytest.fixture
def access(server: Lab) -> Server:
    env = server.environment
    return Server(env["LIVEKIT_URL"], env["LIVEKIT_API_KEY"], env["LIVEKIT_API_SECRET"])


@pytest.fixture
async def phone(server: Lab, clips: Clips) -> AsyncIterator[AnsweringPhone]:
    async with AnsweringPhone({}, port=server.ports.answer, clips=clips) as phone:
        yield phone


@pytest.fixture
async def order(access: Server, phone: AnsweringPhone) -> AsyncIterator[Order]:
    host, port = phone.address
    async with access.connected() as livekit:
        trunk = await livekit.sip.create_outbound_trunk(
            proto_sip.CreateSIPOutboundTrunkRequest(
                trunk=proto_sip.SIPOutboundTrunkInfo(
                    name="out", address=f"{host}:{port}", numbers=[OURS]
                )
            )
        )
        yield Order(
            number=CALLEE,
            from_number=OURS,
            persona="nobody",
            trunk="out",
            trunk_id=trunk.sip_trunk_id,
            ring_s=5,
        )
        await livekit.sip.delete_trunk(
            proto_sip.DeleteSIPTrunkRequest(sip_trunk_id=trunk.sip_trunk_id)
        )


@pytest.fixture
async def ready_bot(access: Server, attempts: Attempts) -> AsyncIterator[None]:
    """Stands in for the bot: joins the room of the first attempt and says that it is ready."""
    room = rtc.Room()

    async def comes() -> None:
        async def begun() -> bool:
            return bool(await attempts.open())

        await eventually(begun, "an attempt has begun", within_s=10)
        found = await attempts.open()
        grants = api.VideoGrants(room_join=True, room=found[0].room, can_update_own_metadata=True)
        token = api.AccessToken(access.key, access.secret).with_identity("bot").with_grants(grants)
        await room.connect(access.url, token.to_jwt())
        await room.local_participant.set_attributes({READY: "true"})

    coming = asyncio.create_task(comes())
    yield
    coming.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await coming
    await room.disconnect()


async def rooms(access: Server) -> list[str]:
    async with access.connected() as livekit:
        return [room.name for room in (await livekit.room.list_rooms(api.ListRoomsRequest())).rooms]


async def test_nobody_is_dialled_before_the_bot_is_ready(
    access: Server,
    attempts: Attempts,
    order: Order,
    phone: AnsweringPhone,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(bot.dialling.placing, "BOT_READY_S", 1.0)
    told: list[Progress] = []
    attempt = await Placing(access, attempts, "nobody").place(order, told.append)
    assert attempt.outcome is Outcome.OVERLOADED
    assert "no worker named nobody" in (attempt.reason or "")
    assert told == [Stage("waiting-for-the-bot")]
    assert phone.invites == []
    assert await rooms(access) == []


async def test_who_opts_out_while_the_bot_gets_ready_is_not_dialled(
    access: Server,
    attempts: Attempts,
    database: Database,
    order: Order,
    phone: AnsweringPhone,
    ready_bot: None,
) -> None:
    await Suppression(database).add([CALLEE], reason="by mail", source="test")
    attempt = await Placing(access, attempts, "nobody").place(order, lambda _: None)
    assert attempt.outcome is Outcome.NOT_ALLOWED
    assert phone.invites == []


async def test_a_server_that_cannot_be_reached_dials_nobody(
    attempts: Attempts, order: Order
) -> None:
    nowhere = Server("ws://127.0.0.1:9", "key", "secret" * 8)
    attempt = await Placing(nowhere, attempts, "nobody").place(order, lambda _: None)
    assert (attempt.state, attempt.outcome) == (AttemptState.ENDED, Outcome.FAILED)
    assert attempt.dialled_at is None


@pytest.mark.parametrize("stage", ["waiting-for-the-bot", "dialling", "ringing"])
async def test_a_call_is_cancelled_at_any_stage_and_nobody_is_left_ringing(
    access: Server,
    attempts: Attempts,
    order: Order,
    phone: AnsweringPhone,
    ready_bot: None,
    stage: str,
) -> None:
    phone.scripts[CALLEE] = Script(role="no-answer")

    def presses_ctrl_c(progress: Progress) -> None:
        if progress == Stage(stage):  # type: ignore[arg-type]
            asyncio.get_running_loop().call_soon(placing.cancel)

    placing = asyncio.create_task(Placing(access, attempts, "nobody").place(order, presses_ctrl_c))
    attempt = await placing
    assert (attempt.state, attempt.outcome) == (AttemptState.ENDED, Outcome.CANCELLED)

    async def quiet() -> bool:
        return await rooms(access) == [] and all(call.ending for call in phone.calls)

    await eventually(quiet, "no room is left and no phone rings", within_s=5)


async def test_what_is_lost_after_the_invite_is_unknown_and_never_dialled_again(
    access: Server,
    attempts: Attempts,
    order: Order,
    phone: AnsweringPhone,
    ready_bot: None,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: list[asyncio.Task[Any]] = []
    create = SipService.create_sip_participant

    async def loses_the_answer(self: Any, *args: Any, **kwargs: Any) -> Any:
        asked.append(asyncio.create_task(create(self, *args, **kwargs)))
        await eventually(lambda: bool(phone.invites), "the INVITE arrived", within_s=10)
        raise aiohttp.ServerDisconnectedError

    monkeypatch.setattr(SipService, "create_sip_participant", loses_the_answer)
    phone.scripts[CALLEE] = Script(ring_s=0.3)
    attempt = await Placing(access, attempts, "nobody").place(order, lambda _: None)
    assert (attempt.state, attempt.outcome) == (AttemptState.UNKNOWN, None)
    assert len(phone.invites) == len(asked) == 1

    monkeypatch.setattr(bot.dialling.reconcile, "FILED_S", 0.3)
    records = CallRecords(tmp_path)
    async with access.connected() as livekit:
        call = await phone.takes()
        later = datetime.now(UTC) + timedelta(minutes=5)
        (found,) = [each async for each in settled(livekit, attempts, records, later)]
        assert found.live, "somebody is on the phone"
        await call.hangs_up()

        async def over() -> bool:
            return not any([each.live async for each in settled(livekit, attempts, records, later)])

        await eventually(over, "the call is settled", within_s=10)
    attempt = await attempts.get(attempt.id)
    assert (attempt.state, attempt.outcome) == (AttemptState.ENDED, Outcome.UNKNOWN)
    assert await rooms(access) == []
    assert len(phone.invites) == 1


def _filed(folder: Path, **fields: Any) -> None:
    data = {"version": 1, "job_id": "AJ_1", "turns": [], "direction": "outbound", "to": CALLEE}
    name = f"{datetime.now(UTC):%Y%m%dT%H%M%SZ}-AJ_1.json"
    (folder / name).write_text(json.dumps({**data, **fields}))


async def test_settling_reads_the_records_and_dials_nobody(
    access: Server, attempts: Attempts, database: Database, tmp_path: Path
) -> None:
    fields: dict[str, Any] = {"number": CALLEE, "persona": "nobody", "trunk": "out"}
    never, known = await attempts.begin(**fields), await attempts.begin(**fields)
    await attempts.dialling(known.id)
    over = await attempts.begin(**fields)
    await attempts.ended(over.id, Verdict(Outcome.BUSY, 486))
    _filed(tmp_path, attempt=known.id, outcome="opted-out", answered_by="person", opted_out=True)
    records, now = CallRecords(tmp_path), datetime.now(UTC)
    later = now + timedelta(minutes=5)
    async with access.connected() as livekit:
        at_once = [each async for each in settled(livekit, attempts, records, now)]
        assert [(each.attempt.id, each.live) for each in at_once] == [
            (never.id, True),  # its command may be about to dial
            (known.id, False),
        ]
        (last,) = [each async for each in settled(livekit, attempts, records, later)]
    assert (last.attempt.id, last.attempt.outcome) == (never.id, Outcome.CANCELLED)
    ended = await attempts.get(known.id)
    assert (ended.outcome, ended.answered_by) == (Outcome.OPTED_OUT, "person")
    assert ended.record is not None

    assert await write_opt_outs(records, Suppression(database), now) == 1
    assert await Suppression(database).check(CALLEE) is not None
    assert await write_opt_outs(records, Suppression(database), now) == 0
