"""Runs one command and ends it, with its whole process group, once the owner is gone.

The owner holds the other end of this program's standard input. The kernel closes it when the
owner ends in any way, `kill -9` included, so "the owner stops it" and "the owner died" are one
event: end of file. Only the standard library is used, so that `python -I -S` starts it fast.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import signal
import subprocess
import sys
import threading


def main() -> int:
    """Holds the leash; returns the command's exit status."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--grace-s", type=float, default=3.0)
    parser.add_argument("--signal", choices=["TERM", "INT"], default="TERM")
    parser.add_argument("command", nargs="+")
    arguments = parser.parse_args()
    stop_signal = signal.Signals[f"SIG{arguments.signal}"]

    signal.signal(signal.SIGINT, signal.SIG_IGN)  # a terminal's Ctrl-C is the owner's to answer
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})  # until there is a child to end
    child = subprocess.Popen(
        arguments.command, stdin=subprocess.DEVNULL, process_group=0, preexec_fn=_unblock
    )
    signal.signal(signal.SIGTERM, lambda *_: _end(child, stop_signal, arguments.grace_s))
    _unblock()

    def until_owner_is_gone() -> None:
        while os.read(sys.stdin.fileno(), 4096):
            pass
        _end(child, stop_signal, arguments.grace_s)

    threading.Thread(target=until_owner_is_gone, daemon=True).start()
    status = child.wait()
    _signal_group(child, signal.SIGKILL)  # what outlived the command
    return status if status >= 0 else 128 - status


def _unblock() -> None:
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGTERM})


def _end(child: subprocess.Popen[bytes], stop_signal: signal.Signals, grace_s: float) -> None:
    _signal_group(child, stop_signal)
    killer = threading.Timer(grace_s, _signal_group, (child, signal.SIGKILL))
    killer.daemon = True
    killer.start()


def _signal_group(child: subprocess.Popen[bytes], number: signal.Signals) -> None:
    # macOS refuses to signal a group of zombies
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(child.pid, number)


if __name__ == "__main__":
    sys.exit(main())
