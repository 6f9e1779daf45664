"""What is done once so that the first request is as fast as the hundredth: every counter answers its own example."""

from __future__ import annotations

import gc
import logging
from datetime import datetime
from typing import TYPE_CHECKING

from mandi.core.errors import MandiError

if TYPE_CHECKING:
    from mandi.serving.desk import Desk

LOG = logging.getLogger("mandi.serving")


def warm(desk: Desk, now: datetime) -> Desk:
    """Answer the example of every counter once, one row without reasons, and return the desk.

    Sessions of networks and libraries are opened when they are first needed; here that is nobody's request.

    Parameters
    ----------
    desk : Desk
        A champion whose example is not answered is served all the same, and the log says so: other rows may be.
    now : datetime
        Moment of the examples that name none, aware.
    """
    for name, counter in desk.counters.items():
        try:
            example = counter.about().get("example")
            if example is not None:
                counter.answer([counter.row.model_validate(example)], now, False)
        except MandiError as error:  # a history that is too old, say; whoever asks is told the same
            LOG.warning("the example of %s is not answered: %s", name, error.message)
        except Exception:
            LOG.exception("the example of %s is not answered", name)
    return desk


def settle_memory() -> None:
    """Keep what is loaded out of the collector's sight: full collections were the longest waits of a request."""
    gc.collect()
    gc.freeze()
