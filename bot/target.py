"""Where a call may be put through to: the table in a persona. Pure."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints

from bot.e164 import e164

_SIP_URI = re.compile(r"sips?:[^\s<>\"]+", re.IGNORECASE)


def refer_to(text: str) -> str:
    """The URI that a REFER names, from a number in E.164 form or a `sip:`, `sips:` or `tel:` URI.

    Raises:
        ValueError: saying what is wrong with it.
    """
    if _SIP_URI.fullmatch(text):
        return text
    if re.match(r"sips?:", text, re.IGNORECASE):
        raise ValueError(f"{text} is not a SIP URI, like sip:desk@pbx.example.com")
    return f"tel:{e164(re.sub('^tel:', '', text, flags=re.IGNORECASE))}"


TargetName = Annotated[str, StringConstraints(pattern=r"^[a-z]+(-[a-z]+)*$")]
"""What the model calls a target: lower-case words, with hyphens between them."""


class Target(BaseModel):
    """Somebody who takes calls over."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    to: Annotated[str, AfterValidator(refer_to)]
    """A URI. The model never sees it, and no log or record holds it."""
    description: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]
    """Tells the model who that is, and what for."""
    ring_timeout_s: int = Field(default=30, ge=1, le=120)
    """How long an answer is waited for."""
