"""Asks an OpenAI-shaped server: vLLM, Ollama, llama.cpp, text-generation-inference; and hears how sure it was of each token."""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

from mandi.core.address import Secret
from mandi.core.errors import ConfigError
from mandi.core.outbound import Outbound, OutboundError, Patience

URLS = ("LLAMA_ENDPOINT", "LOCAL_INFER_URL")
MODELS = ("LLAMA_MODEL", "LOCAL_INFER_MODEL")
KEYS = ("LOCAL_API_KEY", "LOCAL_INFER_API_KEY")


@dataclass(frozen=True, slots=True)
class Said:
    """What a server said.

    Attributes
    ----------
    text : str
    sureness : float, optional
        Geometric mean of the probabilities of its tokens, in (0, 1]; None if the server does not tell them.
    """

    text: str
    sureness: float | None


@dataclass
class LlmServer:
    """One model behind an OpenAI-shaped server.

    Attributes
    ----------
    url : str
        With or without ``/v1``.
    model : str
        As the server calls it.
    key : Secret, optional
    patience : Patience
    max_tokens : int
        Of an answer.
    at_once : int
        Questions that are asked side by side.
    seed : int
    """

    url: str
    model: str
    key: Secret | None = None
    patience: Patience = field(default_factory=lambda: Patience(timeout_s=60.0, attempts=3))
    max_tokens: int = 512
    at_once: int = 4
    seed: int = 0
    _tells: bool = field(default=True, repr=False)

    def __post_init__(self) -> None:
        if not self.model:
            raise ConfigError("no model is named", allowed="the name the server serves it under")
        self._out = Outbound("the local server", self.url, self.key, self.patience, default_path="/v1")

    def models(self) -> list[str]:
        """Return the models the server has.

        Raises
        ------
        OutboundError
            It does not answer.
        """
        told = self._out.ask("GET", "/models").get("data")
        return (
            sorted(str(one.get("id")) for one in told if isinstance(one, dict))
            if isinstance(told, list)
            else []
        )

    def ask(self, conversations: Sequence[Sequence[Mapping[str, str]]]) -> list[Said | None]:
        """Ask each conversation by itself.

        Returns
        -------
        list of Said or None
            None where the server will not take the question (it is too long, for example), says nothing, or does not come
            to an end: half an answer is none.

        Raises
        ------
        OutboundError
            The server cannot be reached, refuses the key or breaks down.
        """
        if not conversations:
            return []
        with ThreadPoolExecutor(max_workers=min(self.at_once, len(conversations))) as pool:
            return list(pool.map(self._one, conversations))

    def close(self) -> None:
        """Close the connections."""
        self._out.close()

    def _one(self, turns: Sequence[Mapping[str, str]]) -> Said | None:
        body: dict[str, Any] = {
            "model": self.model, "messages": [dict(turn) for turn in turns], "temperature": 0,
            "max_tokens": self.max_tokens, "seed": self.seed, "stream": False,
        }  # fmt: skip
        if self._tells:
            try:
                return _said(self._out.ask("POST", "/chat/completions", body | {"logprobs": True}))
            except OutboundError as error:
                if error.status not in (400, 422) or "logprob" not in error.told.lower():
                    return _refused(error)
                self._tells = False  # a server that knows no probabilities still answers
        try:
            return _said(self._out.ask("POST", "/chat/completions", body))
        except OutboundError as error:
            return _refused(error)


def server_from_environment(environment: Mapping[str, str] | None = None) -> LlmServer:
    """Return the server that the service's own variables name.

    Parameters
    ----------
    environment : mapping, optional
        That of the process if not given.

    Raises
    ------
    ConfigError
        No address or no model.

    Examples
    --------
    >>> server = server_from_environment({"LOCAL_INFER_URL": "http://localhost:8000", "LLAMA_MODEL": "local-trained"})
    >>> server.url, server.model
    ('http://localhost:8000', 'local-trained')
    """
    given = os.environ if environment is None else environment
    named: Callable[[Sequence[str]], str] = lambda names: next((given[n] for n in names if given.get(n)), "")  # noqa: E731
    if not named(URLS):
        raise ConfigError(
            "no local server is named",
            allowed=" or ".join(URLS),
            next_command=f"export {URLS[0]}=http://localhost:8000",
        )
    if not named(MODELS):
        raise ConfigError(
            "no model of the local server is named",
            allowed=" or ".join(MODELS),
            next_command=f"export {MODELS[0]}=local-trained",
        )
    return LlmServer(named(URLS), named(MODELS), _Key(named(KEYS)) if named(KEYS) else None)


@dataclass(frozen=True)
class _Key:
    _value: str = field(repr=False)

    def get_secret_value(self) -> str:
        return self._value


def _refused(error: OutboundError) -> Said | None:
    if error.fault != "refused" or error.status == 404:  # 404: no such model or path
        raise error
    return None


def _said(told: Mapping[str, Any]) -> Said | None:
    choices = told.get("choices")
    choice = choices[0] if isinstance(choices, list) and choices and isinstance(choices[0], dict) else {}
    message = choice.get("message")
    text = message.get("content") if isinstance(message, dict) else None
    if (
        not isinstance(text, str)
        or not text.strip()
        or choice.get("finish_reason") not in ("stop", "eos", None)
    ):
        return None
    return Said(text.strip(), _sureness(choice.get("logprobs")))


def _sureness(told: Any) -> float | None:
    tokens = told.get("content") if isinstance(told, dict) else None
    if not isinstance(tokens, list) or not tokens:
        return None
    logs = [
        float(x)
        for one in tokens
        if isinstance(one, dict) and isinstance(x := one.get("logprob"), (int, float))
    ]
    if len(logs) != len(tokens) or not all(map(math.isfinite, logs)):
        return None
    return math.exp(min(sum(logs) / len(logs), 0.0))
