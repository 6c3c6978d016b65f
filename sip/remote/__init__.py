"""The only part of `sip` that talks to LiveKit."""

from sip.remote.objects import Remote, connect

__all__ = ["Remote", "connect"]
