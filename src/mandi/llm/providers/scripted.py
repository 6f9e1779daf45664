"""A provider that plays a part in this process: it answers from the facts it is given, and fails when it is told to."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from typing import ClassVar

from mandi.llm.deal import DealAnalysis, PriceView
from mandi.llm.messages import Completion, Delta, Embeddings, Prompt, Usage
from mandi.llm.prompts.analysis import price_view
from mandi.llm.provider import Fault, Kind, ProviderError
from mandi.llm.token_estimate import prompt_tokens, tokens_in

NAME = "scripted"
FAIR_PCT = 5.0  # nearer to the fair price than this is called fair
CHAT = (
    "This sentence comes from a script in your own process, word by word, the way a vendor's would come over the "
    "wire. What the models of the house say about your question was handed to me as data beside it."
)


@dataclass
class ScriptedVendor:
    """Stands where a vendor stands, so that everything around a vendor can be seen without one.

    Parameters
    ----------
    name : str
        As in routes, records and prices.
    latency_s : float
        Seconds before its first word.
    pause_s : float
        Seconds between two words of a stream.

    Attributes
    ----------
    fault : str, optional
        What goes wrong with every call until ``mend``; None while it is well.
    asked : int
        Calls that reached it.

    Examples
    --------
    >>> from mandi.llm.messages import Message
    >>> vendor, prompt = ScriptedVendor(latency_s=0.0), Prompt((Message("user", "Is tur dear?"),))
    >>> asyncio.run(vendor.complete(prompt, "script-1", 1.0)).text[:28]
    'This sentence comes from a s'
    >>> vendor.break_down("server_error", 503)
    >>> asyncio.run(vendor.complete(prompt, "script-1", 1.0))
    Traceback (most recent call last):
    mandi.llm.provider.ProviderError: server_error, as the script says
    """

    kind: ClassVar[Kind] = "vendor"
    name: str = NAME
    latency_s: float = 0.05
    pause_s: float = 0.0
    fault: Fault | None = field(default=None, init=False)
    status: int | None = field(default=None, init=False)
    asked: int = field(default=0, init=False)

    def models(self) -> Sequence[str]:
        """Return its one model."""
        return ("script-1",)

    def break_down(self, fault: Fault = "server_error", status: int | None = None) -> None:
        """Fail from now on.

        Parameters
        ----------
        fault : str
            One of ``mandi.llm.provider.Fault``.
        status : int, optional
            HTTP status that a real vendor would have sent.
        """
        self.fault, self.status = fault, status

    def mend(self) -> None:
        """Answer again."""
        self.fault, self.status = None, None

    async def complete(self, prompt: Prompt, model: str, timeout_s: float) -> Completion:
        """Answer.

        Raises
        ------
        ProviderError
            The script says so.
        """
        await self._begin()
        return self._said(prompt, model)

    async def stream(self, prompt: Prompt, model: str, timeout_s: float) -> AsyncIterator[Delta | Completion]:
        """Answer word by word.

        Raises
        ------
        ProviderError
            The script says so.
        """
        await self._begin()
        whole = self._said(prompt, model)
        for number, word in enumerate(whole.text.split(" ")):
            yield Delta(f" {word}" if number else word)
            await asyncio.sleep(self.pause_s)
        yield whole

    async def embed(self, texts: Sequence[str], model: str, timeout_s: float) -> Embeddings:
        """Refuse.

        Raises
        ------
        ProviderError
            ``not_able``.
        """
        raise ProviderError(self.name, "not_able", "the script has no vectors")

    async def close(self) -> None:
        """Do nothing."""

    async def _begin(self) -> None:
        self.asked += 1
        await asyncio.sleep(self.latency_s)
        if self.fault is not None:
            raise ProviderError(
                self.name, self.fault, f"{self.fault}, as the script says", status=self.status
            )

    def _said(self, prompt: Prompt, model: str) -> Completion:
        text = _analysis(prompt) if prompt.task == "deal_analysis" else CHAT
        usage = Usage(prompt_tokens(prompt), tokens_in(text))
        return Completion(text, self.name, model, usage=usage, latency_ms=1000 * self.latency_s)


def _analysis(prompt: Prompt) -> str:
    view = price_view(prompt.facts)
    if view is None:
        told = DealAnalysis(
            analysis="Nothing is known of the fair price, so the script has no opinion.", verdict="unknown",
            risk="unknown", recommendations=["Ask again once a price model is served."], reasons=[],
        )  # fmt: skip
    else:
        told = _opinion(view, buys=(prompt.facts.get("deal") or {}).get("side", "buy") == "buy")
    return told.model_dump_json(exclude={"confidence", "price"})


def _opinion(view: PriceView, *, buys: bool) -> DealAnalysis:
    dearer = view.difference_pct > 0
    near = abs(view.difference_pct) <= FAIR_PCT
    side = "above" if dearer else "below"
    return DealAnalysis(
        analysis=f"The price asked is {abs(view.difference_pct):.1f} % {side} the fair price of {view.fair_price:,.0f}.",
        verdict="fair" if near else "unfavourable" if dearer == buys else "favourable",
        risk="low" if view.inside_95 else "medium",
        recommendations=["Agree." if near else "Bargain." if dearer == buys else "Ask why it is so good."],
        reasons=[f"The price model's fair price, {view.fair_price:,.0f} INR per quintal."],
    )
