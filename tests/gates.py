"""Gates for tests of what lies behind them: everybody may do everything."""

from __future__ import annotations

from starlette.applications import Starlette
from starlette.requests import HTTPConnection

from mandi.serving.desk import Desk
from mandi.serving.house import House
from mandi.serving.operations import ROLE_SCOPES, Principal
from mandi.serving.routes import routes_app

SOMEBODY = Principal(
    user_id="u1", organization_id="o1", pseudonym="p1", role="admin", scopes=ROLE_SCOPES["admin"], tier="pro"
)


class OpenGate:
    """Lets everybody in as one principal."""

    def __init__(self, principal: Principal = SOMEBODY) -> None:
        self.principal = principal

    async def admit(self, connection: HTTPConnection) -> Principal:
        return self.principal


def app_of(desk: Desk | None = None) -> Starlette:
    return routes_app(House(gate=OpenGate(), desk=desk))
