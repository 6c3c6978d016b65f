"""What all tests share."""

from __future__ import annotations

import pytest

from lab.clips import Clips


@pytest.fixture(scope="session")
def clips() -> Clips:
    """The caller's voice, rendered once."""
    return Clips()
