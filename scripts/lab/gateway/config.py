"""The gateway's configuration: the same file that the real livekit-sip reads."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from lab.errors import LabError
from lab.ports import LOOPBACK

_UNITS_S = {"h": 3600.0, "m": 60.0, "s": 1.0, "ms": 0.001, "us": 1e-6}
_DURATION_PART = re.compile(r"(\d+(?:\.\d+)?)(ms|us|h|m|s)")


def duration_s(value: object) -> float:
    """Seconds of a Go duration such as `15s`, `1m30s` or `250ms`.

    Raises:
        ValueError: it is not one.
    """
    text = str(value)
    parts = _DURATION_PART.findall(text)
    if not parts or "".join(number + unit for number, unit in parts) != text:
        raise ValueError(f"{text!r} is not a duration such as 15s or 1m30s")
    return sum(float(number) * _UNITS_S[unit] for number, unit in parts)


def port_range(value: object) -> tuple[int, int]:
    """First and last port of `a-b`.

    Raises:
        ValueError: it is not a range of ports.
    """
    first, dash, last = str(value).partition("-")
    if not (dash and first.isdigit() and last.isdigit() and 0 < int(first) < int(last) < 65536):
        raise ValueError(f"{value!r} is not a range of ports such as 20000-20100")
    return int(first), int(last)


Duration = Annotated[float, BeforeValidator(duration_s)]
PortRange = Annotated[tuple[int, int], BeforeValidator(port_range)]


class Redis(BaseModel):
    """Where psrpc's messages go."""

    address: str = Field(pattern=r"^[^:]+:\d+$")


class GatewayConfig(BaseModel):
    """livekit-sip's keys that mean something here; the others are accepted and ignored.

    The defaults are livekit-sip's (pkg/config/config.go, pkg/sip/media_port.go), except that
    nothing but loopback is ever bound.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    api_key: str
    api_secret: str
    ws_url: str
    redis: Redis
    health_port: int
    sip_port: int = 5060
    listen_ip: str = LOOPBACK
    rtp_port: PortRange = (10000, 20000)
    media_timeout: Duration = 15.0
    media_timeout_initial: Duration = 30.0
    sip_ringing_interval: Duration = 1.0

    @classmethod
    def load(cls, path: Path) -> Self:
        """Reads a file of JSON, which is YAML too, so that livekit-sip can read the same file.

        Raises:
            LabError: the file is missing, is not JSON, or lacks or misstates a key.
        """
        try:
            return cls.model_validate_json(path.read_bytes())
        except OSError as error:
            raise LabError(f"{path} cannot be read: {error.strerror}.") from error
        except ValidationError as error:
            faults = "; ".join(
                f"{'.'.join(map(str, fault['loc'])) or 'file'}: {fault['msg']}"
                for fault in error.errors()
            )
            raise LabError(f"{path} is not a gateway configuration: {faults}.") from error
