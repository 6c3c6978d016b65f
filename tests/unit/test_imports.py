"""Who may import whom: read from the syntax trees, so that a lazy import counts too."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import bot
import lab
import sip

ROOT = Path(__file__).parents[2]
PACKAGES = {"bot": "bot", "sip": "sip", "bot_admin": "scripts/bot_admin", "lab": "scripts/lab"}
FORBIDDEN = {
    "bot": {"sip", "bot_admin", "lab"},
    "sip": {"bot", "bot_admin", "lab"},
    "bot_admin": {"lab"},
    "lab": {"bot", "sip", "bot_admin"},
}
PURE = "call dial e164 errand judge judgement outcome persona target tones words".split()


def _modules(package: str) -> list[Path]:
    return sorted((ROOT / PACKAGES[package]).rglob("*.py"))


def _imported(path: Path, *, at_run_time: bool = False) -> Iterator[str]:
    """Top-level packages that a module imports; `at_run_time` leaves out TYPE_CHECKING blocks."""
    tree = ast.parse(path.read_text())
    typing_only = {
        id(node)
        for branch in ast.walk(tree)
        if isinstance(branch, ast.If) and ast.unparse(branch.test) == "TYPE_CHECKING"
        for node in ast.walk(branch)
    }
    for node in ast.walk(tree):
        if at_run_time and id(node) in typing_only:
            continue
        if isinstance(node, ast.Import):
            yield from (name.name.partition(".")[0] for name in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module.partition(".")[0]


@pytest.mark.parametrize("package", PACKAGES)
def test_packages_import_in_one_direction(package: str) -> None:
    for path in _modules(package):
        assert not FORBIDDEN[package] & set(_imported(path)), path


def test_in_sip_only_remote_talks_to_livekit() -> None:
    for path in _modules("sip"):
        if "remote" not in path.parts:
            assert "livekit" not in set(_imported(path)), path


@pytest.mark.parametrize("module", PURE)
def test_pure_modules_touch_neither_livekit_nor_http(module: str) -> None:
    paths = [path for path in _modules("bot") if module in (path.stem, path.parent.name)]
    assert paths
    for path in paths:
        imported = set(_imported(path, at_run_time=True))
        assert not imported & {"livekit", "httpx", "aiohttp", "sqlalchemy"}, path


def test_in_the_bot_only_the_store_talks_to_the_database() -> None:
    for path in _modules("bot"):
        if "store" not in path.parts:
            assert not {"sqlalchemy", "alembic"} & set(_imported(path)), path


def test_the_packages_are_this_checkouts() -> None:
    for package in (bot, lab, sip):
        assert ROOT in Path(str(package.__file__)).parents


@pytest.mark.parametrize("package", PACKAGES)
def test_modules_stay_short_and_say_something_by_their_name(package: str) -> None:
    for path in _modules(package):
        assert path.stem not in {"utils", "util", "helpers", "helper", "common", "misc", "manager"}
        assert len(path.read_text().splitlines()) <= 300, path
