"""Ends a worker when the process that started it is gone: an orphan would go on answering and hold the port."""

from __future__ import annotations

import logging
import signal
import sys

LOG = logging.getLogger("mandi.serving")
PR_SET_PDEATHSIG = 1  # linux/prctl.h


def end_with_supervisor() -> bool:
    """Ask the system to end this process, in order, when its parent ends; return whether it will.

    A supervisor that is killed cannot tell its workers. Only Linux can be asked; elsewhere nothing happens.

    Examples
    --------
    >>> end_with_supervisor() == sys.platform.startswith("linux")
    True
    """
    if not sys.platform.startswith("linux"):
        return False
    import ctypes

    try:
        return int(ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)) == 0
    except (OSError, AttributeError):
        LOG.warning("this worker would outlive its supervisor: the system cannot be asked to end it")
        return False
