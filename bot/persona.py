"""Personas: who the bot is on which number, one TOML file each. Pure but for reading the files."""

from __future__ import annotations

import logging
import re
import tomllib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationError,
    ValidationInfo,
    field_validator,
)

from bot.e164 import e164
from bot.errand import Errand
from bot.target import Target, TargetName

log = logging.getLogger("hotline.persona")

ToolName = Literal["end_call", "take_message", "transfer_call"]


class PersonaError(Exception):
    """The personas cannot be used; the message names each file, key and fault."""

    def __init__(self, faults: Iterable[str]) -> None:
        self.faults = tuple(faults)
        super().__init__("\n".join(["Put these personas right:", *self.faults]))


Number = Annotated[str, AfterValidator(e164)]
Sentence = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]


class _Table(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Voice(_Table):
    """How it sounds."""

    id: str | None = None
    """Cartesia voice id; absent: the plugin's default."""
    language: str = "en"
    speed: float | None = Field(default=None, ge=0.6, le=1.5)


class Phrases(_Table):
    """Sentences spoken without asking the model."""

    fillers: tuple[Sentence, ...] = ("One moment, please.", "I am still here, just a moment.")
    """Said one after the other while an answer is late; none: the caller hears silence."""

    farewell: Sentence = "Thank you for calling. Goodbye."
    apology: Sentence = "I'm sorry, I'm having trouble right now. Could you say that again?"
    giving_up: Sentence = "I'm sorry, I can't help you right now. Please call again later. Goodbye."
    time_limit: Sentence = "I'm sorry, our time on this call is up. Thank you for calling. Goodbye."
    transfer: Sentence = "One moment, I am putting you through."
    """Said before a transfer; then the caller hears it ring."""

    opted_out: Sentence = "I understand. You will not be called again. Goodbye."

    def all(self) -> tuple[str, ...]:
        """Every phrase, those first that are needed soonest."""
        endings = (self.giving_up, self.farewell, self.time_limit, self.opted_out)
        return (*self.fillers, self.apology, *endings, self.transfer)


class Limits(_Table):
    """Bounds of a call."""

    max_call_s: float = Field(default=900, gt=0, le=3600, allow_inf_nan=False)
    """A worker that is told to end waits an hour for its calls, not longer."""


class Persona(_Table):
    """Who answers."""

    name: str
    """The file's name without its ending."""
    numbers: tuple[Number, ...] = ()
    """Our numbers on which it answers."""
    default: bool = False
    """Whether it also answers on every number that no other persona names."""
    greeting: Sentence
    greeting_by_name: Sentence | None = None
    """The greeting of a caller whose name is remembered: `{name}` stands for it."""
    memory: Literal["off", "verified", "any"] = "off"
    """Whose calls are remembered: nobody's; those whose number the carrier vouches for (and all
    that the bot has dialled); or every number that is not withheld, though it may be forged."""
    instructions: Sentence
    language: str = "en-US"
    tools: tuple[ToolName, ...] = ("end_call",)
    transfer: Mapping[TargetName, Target] = Field(default={}, validate_default=True)
    """Who else may be given the call: the targets of `transfer_call`."""
    voice: Voice = Voice()
    phrases: Phrases = Phrases()
    limits: Limits = Limits()
    outbound: Errand | None = None
    """What it says when it calls; without it, it places no calls."""

    @field_validator("greeting_by_name")
    @classmethod
    def _names_the_name_alone(cls, greeting: str | None) -> str | None:
        if greeting is not None and re.findall(r"[{}]\w*", greeting) != ["{name", "}"]:
            raise ValueError("must hold {name} once, and no other braces")
        return greeting

    @field_validator("transfer")
    @classmethod
    def _goes_with_its_tool(
        cls, targets: Mapping[str, Target], info: ValidationInfo
    ) -> Mapping[str, Target]:
        offered = "transfer_call" in info.data.get("tools", ())
        if targets and not offered:
            raise ValueError("the targets want transfer_call among the tools")
        if offered and not targets:
            raise ValueError("the tool transfer_call wants a table [transfer.NAME]")
        return targets

    def greets(self, name: str | None) -> str:
        """The greeting of a caller of that name, or of one who is not known."""
        if name is None or self.greeting_by_name is None:
            return self.greeting
        return self.greeting_by_name.format(name=name)


class Personas:
    """All personas of one folder."""

    def __init__(self, personas: Iterable[Persona]) -> None:
        self._by_name: Mapping[str, Persona] = {persona.name: persona for persona in personas}
        self._by_number: Mapping[str | None, Persona] = {
            number: persona for persona in self for number in persona.numbers
        }

    def __iter__(self) -> Iterator[Persona]:
        return iter(self._by_name.values())

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Reads every `*.toml` of a folder.

        Raises:
            PersonaError: listing all faults of all files.
        """
        personas: list[Persona] = []
        faults: list[str] = []
        for path in sorted(folder.glob("*.toml")):
            try:
                fields = {"name": path.stem, **tomllib.loads(path.read_text(encoding="utf-8"))}
                personas.append(Persona.model_validate(fields))
            except tomllib.TOMLDecodeError as error:
                faults.append(f"{path}: {error}")
            except ValidationError as error:
                faults += [
                    f"{path}: {'.'.join(map(str, fault['loc']))}: {fault['msg']}"
                    for fault in error.errors()
                ]
        faults += _faults_between(personas) if not faults else []
        if not personas and not faults:
            faults.append(f"{folder}: there is no persona, that is no *.toml file")
        if faults:
            raise PersonaError(faults)
        return cls(personas)

    def named(self, name: str) -> Persona | None:
        """The persona of that name."""
        return self._by_name.get(name)

    def wanted(self, name: str | None, number: str | None) -> Persona:
        """The persona that a dispatch names, else the one of our number."""
        if name and (named := self.named(name)):
            return named
        if name:
            log.warning("the job asks for a persona that is not there", extra={"persona": name})
        return self.for_number(number)

    def for_number(self, number: str | None) -> Persona:
        """The persona that answers on `number`: the one that names it, else the default."""
        default = next(persona for persona in self if persona.default)
        plain = f"+{number}" if number and number.isdigit() else number  # some carriers omit it
        return self._by_number.get(plain, default)


def _faults_between(personas: list[Persona]) -> list[str]:
    owners = Counter(number for persona in personas for number in persona.numbers)
    faults = [f"{number} is answered by two personas" for number, n in owners.items() if n > 1]
    defaults = [persona.name for persona in personas if persona.default]
    if personas and len(defaults) != 1:
        named = f", not {len(defaults)} ({', '.join(defaults)})" if defaults else ""
        faults.append(f"exactly one persona must say `default = true`{named}")
    return faults
