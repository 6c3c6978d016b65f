"""The README tells the truth: its commands, files and options are there."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer

import bot_admin.app
import lab.app
from sip.lint import LINTS

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text()
APPS = {"bot-admin": bot_admin.app.app, "bot-lab": lab.app.app}


def _commands() -> Iterator[str]:
    for block in re.findall(r"```sh\n(.*?)```", README, re.S):
        yield from (line.partition("#")[0].strip() for line in block.splitlines() if line.strip())


@pytest.mark.parametrize("command", [c for c in _commands() if c.startswith(tuple(APPS))])
def test_every_command_of_the_readme_exists_with_its_options(command: str) -> None:
    program, *words = shlex.split(command)
    command_or_group = typer.main.get_command(APPS[program])
    parameters = list(command_or_group.params)
    for word in words:
        if word in (commands := getattr(command_or_group, "commands", {})):
            command_or_group = commands[word]
            parameters += command_or_group.params
    if default := getattr(command_or_group, "default", None):  # its name may be left out
        command_or_group = getattr(command_or_group, "commands", {})[default]
        parameters += command_or_group.params
    assert not getattr(command_or_group, "commands", {}), "no command, or only a group of them"
    options = {o for p in parameters for o in [*p.opts, *p.secondary_opts]}
    used = {word for word in words if word.startswith("--")}
    assert used <= options


@pytest.mark.parametrize("script", sorted(set(re.findall(r"\./(scripts/\w+)", README))))
def test_every_script_of_the_readme_is_there_and_can_be_run(script: str) -> None:
    assert (ROOT / script).stat().st_mode & 0o100


def test_every_module_on_the_map_is_there() -> None:
    (the_map,) = re.findall(r"## The map\n\n```\n(.*?)```", README, re.S)
    modules = re.findall(r"\b(\w+\.py)\b", the_map)
    assert len(modules) > 10
    for module in modules:
        assert list(ROOT.glob(f"**/{module}")), module


def test_every_module_of_the_bot_is_on_the_map() -> None:
    (the_map,) = re.findall(r"## The map\n\n```\n(.*?)```", README, re.S)
    for path in (ROOT / "bot").glob("*.py"):
        assert path.name == "__init__.py" or path.name in the_map, path.name


def test_commands_of_the_apps_are_in_the_readme() -> None:
    for program, app in APPS.items():
        for name in getattr(typer.main.get_command(app), "commands", {}):
            assert re.search(rf"{program}[^\n]* {name}\b", README), f"{program} {name}"


def test_no_file_names_a_registry_a_machine_path_or_a_real_number() -> None:
    host = re.compile(r"(--(extra-)?index-url|(?<![\w/.])/(root|home)/\w+)")
    number = re.compile(r"\+1[2-9]\d{9}")
    for path in ROOT.rglob("*"):
        if path.suffix not in {".py", ".toml", ".md", ".txt"} or ".venv" in path.parts:
            continue
        if "var" in path.parts or path == Path(__file__):
            continue
        text = path.read_text()
        assert not host.search(text), path
        for found in number.findall(text):
            assert re.fullmatch(r"\+1\d{3}55501\d\d", found), (path, found)


def test_every_lint_is_documented() -> None:
    told = (ROOT / "docs/provisioning.md").read_text()
    for name, lint in LINTS.items():
        assert f"| `{name}` | {lint.level} | {lint.why}. |" in told, name
