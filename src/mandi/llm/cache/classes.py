"""What may be cached and for how long, by the kind of work.

Two rules of the issues differ (cache every answer; cache deterministic tasks only). The second one stands: an answer is cached
where the same question has the same answer. A chat or a free text is asked again to be answered again, and is cached only
where that is switched on and the caller asks for temperature 0.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from random import Random

from mandi.llm.messages import Prompt, Task

HOUR_S = 3600.0
TTL_S: dict[Task, float] = {
    "deal_analysis": 300.0,
    "classification": HOUR_S,
    "scoring": HOUR_S,
    "summarization": HOUR_S,
    "embedding": 24 * HOUR_S,
}
FREE: tuple[Task, ...] = ("chat", "generation")


@dataclass(frozen=True, slots=True)
class CacheRules:
    """What is cached.

    Attributes
    ----------
    enabled : bool
    ttl_s : mapping of task to seconds
        Tasks that are not in it are not cached.
    free_at_zero : bool
        Whether chat and generation at temperature 0 are cached too, for ``free_ttl_s``.
    jitter : float
        Share of a time to live that is drawn away, so that answers stored together are not over together.
    """

    enabled: bool = True
    ttl_s: Mapping[Task, float] = field(default_factory=lambda: dict(TTL_S))
    free_at_zero: bool = False
    free_ttl_s: float = HOUR_S
    jitter: float = 0.1

    def ttl_of(self, prompt: Prompt) -> float | None:
        """Return how long an answer may be kept, in seconds, or None if it may not.

        Examples
        --------
        >>> rules = CacheRules(free_at_zero=True)
        >>> rules.ttl_of(Prompt((), task="scoring")), rules.ttl_of(Prompt((), task="chat"))
        (3600.0, None)
        >>> rules.ttl_of(Prompt((), task="chat", temperature=0.0))
        3600.0
        """
        if not self.enabled:
            return None
        if prompt.task in FREE:
            return self.free_ttl_s if self.free_at_zero and prompt.temperature == 0 else None
        return self.ttl_s.get(prompt.task)

    def jittered(self, ttl_s: float, rng: Random) -> float:
        """Return a time to live a little shorter than asked."""
        return ttl_s * (1.0 - self.jitter * rng.random())
