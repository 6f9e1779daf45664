"""Near misses: what looks like an identity number, a phone or an address of mail and is none."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from mandi.feedback.scrub import checks

if TYPE_CHECKING:
    from mandi.feedback.scrub.invented import Inventor


def _near_pan(of: Inventor) -> str:
    good = of.pan()
    return of.choice((
        good[:3] + of.choice("DEIMNOQRSUVWXYZ") + good[4:], good[:5] + "0000" + good[9], good[:9] + of.choice("0123456789"),
        good[:4] + good[5:], good + of.letters(1), good[:5] + of.letters(1) + good[6:],
    ))  # fmt: skip


def _near_aadhaar(of: Inventor) -> str:
    good = checks.digits(of.aadhaar(False))
    off = str((int(good[-1]) + of.rng.randint(1, 9)) % 10)
    bad = of.choice(
        (
            good[:-1] + off,
            of.swapped(good),
            of.choice("01") + good[1:],
            good[:-1] + off + "1",
            good[:-1],
        )
    )
    return of.in_fours(bad, None)


def _near_gstin(of: Inventor) -> str:
    good = of.gstin()
    off = of.choice([c for c in checks.ALPHABET if c != good[-1]])
    wrong_state = of.choice(("00", "39", "45", "60", "88")) + good[2:14]
    wrong_holder = good[:5] + of.choice("DEIMNOQRSUVWXYZ") + good[6:14]
    return of.choice((
        good[:-1] + off, wrong_state + checks.gstin_check(wrong_state), wrong_holder + checks.gstin_check(wrong_holder), good[:-1], good + "5",
    ))  # fmt: skip


def _near_ifsc(of: Inventor) -> str:
    good = of.ifsc()
    return of.choice(
        (
            good[:4] + of.choice("123456789O") + good[5:],
            good[:-1],
            good + of.digits(1),
            good[:3] + of.digits(1) + good[4:],
        )
    )


def _near_upi(of: Inventor) -> str:
    user = of.choice(of.users(of.name()))
    return of.choice((
        f"{of.rng.randint(1800, 9900)}@quintal", f"{user}@office", f"{of.rng.randint(10, 900)}@rs", f"{user} @ {of.choice(of.words.handles)}",
        f"@{of.choice(of.words.handles)}", f"{of.rng.randint(1800, 9900)}@qtl",
    ))  # fmt: skip


def _near_phone(of: Inventor) -> str:
    m = of.mobile()
    return of.choice(
        (
            m[:9],
            of.choice("12345") + m[1:],
            m + of.digits(3),
            m[:5] + "." + m[5:],
            f"{m[:2]},{m[2:4]},{m[4:6]},{m[6:9]}",
            f"{m[:8]}",
        )
    )


def _near_account(of: Inventor) -> str:
    return of.choice("123456789") + of.digits(of.choice((4, 5, 6, 18, 20)))


def _near_vehicle(of: Inventor) -> str:
    number = of.digits(3) + of.choice("123456789")
    state = of.choice(sorted(checks.VEHICLE_STATES))
    return of.choice((
        of.choice(("XX", "QQ", "ZZ", "AB", "EF", "IN")) + "12" + of.letters(2) + number, f"{state}00{of.letters(2)}{number}",
        f"{state}12{of.letters(2)}{number}7", f"{state}12{of.letters(2)}0000", f"{state}12{of.letters(4)}{number}", f"2{of.digits(1)}HB{number}AA",
    ))  # fmt: skip


def _near_voter(of: Inventor) -> str:
    good = of.voter()
    off = str((int(good[-1]) + of.rng.randint(1, 9)) % 10)
    return of.choice((good[:-1] + off, good[:-1], good + of.digits(1), good[:2] + of.digits(1) + good[3:]))


def _near_passport(of: Inventor) -> str:
    good = of.passport()
    return of.choice(
        (
            of.choice("QXZ") + good[1:],
            good[:-1],
            good + of.digits(1),
            good[:1] + "0" + good[2:],
            good[:-1] + "0",
        )
    )


def _near_email(of: Inventor) -> str:
    user, domain = of.email().split("@")
    return of.choice(
        (
            f"{user}@@{domain}",
            f"{user}@{domain.partition('.')[0]}",
            f"{user} at {domain.partition('.')[0]}",
            f"@{domain}",
        )
    )


def _near_card(of: Inventor) -> str:
    good = checks.digits(of.card())
    return of.in_fours(good[:-1] + str((int(good[-1]) + of.rng.randint(1, 9)) % 10), None)


NEAR_MISSES: dict[str, Callable[[Inventor], str]] = {
    "pan": _near_pan, "aadhaar": _near_aadhaar, "gstin": _near_gstin, "ifsc": _near_ifsc, "upi": _near_upi, "phone": _near_phone,
    "bank_account": _near_account, "vehicle": _near_vehicle, "voter": _near_voter, "passport": _near_passport, "email": _near_email,
    "card": _near_card,
}  # fmt: skip
"""A wrong check character, prefix, letter or length, by kind."""
