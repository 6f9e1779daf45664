"""Parameters of tuning at vendors, the section ``tuning.vendors`` of params.yaml, and the two switches before money is spent."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field

from mandi.core.errors import ConfigError, nearest

SWITCH = "ENABLE_VENDOR_TUNING"
YES = {"1", "true", "yes", "on"}


@dataclass(frozen=True)
class VendorParams:
    """What may be asked of vendors.

    Attributes
    ----------
    enabled : bool
        The first switch; the second is the environment variable ``ENABLE_VENDOR_TUNING``.
    most_usd : float
        A job that is estimated to cost more is refused.
    epochs : int
    beta : float
        Of preferences: how closely the model stays to what it was.
    adapter_size : int
        Of Gemini: 1, 2, 4, 8 or 16.
    learning_rate_multiplier : float, optional
        The vendor's own choice if not given.
    prices : mapping of vendor to mapping of model to float
        USD a million tokens of training, copied from the vendor's price list; no page is read while this runs. A model
        without a price is not tuned.
    """

    enabled: bool = False
    most_usd: float = 20.0
    epochs: int = 3
    beta: float = 0.1
    adapter_size: int = 4
    learning_rate_multiplier: float | None = None
    prices: Mapping[str, Mapping[str, float]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.epochs < 1:
            raise ConfigError(f"tuning.vendors.epochs is {self.epochs}", allowed="1 or more")
        if self.adapter_size not in (1, 2, 4, 8, 16):
            raise ConfigError(f"tuning.vendors.adapter_size is {self.adapter_size}", allowed="1, 2, 4, 8, 16")

    def price(self, vendor: str, model: str) -> float:
        """Return USD a million tokens of training.

        Raises
        ------
        ConfigError
            There is none for this model.

        Examples
        --------
        >>> VendorParams(prices={"openai": {"gpt-4.1-nano": 1.5}}).price("openai", "gpt-4.1-nano")
        1.5
        """
        known = self.prices.get(vendor, {})
        if model not in known:
            raise ConfigError(
                f'no price of tuning "{model}" at {vendor} is known{nearest(model, known)}, so its cost cannot be told',
                allowed=", ".join(sorted(known)) or "none yet",
                next_command=f"add it under tuning.vendors.prices.{vendor} in params.yaml",
            )
        return known[model]


def require_switched_on(params: VendorParams, environment: Mapping[str, str] | None = None) -> None:
    """Refuse to send anything to a vendor unless both switches are on.

    Raises
    ------
    ConfigError
        One of them is off.
    """
    given = os.environ if environment is None else environment
    if not params.enabled:
        raise ConfigError(
            "tuning at vendors is off in params.yaml",
            allowed="tuning.vendors.enabled: true; mandi tune local needs no vendor",
        )
    if given.get(SWITCH, "").strip().lower() not in YES:
        raise ConfigError(
            "tuning at vendors is off in the environment",
            allowed=f"{SWITCH}=true",
            next_command=f"export {SWITCH}=true",
        )
