"""What an answering phone does when one of its numbers is called."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Literal, Self

from pydantic import AliasChoices, BaseModel, ConfigDict, Field, ValidationError, model_validator

from lab.phone.errors import PhoneError
from lab.phone.refer import Transfer

Role = Literal[
    "person",
    "silent",
    "hangs-up",
    "vanishes",
    "voicemail",
    "screening",
    "ivr",
    "fax",
    "not-in-service",
    "busy",
    "declined",
    "invalid",
    "no-answer",
    "dead",
    "unreachable",
]
REFUSALS: Mapping[str, int] = {"busy": 486, "declined": 603, "invalid": 404}

STAY_S = 2.0

SAYS: Mapping[str, str] = {
    "person": "Hello?",
    "hangs-up": "Hello?",
    "vanishes": "Hello?",
    "voicemail": "Hi, you have reached my voicemail. Please leave a message after the tone.",
    "screening": "Hello. Before I connect you, please say who is calling and why.",
    "ivr": "For sales, press one. For support, press two.",
    "not-in-service": "The number you have dialed is not in service.",
}


class Script(BaseModel):
    """One number's behaviour. Times are in the unit that their names end in.

    Roles: `person` says something, then listens; `silent` answers and says nothing; `hangs-up` and
    `vanishes` (no BYE, no RTP, no SIP any more) leave after `stay_s`, or else STAY_S; `voicemail`
    greets, beeps and listens; `screening` asks who is calling; `ivr` answers keys with `menu`;
    `fax` answers with its tone, `not-in-service` with the network's three and its words; `busy`,
    `declined` and `invalid` refuse; `no-answer` rings until CANCEL; `dead` rings and then answers
    nothing, not even CANCEL; `unreachable` answers nothing at all.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    role: Role = Field(default="person", validation_alias=AliasChoices("as", "role"))
    say: str | None = None  # None: what the role usually says
    after_ms: int = Field(default=0, ge=0)  # from the answer to the first word
    ring_s: float = Field(default=0.0, ge=0)  # from the 180 to the answer or refusal
    early_media: bool = False  # 183 with SDP instead of the 180
    code: int | None = Field(default=None, ge=300, le=699)  # refuses with it, whatever the role
    stay_s: float | None = Field(default=None, ge=0)  # from the answer until it leaves
    record: Path | None = None  # WAV file: left this phone, right the caller
    headers: dict[str, str] = Field(default_factory=dict)  # of the 200 OK
    menu: dict[str, str] = Field(
        default_factory=lambda: {"1": "You are through to sales.", "2": "Support is closed today."}
    )
    transfer: Transfer = "done"
    username: str = ""  # asks the caller for a digest answer (407) with these
    password: str = Field(default="", repr=False)
    calls_per_s: int | None = Field(default=None, ge=1)  # calls above it get 503

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if bool(self.username) != bool(self.password):
            raise ValueError("username and password belong together")
        return self

    @property
    def leaves_after_s(self) -> float | None:
        """How long it stays on the line; None: until the caller hangs up."""
        leaving = self.role in {"hangs-up", "vanishes"}
        return STAY_S if leaving and self.stay_s is None else self.stay_s

    @property
    def refusal(self) -> int | None:
        """The status it refuses with; None: it does not."""
        return self.code or REFUSALS.get(self.role)

    @property
    def words(self) -> str:
        """What it says first; empty: nothing."""
        return SAYS.get(self.role, "") if self.say is None else self.say


def load(path: Path) -> dict[str, Script]:
    """Reads a TOML file with one table a number, its keys those of Script.

    Raises:
        PhoneError: the file cannot be read, or a number's table is wrong; the message says where.
    """
    try:
        tables = tomllib.loads(path.read_text())
    except OSError as error:
        raise PhoneError(f"{path} cannot be read: {error.strerror}.") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise PhoneError(f"{path} is not TOML: {error}.") from error
    return {number: parse(number, table) for number, table in tables.items()}


def parse(number: str, table: object) -> Script:
    """The script in a table of a TOML file, or from a command line.

    Raises:
        PhoneError: naming the number, and each wrong key.
    """
    try:
        return Script.model_validate(table)
    except ValidationError as error:
        faults = "; ".join(
            f"{'.'.join(map(str, fault['loc'])) or 'table'}: {fault['msg']}"
            for fault in error.errors()
        )
        raise PhoneError(f"The script of {number} is wrong: {faults}.") from error
