"""The short way to an operation: looked up by its path, answered, sent, without the layers of an application in between."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from starlette.requests import Request

from mandi.serving.dispatch import Endpoint, endpoint

if TYPE_CHECKING:
    from starlette.applications import Starlette
    from starlette.types import Receive, Scope, Send

    from mandi.serving.operations import Operation


class Straight:
    """Answers operations whose path has no parameter; an application answers the rest.

    An endpoint tells every error by itself, so it needs nobody around it who would.

    Parameters
    ----------
    app : Starlette
        Answers all the rest, and holds the house.
    operations : iterable of Operation
    """

    def __init__(self, app: Starlette, operations: Iterable[Operation]) -> None:
        self._app = app
        self._answers: dict[tuple[str, str], Endpoint] = {
            (operation.path, operation.method): endpoint(operation)
            for operation in operations
            if "{" not in operation.path
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        answers = self._answers.get((scope["path"], scope["method"]))
        if answers is None:
            await self._app(scope, receive, send)
            return
        scope["app"], scope["path_params"] = self._app, {}
        response = await answers(Request(scope, receive, send))
        await response(scope, receive, send)
