"""Reads a typed analysis: its shape is checked, and figures of price are always those of the models."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from mandi.llm.deal import Deal, DealAnalysis, PriceView
from mandi.llm.prompts.deal_money import DealMoney, deal_money
from mandi.llm.prompts.stated_figures import unsupported
from mandi.llm.provider import ProviderError

FENCE = "```"
NUL = "\\u0000"  # as JSON writes it; no database of ours keeps the letter
MOST_NAMED = 5


def parse_analysis(
    text: str, facts: Mapping[str, Any] | None = None, provider: str = "vendor"
) -> DealAnalysis:
    """Return the analysis a provider wrote.

    The price beside the fair price is put in from the findings, whatever the text says of it. A confidence that a
    vendor reports of itself is dropped: it is not calibrated. Figures in the words that are neither in the facts nor
    follow from them are named in a last reason.

    Parameters
    ----------
    text : str
        JSON of ``DealAnalysis``, alone or in one code fence.
    facts : mapping, optional
        ``Prompt.facts`` of the question.
    provider : str
        Who wrote it.

    Raises
    ------
    ProviderError
        ``malformed``: no JSON, a field is missing, unknown or of another type. What was written is not repeated.

    Examples
    --------
    >>> parse_analysis('{"analysis": "Fair.", "verdict": "fair", "risk": "low", "recommendations": [], "reasons": [],'
    ...                ' "confidence": 0.99}').confidence is None
    True
    """
    try:
        read = DealAnalysis.model_validate_json(_bare(text).replace(NUL, "\\ufffd"))
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False, include_context=False)[0]
        place = ".".join(str(part) for part in first["loc"])[:60] or "the whole text"
        known = all(str(part) in DealAnalysis.model_fields or isinstance(part, int) for part in first["loc"])
        where = place if known else "an unknown field"
        raise ProviderError(
            provider, "malformed", f"the analysis is not of its shape: {where} ({first['type']})"
        ) from None
    reasons = list(read.reasons)
    if facts is not None:
        told = "\n".join([read.analysis, *read.recommendations, *read.reasons])
        if unknown := unsupported(told, facts):
            reasons.append(
                f"Not among the models' figures, check before use: {', '.join(unknown[:MOST_NAMED])}"
            )
    view = price_view(facts) if facts is not None else None
    return read.model_copy(update={"price": view, "confidence": None, "reasons": reasons})


def deal_of(facts: Mapping[str, Any]) -> Deal:
    """Return the deal in the facts of a prompt.

    Raises
    ------
    ValidationError
        They hold none.
    """
    return Deal.model_validate(facts.get("deal"))


def money_of(facts: Mapping[str, Any]) -> DealMoney:
    """Return the money of the deal in the facts, with the rate of exchange that the price finding used."""
    told = ((facts.get("findings") or {}).get("price") or {}).get(
        "answer"
    ) or {}  # held there even without a fair price
    return deal_money(deal_of(facts), told.get("usd_inr"), told.get("usd_inr_source"))


def price_view(facts: Mapping[str, Any]) -> PriceView | None:
    """Return the deal's price beside the fair price; None when either is not known.

    Parameters
    ----------
    facts : mapping
        ``deal`` and ``findings`` as plain data.
    """
    answer = answered(facts, "price")
    if not answer:
        return None
    price = money_of(facts).price
    if price is None:
        return None
    fair, low, high = (float(answer[n]) for n in ("predicted_price", "lower_bound_95", "upper_bound_95"))
    return PriceView(
        deal_price=price, fair_price=fair, lower_bound_95=low, upper_bound_95=high,
        difference_pct=100.0 * (price - fair) / fair, inside_95=low <= price <= high,
    )  # fmt: skip


def answered(facts: Mapping[str, Any], model: str) -> Mapping[str, Any]:
    """Return the answer of a model in the facts; empty unless it answered."""
    finding = (facts.get("findings") or {}).get(model) or {}
    answer: Mapping[str, Any] = finding.get("answer") or {}
    return answer if finding.get("standing") == "answered" else {}


def _bare(text: str) -> str:
    stripped = text.strip()
    if stripped.startswith(FENCE) and stripped.endswith(FENCE) and len(stripped) > 2 * len(FENCE):
        first, _, rest = stripped[len(FENCE) : -len(FENCE)].partition("\n")
        return rest if first.strip().lower() in ("", "json") else stripped
    return stripped
