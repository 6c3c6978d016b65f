"""Calls as whoever wants them sees them: ordered, dialled, watched to their end, settled.

The other end of each is a job of the worker: `bot/outbound.py`.
"""
