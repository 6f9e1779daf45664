"""Plants personal data of nobody into words, with their places: whoever scrubs can be measured by them."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

import numpy as np

from mandi.feedback.generated.ask.asked import Text, filled
from mandi.feedback.scrub.invented import Inventor

WORDS: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "pan": {"early": ("My PAN is {x}.", "PAN {x} is on the invoice."), "later": ("PAN {x} hai", "mera PAN {x}")},
    "aadhaar": {"early": ("My Aadhaar number is {x}.", "Aadhaar: {x}."), "later": ("aadhaar {x} hai mera", "aadhaar no {x}")},
    "gstin": {"early": ("Our GSTIN is {x}.", "Bill it to GSTIN {x}."), "later": ("GST no {x}", "gstin {x} pe bill banao")},
    "ifsc": {"early": ("The IFSC of the branch is {x}.", "IFSC code {x}."), "later": ("IFSC {x} hai", "ifsc {x} wali branch")},
    "upi": {"early": ("You may pay by UPI to {x}.", "My UPI id is {x}."), "later": ("UPI karo {x} pe", "upi id {x}")},
    "phone": {"early": ("Call me on {x}.", "My telephone number is {x}."), "later": ("mera number {x}", "phone karo {x} pe")},
    "bank_account": {
        "early": ("My bank account number is {x}.", "Credit it to account no. {x}."), "later": ("khata number {x}", "account no {x} me dalo"),
    },
    "vehicle": {"early": ("The truck is {x}.", "Vehicle number {x}."), "later": ("gaadi number {x}", "truck {x} aayi thi")},
    "voter": {"early": ("My voter id is {x}.", "Voter card {x}."), "later": ("voter card {x}", "voter id {x} hai")},
    "passport": {"early": ("My passport number is {x}.", "Passport no. {x}."), "later": ("passport no {x}", "mera passport {x}")},
    "email": {"early": ("Write to {x}.", "My e-mail is {x}."), "later": ("mail karo {x} pe", "email {x}")},
    "name": {
        "early": ("My name is {x}.", "Regards, {x}", "Please ask for Mr. {x}.", "I spoke with {x} yesterday."),
        "later": ("mera naam {x} hai", "{x} bol raha hu", "{x} se baat hui thi"),
    },
    "address": {
        "early": ("Our address is {x}.", "Send the papers to {x}.", "The warehouse is at {x}."),
        "later": ("pata {x}", "address {x} pe bhejo"),
    },
    "near_miss": {"early": ("Our own reference is {x}.", "The code on the bag is {x}."), "later": ("bori pe code {x}", "ref {x} likha hai")},
}  # fmt: skip
KINDS = tuple(WORDS)
WEIGHTS = np.array([1.0, 1, 1, 1, 1, 2.5, 1, 1, 0.5, 0.5, 1.5, 3.5, 2.0, 1.0])
MISSED = ("pan", "aadhaar", "gstin", "ifsc", "voter")
"""Kinds of which near misses are drawn."""


def drawn(kind: str, inventor: Inventor, rng: np.random.Generator) -> tuple[str, str]:
    """Return a value of a kind and its kind."""
    if kind == "near_miss":
        return inventor.near_miss(MISSED[int(rng.integers(len(MISSED)))]), kind
    found: Any = getattr(inventor, kind)()
    return str(found), kind


def planted(text: Text, inventor: Inventor, rng: np.random.Generator, later: bool) -> Text:
    """Return words with a sentence or two of personal data behind them.

    Parameters
    ----------
    text : Text
    inventor : Inventor
    rng : Generator
    later : bool
        Whether people write on the phone already.
    """
    for kind in rng.choice(KINDS, size=1 + int(rng.random() < 0.3), replace=False, p=WEIGHTS / WEIGHTS.sum()):
        choices = WORDS[str(kind)]["later" if later else "early"]
        wording = choices[int(rng.integers(len(choices)))]
        text = text + Text(" ") + filled(wording, {"x": partial(drawn, str(kind), inventor, rng)})
    return text
