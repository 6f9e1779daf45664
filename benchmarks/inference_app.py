"""The least that could serve the desk: a bare FastAPI application, for bench-inference to stand beside the service."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mandi.core.paths import Paths, project_root
from mandi.serving.contracts import PriceRow
from mandi.serving.desk import Desk

if TYPE_CHECKING:
    from fastapi import FastAPI


def app() -> FastAPI:
    """Return the application over the project's champions."""
    from fastapi import FastAPI
    from pydantic import create_model

    desk = Desk.open(Paths(project_root()).champions)
    asked = create_model("Asked", rows=(list[PriceRow], ...))
    made = FastAPI(openapi_url=None)

    @made.get("/ready")
    async def ready() -> bool:
        return True

    async def price(body) -> list[dict[str, object]]:  # type: ignore[no-untyped-def]
        return [answer.model_dump(mode="json") for answer in desk.price(body.rows)]

    price.__annotations__ = {"body": asked, "return": list[dict[str, object]]}
    made.post("/price")(price)
    return made
