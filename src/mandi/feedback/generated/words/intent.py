"""Messages of traders by what they are about, all of them."""

from __future__ import annotations

from collections.abc import Mapping

from mandi.feedback.generated.words.intent_deals import DEALS
from mandi.feedback.generated.words.intent_goods import GOODS

INTENT: Mapping[str, Mapping[str, Mapping[str, tuple[str, ...]]]] = {**GOODS, **DEALS}
"""Wordings by label, part (early, traffic, held) and family."""
