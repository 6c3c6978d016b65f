"""What `bot-admin provision` changes is true of the next call, without a restart of anything."""

from __future__ import annotations

import asyncio
import shutil
from pathlib import Path

from lab.phone import Phone
from lab.stand import provision
from tests.checks.words import assert_heard
from tests.e2e.conftest import DECLARATIONS, Line

SHORT = "Riverside Dental, how can I help you?"
LONG = (
    "Thank you for calling Riverside Dental, this is the virtual receptionist. How can I help you?"
)


async def _greeting(line: Line, phone: Phone) -> str:
    call = await line.greeted(phone)
    heard = line.heard(call)
    await call.hangs_up()
    return heard


async def test_a_call_follows_a_changed_rule(line: Line, phone: Phone, tmp_path: Path) -> None:
    changed = tmp_path / "declarations"
    shutil.copytree(DECLARATIONS, changed)
    file = changed / "numbers.toml"
    rule = "[dispatch_rule.served]\n"
    assert rule in file.read_text()
    file.write_text(file.read_text().replace(rule, f'{rule}persona = "front-desk"\n'))

    assert_heard(await _greeting(line, phone), SHORT)
    await asyncio.to_thread(provision, line.stand.lab, changed)
    try:
        assert_heard(await _greeting(line, phone), LONG)
    finally:
        await asyncio.to_thread(provision, line.stand.lab, DECLARATIONS)
    assert_heard(await _greeting(line, phone), SHORT)
