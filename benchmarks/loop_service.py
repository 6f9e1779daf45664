"""What stands around the loop's service: a teacher of known strength behind an OpenAI-shaped address, and traders who ask and rate."""

from __future__ import annotations

import asyncio
import json
import os
import secrets
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from benchmarks.running import free_port, running, wait_until_there
from mandi.feedback.generated.ask.asked import Asked
from mandi.feedback.generated.reply.answers import right_answer, teacher_answer
from mandi.feedback.generated.reply.judge import is_right, label_in
from mandi.feedback.generated.reply.opinions import opinion

if TYPE_CHECKING:
    import aiohttp

TEACHER = "teacher"
PASSWORD = "seven bags of cotton"
TRADERS = 20
PERSON_RIGHT = 0.98


@dataclass(frozen=True)
class Given:
    """An answer a trader was given, and what came of rating it."""

    generation_id: str
    answer: str
    route: str
    right: bool
    rated: bool
    corrected: bool
    asked: Asked


@contextmanager
def teacher(asked: Sequence[Asked], folder: Path, seed: int) -> Iterator[int]:
    """Run the stand-in of a strong model; its port.

    It knows the answers to these questions and is wrong as often as the generated log's teacher is.
    """
    draw = np.random.default_rng([seed, 7])
    known = {one.text: teacher_answer(one, draw) for one in asked}
    (folder / "teacher.json").write_text(json.dumps(known), encoding="utf-8")
    port = free_port()
    command = [sys.executable, "-m", "benchmarks.loop_service", str(folder / "teacher.json"), str(port)]
    with running(command, Path.cwd(), dict(os.environ), folder / "teacher.log") as process:
        wait_until_there(f"http://127.0.0.1:{port}/v1/models", process, "none")
        yield port


@contextmanager
def service(
    root: Path, student: Path, teachers_port: int, folder: Path, settings: dict[str, str]
) -> Iterator[tuple[int, str]]:
    """Run the service as `mandi serve` does, with a student, a teacher and nobody else; its port and an operator's key."""
    port, key = free_port(), "mk_" + secrets.token_urlsafe(32)
    environment = {
        **os.environ,
        "AI_MODE": "hybrid", "AI_ROUTER": "confidence", "CACHE_AI_RESPONSES": "false", "ENABLE_TUTOR_LOGGING": "true",
        "LOCAL_INFER_URL": f"http://127.0.0.1:{teachers_port}/v1", "LOCAL_INFER_MODEL": TEACHER,
        "MANDI_STUDENT_FOLDER": str(student), "MANDI_SERVICE_FOLDER": str(root / "artifacts" / "service"),
        "MANDI_DATA_FOLDER": str(root / ".mandi"), "MANDI_BOOTSTRAP_KEY": key, "MANDI_WORKERS": "1", "LOG_LEVEL": "WARNING",
        "BENTOML_HOME": str(folder / "bentoml"), "BENTOML_DO_NOT_TRACK": "True", "OMP_NUM_THREADS": "1", **settings,
    }  # fmt: skip
    command = [
        sys.executable, "-m", "bentoml", "serve", "mandi.serving.service:Mandi", "--host", "127.0.0.1", "--port", str(port),
    ]  # fmt: skip
    with running(command, folder, environment, folder / "service.log") as process:
        wait_until_there(f"http://127.0.0.1:{port}/livez", process, key)
        yield port, key


async def ask_and_rate(port: int, key: str, asked: Sequence[Asked], seed: int, rated: float) -> list[Given]:
    """Let twenty traders ask the questions in turn; a share of the answers is rated, and corrected where somebody is dissatisfied.

    What the student is too unsure of waits for a person, who is right nearly always.
    """
    import aiohttp

    draw = np.random.default_rng([seed, 11])
    async with aiohttp.ClientSession(f"http://127.0.0.1:{port}", raise_for_status=False) as session:
        operator = {"Authorization": f"Bearer {key}"}
        traders = [await _trader(session, operator, number) for number in range(TRADERS)]
        return [
            await _one(session, traders[number % TRADERS], question, draw, rated)
            for number, question in enumerate(asked)
        ]


async def _trader(session: aiohttp.ClientSession, operator: dict[str, str], number: int) -> dict[str, str]:
    name = f"trader-{number}"
    made = {"name": name, "administrator": name, "password": PASSWORD, "tier": "enterprise"}
    await _told(session, "POST", "/api/v1/organizations", operator, made)
    told = await _told(session, "POST", "/api/v1/auth/login", {}, {"username": name, "password": PASSWORD})
    return {"Authorization": f"Bearer {told['access_token']}"}


