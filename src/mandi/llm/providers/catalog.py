"""The providers a configuration names: one line of a table each, there with a key and a model, else with what is missing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from mandi.core.errors import ConfigError, UnknownValue, nearest
from mandi.llm.provider import Kind, Provider, ProviderError
from mandi.llm.providers.connection import WireLimits
from mandi.llm.providers.openai_body import TokenLimit
from mandi.llm.providers.openai_wire import OpenAIWire

Shape = Literal["openai", "anthropic", "gemini"]
FAIR_S = 1.0
"""Seconds; a caller who waits less and gets nothing is no sign of a sick provider."""


@dataclass(frozen=True, slots=True)
class Spec:
    """How a provider is configured: the names of its settings, the first that is set counts.

    Attributes
    ----------
    shape : str
        Wire it speaks.
    key, url, model, embedding : tuple of str
        Settings of the key, the address, the models (the default first, with commas between) and the embedding models.
    default_url : str
        Address if none is set; without one the provider needs an address.
    default_path : str
        Added to an address without a path.
    needs_key : bool
    vendor : str
        As the price list names it; empty for the address itself.
    """

    name: str
    shape: Shape
    kind: Kind
    key: tuple[str, ...]
    url: tuple[str, ...]
    model: tuple[str, ...]
    embedding: tuple[str, ...] = ()
    default_url: str = ""
    default_path: str = ""
    needs_key: bool = True
    token_limit: TokenLimit = "max_tokens"
    vendor: str = ""


SPECS: tuple[Spec, ...] = (
    Spec(
        "openai", "openai", "vendor", ("OPENAI_API_KEY",), ("OPENAI_BASE_URL",), ("OPENAI_MODEL",),
        ("OPENAI_EMBEDDING_MODEL",), "https://api.openai.com/v1", "/v1", token_limit="max_completion_tokens", vendor="openai",
    ),
    Spec(
        "anthropic", "anthropic", "vendor", ("ANTHROPIC_API_KEY",), ("ANTHROPIC_BASE_URL",), ("ANTHROPIC_MODEL",),
        default_url="https://api.anthropic.com", vendor="anthropic",
    ),
    Spec(
        "gemini", "gemini", "vendor", ("GOOGLE_AI_API_KEY", "GEMINI_API_KEY"), ("GEMINI_BASE_URL",), ("GEMINI_MODEL",),
        ("GEMINI_EMBEDDING_MODEL",), "https://generativelanguage.googleapis.com", vendor="google",
    ),
    Spec(
        "local", "openai", "local", ("LOCAL_INFER_API_KEY",), ("LOCAL_INFER_URL", "LLAMA_ENDPOINT"),
        ("LOCAL_INFER_MODEL", "LLAMA_MODEL"), ("LOCAL_EMBEDDING_MODEL",), default_path="/v1", needs_key=False,
    ),
    Spec(
        "compatible", "openai", "vendor", ("COMPATIBLE_API_KEY",), ("COMPATIBLE_BASE_URL",), ("COMPATIBLE_MODEL",),
        ("COMPATIBLE_EMBEDDING_MODEL",), default_path="/v1", needs_key=False,
    ),
)  # fmt: skip


@dataclass(frozen=True)
class Catalog:
    """What there is and what is missing.

    Attributes
    ----------
    providers : dict of name to Provider
        In the order of the table.
    missing : dict of name to str
        Why another one of the table is not there; names settings, never their values.
    vendors : dict of name to str
        For the price list: vendors, or addresses of those it finds by their address.
    """

    providers: dict[str, Provider]
    missing: dict[str, str]
    vendors: dict[str, str] = field(default_factory=dict)

    def provider(self, name: str) -> Provider:
        """Return one by its name.

        Raises
        ------
        ConfigError
            It is known and not configured.
        UnknownValue
            There is no such provider.
        """
        if name in self.providers:
            return self.providers[name]
        if name in self.missing:
            raise ConfigError(f"{name} is not configured: {self.missing[name]}")
        known = [*self.providers, *self.missing]
        raise UnknownValue(f'no provider "{name[:80]}"{nearest(name, known)}', allowed=", ".join(known))

    async def close(self) -> None:
        """Close the connections of all."""
        for provider in self.providers.values():
            await provider.close()


def catalog(settings: Mapping[str, Any], limits: WireLimits | None = None) -> Catalog:
    """Make the providers a configuration names.

    Nothing is asked over the network. A provider whose settings cannot be used is missing with the reason; the others go on.

    Parameters
    ----------
    settings : mapping
        As the environment: values are text, or secrets as ``pydantic.SecretStr``; empty is absent.
    limits : WireLimits, optional
        Waits below a second are the caller's own if not given (``fair_s``).

    Examples
    --------
    >>> made = catalog({"LLAMA_ENDPOINT": "http://localhost:11434", "LLAMA_MODEL": "a-model:8b"})
    >>> list(made.providers), made.missing["openai"]
    (['local'], 'OPENAI_API_KEY is not set')
    """
    providers: dict[str, Provider] = {}
    missing: dict[str, str] = {}
    vendors: dict[str, str] = {}
    for spec in SPECS:
        try:
            providers[spec.name] = _made(spec, settings, limits or WireLimits(fair_s=FAIR_S))
        except ConfigError as error:
            missing[spec.name] = error.message + (f"; {error.next_command}" if error.next_command else "")
            continue
        if spec.kind == "vendor":
            vendors[spec.name] = spec.vendor or _text(settings, spec.url)
    return Catalog(providers, missing, vendors)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a provider says of its configured models: ``ok`` is None when it could not be asked."""

    provider: str
    ok: bool | None
    message: str


