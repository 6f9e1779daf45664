"""The BentoML service: a worker opens the house when it starts; ready only with a champion.

The supervisor imports this module too, and only to start workers: whatever is heavy is imported when a worker opens.
"""

from __future__ import annotations

import gc
import logging
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import bentoml
from starlette.applications import Starlette
from starlette.routing import BaseRoute

from mandi.core.errors import MandiError
from mandi.serving.first_byte import in_place_of_bentomls

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send

    from mandi.serving.observing.metrics import Metrics
    from mandi.serving.opening import Opened

LOG = logging.getLogger("mandi.serving")
FOLDER = "MANDI_SERVICE_FOLDER"
WORKERS = "MANDI_WORKERS"
TIMEOUT = "MANDI_TIMEOUT_SECONDS"
SWITCH_S = 0.001  # a thread that writes records gives the loop its turn after a millisecond, not five
# a thousand rows are thousands of objects without a cycle: looking through them every 700 took a twentieth of their time
COLLECTED_AFTER = (20_000, 20, 50)
SPARE_S = 30.0  # a call of a language model has its own deadline and is told by us


def service_folder() -> Path:
    """Return the folder to serve: the one the environment names, the Bento's own, or the current project's."""
    named = os.environ.get(FOLDER)
    if named:
        return Path(named)
    beside = Path("artifacts") / "service"
    packed = Path(__file__).resolve().parents[2] / beside  # in a Bento the package lies beside artifacts/
    return packed if packed.is_dir() else beside


class Worker:
    """What one worker serves: the routes, the wall around them, and the house behind."""

    def __init__(self) -> None:
        self.routes: Starlette | None = None
        self.wall: type[Any] | None = None
        self.options: dict[str, Any] = {}
        self.house: Any = None
        self.opened: Opened | None = None
        self.metrics: Metrics | None = None  # once a process: its registry takes no second of a name

    def build(self) -> None:
        """Build house and routes; nothing is opened yet, so nobody is let in."""
        from mandi.serving.accounts.wall import Wall
        from mandi.serving.house import ClosedGate, House
        from mandi.serving.routes import all_operations, routes_app
        from mandi.serving.service_operations import service_operations
        from mandi.serving.straight import Straight

        if self.routes is None:
            operations = service_operations()
            self.house = House(gate=ClosedGate())
            self.routes = routes_app(self.house, operations)
            self.wall = Wall
            everything = all_operations(operations)
            straight = Straight(self.routes, everything)
            self.options = {"house": self.house, "operations": everything, "inner": straight}

    def open(self) -> None:
        """Open all that is served; what cannot be opened is told in the log and to whoever asks."""
        from mandi.serving.house import ClosedGate
        from mandi.serving.observing.logs import start_logging
        from mandi.serving.observing.metrics import of_this_process
        from mandi.serving.opening import furnish, open_desk
        from mandi.serving.settings import load, secrets_of
        from mandi.serving.warming import settle_memory

        sys.modules.setdefault("sklearn", None)  # type: ignore[arg-type]  # lightgbm and xgboost load it where they find it: 50 MB
        sys.setswitchinterval(SWITCH_S)
        gc.set_threshold(*COLLECTED_AFTER)
        self.build()
        why = ""
        try:
            settings = load()
            start_logging(settings.log_level, secrets_of(settings))
            if settings.enable_performance_monitoring and self.metrics is None:
                self.metrics = of_this_process()
            self.opened = furnish(self.house, settings, service_folder(), self.metrics)
        except MandiError as error:  # alive and not ready, so that the reason can be asked for
            why = error.message
            LOG.error("%s: %s", error.headline, error)
        except Exception:  # a worker that dies is started again and again, and never says why
            why = "the service cannot be opened; its log says why"
            LOG.exception("the service cannot be opened")
        if self.opened is None:
            self.house.gate = ClosedGate(why)
            if self.house.desk is None:
                open_desk(self.house, service_folder())
        settle_memory()


WORKER = Worker()


class Routes(Starlette):
    """The routes of the worker, once they are built.

    BentoML serves its own pages beside an application whose routes it can look through, and hides them behind any other.
    """

    @property
    def routes(self) -> list[BaseRoute]:
        """Return the routes."""
        WORKER.build()
        found: list[BaseRoute] = WORKER.routes.routes  # type: ignore[union-attr]
        return found

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on."""
        WORKER.build()
        assert WORKER.routes is not None
        await WORKER.routes(scope, receive, send)


class Outermost:
    """The wall around all that is served, BentoML's own pages included."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._wall: Any = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on to the wall."""
        if self._wall is None:
            WORKER.build()
            assert WORKER.wall is not None
            self._wall = WORKER.wall(self._app, **WORKER.options)
        await self._wall(scope, receive, send)


in_place_of_bentomls()


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
@bentoml.asgi_app(Routes(), path="/")
class Mandi:
    """Models for commodity trading and answers in language; `GET /api/v1/models` lists the models with examples."""

    def __init__(self) -> None:
        from mandi.serving.supervisor import end_with_supervisor

        end_with_supervisor()
        WORKER.open()

    @bentoml.on_startup
    async def start(self) -> None:
        """Begin what goes on beside requests."""
        if WORKER.opened is not None:
            WORKER.opened.start()

    @bentoml.on_shutdown
    async def close(self) -> None:
        """Finish what was begun beside the requests."""
        opened, WORKER.opened = WORKER.opened, None
        if opened is not None:
            await opened.close()

    def __is_ready__(self) -> bool:
        return WORKER.opened is not None and WORKER.house.desk is not None


Mandi.add_asgi_middleware(Outermost)  # type: ignore[attr-defined]
