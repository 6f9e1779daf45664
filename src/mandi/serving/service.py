"""The BentoML service: a worker opens the house when it starts and mounts the routes; ready only with a champion."""

from __future__ import annotations

import logging
import os
from pathlib import Path

import bentoml

from mandi.core.errors import MandiError
from mandi.serving.accounts.wall import Wall
from mandi.serving.house import ClosedGate, House
from mandi.serving.observing.logs import start_logging
from mandi.serving.opening import Opened, furnish, open_desk, settle_memory
from mandi.serving.routes import all_operations, routes_app
from mandi.serving.service_operations import service_operations
from mandi.serving.settings import load, secrets_of

LOG = logging.getLogger("mandi.serving")
FOLDER = "MANDI_SERVICE_FOLDER"
WORKERS = "MANDI_WORKERS"
TIMEOUT = "MANDI_TIMEOUT_SECONDS"
SPARE_S = 30.0  # a call of a language model has its own deadline and is told by us

HOUSE = House(gate=ClosedGate())
OPERATIONS = service_operations()
ROUTES = routes_app(HOUSE, OPERATIONS)


def service_folder() -> Path:
    """Return the folder to serve: the one the environment names, the Bento's own, or the current project's."""
    named = os.environ.get(FOLDER)
    if named:
        return Path(named)
    beside = Path("artifacts") / "service"
    packed = Path(__file__).resolve().parents[2] / beside  # in a Bento the package lies beside artifacts/
    return packed if packed.is_dir() else beside


def _traffic() -> dict[str, float]:
    own = float(os.environ.get(TIMEOUT, "30"))
    return {"timeout": max(own, float(os.environ.get("AI_TIMEOUT_SECONDS", "30")) + SPARE_S)}


@bentoml.service(
    name="mandi",
    workers=int(os.environ.get(WORKERS, "1")),
    traffic=_traffic(),
    metrics={"enabled": True},
    logging={"access": {"enabled": False}},  # ours says more and costs a tenth
    tracing={"excluded_urls": ".*"},  # 0.3 ms a request for spans that nobody collects
)
@bentoml.asgi_app(ROUTES, path="/")
class Mandi:
    """Models for commodity trading and answers in language; `GET /api/v1/models` lists the models with examples."""

    def __init__(self) -> None:
        self._opened: Opened | None = None
        try:
            settings = load()
            start_logging(settings.log_level, secrets_of(settings))
            self._opened = furnish(HOUSE, settings, service_folder())
        except MandiError as error:  # alive and not ready, so that the reason can be asked for
            self._closed(error)
            LOG.error("%s: %s", error.headline, error)
        except Exception:  # a worker that dies is started again and again, and never says why
            self._closed(None)
            LOG.exception("the service cannot be opened")
        settle_memory()

    @bentoml.on_startup
    async def start(self) -> None:
        """Begin what goes on beside requests."""
        if self._opened is not None:
            self._opened.start()

    @bentoml.on_shutdown
    async def close(self) -> None:
        """Finish what was begun beside the requests."""
        if self._opened is not None:
            await self._opened.close()

    def _closed(self, error: MandiError | None) -> None:
        HOUSE.gate = ClosedGate() if error is None else ClosedGate(error.message)
        if HOUSE.desk is None:
            open_desk(HOUSE, service_folder())

    def __is_ready__(self) -> bool:
        return HOUSE.desk is not None and self._opened is not None


Mandi.add_asgi_middleware(Wall, house=HOUSE, operations=all_operations(OPERATIONS))  # type: ignore[attr-defined]
