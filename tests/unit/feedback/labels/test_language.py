"""Languages by script, and by runs of letters where they share one."""

from __future__ import annotations

import pytest

from mandi.feedback.labels.language import language_of


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("आज राजकोट में कपास का क्या भाव चल रहा है?", "hi"),
        ("आज लातूर बाजारात कापसाचा भाव काय होता?", "mr"),
        ("aaj mandi me kapas ka kya bhav chal raha hai", "hi-Latn"),
        ("What is the going rate of cotton in the market today?", "en"),
        ("பருத்தி விலை என்ன?", "ta"), ("পাটের দাম কত?", "bn"), ("કપાસનો ભાવ શું છે?", "gu"), ("ਕਣਕ ਦਾ ਭਾਅ ਕੀ ਹੈ?", "pa"),
        ("పత్తి ధర ఎంత?", "te"), ("ಹತ್ತಿ ಬೆಲೆ ಎಷ್ಟು?", "kn"), ("പരുത്തി വില എത്ര?", "ml"), ("କପା ଦର କେତେ?", "or"), ("کپاس کا بھاؤ کیا ہے؟", "ur"),
        ("कपास का भाव क्या है? Our address is Shop 7, Main Road, Akola.", "hi"),
        ("12,500 / 7 %", "unlabelled"), ("", "unlabelled"),
    ],
)  # fmt: skip
def test_language(text: str, language: str) -> None:
    assert language_of(text)[0] == language


def test_how_sure_is_a_share() -> None:
    assert language_of("")[1] == 0.0
    assert 0.0 < language_of("ok")[1] < language_of("what will the price of cotton be tomorrow")[1] <= 1.0
