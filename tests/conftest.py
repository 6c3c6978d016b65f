"""What all tests share."""

from __future__ import annotations

import pytest

from lab.clips import Clips
from tests.checks.gateways import GATEWAYS, NEEDS_NO_OTHER


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leaves out the second run, on livekit-sip, of what one gateway shows."""
    config.hook.pytest_deselected(items=[item for item in items if _shown_already(item)])
    items[:] = [item for item in items if not _shown_already(item)]


def _shown_already(item: pytest.Item) -> bool:
    call = getattr(item, "callspec", None)
    on_livekit_sip = call is not None and GATEWAYS[1] in call.params.values()
    return on_livekit_sip and item.get_closest_marker(NEEDS_NO_OTHER) is not None


@pytest.fixture(scope="session")
def clips() -> Clips:
    """The caller's voice, rendered once."""
    return Clips()
