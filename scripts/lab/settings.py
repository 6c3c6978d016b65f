"""The only reader of the environment in the lab: which programs to run and where to keep things."""

from __future__ import annotations

import os
import re
import shutil
from pathlib import Path
from typing import Self

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

from lab.errors import LabError

LIVEKIT_SERVER_VERSION = "v1.13.5"
"""The newest version that `go install` accepts: later ones carry replace directives."""

ROOT = Path(__file__).parents[2]
"""The checkout."""

ACCOUNT_NAMES = re.compile(
    r"(LIVEKIT|DEEPGRAM|CARTESIA|BACKBOARD|HOTLINE|REDIS)_.*|SIP_CONFIG.*|NODE_IP|UDP_PORT|.*_PROXY",
    re.IGNORECASE,
)
"""What the lab's programs would take for their own configuration, or reach the outside by."""


class LabSettings(BaseSettings):
    """Programs and folders; everything else of a lab is chosen when it starts."""

    model_config = SettingsConfigDict(frozen=True, extra="ignore", env_ignore_empty=True)

    livekit_server_bin: Path | None = Field(default=None, validation_alias="LIVEKIT_SERVER_BIN")
    livekit_sip_bin: Path | None = Field(default=None, validation_alias="LIVEKIT_SIP_BIN")
    xdg_cache_home: Path = Field(
        default_factory=lambda: Path.home() / ".cache", validation_alias="XDG_CACHE_HOME"
    )
    labs_dir: Path = Field(default=ROOT / "var/lab", validation_alias="HOTLINE_LAB_DIR")

    @classmethod
    def load(cls) -> Self:
        """Reads the environment."""
        return cls()

    @property
    def built_livekit_server(self) -> Path:
        """Where scripts/setup puts the server it builds; all checkouts of a user share it."""
        name = f"livekit-server-{LIVEKIT_SERVER_VERSION}"
        return self.xdg_cache_home / "hotline" / name / "livekit-server"

    def livekit_server(self) -> Path:
        """The livekit-server to run.

        Raises:
            LabError: there is none.
        """
        if self.livekit_server_bin is not None:
            return _executable(self.livekit_server_bin, "LIVEKIT_SERVER_BIN")
        if self.built_livekit_server.is_file():
            return self.built_livekit_server
        raise LabError("livekit-server is not built yet: run ./scripts/setup.")

    def livekit_sip(self) -> Path | None:
        """The real livekit-sip, where one is given or on PATH; else the lab uses its own gateway.

        Raises:
            LabError: LIVEKIT_SIP_BIN names no program.
        """
        if self.livekit_sip_bin is not None:
            return _executable(self.livekit_sip_bin, "LIVEKIT_SIP_BIN")
        found = shutil.which("livekit-sip")
        return Path(found) if found else None


def inherited_environment() -> dict[str, str]:
    """This process's environment without accounts, so that a lab touches nothing but itself."""
    return {
        name: value
        for name, value in os.environ.items()  # noqa: TID251 - the one place that may
        if not ACCOUNT_NAMES.fullmatch(name)
    }


def _executable(path: Path, name: str) -> Path:
    found = shutil.which(path)
    if found is None:
        raise LabError(f"{name} is {path}, which is not a program that can be run.")
    return Path(found).absolute()
