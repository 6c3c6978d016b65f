"""Reads the environment and the env file, and tells all that is wrong with them at once."""

from __future__ import annotations

import difflib
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Annotated, Any, Self

from dotenv import dotenv_values
from pydantic import AfterValidator, BaseModel, ConfigDict, ValidationError

ENV_FILE_NAME = "HOTLINE_ENV_FILE"
OWN_PREFIX = "HOTLINE_"
OTHERS_PREFIXES = ("HOTLINE_SIP_", "HOTLINE_LAB_")
"""Of values that sip/*.toml refer to, and of the lab's own."""


class SettingsError(Exception):
    """The environment cannot be used; the message lists every missing, wrong and unknown value."""

    def __init__(self, sentence: str, faults: Iterable[str] = ()) -> None:
        super().__init__(sentence)
        self.faults = tuple(faults)


def environment(env_file: Path | None = None) -> Mapping[str, str]:
    """The process's environment and the env file's values; empty values count as absent.

    Raises:
        SettingsError: the env file is named but is not there.
    """
    process, file = os.environ, dotenv_values(_env_file(env_file), interpolate=False)  # noqa: TID251
    values = {**process, **file} if env_file else {**file, **process}
    return {name: value for name, value in values.items() if value}


def _env_file(given: Path | None) -> Path:
    named = given or os.environ.get(ENV_FILE_NAME)  # noqa: TID251
    if named is None:
        return Path(".env")
    if not Path(named).is_file():
        raise SettingsError(f"There is no env file {named}: name one that exists.")
    return Path(named)


def _is_http(url: str) -> str:
    if not url.startswith(("https://", "http://")):
        raise ValueError("must begin with https:// or http://")
    return url


BaseUrl = Annotated[str, AfterValidator(_is_http)]

_known = {ENV_FILE_NAME}
"""Every setting that there is: each class adds its own."""


class Environment(BaseModel):
    """Settings read from the environment, all faults at once."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    @classmethod
    def __pydantic_init_subclass__(cls, **kwargs: Any) -> None:
        super().__pydantic_init_subclass__(**kwargs)
        _known.update(str(field.validation_alias) for field in cls.model_fields.values())

    @classmethod
    def load(cls, env_file: Path | None = None) -> Self:
        """Reads the environment.

        Raises:
            SettingsError: with every fault in one message.
        """
        values = environment(env_file)
        faults = list(cls._faults(values))
        try:
            settings = cls.model_validate(values)
        except ValidationError as error:
            faults = [*_validation_faults(error), *faults]
        if faults:
            listed = "\n".join(f"  - {fault}" for fault in faults)
            raise SettingsError(
                f"Hotline cannot start. Put these right in the environment or in "
                f"{_env_file(env_file)} (see .env.example):\n{listed}",
                faults,
            )
        return settings

    @classmethod
    def _faults(cls, values: Mapping[str, str]) -> Iterable[str]:
        """What is wrong beyond single fields."""
        return unknown_names(values)


def _validation_faults(error: ValidationError) -> Iterable[str]:
    for fault in error.errors():
        name = str(fault["loc"][0]) if fault["loc"] else "settings"
        if fault["type"] == "missing":
            yield f"{name} is missing"
        else:
            yield f"{name}: {fault['msg'].removeprefix('Value error, ')}"


def unknown_names(values: Mapping[str, str]) -> Iterable[str]:
    """Faults that name what is spelt like a setting of ours and is none."""
    for name in sorted(values):
        if not name.startswith(OWN_PREFIX) or name.startswith(OTHERS_PREFIXES):
            continue
        if name not in _known:
            near = difflib.get_close_matches(name, _known, n=1)
            hint = f": do you mean {near[0]}?" if near else ""
            yield f"{name} is not a setting{hint}"
