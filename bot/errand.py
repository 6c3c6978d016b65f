"""What a persona says and does when it is the one who calls: its `[outbound]` table. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, field_validator

VARIABLE = re.compile(r"\{([a-z][a-z0-9_]*)\}")

Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]


class MissingVariables(ValueError):
    """Variables that the sentences want are not given; the text names them."""


class Errand(BaseModel):
    """Sentences, in which `{name}` stands for a variable of the call, and how machines are met."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    opening: Text
    """Said to the person who answers. Who calls, that it is an automated voice, and why: 47 CFR
    64.1200(b) wants the first of them at the beginning of every artificial-voice call."""
    purpose: Text
    """Said to a machine that asks who is calling and why."""
    instructions: str = ""
    """What the model is told besides the persona's own instructions."""
    message: Text | None = None
    """Left on a voicemail, whole, after its beep; none: voicemails are hung up on."""
    menu_keys: Annotated[str, Field(pattern=r"^[0-9*#]+$")] | None = None
    """Pressed one after the other, one at each menu; none: menus are hung up on."""
    opt_out_key: Literal["0", "1", "2", "3", "4", "5", "6", "7", "8", "9", "off"] = "9"
    """The key by which who was called wants no more calls."""

    @field_validator("opening", "purpose", "instructions", "message")
    @classmethod
    def _names_variables_alone(cls, text: str | None) -> str | None:
        if text is not None and re.search(r"[{}]", VARIABLE.sub("", text)):
            raise ValueError("braces hold the name of a variable, in lower case: {name}")
        return text

    @property
    def variables(self) -> frozenset[str]:
        """The names that its sentences want."""
        return frozenset(VARIABLE.findall("\n".join(self._texts().values())))

    def with_values(self, values: Mapping[str, str]) -> Self:
        """The same errand with the variables filled in.

        Raises:
            MissingVariables: a sentence wants one that is not there, or is empty.
        """
        if missing := sorted(name for name in self.variables if not values.get(name, "").strip()):
            raise MissingVariables(", ".join(missing))
        filled = {
            field: VARIABLE.sub(lambda found: values[found[1]].strip(), text)
            for field, text in self._texts().items()
        }
        return self.model_copy(update=filled)

    def sentences(self) -> tuple[str, ...]:
        """All that is said, the opening first."""
        return tuple(filter(None, (self.opening, self.purpose, self.message)))

    def _texts(self) -> dict[str, str]:
        texts = {
            "opening": self.opening,
            "purpose": self.purpose,
            "instructions": self.instructions,
            "message": self.message,
        }
        return {field: text for field, text in texts.items() if text}
