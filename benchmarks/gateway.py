"""What the gateway adds to a call, beside the LiteLLM proxy on the same work: make bench-gateway (after make repro).

A vendor on loopback that takes 25 to 55 ms before it begins, drawn anew for each request, and 2 ms a piece is asked directly,
through this project's service as `mandi serve` starts it (keys, quota, cache, breaker, routing, prices, logs and records on),
and through the LiteLLM proxy, one worker each on two cores, by sixteen kept connections that ask one after the other. (A vendor
that always takes the same time makes the sixteen come in step, and then it is their crowd that is measured.) The three take turns, round by round, in one run on
one machine. ``added`` is a quantile through a gateway less the same quantile of the direct calls. A first token is the first
piece with text in it. LiteLLM comes from an environment of its own: name its program in MANDI_BENCH_LITELLM; without it its
rows are left out and said so.
"""

from __future__ import annotations

import asyncio
import os
import secrets
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from benchmarks.gateway_load import Seen, Target, ask_all, quantile
from benchmarks.rows import Row, table, write
from benchmarks.running import free_port, running, wait_until_there
from mandi.core.paths import project_root

ROUNDS, PLAIN, STREAMED, WARM = 5, 320, 160, 64
LATENCY_MS, SPREAD_MS, TOKENS, TOKEN_MS = 40, 15, 20, 2
MODEL = "bench-model"
WORKERS = 1  # of each gateway
GOALS = {
    "added_p50_ms": "<= 10",
    "first_token_p95_ms": "<= 15",
    "p50_ratio_to_litellm": "<= 0.2",
}


def main() -> None:
    """Start everybody, take turns, print the table and write benchmarks/results/gateway.json."""
    root = project_root()
    with ExitStack() as running:
        port = running.enter_context(_vendor(root))
        targets = [Target("direct", "127.0.0.1", port, MODEL, "sk-bench")]
        targets.append(running.enter_context(_ours(root, port)))
        program = os.environ.get("MANDI_BENCH_LITELLM", "")
        if program:
            targets.append(running.enter_context(_litellm(program, port)))
        else:
            print("MANDI_BENCH_LITELLM names no program: the proxy is not measured beside")
        seen = asyncio.run(_turns(targets))
    rows = _rows(seen)
    print(
        table(
            ("case", "metric", "value", "goal", "met"),
            [[r.case, r.metric, r.value, r.goal, r.met] for r in rows],
        )
    )
    print(write(root / "benchmarks" / "results", "gateway", rows, time.process_time()))


async def _turns(targets: list[Target]) -> dict[str, Seen]:
    seen = {target.name: Seen() for target in targets}
    for target in targets:
        await ask_all(target, WARM, stream=False)
        await ask_all(target, WARM, stream=True)
    for turn in range(ROUNDS):
        for target in targets:
            plain = await ask_all(target, PLAIN, stream=False)
            streamed = await ask_all(target, STREAMED, stream=True)
            seen[target.name].whole += plain.whole
            seen[target.name].first += streamed.first
        told = ", ".join(f"{name} {quantile(s.whole, 0.5):.1f} ms" for name, s in seen.items())
        print(f"round {turn + 1} of {ROUNDS}: median so far {told}", flush=True)
    return seen


def _rows(seen: dict[str, Seen]) -> list[Row]:
    direct = seen["direct"]
    rows = [Row("direct", f"p{round(100 * q)}_ms", quantile(direct.whole, q)) for q in (0.5, 0.95, 0.99)]
    rows.append(Row("direct", "first_token_p95_ms", quantile(direct.first, 0.95)))
    added = {}
    for name, times in seen.items():
        if name == "direct":
            continue
        for q in (0.5, 0.95, 0.99):
            metric = f"added_p{round(100 * q)}_ms"
            value = quantile(times.whole, q) - quantile(direct.whole, q)
            added[name, metric] = value
            rows.append(Row(name, metric, value, goal=GOALS.get(metric, "") if name == "ours" else ""))
        value = quantile(times.first, 0.95) - quantile(direct.first, 0.95)
        goal = GOALS["first_token_p95_ms"] if name == "ours" else ""
        rows.append(Row(name, "first_token_p95_ms", value, goal=goal))
        rows.append(Row(name, "first_token_p50_ms", quantile(times.first, 0.5) - quantile(direct.first, 0.5)))
    if "litellm" in seen:
        ratio = added["ours", "added_p50_ms"] / added["litellm", "added_p50_ms"]
        rows.append(Row("ours", "p50_ratio_to_litellm", ratio, goal=GOALS["p50_ratio_to_litellm"]))
    return rows


@contextmanager
def _vendor(root: Path) -> Iterator[int]:
    port = free_port()
    command = [
        sys.executable, "-m", "tests.fakes.serve", "--port", str(port), "--latency-ms", str(LATENCY_MS), "--spread-ms", str(SPREAD_MS),
        "--tokens", str(TOKENS), "--token-ms", str(TOKEN_MS),
    ]  # fmt: skip
    with running(command, root, dict(os.environ), root / "reports" / "bench-gateway-vendor.log") as process:
        wait_until_there(f"http://127.0.0.1:{port}/v1/models", process, "sk-bench")
        yield port


@contextmanager
def _ours(root: Path, vendor: int) -> Iterator[Target]:
    port, key = free_port(), "mk_" + secrets.token_urlsafe(32)
    with tempfile.TemporaryDirectory(prefix="mandi-bench-") as folder:
        environment = {
            **os.environ,
            "AI_MODE": "real",
            "MANDI_WORKERS": str(WORKERS),
            "COMPATIBLE_BASE_URL": f"http://127.0.0.1:{vendor}/v1",
            "COMPATIBLE_MODEL": MODEL,
            "COMPATIBLE_API_KEY": "sk-bench",
            "MANDI_BOOTSTRAP_KEY": key,
            "MANDI_DATA_FOLDER": folder,
        }
        command = [sys.executable, "-m", "mandi.cli", "serve", "--port", str(port)]
        with running(command, root, environment, root / "reports" / "bench-gateway.log") as process:
            wait_until_there(f"http://127.0.0.1:{port}/readyz", process, key)
            yield Target("ours", "127.0.0.1", port, "mandi-real", key)


@contextmanager
def _litellm(program: str, vendor: int) -> Iterator[Target]:
    port, key = free_port(), "sk-" + secrets.token_hex(16)
    with tempfile.TemporaryDirectory(prefix="litellm-bench-") as folder:
        config = Path(folder) / "config.yaml"
        config.write_text(
            f"model_list:\n  - model_name: {MODEL}\n    litellm_params:\n      model: openai/{MODEL}\n"
            f"      api_base: http://127.0.0.1:{vendor}/v1\n      api_key: sk-bench\n"
            "      input_cost_per_token: 0.000001\n      output_cost_per_token: 0.000002\n"
            f"general_settings:\n  master_key: {key}\nlitellm_settings:\n  telemetry: false\n",
            encoding="utf-8",
        )
        command = [
            program,
            "--config",
            str(config),
            "--host",
            "127.0.0.1",
            "--port",
            str(port),
            "--num_workers",
            str(WORKERS),
        ]
        environment = {**os.environ, "LITELLM_LOG": "ERROR", "LITELLM_LOCAL_MODEL_COST_MAP": "True"}
        with running(command, Path(folder), environment, Path(folder) / "log") as process:
            wait_until_there(f"http://127.0.0.1:{port}/health/liveliness", process, key)
            yield Target("litellm", "127.0.0.1", port, MODEL, key)


if __name__ == "__main__":
    main()