async def _one(
    session: aiohttp.ClientSession, who: dict[str, str], asked: Asked, draw: np.random.Generator, rated: float
) -> Given:
    if asked.task == "classification":
        body: dict[str, Any] = {
            "task_type": "classification", "prompt": asked.text, "context": {"labels": list(asked.labels or ())},
        }  # fmt: skip
        told = await _told(session, "POST", "/api/v1/ai/execute", who, body)
        answer = str(told.get("result", ""))
        said = told.get("metadata", told)
    else:
        body = {"model": "mandi", "messages": [{"role": "user", "content": asked.text}]}
        told = await _told(session, "POST", "/v1/chat/completions", who, body)
        answer = told["choices"][0]["message"]["content"]
        said = told["mandi"]
    route, generation_id = str(said.get("route", "human")), str(said["generation_id"])
    if ticket := said.get("ticket_id"):
        route, answer = "human", await _person(session, who, str(ticket), asked, draw)
    right = is_right(answer, asked.truth)
    if route == "human" or draw.random() >= rated:
        return Given(generation_id, answer, route, right, False, False, asked)
    found = opinion(asked, answer, right, draw)
    spoken = {
        "thumbs": found.thumbs, "rating": found.rating, "comment": found.comment,
        "correction": _a_label(found.correction, asked),
    }  # fmt: skip
    body = {name: value for name, value in spoken.items() if value is not None}
    await _told(session, "POST", f"/api/v1/ai/generations/{generation_id}/feedback", who, body)
    return Given(generation_id, answer, route, right, True, "correction" in body, asked)


def _a_label(correction: str | None, asked: Asked) -> str | None:
    return correction if correction is None or asked.task != "classification" else label_in(correction)


async def _person(
    session: aiohttp.ClientSession, who: dict[str, str], ticket: str, asked: Asked, draw: np.random.Generator
) -> str:
    right = right_answer(asked, draw) if draw.random() < PERSON_RIGHT else teacher_answer(asked, draw, 0.0)
    answer = label_in(right) if asked.task == "classification" else right
    place = f"/api/v1/ai/queue/{ticket}"
    await _told(session, "POST", f"{place}/claim", who, None)
    await _told(session, "POST", f"{place}/answer", who, {"answer": answer})
    return answer


async def _told(
    session: aiohttp.ClientSession, method: str, path: str, headers: dict[str, str], body: Any
) -> dict[str, Any]:
    async with session.request(method, path, headers=headers, json=body) as reply:
        text = await reply.text()
    if reply.status >= 400:
        raise RuntimeError(f"{method} {path} was answered {reply.status}: {text[:300]}")
    told: dict[str, Any] = json.loads(text) if text else {}
    return told


def stand_in(known: dict[str, str]) -> Any:
    """Return the teacher as an application: OpenAI's shape of chat completions over what it knows."""
    from aiohttp import web

    texts = sorted(known, key=len, reverse=True)

    async def models(_: web.Request) -> web.Response:
        return web.json_response({"object": "list", "data": [{"id": TEACHER, "object": "model"}]})

    async def chat(request: web.Request) -> web.Response:
        messages = (await request.json())["messages"]
        question = "\n".join(str(m.get("content")) for m in messages if m["role"] == "user")
        answer = next((known[text] for text in texts if text in question), "I do not know.")
        choice = {
            "index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": answer},
        }  # fmt: skip
        used = {"prompt_tokens": len(question) // 4, "completion_tokens": len(answer) // 4}
        return web.json_response(
            {
                "id": f"chatcmpl-{secrets.token_hex(8)}", "object": "chat.completion", "created": 0, "model": TEACHER,
                "choices": [choice], "usage": {**used, "total_tokens": sum(used.values())},
            }
        )  # fmt: skip

    app = web.Application()
    app.add_routes([web.get("/v1/models", models), web.post("/v1/chat/completions", chat)])
    return app


def main(place: str, port: str) -> None:
    """Serve a file of texts and answers on loopback."""
    from aiohttp import web

    known = json.loads(Path(place).read_text(encoding="utf-8"))
    asyncio.set_event_loop(asyncio.new_event_loop())
    web.run_app(stand_in(known), host="127.0.0.1", port=int(port), print=None)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
