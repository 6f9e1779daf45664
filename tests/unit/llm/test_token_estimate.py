"""Token estimates are rather too many than too few, in every script."""

from __future__ import annotations

import pytest

from mandi.llm.messages import Message, Prompt, Tool, ToolCall
from mandi.llm.token_estimate import prompt_tokens, tokens_in

# fewest and most tokens by four published tokenizers: cl100k_base, o200k_base, Anthropic's and DeepSeek's
COUNTED = [
    ('The fair price of cotton in Rajkot is 7200 rupees a quintal; arrivals fell by a fifth since Monday, so sellers can wait.', 30, 33),
    ('{"commodity_id": "cotton", "market": "Rajkot", "quantity": 40, "asof": "2025-01-01T06:00:00Z", "quality_params": {"staple_length_mm": 29.1}}', 56, 62),
    ('7200 7215.50 6980 7104 2025-01-01 2024-12-31 29.1 4.2 40 38.5 1,20,000 3.75%', 40, 52),
    ('a1f09c3e-77b2-4d1e-9c55-0f2b8a6de913 GSTIN 27AAPFU0939F1ZV IFSC HDFC0001234', 49, 49),
    ('राजकोट में कपास का उचित भाव 7200 रुपये प्रति क्विंटल है; सोमवार से आवक पाँचवें हिस्से से कम हुई है।', 32, 103),
    ('राजकोटमध्ये कापसाचा योग्य भाव प्रति क्विंटल ७२०० रुपये आहे; सोमवारपासून आवक कमी झाली आहे.', 30, 107),
    ('રાજકોટમાં કપાસનો વાજબી ભાવ પ્રતિ ક્વિન્ટલ 7200 રૂપિયા છે; સોમવારથી આવક ઘટી છે.', 32, 195),
    ('রাজকোটে তুলার ন্যায্য দাম প্রতি কুইন্টাল ৭২০০ টাকা; সোমবার থেকে আমদানি কমেছে।', 30, 133),
    ('ਰਾਜਕੋਟ ਵਿੱਚ ਕਪਾਹ ਦਾ ਵਾਜਬ ਭਾਅ 7200 ਰੁਪਏ ਪ੍ਰਤੀ ਕੁਇੰਟਲ ਹੈ; ਸੋਮਵਾਰ ਤੋਂ ਆਮਦ ਘਟੀ ਹੈ।', 44, 190),
    ('ராஜ்கோட்டில் பருத்தியின் நியாயமான விலை குவிண்டாலுக்கு 7200 ரூபாய்; திங்கள் முதல் வரத்து குறைந்துள்ளது.', 38, 185),
    ('రాజ్\u200cకోట్\u200cలో పత్తి సరసమైన ధర క్వింటాలుకు 7200 రూపాయలు; సోమవారం నుండి రాక తగ్గింది.', 35, 159),
    ('ರಾಜ್\u200cಕೋಟ್\u200cನಲ್ಲಿ ಹತ್ತಿಯ ನ್ಯಾಯಯುತ ಬೆಲೆ ಕ್ವಿಂಟಲ್\u200cಗೆ 7200 ರೂಪಾಯಿ; ಸೋಮವಾರದಿಂದ ಆವಕ ಕಡಿಮೆಯಾಗಿದೆ.', 38, 176),
    ('രാജ്കോട്ടിൽ പരുത്തിയുടെ ന്യായമായ വില ക്വിന്റലിന് 7200 രൂപയാണ്; തിങ്കളാഴ്ച മുതൽ വരവ് കുറഞ്ഞു.', 33, 187),
    ('ରାଜକୋଟରେ କପାର ଉଚିତ ମୂଲ୍ୟ କ୍ୱିଣ୍ଟାଲ ପିଛା 7200 ଟଙ୍କା; ସୋମବାରଠାରୁ ଆମଦାନୀ କମିଛି।', 72, 193),
    ('Rajkot mein kapas ka sahi bhav 7200 rupaye per quintal hai, aavak kam hui hai', 25, 35),
]  # fmt: skip


@pytest.mark.parametrize(("text", "fewest", "most"), COUNTED, ids=[t[:12] for t, _, _ in COUNTED])
def test_the_estimate_is_not_below_any_tokenizer(text: str, fewest: int, most: int) -> None:
    estimate = tokens_in(text)
    assert 0.97 * most <= estimate <= len(text.encode())
    assert estimate <= (2 if text.isascii() else 8) * fewest


def test_a_prompt_counts_everything_a_vendor_reads() -> None:
    bare = prompt_tokens(Prompt((Message("user", "x" * 30),)))
    assert bare == 4 + 14
    tool = Tool("f", "does", {"type": "object"})
    richer = Prompt(
        (Message("user", "x" * 30), Message("assistant", None, (ToolCall("1", "f", '{"a": 1}'),))),
        tools=(tool,),
        answer_schema={"type": "object"},
    )
    assert prompt_tokens(richer) > bare + 20


def test_nothing_is_nothing() -> None:
    assert tokens_in("") == 0
    assert prompt_tokens(Prompt(())) == 0
    assert tokens_in("\ud800") > 0, "half a letter is not a crash"
