"""Why the numbers could not be provisioned.

SipError
 ├─ DeclarationError      sip/*.toml is wrong; lists every fault
 ├─ LintError             what would be ours has flaws that nobody has allowed
 ├─ ObstacleError         something deployed stands in the way of a declaration
 ├─ StalePlanError        LiveKit changed between the plan that was shown and its application
 ├─ StarterError          starter or imported declarations cannot be written
 └─ RemoteError           LiveKit could not be asked, or said no
     ├─ UnreachableError  nothing answers at the address
     ├─ KeyRefusedError   the API key is wrong or may not administer SIP
     ├─ RefusedError      LiveKit refused one request
     └─ OutcomeUnknownError   a purchase or release was sent, and its answer was lost
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


class SipError(Exception):
    """Its text is one sentence for the operator; `exit_code` is how the command ends."""

    exit_code = 1


@dataclass(frozen=True, order=True)
class Fault:
    """One thing wrong in the declarations: where (file and key), what, and the remedy."""

    where: str
    what: str

    def __str__(self) -> str:
        return f"{self.where}: {self.what}"


class DeclarationError(SipError):
    """The declarations cannot be used; `faults` holds all that is wrong with them."""

    def __init__(self, faults: Iterable[Fault]) -> None:
        self.faults = tuple(faults)
        count = "one fault" if len(self.faults) == 1 else f"{len(self.faults)} faults"
        listed = "\n".join(f"  - {fault}" for fault in self.faults)
        super().__init__(f"The declarations have {count}; nothing was changed.\n{listed}")


class LintError(SipError):
    """What would be ours has flaws that nobody has allowed; each line holds a lint's id."""

    def __init__(self, findings: Iterable[str]) -> None:
        listed = "\n".join(f"  - {finding}" for finding in findings)
        super().__init__(
            'Nothing was changed. Put these right, or write allow = ["ID"] into the declaration '
            f"that means it.\n{listed}"
        )


class ObstacleError(SipError):
    """A deployed trunk or rule, not to be touched, claims what a declaration asks for."""


class StalePlanError(SipError):
    """LiveKit is no longer in the state that the shown plan was made for."""

    exit_code = 3


class StarterError(SipError):
    """Declarations cannot be written: there are some already, or the folder is not writable."""


class RemoteError(SipError):
    """LiveKit could not be asked, or said no."""


class UnreachableError(RemoteError):
    """Nothing that speaks LiveKit's API answers at the address."""


class KeyRefusedError(RemoteError):
    """The API key or secret is wrong, or lacks the SIP admin grant."""


class RefusedError(RemoteError):
    """LiveKit refused one request, for the reason in the message."""


class OutcomeUnknownError(RemoteError):
    """A request that must not be made twice was sent, and its answer was lost."""
