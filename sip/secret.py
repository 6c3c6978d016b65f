"""Secrets: referred to as `env/NAME` in declarations, masked wherever they are shown."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeGuard

PREFIX = "env/"
MASK = "********"
_SCRYPT_N = 2**14  # with r=8: 16 MiB and about 50 ms a guess


@dataclass(frozen=True)
class Secret:
    """A value in clear that never shows in `str` or `repr`."""

    value: str = field(repr=False)

    def __str__(self) -> str:
        return MASK


@dataclass(frozen=True)
class SealedSecret:
    """A secret that the server does not give back, known only by the fingerprint we left."""

    fingerprint: str = ""

    def __str__(self) -> str:
        return MASK

    def opens_with(self, secret: Secret) -> bool:
        """Whether `secret` is what was fingerprinted; without a fingerprint, never."""
        salt, _, _ = self.fingerprint.partition("$")
        return bool(salt) and hmac.compare_digest(fingerprint(secret, salt), self.fingerprint)


def fingerprint(secret: Secret, salt: str | None = None) -> str:
    """`salt$scrypt`, both in hex: tells that a secret changed, without telling the secret."""
    salt = salt or secrets.token_hex(8)
    digest = hashlib.scrypt(secret.value.encode(), salt=salt.encode(), n=_SCRYPT_N, r=8, p=1)
    return f"{salt}${digest.hex()}"


def is_reference(text: object) -> TypeGuard[str]:
    """Whether a declared value stands for one kept elsewhere."""
    return isinstance(text, str) and text.startswith(PREFIX)


def resolve(reference: str, environment: Mapping[str, str]) -> str:
    """The value an `env/NAME` reference stands for.

    Raises:
        ValueError: nothing has that name; the sentence names it, never a value.
    """
    name = reference.removeprefix(PREFIX)
    value = environment.get(name, "")
    if not value:
        raise ValueError(f"{name} is not set; put it in the environment or the env file")
    return value
