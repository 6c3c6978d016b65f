"""What the lab reports to a person.

LabError
├── ProcessFailed    one of the lab's processes ended or never became ready
└── PortTaken        a port the lab needs is in use
"""

from __future__ import annotations


class LabError(Exception):
    """Something the person at the keyboard can put right; the message is one clear sentence."""


class ProcessFailed(LabError):
    """A process of the lab ended or never became ready."""


class PortTaken(LabError):
    """A port that the lab needs is in use."""
