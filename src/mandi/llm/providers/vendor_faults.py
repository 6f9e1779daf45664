"""What pydantic-ai and the vendors' clients raise, in our names."""

from __future__ import annotations

import time
from collections.abc import Iterator

from mandi.core.retry_after import wait_s
from mandi.llm.provider import Fault, ProviderError
from mandi.llm.providers.faults import NotTheShape, answer_fault, unsayable, waited


def vendor_fault(
    provider: str,
    error: Exception,
    timeout_s: float,
    fair_s: float = 0.0,
    secret: str = "",
    sent: bool = True,
) -> ProviderError:
    """Return the error for what a vendor's client raised; its own text is left out, since it quotes bodies.

    Parameters
    ----------
    provider : str
    error : Exception
    timeout_s, fair_s : float
        Seconds the caller waited, and what would have been fair (``WireLimits.fair_s``).
    secret : str, optional
        The key, left out of codes.
    sent : bool, optional
        Whether anything went to the vendor; what fails before is in the prompt, and no fault of the vendor's.
    """
    from pydantic_ai import exceptions as told

    if isinstance(error, ProviderError):
        return error
    shapeless = next((e for e in _chain(error) if isinstance(e, NotTheShape)), None)
    if shapeless is not None:
        return ProviderError(provider, "malformed", f"{provider}: {shapeless}")
    if isinstance(error, (told.ModelRequestTimeout, TimeoutError)):
        return waited(provider, timeout_s, fair_s)
    if isinstance(error, told.ModelHTTPError):
        return answer_fault(provider, error.status_code, error.body, error.retry_after, secret)
    if isinstance(error, told.ModelConnectionError):
        return _lost(provider, error)
    if type(error) is told.ModelAPIError:  # without a kind: a body that is not JSON, a status that is neither
        return ProviderError(provider, "malformed", f"{provider} sent what cannot be read")
    if isinstance(error, told.ModelAPIError):
        fault = _category(error)
        return ProviderError(
            provider, fault, f"{provider} answered with an error ({fault})", retry_after=error.retry_after
        )
    if isinstance(error, told.ContentFilterError):
        return ProviderError(provider, "refused_request", f"{provider} will not speak of this", status=400)
    status = getattr(error, "status_code", None) or getattr(error, "code", None)
    if (
        isinstance(status, int) and status >= 300
    ):  # a client's own error, where it is asked without pydantic-ai
        body = getattr(error, "details", None) or getattr(error, "body", None)
        headers = getattr(getattr(error, "response", None), "headers", None) or {}
        return answer_fault(provider, status, body, wait_s(headers, time.time()), secret)
    if isinstance(error, told.UserError):
        return ProviderError(provider, "not_able", f"{provider} cannot do what the prompt asks for")
    if any(type(e).__module__.startswith(("httpx", "httpcore")) for e in _chain(error)):
        return _lost(provider, error)
    if not sent:
        return unsayable(provider)
    return ProviderError(provider, "malformed", f"{provider} sent what cannot be read")


def _lost(provider: str, error: Exception) -> ProviderError:
    names = {type(e).__name__ for e in _chain(error)}
    if names & {"ConnectError", "ConnectTimeout"}:
        return ProviderError(provider, "unreachable", f"{provider} could not be reached")
    if names & {"ReadTimeout", "WriteTimeout", "PoolTimeout", "APITimeoutError"}:
        return ProviderError(provider, "timeout", f"{provider} sent nothing in time")
    return ProviderError(provider, "cut", f"{provider} ended the connection before the answer was complete")


def _category(error: Exception) -> Fault:
    from pydantic_ai import exceptions as told

    kinds: tuple[tuple[type[Exception], Fault], ...] = (
        (told.ModelRateLimitError, "rate_limited"),
        (told.ModelQuotaExceededError, "rate_limited"),
        (told.ModelAuthenticationError, "refused_key"),
        (told.ModelNotFoundError, "not_able"),
        (told.ModelRequestRejectedError, "refused_request"),
    )
    return next((fault for kind, fault in kinds if isinstance(error, kind)), "server_error")


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        yield error
        error = error.__cause__ or error.__context__
