"""Calls over the whole network: phone, SIP gateway, livekit-server, worker, providers.

Every test here runs against the lab's own gateway and, where LIVEKIT_SIP_BIN names one (or it is on
PATH), against the real livekit-sip too.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from livekit import api

from lab.clips import Clips
from lab.control import put_faults
from lab.network import EMULATORS, Lab
from lab.phone import DialledCall, Phone
from lab.ports import PortBlock
from lab.recognizer import Recognizer
from lab.settings import ROOT, LabSettings
from lab.stand import Stand, provision, start_worker
from tests.checks import processes
from tests.checks.gateways import GATEWAYS, livekit_sip
from tests.checks.wait import eventually

CALLER = "+12025550123"
SHIPPED = "+12025550100"
"""Answered by the persona that ships."""
BRIEF = "+12025550105"
"""Answered by the persona with a short greeting."""
HURRIED = "+12025550106"
"""Answered by the persona that ends every call after a few seconds."""
REMEMBERING = "+12025550107"
"""Answered by the persona that remembers its callers."""
SWITCHBOARD = "+12025550140"
"""Answered by the persona that puts callers through."""
SHIPPED_PERSONA = ROOT / "bot/personas/front-desk.toml"
DECLARATIONS = Path(__file__).parent / "declarations"
MEDIA_TIMEOUT_S = 4.0
HOURS = "We are open Monday to Friday, from nine A M to five P M. Is there anything else?"
"""What the lab's mind answers to a question for the opening hours."""
QUIET_S = 0.6
"""A silence that ends the bot's turn: its sentences are 0.2 s apart."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A call that fails is placed once more: small speech models now and then mishear a word.

    pytest reports each repetition; what is broken fails twice.
    """
    for item in items:
        if item.path.is_relative_to(Path(__file__).parent):
            item.add_marker(pytest.mark.flaky(reruns=1))


@pytest.fixture(scope="session", params=GATEWAYS)
def stand(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Stand]:
    """A lab with the bot on it; after it, nothing of it is left."""
    program = livekit_sip(request.param)
    home = tmp_path_factory.mktemp(request.param)
    lab = Lab(
        home,
        PortBlock.auto(),
        LabSettings.load().livekit_server(),
        program,
        media_timeout_s=MEDIA_TIMEOUT_S,
    )
    with lab:
        assert processes.of_lab(lab.home)  # the look below would see them
        _personas(home)
        provision(lab, DECLARATIONS)
        worker = start_worker(lab, home / "records", **settings(home))
        try:
            yield Stand(lab, worker, home / "records")
        finally:
            worker.stop()
    _nothing_is_left(lab)


def settings(home: Path) -> dict[str, str]:
    """What the worker and the operator's commands share."""
    return {
        "HOTLINE_PERSONAS_DIR": str(home / "personas"),
        "DATABASE_URL": f"sqlite:///{home}/hotline.db",
    }


def _personas(home: Path) -> None:
    """The shipped persona, and those of the tests."""
    folder = home / "personas"
    folder.mkdir()
    for persona in (SHIPPED_PERSONA, *Path(__file__).parent.glob("*.toml")):
        shutil.copy(persona, folder)


def _nothing_is_left(lab: Lab) -> None:
    assert processes.of_lab(lab.home) == []
    assert lab.ports.taken() == []


@pytest.fixture(scope="session")
def recognizer() -> Recognizer:
    """Ears of the tests: what a phone heard is transcribed."""
    return Recognizer()


@pytest.fixture
async def phone(clips: Clips) -> AsyncIterator[Phone]:
    """A caller's phone."""
    async with Phone(CALLER, clips=clips) as phone:
        yield phone


class Line:
    """What a test does with calls to the stand: dial, hear words, look what is left."""

    def __init__(self, stand: Stand, recognizer: Recognizer) -> None:
        self.stand = stand
        self._recognizer = recognizer

    async def dial(self, phone: Phone, number: str = BRIEF) -> DialledCall:
        """Calls the bot."""
        return await phone.dial(number, gateway=self.stand.lab.sip_address)

    async def greeted(self, phone: Phone, number: str = BRIEF) -> DialledCall:
        """Calls the bot and hears its greeting out."""
        call = await self.dial(phone, number)
        await call.answered()
        await call.hears_speech()
        await call.hears_quiet(QUIET_S)
        return call

    def heard(self, call: DialledCall, since_s: float | None = None) -> str:
        """What the phone heard from a time on, in words."""
        start_s = call.answered_s if since_s is None else since_s
        assert start_s is not None
        end_s = call.utterances()[-1].end_s + 0.2
        samples = call.recording.heard(start_s, end_s)
        return self._recognizer.transcribe(samples, 8000).lower()

    async def reply(self, call: DialledCall, words: str) -> str:
        """Says `words` and returns what came back, in words."""
        said = await call.says(words)
        await call.hears_speech()
        await call.hears_quiet(QUIET_S)
        return self.heard(call, said.end_s)

    def silences(self, call: DialledCall, since_s: float) -> list[float]:
        """How long the phone heard nothing, each time, from a time on to its last sound."""
        spans = [span for span in call.utterances() if span.end_s > since_s]
        ends = [since_s, *(span.end_s for span in spans)]
        return [span.start_s - end_s for span, end_s in zip(spans, ends, strict=False)]

    async def record(self, call: DialledCall) -> dict[str, Any]:
        """The call's record, once the bot has filed it."""
        call_id = call.events[0].message.call_id
        found: dict[str, Any] = {}

        def filed() -> bool:
            for path in self.stand.records.glob("*.json"):
                data = json.loads(path.read_text())
                if data["sip_call_id"] == call_id:
                    found.update(data)
            return bool(found)

        await eventually(filed, "the call's record is filed", within_s=15)
        return found

    async def is_clear(self) -> None:
        """No room, no job and no process of a call is left."""
        lab = self.stand.lab
        url, secret = lab.environment["LIVEKIT_URL"], lab.environment["LIVEKIT_API_SECRET"]
        async with (
            api.LiveKitAPI(url, lab.environment["LIVEKIT_API_KEY"], secret) as livekit,
            httpx.AsyncClient() as http,
        ):

            async def clear() -> bool:
                rooms = await livekit.room.list_rooms(api.ListRoomsRequest())
                worker = await http.get(f"http://127.0.0.1:{lab.ports.bot_health}/worker")
                return not rooms.rooms and worker.json().get("active_jobs", 0) == 0

            await eventually(clear, "no room and no job is left", within_s=20)

    def faults(self, emulator: str, **faults: Any) -> None:
        """Puts faults in force at an emulator."""
        put_faults(self.stand.lab.control_url(emulator), faults)


@pytest.fixture
def line(stand: Stand, recognizer: Recognizer) -> Iterator[Line]:
    """The bot's line, without faults before and after."""
    line = Line(stand, recognizer)
    yield line
    for emulator in EMULATORS:
        line.faults(emulator, fault="none")
    httpx.delete(f"{stand.lab.control_url('backboard')}/script").raise_for_status()


def script(line: Line, *lines: dict[str, Any]) -> None:
    """What Backboard's model says next, for the first question that each line matches."""
    url = f"{line.stand.lab.control_url('backboard')}/script"
    httpx.put(url, json=list(lines)).raise_for_status()
