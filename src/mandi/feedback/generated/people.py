"""Who asks: organisations and their users, each with habits of asking and of judging."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import numpy as np

from mandi.feedback.generated.params import GeneratedParams

Rng = np.random.Generator
LANGUAGES = ("en", "hi", "ta")
SHARES = (0.86, 0.09, 0.05)
SHORTEST = 10
MEAN_DAYS = 70.0


@dataclass(frozen=True, slots=True)
class Trader:
    """A user.

    Attributes
    ----------
    pseudonym, organization : str
    habit : float
        Added to the log-odds of a high rating.
    polite : float
        What a polite answer is worth to them, in log-odds.
    troll : bool
        Rates at random.
    rates : float
        How much oftener than others they rate.
    consents : bool
    language : str
        Of their texts in words: en, hi or ta.
    first, last : int
        Days of the log between which they ask.
    weight : float
        How much they ask on such a day.
    """

    pseudonym: str
    organization: str
    habit: float
    polite: float
    troll: bool
    rates: float
    consents: bool
    language: str
    first: int
    last: int
    weight: float


def traders(params: GeneratedParams, rng: Rng) -> list[Trader]:
    """Return the users; most are there for some weeks or months, so that every period has people of its own."""
    found = []
    for k in range(params.users):
        organization = int(rng.integers(params.organizations)) if k >= params.organizations else k
        first = int(rng.integers(0, max(params.days - SHORTEST, 1)))
        last = min(first + SHORTEST + int(rng.exponential(MEAN_DAYS)), params.days - 1)
        found.append(
            Trader(
                pseudonym=f"u-{token(params.seed, 'user', k)}", organization=f"o-{token(params.seed, 'org', organization)}",
                habit=float(rng.normal(0.0, params.opinions.habit)), polite=float(rng.uniform(0.0, 0.5)),
                troll=bool(rng.random() < params.opinions.trolls), rates=float(rng.lognormal(-0.18, 0.6)),
                consents=bool(rng.random() < params.consent), language=str(rng.choice(LANGUAGES, p=SHARES)), first=first, last=last,
                weight=float(rng.lognormal(0.0, 0.8)),
            )
        )  # fmt: skip
    return found


def somebody(rng: Rng, params: GeneratedParams | None = None) -> Trader:
    """Return a user of no organisation in particular, for answers that come from a running service."""
    known = params or GeneratedParams(users=1, organizations=1)
    return traders(known, rng)[0]


def token(seed: int, kind: str, number: int) -> str:
    """Return a short id that is the same for the same seed, kind and number.

    Examples
    --------
    >>> token(1, "user", 2) == token(1, "user", 2) != token(1, "user", 3)
    True
    """
    return hashlib.blake2b(f"{seed}/{kind}/{number}".encode(), digest_size=8).hexdigest()
