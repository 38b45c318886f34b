"""No process outlives its parent, also when that parent is killed with -9.

The supervisor starts a child with `child_environment()`. The child calls `hold()` first thing:
from then on the kernel kills it when its parent dies (PR_SET_PDEATHSIG), and so it does with
every process it forks, and those fork. Where the kernel cannot do that (no Linux), a thread
looks twice a second whether the parent is still the same.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys
import threading
import time

PARENT = "BELAY_LIFELINE"
_PR_SET_PDEATHSIG = 1
_PR_SET_CHILD_SUBREAPER = 36
# Loaded before any fork: after one, only what is safe in a forked process may run.
_libc = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None
_forking_pid = 0


def child_environment() -> dict[str, str]:
    """What a child needs in its environment to hold on to this process."""
    return {PARENT: str(os.getpid())}


def hold() -> None:
    """Die with the parent named in the environment, and so do all forks. Else do nothing."""
    parent = os.environ.pop(PARENT, "")
    if not parent:
        return
    die_with(int(parent), signal.SIGKILL)
    os.register_at_fork(before=_remember, after_in_child=_hold_on_to_forker)


def die_with(parent: int, signum: int) -> None:
    """This process gets the signal when `parent` dies, at once if it is dead already."""
    if _libc is not None:
        _libc.prctl(_PR_SET_PDEATHSIG, signum, 0, 0, 0)
    else:
        threading.Thread(target=_watch, args=(parent, signum), daemon=True).start()
    # It may have died before the kernel was told.
    if os.getppid() != parent:
        os.kill(os.getpid(), signum)


def adopt_orphans() -> None:
    """Grandchildren whose parent died become ours to reap, so that none stays as a zombie."""
    if _libc is not None:
        _libc.prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def _remember() -> None:
    global _forking_pid
    _forking_pid = os.getpid()


def _hold_on_to_forker() -> None:
    die_with(_forking_pid, signal.SIGKILL)


def _watch(parent: int, signum: int) -> None:
    while os.getppid() == parent:
        time.sleep(0.5)
    os.kill(os.getpid(), signum)
