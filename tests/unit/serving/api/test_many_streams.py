from __future__ import annotations

import asyncio
import gc
import json
import logging
from typing import Any

from mandi.llm.calls import Interrupted
from mandi.llm.messages import Delta
from mandi.serving.api.openai_chat import openai_operations
from mandi.serving.house import House
from mandi.serving.routes import routes_app

from ....gates import OpenGate
from ....scripted_gateway import ScriptedGateway, outcome
from ..test_streams import scope

PATH = "/v1/chat/completions"
BODY = json.dumps({"model": "mandi", "stream": True, "messages": [{"role": "user", "content": "x"}]}).encode()


def test_thousands_of_streams_leave_nothing_behind() -> None:
    words = [Delta(f"{n} ") for n in range(20)]
    scripts = [
        [*words, outcome()],
        [*words, Interrupted("g", "", "lost", "cut", "fake")],
        [*words, 5.0],
        [Delta("x"), ValueError("bug")],
    ]
    gateway = ScriptedGateway()
    app = routes_app(House(gate=OpenGate(), rooms={"answers": gateway}), openai_operations())

    async def ask(n: int) -> None:
        asked, gone = False, asyncio.Event()

        async def receive() -> Any:
            nonlocal asked
            if not asked:
                asked = True
                return {"type": "http.request", "body": BODY, "more_body": False}
            await gone.wait()
            return {"type": "http.disconnect"}

        async def send(message: Any) -> None:
            if n % 4 == 2 and b'"19 "' in message.get("body", b""):
                gone.set()  # a client that leaves in the middle

        gateway.scripts = [scripts[n % 4]]
        await app({**scope(PATH, "2.3"), "method": "POST"}, receive, send)

    async def run() -> None:
        for n in range(200):
            await ask(n)
        gc.collect()
        before = len(gc.get_objects())
        for n in range(2000):
            await ask(n)
            gateway.calls.clear()
        gc.collect()
        grown = len(gc.get_objects()) - before
        assert len(asyncio.all_tasks()) == 1
        assert gateway.opened == gateway.closed == 2200
        assert grown < 1000, f"{grown} objects are left of 2000 streams"

    logging.disable(logging.CRITICAL)  # the planned bugs say themselves in the log
    try:
        asyncio.run(run())
    finally:
        logging.disable(logging.NOTSET)
