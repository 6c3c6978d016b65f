"""The only part of `sip` that talks to LiveKit."""

from sip.remote.objects import Remote, connect
from sip.remote.phone_numbers import PhoneNumbers, phone_numbers

__all__ = ["PhoneNumbers", "Remote", "connect", "phone_numbers"]
