"""The call: one phone call, from ringing to its record."""
