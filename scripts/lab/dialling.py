"""`bot-lab dial`: a scripted call into a running lab."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

from lab.account import Account, Tell, as_json
from lab.dial import dial
from lab.errors import LabError
from lab.phone import PhoneError
from lab.settings import LabSettings
from lab.state import running_lab

LISTEN_S = 3.0
"""How long the phone stays after the last reply, in case the bot hangs up."""


def call(
    number: str,
    say: list[str],
    press: str | None,
    from_number: str,
    record: Path | None,
    name: str | None,
    tell: Tell,
) -> dict[str, Any]:
    """Dials into the lab called `name` and returns the account of the call.

    Raises:
        LabError: no such lab, or the call was refused or not answered.
    """
    host, _, port = running_lab(LabSettings.load().labs_dir, name).sip.rpartition(":")
    account = Account(tell)
    try:
        report = asyncio.run(
            dial(
                number,
                (host, int(port)),
                from_number,
                say,
                press or "",
                LISTEN_S,
                record,
                on_turn=account.follow,
            )
        )
    except PhoneError as error:
        raise LabError(f"{number} did not take the call: {error}.") from error
    return as_json(report, account)
