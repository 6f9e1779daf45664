"""How long a request may take until its answer begins; BentoML's own way keeps a timer of every request until it is over."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from mandi.serving.problems import Problem

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

OUT_OF_TIME = 504


class FirstByte:
    """Refuses a request whose answer has not begun in time; an answer that has begun may take as long as it needs.

    What a model still computes for it in its thread is not waited for.

    Parameters
    ----------
    app : ASGI application
    timeout : float
        Seconds.
    """

    def __init__(self, app: ASGIApp, timeout: float) -> None:
        self.app = app
        self.timeout = timeout

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        loop = asyncio.get_running_loop()
        begun: asyncio.Future[bool] = loop.create_future()
        timer = loop.call_later(self.timeout, _settle, begun, False)

        async def told(message: Message) -> None:
            _settle(begun, True)
            if begun.result():  # else it comes too late, and was refused
                await send(message)

        # a task of its own: one that waits for a thread is not done when it is cancelled
        answering = loop.create_task(_answered(self.app, scope, receive, told))
        answering.add_done_callback(lambda _: _settle(begun, True))
        try:
            if await begun:
                timer.cancel()
                await answering
                return
            if answering.cancel():
                await self._refused(scope, receive, send)
        finally:
            timer.cancel()
            answering.cancel()

    async def _refused(self, scope: Scope, receive: Receive, send: Send) -> None:
        from mandi.serving.dispatch import problem_response

        said = f"no answer began within {self.timeout:g} s"
        wire = "openai" if scope["path"].startswith("/v1/") else "house"
        await problem_response(Problem(OUT_OF_TIME, said, code="timeout"), wire)(scope, receive, send)


def in_place_of_bentomls() -> None:
    """Have BentoML build its applications with ``FirstByte``.

    BentoML has no setting for it, and looks its own one up by name whenever it builds an application.
    """
    from bentoml._internal.server.http import traffic

    traffic.TimeoutMiddleware = FirstByte  # type: ignore[misc, assignment]


async def _answered(app: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
    await app(scope, receive, send)


def _settle(future: asyncio.Future[Any], value: bool) -> None:
    if not future.done():
        future.set_result(value)
