"""A tiny OpenAI-shaped server on loopback: around a function, or around a model."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Self

Reply = Callable[[list[dict[str, str]]], tuple[str, list[float] | None]]
"""Turns to a text and the log-probabilities of its tokens."""


@dataclass
class ChatServer:
    """``with ChatServer(reply) as server`` starts it.

    Attributes
    ----------
    status : int
        Another than 200 refuses everything with ``message``.
    knows_logprobs : bool
        Whether a request for them is taken.
    finish : str
        Reason of the end.
    """

    reply: Reply
    model: str = "local-trained"
    status: int = 200
    message: str = "no"
    knows_logprobs: bool = True
    finish: str = "stop"
    asked: list[dict[str, Any]] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> Self:
        handler = type("Handler", (_Handler,), {"chat": self})
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    chat: ChatServer

    def log_message(self, *_: Any) -> None:
        return None

    def do_GET(self) -> None:
        self._send(200, {"object": "list", "data": [{"id": self.chat.model, "object": "model"}]})

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.chat.asked.append(body)
        if body.get("logprobs") and not self.chat.knows_logprobs:
            self._send(400, {"error": {"message": "logprobs are not supported"}})
        elif self.chat.status != 200:
            self._send(self.chat.status, {"error": {"message": self.chat.message}})
        elif body["model"] != self.chat.model:
            self._send(404, {"error": {"message": "no such model"}})
        else:
            text, logs = self.chat.reply(body["messages"])
            choice: dict[str, Any] = {
                "index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": self.chat.finish
            }  # fmt: skip
            if body.get("logprobs") and logs is not None:
                choice["logprobs"] = {"content": [{"token": "t", "logprob": x} for x in logs]}
            self._send(200, {"object": "chat.completion", "model": body["model"], "choices": [choice]})

    def _send(self, status: int, told: Any) -> None:
        raw = json.dumps(told).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(raw)))
        self.end_headers()
        self.wfile.write(raw)


def model_reply(base: Path, adapter: Path, most: int = 16) -> Reply:
    """Return the replies of a base model with an adapter, greedily, one after the other."""
    import torch
    from peft import PeftModel
    from transformers import AutoModelForCausalLM, AutoTokenizer

    whole: Any = AutoModelForCausalLM.from_pretrained(base, use_safetensors=True)
    model: Any = PeftModel.from_pretrained(whole, str(adapter)).eval()
    tokenizer = AutoTokenizer.from_pretrained(adapter)
    one_at_a_time = threading.Lock()

    def reply(turns: list[dict[str, str]]) -> tuple[str, list[float] | None]:
        asked = tokenizer.apply_chat_template(
            turns, add_generation_prompt=True, return_tensors="pt", return_dict=True
        )
        with one_at_a_time, torch.no_grad():
            found = model.generate(
                **asked,
                max_new_tokens=most,
                do_sample=False,
                output_scores=True,
                return_dict_in_generate=True,
            )
        tokens = found.sequences[0, asked["input_ids"].shape[1] :]
        logs = [
            float(torch.log_softmax(score[0], -1)[token])
            for score, token in zip(found.scores, tokens, strict=True)
        ]
        return tokenizer.decode(tokens, skip_special_tokens=True), logs

    return reply
