"""What is wrong with trunks and rules although LiveKit takes them; pure.

Errors in what is ours refuse every change. A declaration that means it says `allow = ["lint-id"]`.
"""

from __future__ import annotations

from collections.abc import Iterable

from sip.deployment import Deployment
from sip.errors import LintError
from sip.lint import address, neighbours, rule, trunk
from sip.lint.finding import LINTS, Finding, Lint, Scene, found, unknown

__all__ = ["LINTS", "Finding", "Lint", "lint", "refuse", "unknown"]
assert all((address, neighbours, rule, trunk))  # imported for the lints that they register


def lint(
    deployment: Deployment, served_agents: set[str] | None = None, *, allow: Iterable[str] = ()
) -> list[Finding]:
    """Every flaw, errors first; `allow` names lints that are not heeded anywhere.

    Whether an agent is served is looked at only when `served_agents` are known.
    """
    scene = Scene(deployment, None if served_agents is None else frozenset(served_agents))
    allowed = tuple(allow)
    findings = [
        found(lint_id, flaw, allowed) for lint_id, one in LINTS.items() for flaw in one.look(scene)
    ]
    return sorted(findings, key=lambda finding: (finding.level, not finding.refuses))


def refuse(findings: Iterable[Finding]) -> None:
    """Does nothing when what is ours is without errors.

    Raises:
        LintError: with all of them.
    """
    refusing = [finding for finding in findings if finding.refuses]
    if refusing:
        raise LintError(str(finding) for finding in refusing)
