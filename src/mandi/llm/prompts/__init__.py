"""Words around a question: system prompts, the deal and the figures as data, and the check of a typed answer."""

from mandi.llm.prompts.analysis import parse_analysis, price_view
from mandi.llm.prompts.chat_prompts import chat_prompt, greeting, system_prompt
from mandi.llm.prompts.deal_prompts import deal_prompt

__all__ = ["chat_prompt", "deal_prompt", "greeting", "parse_analysis", "price_view", "system_prompt"]
