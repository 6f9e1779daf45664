"""The room a call needs before anybody is asked, and what happens when there is none."""

from __future__ import annotations

from collections.abc import Sequence

from mandi.llm.path.choice import Choice
from mandi.llm.path.passage import Passage
from mandi.llm.path.ports import OverBudget
from mandi.llm.path.walk import CHARGING
from mandi.llm.provider import Provider
from mandi.llm.quota.ledger import Amounts
from mandi.llm.quota.quota import Quota
from mandi.llm.refusals import BudgetUnknown, QuotaExceeded


class Rooms:
    """Reserves room for calls.

    Parameters
    ----------
    quota : Quota
    choice : Choice
    over_budget : str
        See ``PathSettings``.
    """

    def __init__(self, quota: Quota, choice: Choice, over_budget: OverBudget) -> None:
        self._quota = quota
        self._choice = choice
        self._over_budget = over_budget

    async def reserve(self, passage: Passage, able: Sequence[Provider]) -> None:
        """Take room for the dearest answer a call may get.

        In mode hybrid a call goes on with those who cost nothing when the budget cannot be looked up, or is used up and the
        settings say so.

        Raises
        ------
        QuotaExceeded, BudgetUnknown
            There is no room, or nobody knows; nothing was taken.
        """
        try:
            await self._take(passage, self._choice.wanted(passage.call, able))
        except (QuotaExceeded, BudgetUnknown) as refusal:
            if not self._goes_on_free(passage, refusal, able):
                raise
            passage.refusal = refusal
            await self._take(passage, Amounts())

    async def _take(self, passage: Passage, wanted: Amounts) -> None:
        passage.wanted, passage.asked_room = wanted, True
        try:
            passage.reservation = await self._quota.reserve(
                passage.call.caller, wanted, passage.generation_id
            )
        except (QuotaExceeded, BudgetUnknown):
            passage.asked_room = False
            raise

    def _goes_on_free(
        self, passage: Passage, refusal: QuotaExceeded | BudgetUnknown, able: Sequence[Provider]
    ) -> bool:
        if passage.mode != "hybrid" or all(p.kind in CHARGING for p in able):
            return False
        if isinstance(refusal, BudgetUnknown):
            return True
        return refusal.limit == "usd_per_day" and self._over_budget == "free_only"
