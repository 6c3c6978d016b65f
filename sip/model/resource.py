"""What can be declared and deployed: known by its kind and its name."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field

from sip.model.fields import Name, Names, Text


class Table(BaseModel):
    """One table of a declaration."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)


class Resource(Table):
    """A trunk or a rule. Validation puts every value into the one form used everywhere.

    What is read back from LiveKit is built with `model_construct`: compared, never trusted.
    """

    kind: ClassVar[str]
    """In words, such as `inbound trunk`."""

    name: Name
    allow: Names = ()
    """Lints that are deliberately not heeded here; not deployed."""
    adopt: Text = ""
    """The id of a deployed object that becomes ours under this name; not deployed."""

    def deployed_fields(self) -> Iterator[tuple[str, Any]]:
        """What LiveKit keeps of it, tables spread out as `media.encryption`; without the name."""
        for name in type(self).model_fields:
            if name not in ("name", "allow", "adopt"):
                yield from _spread(name, getattr(self, name))


class Media(Table):
    """`SIPMediaConfig`: codecs, encryption and how long silence on RTP is borne."""

    codecs: tuple[str, ...] = Field(default=(), max_length=16)
    """Names with or without a rate, such as `PCMU` or `opus/48000`, the preferred one first."""
    only_listed_codecs: bool = False
    """Whether all others are refused."""
    encryption: Literal["disable", "allow", "require"] | None = None
    """SRTP."""
    timeout_s: float | None = Field(default=None, gt=0, le=600)
    """Without RTP for so long the call is hung up; 15 when not said."""


def label(resource: Resource) -> str:
    """Such as `inbound trunk "hotline"`."""
    return f'{resource.kind} "{resource.name}"'


def _spread(name: str, value: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(value, Table):
        for inner in type(value).model_fields:
            yield from _spread(f"{name}.{inner}", getattr(value, inner))
    elif isinstance(value, dict):
        for key in sorted(value):
            yield from _spread(f"{name}.{key}", value[key])
    elif isinstance(value, tuple) and value and isinstance(value[0], Table):
        for index, item in enumerate(value):
            yield from _spread(f"{name}[{index}]", item)
    else:
        yield name, value
