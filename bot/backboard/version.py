"""The plugin's own version, as LiveKit's plugin registry shows it."""

from __future__ import annotations

__version__ = "0.1.0"
