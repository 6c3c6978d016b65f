"""Declarations to begin with: the project's own as a starter, or what LiveKit has already."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from sip.declaration import KINDS
from sip.deployment import Deployed, Deployment
from sip.errors import StarterError
from sip.model import DispatchRule, Resource
from sip.model.resource import Table
from sip.secret import SealedSecret, Secret

TEMPLATES = ("trunks.toml", "rules.toml", "schema.json")
IMPORTED = "imported.toml"
IMPORTED_SECRETS = "imported.env"


def init(folder: Path) -> list[Path]:
    """Writes commented starter declarations into an empty or new folder; returns the files.

    Raises:
        StarterError: there are declarations already, or the folder cannot be written.
    """
    if found := sorted(folder.glob("*.toml")):
        raise StarterError(
            f"{folder} has {found[0].name} already; name an empty folder with --declarations."
        )
    return [_write(folder / name, _template(name)) for name in TEMPLATES]


def import_deployed(deployment: Deployment, folder: Path) -> list[Path]:
    """Writes what is deployed and not ours as declarations that adopt it; returns the files.

    Secrets go into an env file of their own, readable by its owner alone; those that LiveKit does
    not give back are left empty there.

    Raises:
        StarterError: an earlier import is there, or the folder cannot be written.
    """
    for name in (IMPORTED, IMPORTED_SECRETS):
        if (folder / name).exists():
            raise StarterError(f"{folder / name} is there from an earlier import; move it away.")
    foreign = [item for item in deployment if item.owner_name is None]
    if not foreign:
        return []
    names = _names(foreign)
    secrets: dict[str, str] = {}
    tables = [_table(item, names, secrets) for item in foreign]
    written = [_write(folder / IMPORTED, "\n\n".join(tables) + "\n")]
    if secrets:
        lines = [f"{name}={_quoted(value)}" for name, value in secrets.items()]
        written.append(_write(folder / IMPORTED_SECRETS, "\n".join(lines) + "\n", private=True))
    return written


def _quoted(value: str) -> str:
    """For an env file: within single quotes nothing is expanded."""
    escaped = value.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"


def _template(name: str) -> str:
    return (Path(__file__).parent / name).read_text(encoding="utf-8")


def _write(path: Path, text: str, *, private: bool = False) -> Path:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch(mode=0o600 if private else 0o644)
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise StarterError(f"{path} cannot be written: {error.strerror}.") from None
    return path


def _names(items: list[Deployed[Resource]]) -> dict[str, str]:
    """A declared name for each id, unique within its kind."""
    names: dict[str, str] = {}
    taken: set[tuple[str, str]] = set()
    for item in items:
        base = re.sub(r"[^\w.-]+", "-", item.resource.name).strip("-").lower() or item.id.lower()
        name, count = base, 2
        while (item.resource.kind, name) in taken:
            name, count = f"{base}-{count}", count + 1
        taken.add((item.resource.kind, name))
        names[item.id] = name
    return names


def _table(item: Deployed[Resource], names: dict[str, str], secrets: dict[str, str]) -> str:
    table = next(name for name, kind in KINDS.items() if kind is type(item.resource))
    header = f"{table}.{_key(names[item.id])}"
    fields = {name: getattr(item.resource, name) for name in type(item.resource).model_fields}
    del fields["name"], fields["allow"]
    fields["adopt"] = item.id
    if isinstance(item.resource, DispatchRule):
        fields["trunks"] = tuple(names.get(trunk, trunk) for trunk in item.resource.trunks)
        if item.resource.type == "direct":
            del fields["room_prefix"], fields["randomize"]
    prefix = f"{table}_{names[item.id]}".upper()
    lines = _lines(header, fields, prefix, secrets, type(item.resource))
    return "\n".join(lines)


def _lines(
    header: str, fields: dict[str, Any], prefix: str, secrets: dict[str, str], of: type[Table]
) -> Iterator[str]:
    yield f"[{header}]"
    nested: list[tuple[str, Any]] = []
    for name, value in fields.items():
        default = of.model_fields[name].get_default(call_default_factory=True)
        if value == default and name not in ("room_prefix", "randomize", "trunks"):
            continue
        if isinstance(value, Table) or (
            isinstance(value, tuple) and value and isinstance(value[0], Table)
        ):
            nested.append((name, value))
        elif isinstance(value, Secret | SealedSecret):
            yield f"{name} = {_toml(_kept(value, f'{prefix}_{name}', secrets))}"
        elif name == "headers":
            kept = {key: _kept(item, f"{prefix}_{key}", secrets) for key, item in value.items()}
            yield f"{name} = {_toml(kept)}"
        else:
            yield f"{name} = {_toml(value)}"
    for name, value in nested:
        if isinstance(value, Table):
            yield from _inner(f"[{header}.{name}]", value)
        else:
            for entry in value:
                yield from _inner(f"[[{header}.{name}]]", entry)


def _kept(secret: object, name: str, secrets: dict[str, str]) -> str:
    """Puts a secret among those of the env file; returns the reference to it."""
    variable = re.sub(r"\W", "_", name.upper())
    secrets[variable] = secret.value if isinstance(secret, Secret) else ""
    return f"env/{variable}"


def _inner(header: str, table: Table) -> Iterator[str]:
    said = [
        (name, getattr(table, name))
        for name, field in type(table).model_fields.items()
        if getattr(table, name) != field.get_default(call_default_factory=True)
    ]
    if said:
        yield header
    for name, value in said:
        yield f"{name} = {_toml(value)}"


def _toml(value: Any) -> str:
    """A plain value in TOML; JSON's strings, numbers and lists are TOML's too."""
    if isinstance(value, dict):
        inner = ", ".join(f"{_key(key)} = {_toml(item)}" for key, item in value.items())
        return f"{{ {inner} }}" if inner else "{}"
    if isinstance(value, list | tuple):
        return f"[{', '.join(_toml(item) for item in value)}]"
    return json.dumps(value, ensure_ascii=False)


def _key(name: str) -> str:
    return name if re.fullmatch(r"[\w-]+", name, re.ASCII) else json.dumps(name)
