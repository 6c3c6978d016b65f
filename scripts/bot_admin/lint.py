"""`bot-admin lint`, and what `bot-admin provision` says of its plan: flaws that LiveKit takes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bot_admin.command import USAGE, OperatorError, command
from bot_admin.deployed import deployed
from bot_admin.output import show, show_json, talk

if TYPE_CHECKING:
    from sip.deployment import Deployment
    from sip.lint import Finding

app = typer.Typer()

Allow = Annotated[
    list[str] | None, typer.Option("--allow", metavar="ID", help="A lint not to heed this time.")
]


@command(app)
async def lint(
    context: typer.Context,
    allow: Allow = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print for programs.")] = False,
) -> None:
    """Show what is wrong with the deployed trunks and rules although LiveKit takes them.

    Ends with 1 if something of ours is, and is not allowed.
    """
    findings = judged(await deployed(context), allow, tell=not as_json)
    if as_json:
        show_json({"findings": findings.as_data()})
    elif not findings.found:
        talk("Nothing is wrong.")
    findings.refuse()


@dataclass(frozen=True)
class Findings:
    """What is wrong, and whether it stops the command."""

    found: tuple[Finding, ...]

    @property
    def refusing(self) -> bool:
        """Whether nothing must be changed."""
        return any(finding.refuses for finding in self.found)

    def refuse(self) -> None:
        """Ends the command with all that stops it.

        Raises:
            LintError: something does.
        """
        from sip.lint import refuse  # noqa: PLC0415

        refuse(self.found)

    def as_data(self) -> list[dict[str, Any]]:
        """Plain JSON values."""
        return [asdict(finding) for finding in self.found]


def judged(deployment: Deployment, allow: Sequence[str] | None, *, tell: bool) -> Findings:
    """The findings, where `allow` names lints not to heed; `tell` prints those that do not
    stop the command, as the others become its error."""
    from sip.lint import lint as lint_of  # noqa: PLC0415  loads pydantic
    from sip.lint import unknown  # noqa: PLC0415

    for sentence in unknown(allow or ()):
        raise OperatorError(f"--allow: {sentence}.", USAGE)
    findings = Findings(tuple(lint_of(deployment, allow=allow or ())))
    for finding in findings.found if tell else ():
        if not finding.refuses:
            show(str(finding))
    return findings
