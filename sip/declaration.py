"""Reads `*.toml` into what should be deployed; all faults in one error, with file and key.

Every resource is one table, `[inbound_trunk.NAME]`, `[outbound_trunk.NAME]` or
`[dispatch_rule.NAME]`, in any file.
"""

from __future__ import annotations

import difflib
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from sip.clash import Places, clash
from sip.errors import DeclarationError, Fault
from sip.lint import unknown
from sip.model import DispatchRule, InboundTrunk, OutboundTrunk, Resource

KINDS: dict[str, type[Resource]] = {
    "inbound_trunk": InboundTrunk,
    "outbound_trunk": OutboundTrunk,
    "dispatch_rule": DispatchRule,
}
_SENTENCES = {
    "missing": "is missing",
    "too_short": "needs at least one entry",
    "tuple_type": 'must be a list, such as ["…"]',
    "string_type": "must be text",
    "float_type": "must be a number",
    "float_parsing": "must be a number",
    "int_type": "must be a whole number",
    "bool_type": "must be true or false",
    "dict_type": "must be a table",
    "model_type": "must be a table",
    "string_pattern_mismatch": "must not be empty, nor begin or end with a space",
    "string_too_short": "must not be empty",
}


@dataclass(frozen=True)
class Declaration:
    """All that should be deployed."""

    inbound_trunks: tuple[InboundTrunk, ...] = ()
    outbound_trunks: tuple[OutboundTrunk, ...] = ()
    rules: tuple[DispatchRule, ...] = ()

    def __iter__(self) -> Iterator[Resource]:
        yield from self.inbound_trunks
        yield from self.outbound_trunks
        yield from self.rules


@dataclass(frozen=True)
class _Table:
    """One resource as written, and where."""

    kind: str
    name: str
    keys: dict[str, Any] = field(compare=False)
    file: str

    def fault(self, what: str, *keys: int | str) -> Fault:
        path = "".join(f"[{key}]" if isinstance(key, int) else f".{key}" for key in keys)
        return Fault(f"{self.file}: {self.kind}.{self.name}{path}", what)


def load(folder: Path, environment: Mapping[str, str]) -> Declaration:
    """Reads every `*.toml` in `folder`; `env/NAME` references are looked up in `environment`.

    Raises:
        DeclarationError: with every fault of all the files.
    """
    faults: list[Fault] = []
    tables = list(_tables(folder, faults))
    validated: list[tuple[_Table, Resource]] = []
    for table in tables:
        resource = _validated(table, environment, faults)
        if resource is not None:
            validated.append((table, resource))
    faults += _half_credentials(tables)
    faults += _unknown_trunks(tables)
    faults += _clashes(validated)
    faults += (
        table.fault(what, "allow")
        for table, resource in validated
        for what in unknown(resource.allow)
    )
    if faults:
        raise DeclarationError(sorted(faults))
    resources = [resource for _, resource in validated]
    return Declaration(
        tuple(resource for resource in resources if isinstance(resource, InboundTrunk)),
        tuple(resource for resource in resources if isinstance(resource, OutboundTrunk)),
        tuple(resource for resource in resources if isinstance(resource, DispatchRule)),
    )


def _tables(folder: Path, faults: list[Fault]) -> Iterator[_Table]:
    files = sorted(folder.glob("*.toml"))
    if not files:
        faults.append(Fault(str(folder), "has no *.toml file; name the folder of the declarations"))
    seen: dict[tuple[str, str], str] = {}
    for file in files:
        for kind, named in _document(file, faults).items():
            if kind not in KINDS or not isinstance(named, dict):
                known = " or ".join(f"[{kind}.NAME]" for kind in KINDS)
                faults.append(Fault(f"{file.name}: {kind}", f"is not known here; write {known}"))
                continue
            for name, keys in named.items():
                table = _Table(kind, name, keys if isinstance(keys, dict) else {}, file.name)
                if not isinstance(keys, dict):
                    faults.append(table.fault(f"must be a table; write [{kind}.NAME]"))
                elif (kind, name) in seen:
                    faults.append(table.fault(f"is declared in {seen[kind, name]} too; keep one"))
                else:
                    seen[kind, name] = file.name
                    yield table


def _document(file: Path, faults: list[Fault]) -> dict[str, Any]:
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except tomllib.TOMLDecodeError as error:
        faults.append(Fault(file.name, f"is not TOML: {error}"))
    except UnicodeDecodeError:
        faults.append(Fault(file.name, "is not UTF-8 text; save it as UTF-8"))
    except OSError as error:
        faults.append(Fault(file.name, f"cannot be read: {error.strerror}"))
    return {}


def _validated(
    table: _Table, environment: Mapping[str, str], faults: list[Fault]
) -> Resource | None:
    kind = KINDS[table.kind]
    if "name" in table.keys:
        faults.append(table.fault("is given by the table's own header; remove it", "name"))
    try:
        return kind.model_validate(
            {**table.keys, "name": table.name}, context={"environment": environment}
        )
    except ValidationError as error:
        details = error.errors(include_input=False, include_url=False)
        within = {detail["loc"][:-1] for detail in details if detail["loc"]}
        faults += [
            table.fault(_sentence(detail, kind), *detail["loc"])
            for detail in details
            if detail["loc"] not in within  # a list is not also too short for its bad entries
        ]
        return None


def _sentence(detail: ErrorDetails, kind: type[Resource]) -> str:
    if detail["type"] == "extra_forbidden":
        known = [name for name in kind.model_fields if name != "name"]
        near = difflib.get_close_matches(str(detail["loc"][-1]), known, n=1)
        return f"is not a key; {f'write {near[0]}' if near else 'use ' + ', '.join(known)}"
    message = detail["msg"].removeprefix("Value error, ").replace("Input should be", "must be")
    return _SENTENCES.get(detail["type"], message)


def _half_credentials(tables: list[_Table]) -> Iterator[Fault]:
    """LiveKit asks for no credentials at all when username or password is missing."""
    for table in tables:
        named = [key for key in ("auth_username", "auth_password") if key in table.keys]
        if len(named) == 1:
            yield table.fault("auth_username and auth_password go together; declare both")


def _unknown_trunks(tables: list[_Table]) -> Iterator[Fault]:
    declared = sorted(table.name for table in tables if table.kind == "inbound_trunk")
    for table in tables:
        named = table.keys.get("trunks") if table.kind == "dispatch_rule" else None
        for position, name in enumerate(named if isinstance(named, list) else []):
            if isinstance(name, str) and name not in declared:
                offer = ", ".join(declared) or "none"
                what = f"there is no inbound trunk {name!r}; declared: {offer}"
                yield table.fault(what, "trunks", position)


def _clashes(validated: list[tuple[_Table, Resource]]) -> Iterator[Fault]:
    places = Places()
    for table, resource in validated:
        for earlier in places.rivals(resource):
            shared = ", ".join(clash(resource, earlier))
            yield table.fault(f"{shared} belongs to {earlier.name!r} too; LiveKit allows one each")
        places.add(resource)
