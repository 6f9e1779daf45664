"""What went wrong with a vendor, in our names: statuses, error objects, lost connections, and how long to wait."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from mandi.llm.provider import Fault, ProviderError

_STATUS: dict[int, Fault] = {
    401: "refused_key",
    402: "refused_key",
    403: "refused_key",
    407: "refused_key",
    408: "timeout",
    429: "rate_limited",
    501: "not_able",
    504: "timeout",
}
# words of an error object, the first that fits: vendors name the same thing in many ways
_WORDS: tuple[tuple[str, Fault], ...] = (
    ("rate_limit", "rate_limited"),
    ("resource_exhausted", "rate_limited"),
    ("too_many", "rate_limited"),
    ("quota", "rate_limited"),
    ("overloaded", "server_error"),
    ("unavailable", "server_error"),
    ("api_key", "refused_key"),
    ("authentication", "refused_key"),
    ("unauthenticated", "refused_key"),
    ("permission", "refused_key"),
    ("billing", "refused_key"),
    ("timeout", "timeout"),
    ("deadline", "timeout"),
    ("model_not_found", "not_able"),
    ("unimplemented", "not_able"),
    ("invalid", "refused_request"),
    ("not_found", "refused_request"),
    ("context_length", "refused_request"),
    ("content_", "refused_request"),
    ("too_large", "refused_request"),
)
_CONTENT = ("content_", "moderation", "safety", "flagged")
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_. -]{0,47}")


class NotTheShape(ValueError):
    """An answer that is not what the wire promises; the text says what is missing and quotes nothing of it."""


def status_fault(status: int) -> Fault:
    """Return the fault of an HTTP status that is not a success.

    Examples
    --------
    >>> [status_fault(s) for s in (302, 400, 401, 404, 429, 503, 529)]
    ['malformed', 'refused_request', 'refused_key', 'refused_request', 'rate_limited', 'server_error', 'server_error']
    """
    if status in _STATUS:
        return _STATUS[status]
    if status >= 500:
        return "server_error"
    return "refused_request" if status >= 400 else "malformed"


def answer_fault(
    provider: str, status: int, body: Any, retry_after: float | None = None, secret: str = ""
) -> ProviderError:
    """Return the error for an answer that is not a success, or for an error object inside a success.

    The vendor's sentence is left out: it may quote the key or the prompt. Its short codes are kept.

    Parameters
    ----------
    provider : str
    status : int
        HTTP status; 200 for an error object inside a success.
    body : object
        The answer as plain data, if it was JSON.
    retry_after : float, optional
        Seconds.
    secret : str, optional
        A code that holds it is left out.

    Examples
    --------
    >>> answer_fault("local", 404, {"error": {"message": "no model m", "code": "model_not_found"}}).fault
    'not_able'
    >>> error = answer_fault("openai", 200, {"error": {"type": "rate_limit_error", "message": "..."}})
    >>> error.fault, error.message
    ('rate_limited', 'openai answered 200 with an error (rate_limit_error)')
    """
    told = _error_object(body)
    codes = [
        c for c in (_code(told.get(k)) for k in ("type", "code", "status")) if c and c.lower() != "error"
    ]
    if secret:
        codes = [c for c in codes if secret not in c]
    words = " ".join(codes).lower().replace("-", "_").replace(" ", "_")
    inner = _inner_status(told)
    if status < 300:
        fault = status_fault(inner) if inner else _fault_in(words) or "server_error"
    else:
        fault = status_fault(status)
        # 404 of a path and 404 of a model are different: the first is refused, the second this provider has not got
        if status in (400, 404) and ("model_not_found" in words or _about_model(status, told)):
            fault = "not_able"
        elif status == 400 and _fault_in(words) == "refused_key":
            fault = "refused_key"
        elif status == 403 and _about_content(words, told):
            fault = "refused_request"
    note = f" ({', '.join(dict.fromkeys(codes))})" if codes else ""
    with_error = " with an error" if status < 300 else ""
    return ProviderError(
        provider, fault, f"{provider} answered {status}{with_error}{note}", status=inner if status < 300 else status,
        retry_after=retry_after,
    )  # fmt: skip


def is_error(told: Any) -> bool:
    """Return whether plain data is an error object: below ``error``, or by itself as some servers send it.

    Examples
    --------
    >>> is_error({"error": {"code": 500}}), is_error({"object": "error", "message": "..."}), is_error({"error": None})
    (True, True, False)
    """
    return isinstance(told, dict) and (told.get("error") is not None or told.get("object") == "error")


def waited(provider: str, timeout_s: float, fair_s: float) -> ProviderError:
    """Return the error for a wait that is over: the caller's own when it was shorter than what is fair, in seconds.

    Examples
    --------
    >>> waited("local", 0.05, fair_s=1.0).fault, waited("local", 0, fair_s=0).fault, waited("local", 5, fair_s=1.0).fault
    ('refused_request', 'refused_request', 'timeout')
    """
    if timeout_s <= 0 or timeout_s < fair_s:
        said = f"the caller waited {timeout_s:g} s, which is too short for {provider}"
        return ProviderError(provider, "refused_request", said, status=408)
    return ProviderError(provider, "timeout", f"{provider} did not answer in {timeout_s:g} s")


def unsayable(provider: str) -> ProviderError:
    """Return the error for a prompt that cannot be written as a request: half a letter, or a tool without a schema."""
    return ProviderError(
        provider, "refused_request", f"the prompt cannot be written as a request to {provider}", status=400
    )


def no_model(provider: str, model: str, kind: str = "model") -> ProviderError:
    """Return the error for a model a provider is not configured for; a longer name than any is cut."""
    return ProviderError(provider, "not_able", f'{provider} has no {kind} "{model[:80]}"')


def connection_fault(provider: str, error: Exception) -> ProviderError:
    """Return the error for what aiohttp raises on the way; its own text is left out, since it may hold addresses.

    Parameters
    ----------
    provider : str
    error : Exception
        A total timeout (``TimeoutError``) is the wait of the caller: told apart by the wire before it asks here.
    """
    import aiohttp

    fault: Fault
    if isinstance(error, (aiohttp.ConnectionTimeoutError, aiohttp.ClientConnectorError)):
        fault, said = "unreachable", "could not be reached"
    elif isinstance(error, TimeoutError):
        fault, said = "timeout", "sent nothing in time"
    elif isinstance(error, (aiohttp.ServerDisconnectedError, aiohttp.ClientPayloadError)):
        fault, said = "cut", "ended the connection before the answer was complete"
    elif isinstance(error, (aiohttp.ClientResponseError, aiohttp.ClientConnectionError, OSError)):
        broken = isinstance(error, aiohttp.ClientResponseError)
        fault, said = ("malformed", "does not speak HTTP") if broken else ("cut", "lost the connection")
    else:
        fault, said = "malformed", "sent what cannot be read"
    return ProviderError(provider, fault, f"{provider} {said}")


def _error_object(body: Any) -> Mapping[str, Any]:
    if isinstance(body, list) and body:
        body = body[0]  # one of Google's streams wraps its error in a list
    if not isinstance(body, dict):
        return {}
    told = body.get("error", body)
    return told if isinstance(told, dict) else {"message": told}


def _code(value: Any) -> str | None:
    return value if isinstance(value, str) and _NAME.fullmatch(value) else None


def _inner_status(told: Mapping[str, Any]) -> int | None:
    for key in ("code", "status_code", "status"):
        value = told.get(key)
        if isinstance(value, str) and value.isdecimal() and len(value) == 3:
            value = int(value)
        if isinstance(value, int) and 400 <= value < 600:
            return value
    return None


def _fault_in(words: str) -> Fault | None:
    return next((fault for word, fault in _WORDS if word in words), None)


def _about_content(words: str, told: Mapping[str, Any]) -> bool:
    # what one caller wrote was found unfit: no word about our key, and no reason to ask for nobody any more
    more = told.get("metadata")
    flagged = isinstance(more, Mapping) and "flagged_input" in more
    return flagged or any(word in words for word in _CONTENT)


def _about_model(status: int, told: Mapping[str, Any]) -> bool:
    message = told.get("message")
    return status == 404 and isinstance(message, str) and "model" in message[:300].lower()
