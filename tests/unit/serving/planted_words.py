"""Words without personal data, for tests of what is done with them: e-mail addresses and ten digits go, the rest stays."""

from __future__ import annotations

import re
from typing import Any

from mandi.feedback.words import each_text

MAIL = re.compile(r"[\w.]+@[\w.]+\w")
DIGITS = re.compile(r"\b\d{10}\b")
SECRETS = ("asha@example.org", "9876543210")


class PlantedWords:
    def __init__(self, salt: str = "salt", keep: object = ()) -> None:
        self.salt = salt

    def text(self, text: str) -> str:
        return DIGITS.sub("<phone>", MAIL.sub("<mail>", text))

    def value(self, value: Any) -> Any:
        return each_text(value, self.text)
