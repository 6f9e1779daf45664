"""Run a fake vendor as a process: ``python -m tests.fakes.serve --port 8100 --latency-ms 40 --tokens 20 --token-ms 5``."""

from __future__ import annotations

import argparse
import asyncio
import sys

from .behaviour import Behaviour
from .vendor import FakeVendor


def main() -> None:
    """Serve until the process is ended; the first line of output is the address."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--port", type=int, default=0, help="0 takes a free one")
    options.add_argument("--latency-ms", type=float, default=0.0, help="before the head")
    options.add_argument("--spread-ms", type=float, default=0.0, help="drawn to either side of the latency")
    options.add_argument("--tokens", type=int, default=8, help="words of an answer")
    options.add_argument("--token-ms", type=float, default=0.0, help="between the pieces of a stream")
    options.add_argument("--status", type=int, default=200, help="another than 200 fails every request")
    options.add_argument("--text", help="the answer, in place of words")
    given = options.parse_args()
    behaviour = Behaviour(
        status=given.status,
        latency_s=given.latency_ms / 1000,
        spread_s=given.spread_ms / 1000,
        tokens=given.tokens,
        text=given.text,
        token_s=given.token_ms / 1000,
    )

    async def serve() -> None:
        async with FakeVendor(behaviour, port=given.port, keep=False) as vendor:
            sys.stdout.write(vendor.url + "\n")
            sys.stdout.flush()
            await asyncio.Event().wait()

    try:
        import uvloop
    except ImportError:
        asyncio.run(serve())
    else:
        uvloop.run(serve())


if __name__ == "__main__":
    main()
