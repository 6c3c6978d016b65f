"""The mark in `metadata` by which we know our own; what lacks it is never changed or deleted."""

from __future__ import annotations

import json
from dataclasses import dataclass

from sip.model import DispatchRule, Resource, Trunk
from sip.secret import Secret, fingerprint

OWNER = "hotline"


@dataclass(frozen=True)
class Mark:
    """Which declaration a deployed object belongs to, what else its metadata was to be, and the
    fingerprints of secrets that LiveKit may not give back."""

    name: str
    metadata: str = ""
    password: str = ""
    pin: str = ""

    @classmethod
    def of(cls, resource: Resource) -> Mark:
        """A fresh mark; only a secret in clear can be fingerprinted."""
        password = resource.auth_password if isinstance(resource, Trunk) else None
        pin = resource.pin if isinstance(resource, DispatchRule) else None
        return cls(
            resource.name,
            resource.metadata if isinstance(resource, Trunk | DispatchRule) else "",
            fingerprint(password) if isinstance(password, Secret) else "",
            fingerprint(pin) if isinstance(pin, Secret) else "",
        )

    @classmethod
    def read(cls, metadata: str) -> Mark | None:
        """The mark in an object's metadata, or None when the object is not ours."""
        try:
            content = json.loads(metadata or "null")
        except json.JSONDecodeError:
            return None
        if not isinstance(content, dict) or content.get("managed_by") != OWNER:
            return None
        fields = [content.get(key, "") for key in ("name", "metadata", "password", "pin")]
        if not fields[0] or not all(isinstance(field, str) for field in fields):
            return None
        return cls(*fields)

    def text(self) -> str:
        """The metadata to store."""
        optional = {"metadata": self.metadata, "password": self.password, "pin": self.pin}
        said = {key: value for key, value in optional.items() if value}
        return json.dumps({"managed_by": OWNER, "name": self.name, **said}, sort_keys=True)
