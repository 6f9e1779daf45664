"""The BentoML service: opens the desk when a worker starts and mounts the routes; ready only with a champion."""

from __future__ import annotations

import logging
import os
from pathlib import Path

import bentoml

from mandi.core.errors import ContractError, MandiError
from mandi.serving.accounts.office import ROOM
from mandi.serving.accounts.opening import furnish, vacate
from mandi.serving.accounts.wall import Wall
from mandi.serving.desk import Desk
from mandi.serving.house import ClosedGate, House
from mandi.serving.routes import all_operations, routes_app
from mandi.serving.service_operations import service_operations
from mandi.serving.settings import load
from mandi.serving.snapshot import MAKE_IT

LOG = logging.getLogger("mandi.serving")
FOLDER = "MANDI_SERVICE_FOLDER"
WORKERS = "MANDI_WORKERS"
TIMEOUT = "MANDI_TIMEOUT_SECONDS"

HOUSE = House(gate=ClosedGate())
ROUTES = routes_app(HOUSE, service_operations())


def service_folder() -> Path:
    """Return the folder to serve: the one the environment names, the Bento's own, or the current project's."""
    named = os.environ.get(FOLDER)
    if named:
        return Path(named)
    beside = Path("artifacts") / "service"
    packed = Path(__file__).resolve().parents[2] / beside  # in a Bento the package lies beside artifacts/
    return packed if packed.is_dir() else beside


@bentoml.service(
    name="mandi",
    workers=int(os.environ.get(WORKERS, "1")),
    traffic={"timeout": float(os.environ.get(TIMEOUT, "30"))},
    metrics={"enabled": True},
)
@bentoml.asgi_app(ROUTES, path="/")
class Mandi:
    """Models for commodity trading behind one route each; `GET /api/v1/models` lists them with examples."""

    def __init__(self) -> None:
        self._open_desk()
        self._open_accounts()

    def _open_desk(self) -> None:
        try:
            HOUSE.desk = Desk.open(service_folder())
        except MandiError as error:  # alive and not ready, so that the reason can be asked for
            HOUSE.desk, HOUSE.why = None, error
            LOG.error("%s: %s", error.headline, error)
        except Exception as error:  # a worker that dies is started again and again, and never says why
            LOG.exception("the service folder cannot be opened")
            why = ContractError(
                f"the service folder cannot be opened ({type(error).__name__})", next_command=MAKE_IT
            )
            HOUSE.desk, HOUSE.why = None, why

    def _open_accounts(self) -> None:
        try:
            furnish(HOUSE, load())
        except MandiError as error:  # alive and not ready, as without a champion
            HOUSE.gate = ClosedGate()
            LOG.error("%s: %s", error.headline, error)
        except Exception:
            HOUSE.gate = ClosedGate()
            LOG.exception("the accounts cannot be opened")

    @bentoml.on_shutdown
    async def close(self) -> None:
        """Finish what was begun beside the requests."""
        await vacate(HOUSE)

    def __is_ready__(self) -> bool:
        return HOUSE.desk is not None and ROOM in HOUSE.rooms


Mandi.add_asgi_middleware(Wall, house=HOUSE, operations=all_operations(service_operations()))  # type: ignore[attr-defined]
