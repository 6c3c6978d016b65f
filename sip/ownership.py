"""The mark in `metadata` by which we know our own; what lacks it is never changed or deleted."""

from __future__ import annotations

import json
from dataclasses import dataclass

from sip.secret import Secret, fingerprint

OWNER = "hotline"


@dataclass(frozen=True)
class Mark:
    """Which declaration a deployed object belongs to, and the fingerprint of its password."""

    name: str
    password: str = ""

    @classmethod
    def of(cls, name: str, password: object) -> Mark:
        """A fresh mark; only a secret in clear can be fingerprinted."""
        return cls(name, fingerprint(password) if isinstance(password, Secret) else "")

    @classmethod
    def read(cls, metadata: str) -> Mark | None:
        """The mark in an object's metadata, or None when the object is not ours."""
        try:
            content = json.loads(metadata or "null")
        except json.JSONDecodeError:
            return None
        if not isinstance(content, dict) or content.get("managed_by") != OWNER:
            return None
        name, password = content.get("name"), content.get("password", "")
        if not isinstance(name, str) or not isinstance(password, str):
            return None
        return cls(name, password)

    def text(self) -> str:
        """The metadata to store."""
        content = {"managed_by": OWNER, "name": self.name}
        if self.password:
            content["password"] = self.password
        return json.dumps(content, sort_keys=True)
