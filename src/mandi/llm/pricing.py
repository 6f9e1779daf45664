"""What an answer costs, before it is asked for and after: dated public prices, never zero for what nobody knows."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import ROUND_CEILING, Decimal
from typing import TYPE_CHECKING, Any, Literal

from mandi.core.errors import ConfigError, MandiError
from mandi.llm.deal import MICRO
from mandi.llm.messages import Prompt, Usage
from mandi.llm.token_estimate import prompt_tokens

if TYPE_CHECKING:
    from genai_prices.types import ModelInfo

Unknown = Literal["refuse", "worst"]
MILLION = Decimal(1_000_000)
FREE = frozenset({"local", "student", "mock", "analyst"})
"""Providers that charge nothing by declaration: they answer on our own machines."""
DEFAULT_MAX_TOKENS = 1024
MOST_KNOWN = 512
_DATED = re.compile(r"^(?P<model>.+?)[-@](\d{4}-\d{2}-\d{2}|\d{8}|latest)$")
_DAY = re.compile(r"\b(20\d\d-[01]\d-[0-3]\d)\b")


class UnknownPrice(MandiError):
    """A model has no price, and the policy is to refuse it."""

    headline = "the price of a model is not known"


@dataclass(frozen=True, slots=True)
class Price:
    """Dollars for a million tokens: read, read from the vendor's cache, and written.

    Examples
    --------
    >>> Price(Decimal("0.15"), Decimal("0.60")).of(Usage(1_000_000, 500_000))
    Decimal('0.45')
    """

    input: Decimal
    output: Decimal
    cached: Decimal | None = None

    def of(self, usage: Usage) -> Decimal:
        """Return dollars, not rounded."""
        cached = min(usage.cached_tokens, usage.prompt_tokens) if self.cached is not None else 0
        paid = self.input * (usage.prompt_tokens - cached) + (self.cached or Decimal(0)) * cached
        return (paid + self.output * usage.completion_tokens) / MILLION


class Prices:
    """Prices by provider and model.

    The order is: free by declaration, the settings' own price, the public price (genai-prices, bundled with that package and
    never fetched), then the policy for what is unknown. Dollars are rounded up to a millionth: many small calls never add
    up to nothing.

    Parameters
    ----------
    vendors : mapping of provider to vendor
        Vendor as genai-prices names it (``openai``, ``anthropic``, ``google``, ...), or its address.
    overrides : mapping, optional
        By model, by ``provider/model``, or by ``provider/*`` for all unknown models of a provider (a ceiling):
        ``{"input": "0.15", "output": "0.6", "cached": "0.075"}``, dollars for a million tokens.
    unknown : str or mapping of provider to str, optional
        ``worst`` takes the dearest known model of the vendor, or the dearest of all when the vendor is unknown too;
        ``refuse`` raises.
    max_tokens : mapping of model to int, optional
        Tokens a model may write when a prompt sets no bound.
    free : set of str, optional
        Providers that charge nothing.
    now : callable, optional
        Moment, for prices that change on a date.

    Raises
    ------
    ConfigError
        A price of the settings is not a number from zero on, or its field is unknown.

    Examples
    --------
    >>> prices = Prices({"openai": "openai"}, overrides={"fake": {"input": "1", "output": "2"}})
    >>> prices.cost(Usage(1000, 500), "fake", "openai"), prices.cost(Usage(1000, 500), "fake", "student")
    (Decimal('0.002000'), Decimal('0.000000'))
    """

    def __init__(
        self,
        vendors: Mapping[str, str] | None = None,
        *,
        overrides: Mapping[str, Mapping[str, Any]] | None = None,
        unknown: Unknown | Mapping[str, Unknown] = "worst",
        max_tokens: Mapping[str, int] | None = None,
        default_max_tokens: int = DEFAULT_MAX_TOKENS,
        free: frozenset[str] = FREE,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._vendors = dict(vendors or {})
        self._overrides = {name: _price(name, told) for name, told in (overrides or {}).items()}
        self._unknown = unknown
        self._max_tokens = dict(max_tokens or {})
        self._default_max_tokens = default_max_tokens
        self._free = free
        self._now = now
        self._snapshot = _snapshot()
        self._dearest: dict[tuple[str | None, date], tuple[Price, ...]] = {}
        self._known: dict[tuple[str, str], Price | ModelInfo | None] = {}
        self._minute = -1

    @property
    def source(self) -> str:
        """Return where public prices come from, and the latest day their data speaks of."""
        from importlib.metadata import version

        today = self._now().date().isoformat()
        said = [p.price_comments or "" for p in self._snapshot.providers]
        said += [m.price_comments or "" for p in self._snapshot.providers for m in p.models]
        days = [day for text in said for day in _DAY.findall(text) if day <= today]
        return f"genai-prices {version('genai-prices')}, bundled data that speaks of {max(days, default='no day')}"

    def cost(self, usage: Usage, model: str, provider: str) -> Decimal:
        """Return what an answer cost, in dollars rounded up to a millionth.

        Parameters
        ----------
        usage : Usage
            Of the answer; an estimated one is priced like a told one.
        model : str
            As it was asked for, or as the vendor names it (a date at its end is left out where needed).
        provider : str

        Raises
        ------
        UnknownPrice
            Nobody knows it, and the policy is to refuse.
        """
        return self._dollars(usage, model, provider).quantize(MICRO, rounding=ROUND_CEILING)

    def estimate(self, prompt: Prompt, model: str, provider: str) -> Decimal:
        """Return what a call may cost at most, for a reservation before it.

        All tokens of the prompt at the full price, and as many tokens written as the prompt allows (``writes_at_most``).

        Raises
        ------
        UnknownPrice
            As ``cost``.
        """
        return self.cost(Usage(prompt_tokens(prompt), self.writes_at_most(prompt, model)), model, provider)

    def writes_at_most(self, prompt: Prompt, model: str) -> int:
        """Return the bound of an answer in tokens: the prompt's, else the model's of the settings, else the default.

        A vendor knows only the prompt's own bound, so whoever reserves sends this number as ``max_tokens``.
        """
        return prompt.max_tokens or self._max_tokens.get(model, self._default_max_tokens)

    def check(self, model: str, provider: str) -> str:
        """Return how a model is priced: ``free``, ``settings``, ``public`` or ``worst``; for start-up reports.

        Raises
        ------
        UnknownPrice
            As ``cost``.
        """
        if provider in self._free:
            return "free"
        if self._own(model, provider) is not None:
            return "settings"
        if self._public(model, provider) is not None:
            return "public"
        self._dollars(Usage(1, 1), model, provider)
        return "settings" if f"{provider}/*" in self._overrides else "worst"

    def _dollars(self, usage: Usage, model: str, provider: str) -> Decimal:
        if provider in self._free:
            return Decimal(0)
        own = self._own(model, provider)
        if own is not None:
            return own.of(usage)
        known = self._public(model, provider)
        if isinstance(known, Price):
            return known.of(usage)
        if known is not None:
            return _tiered_dollars(known, usage, self._now())
        ceiling = self._overrides.get(f"{provider}/*")
        if ceiling is not None:
            return ceiling.of(usage)
        policy = self._unknown if isinstance(self._unknown, str) else self._unknown.get(provider, "worst")
        if policy == "refuse":
            raise UnknownPrice(
                f'no price is known for the model "{model[:80]}" of {provider}',
                allowed="a model of genai-prices, or a price in the settings",
            )
        return max(price.of(usage) for price in self._worst(self._vendors.get(provider)))

    def _own(self, model: str, provider: str) -> Price | None:
        for name in _names(model):
            own = self._overrides.get(f"{provider}/{name}") or self._overrides.get(name)
            if own is not None:
                return own
        return None

    def _public(self, model: str, provider: str) -> Price | ModelInfo | None:
        minute = int(self._now().timestamp() // 60)  # prices may change by the hour
        if minute != self._minute or len(self._known) > MOST_KNOWN:
            self._known.clear()
            self._minute = minute
        if (provider, model) not in self._known:
            self._known[provider, model] = self._looked_up(model, provider)
        return self._known[provider, model]

    def _looked_up(self, model: str, provider: str) -> Price | ModelInfo | None:
        vendor = self._vendors.get(provider)
        if vendor is None:
            return None
        by_address = "://" in vendor
        for name in _names(model):
            try:
                _, known = self._snapshot.find_provider_model(
                    name, None, None if by_address else vendor, vendor if by_address else None
                )
            except LookupError:
                continue
            price = _flat(known, self._now())
            if price is not None and price.input > 0:  # a model with a free tier is not free to us
                return known if _is_tiered(known.get_prices(self._now())) else price
        return None

    def _worst(self, vendor: str | None) -> tuple[Price, ...]:
        key = (vendor, self._now().date())
        if key not in self._dearest:
            known = [p for p in self._snapshot.providers if vendor in (None, p.id)]
            if vendor is not None and not known:
                try:
                    address = vendor if "://" in vendor else None
                    known = [self._snapshot.find_provider(None, None if address else vendor, address)]
                except LookupError:
                    known = list(self._snapshot.providers)
            prices = [_flat(m, self._now()) for p in known for m in p.models]
            self._dearest[key] = _front([p for p in prices if p is not None])
        return self._dearest[key]


def _snapshot() -> Any:
    try:
        from genai_prices.data_snapshot import get_snapshot
    except ImportError:
        raise ConfigError(
            "genai-prices is not installed", next_command='pip install "mandi[serving]"'
        ) from None
    return get_snapshot()


def _price(name: str, told: Mapping[str, Any]) -> Price:
    if not isinstance(told, Mapping) or set(told) - {"input", "output", "cached"} or "input" not in told:
        raise ConfigError(f'the price of "{name}" cannot be read', allowed="input, output, cached")
    try:
        numbers = {key: Decimal(str(value)) for key, value in told.items()}
    except ArithmeticError:
        raise ConfigError(
            f'the price of "{name}" is not a number', allowed="dollars for a million tokens"
        ) from None
    if not all(n.is_finite() and n >= 0 for n in numbers.values()):
        raise ConfigError(f'the price of "{name}" is below zero', allowed="dollars for a million tokens")
    return Price(numbers["input"], numbers.get("output", Decimal(0)), numbers.get("cached"))


def _names(model: str) -> tuple[str, ...]:
    dated = _DATED.match(model)
    return (model, dated["model"]) if dated else (model,)


def _tiered_dollars(known: ModelInfo, usage: Usage, now: datetime) -> Decimal:
    from genai_prices import Usage as Told

    told = Told(
        input_tokens=usage.prompt_tokens,
        output_tokens=usage.completion_tokens,
        cache_read_tokens=min(usage.cached_tokens, usage.prompt_tokens),
    )
    return Decimal(known.get_prices(now).calc_price(told)["total_price"])


def _flat(known: ModelInfo, now: datetime) -> Price | None:
    # the dearest tier; a model that is not priced by tokens of text has no price here
    prices = known.get_prices(now)
    asked, said, cached = (
        _dearest_tier(getattr(prices, field, None))
        for field in ("input_mtok", "output_mtok", "cache_read_mtok")
    )
    return None if asked is None else Price(asked, said or Decimal(0), cached)


def _is_tiered(prices: Any) -> bool:
    told = (getattr(prices, f, None) for f in ("input_mtok", "output_mtok", "cache_read_mtok"))
    return any(t is not None and not isinstance(t, Decimal) for t in told)


def _dearest_tier(told: Any) -> Decimal | None:
    if told is None or isinstance(told, Decimal):
        return told
    return max([told.base, *(tier.price for tier in told.tiers)])


def _front(prices: Sequence[Price]) -> tuple[Price, ...]:
    front: list[Price] = []
    for price in sorted(prices, key=lambda p: (-p.input, -p.output)):
        if not front or price.output > front[-1].output:
            front.append(
                Price(price.input, price.output)
            )  # what is read from a cache is dear too when nothing is known
    return tuple(front)