async def verify(provider: Provider, timeout_s: float = 10.0) -> Verdict:
    """Ask a provider whether it has the models it is configured for. It never raises, and start-up never waits for it.

    Parameters
    ----------
    provider : Provider
    timeout_s : float
        Seconds.
    """
    listed = getattr(provider, "listed", None)
    if listed is None:
        return Verdict(provider.name, None, f"{provider.name} keeps no list of models")
    try:
        has = set(await listed(timeout_s))
    except ProviderError as error:
        return Verdict(provider.name, None, f"{error.message} when it was asked for its models")
    wanted = [*provider.models(), *getattr(provider, "embedding_models", ())]
    gone = [m for m in wanted if m not in has and f"{m}:latest" not in has]  # Ollama adds the tag by itself
    if gone:
        names = ", ".join(f'"{m}"' for m in gone)
        return Verdict(
            provider.name, False, f"{provider.name} does not have {names}; it lists {len(has)} models"
        )
    return Verdict(provider.name, True, f"{provider.name} has {', '.join(wanted)}")


class _Key:
    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def get_secret_value(self) -> str:
        return self._value


def _made(spec: Spec, settings: Mapping[str, Any], limits: WireLimits) -> Provider:
    key = _text(settings, spec.key)
    url = _text(settings, spec.url) or spec.default_url
    models = _names(settings, spec.model)
    if spec.needs_key and not key:
        raise ConfigError(f"{' or '.join(spec.key)} is not set")
    if not url:
        raise ConfigError(f"{' or '.join(spec.url)} is not set")
    if not models:
        raise ConfigError(f"{' or '.join(spec.model)} is not set")
    embedding = _names(settings, spec.embedding)
    if spec.shape == "openai":
        return OpenAIWire(
            spec.name, url, models, key=_Key(key) if key else None, kind=spec.kind, embedding_models=embedding,
            token_limit=spec.token_limit, limits=limits, default_path=spec.default_path,
        )  # fmt: skip
    from mandi.llm.providers.vendors import Vendor

    return Vendor(
        spec.name, spec.shape, models, key=_Key(key), url=url, embedding_models=embedding, limits=limits
    )


def _text(settings: Mapping[str, Any], names: tuple[str, ...]) -> str:
    for name in names:
        value: Any = settings.get(name)
        shown = value.get_secret_value() if hasattr(value, "get_secret_value") else value
        if shown is not None and str(shown).strip():
            return str(shown).strip()
    return ""


def _names(settings: Mapping[str, Any], names: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(n for n in (part.strip() for part in _text(settings, names).split(",")) if n)
