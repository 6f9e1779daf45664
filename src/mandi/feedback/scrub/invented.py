"""Invents personal data of nobody: Indian ids with right check characters, near misses of them, names and addresses."""

from __future__ import annotations

import random
import string
from collections.abc import Sequence
from typing import TypeVar

from stdnum import luhn, verhoeff

from mandi.core.errors import ConfigError
from mandi.feedback.scrub import checks
from mandi.feedback.scrub.near_misses import NEAR_MISSES
from mandi.feedback.scrub.words import PARTS, WORDS, Part

BANKS = (
    "SBIN", "HDFC", "ICIC", "UTIB", "PUNB", "BARB", "CNRB", "UBIN", "IDIB", "BKID", "CBIN", "MAHB", "KKBK", "YESB", "INDB", "FDRL",
)  # fmt: skip
STD = {
    2: ("11", "22", "33", "40", "44", "79", "80", "20"),
    3: ("281", "712", "731", "755", "141", "241"),
    4: ("2822", "7412", "7152"),
}
"""Area codes by length; area code and subscriber together have ten digits."""
LETTERS = string.ascii_uppercase
T = TypeVar("T")


class Inventor:
    """Draws valid and nearly valid personal data; the same seed and part draw the same.

    Parameters
    ----------
    seed : int
    part : str
        ``learn`` or ``hold``: names, places, firms, domains and UPI handles of one part are never drawn by the other.

    Raises
    ------
    ConfigError
        There is no such part.

    Examples
    --------
    >>> a, b = Inventor(7), Inventor(7)
    >>> [a.pan(), a.name(), a.phone()] == [b.pan(), b.name(), b.phone()]
    True
    >>> checks.is_gstin(Inventor(1, "hold").gstin()), checks.is_gstin(Inventor(1, "hold").near_miss("gstin"))
    (True, False)
    """

    def __init__(self, seed: int = 0, part: Part = "learn") -> None:
        if part not in PARTS:
            raise ConfigError(f"there is no part {part!r} of the words", allowed=", ".join(PARTS))
        self.words = WORDS[part]
        self.rng = random.Random(f"{seed}/{part}")

    def pan(self) -> str:
        """Return a PAN; three of four are a person's."""
        holder = self.choice("PPPPPPPPP" + "CFH")
        number = self.digits(4)
        return (
            self.letters(3)
            + holder
            + self.letters(1)
            + (number if number != "0000" else "0001")
            + self.letters(1)
        )

    def aadhaar(self, spaced: bool | None = None) -> str:
        """Return an Aadhaar number: plain, or in fours with spaces or dashes; ``spaced`` decides, else chance."""
        first = self.choice("23456789") + self.digits(10)
        number = first + verhoeff.calc_check_digit(first)
        if not checks.is_aadhaar(number):
            return self.aadhaar(spaced)
        return self.in_fours(number, spaced)

    def gstin(self) -> str:
        """Return a GSTIN with its check character."""
        first = self.choice(sorted(checks.STATE_CODES)) + self.pan() + self.choice("1112345") + "Z"
        return first + checks.gstin_check(first)

    def ifsc(self) -> str:
        """Return the code of a bank's branch."""
        return self.choice(BANKS) + "0" + self.choice(("0" + self.digits(5), self.digits(6)))

    def upi(self, name: str | None = None) -> str:
        """Return a UPI id: of a name or of a phone number."""
        user = self.choice(self.users(name or self.name()) + [self.mobile()])
        return f"{user}@{self.choice(self.words.handles)}"

    def phone(self) -> str:
        """Return an Indian number as people write it: mobile or with an area code, with and without the country's."""
        if self.rng.random() < 0.2:
            size = self.choice((2, 3, 4))
            area, number = self.choice(STD[size]), self.choice("2345678") + self.digits(9 - size)
            gap = self.choice(("-", " ", "- "))
            return self.choice((f"0{area}{gap}{number}", f"+91 {area} {number}", f"(0{area}) {number}"))
        m = self.mobile()
        shape = self.choice(
            (
                m,
                f"{m[:5]} {m[5:]}",
                f"{m[:5]}-{m[5:]}",
                f"{m[:3]} {m[3:6]} {m[6:]}",
                f"{m[:4]} {m[4:7]} {m[7:]}",
            )
        )
        return self.choice(("", "", "", "+91", "+91 ", "+91-", "0", "91 ")) + shape

    def bank_account(self) -> str:
        """Return the number of an account: 9 to 18 digits, as banks use; only words beside it tell what it is."""
        return self.choice("123456789") + self.digits(self.choice((9, 10, 11, 12, 13, 14, 15)) - 1)

    def vehicle(self) -> str:
        """Return a registration of a state or, one time in ten, of the BH series; plain, spaced or dashed."""
        if self.rng.random() < 0.1:
            parts = [
                "2" + self.choice("1234"),
                "BH",
                self.digits(3) + self.choice("123456789"),
                self.letters(2, "ABCDEFGHJKLMNP"),
            ]
        else:
            state = self.choice(sorted(checks.VEHICLE_STATES))
            number = self.digits(3) + self.choice("123456789")
            parts = [
                state,
                f"{self.rng.randint(1, 49):02d}",
                self.letters(self.choice((1, 2, 2, 2))),
                number,
            ]
        return self.choice(("", "", " ", "-")).join(parts)

    def voter(self) -> str:
        """Return the number of a voter's card with its check digit."""
        first = self.digits(6)
        return self.letters(3) + first + luhn.calc_check_digit(first)

    def passport(self) -> str:
        """Return the number of an Indian passport."""
        first = self.choice("ABCDEFGHJKLMNPRSTUVWY") + self.choice("123456789")
        return first + self.digits(5) + self.choice("123456789")

    def card(self) -> str:
        """Return the number of a payment card with its check digit, plain or in fours."""
        first = self.choice(("4", "51", "55", "60", "65"))
        first += self.digits(15 - len(first))
        return self.in_fours(first + luhn.calc_check_digit(first), None)

    def email(self, name: str | None = None) -> str:
        """Return an address of a name, or of a name it draws."""
        return f"{self.choice(self.users(name or self.name()))}@{self.choice(self.words.domains)}"

    def name(self) -> str:
        """Return a person's name: mostly given name and surname, at times a middle name or initials."""
        given, surname = self.choice(self.words.given), self.choice(self.words.surnames)
        chance = self.rng.random()
        if chance < 0.72:
            return f"{given} {surname}"
        if chance < 0.84:
            return f"{given} {self.choice(self.words.given)} {surname}"
        if chance < 0.92:
            return (
                f"{self.choice(LETTERS)}. {given} {surname}"
                if chance < 0.88
                else f"{self.choice(LETTERS)}.{self.choice(LETTERS)}. {surname}"
            )
        return given

    def firm(self) -> str:
        """Return the name of a firm; one in three carries a surname, as firms do."""
        kind = self.choice(
            (
                "Traders",
                "Trading Co",
                "Agro Industries",
                "Enterprises",
                "Cotton Mills",
                "Dal Mill",
                "Exports Pvt Ltd",
                "Foods",
            )
        )
        if self.rng.random() < 0.33:
            return f"{self.choice(self.words.surnames)} {self.choice(('& Sons', 'Brothers', kind))}"
        return f"{self.choice(self.words.firms)} {kind}"

    def address(self) -> str:
        """Return a postal address in India, on one line, short or long."""
        w = self.words
        town, state, pin = self.choice(w.towns)
        house = self.choice((
            str(self.rng.randint(1, 450)), f"{self.rng.randint(1, 99)}/{self.choice('AB1234')}", f"H.No. {self.rng.randint(1, 900)}",
            f"Plot No {self.rng.randint(1, 300)}", f"Shop No. {self.rng.randint(1, 80)}", f"Flat {self.rng.randint(1, 9)}0{self.rng.randint(1, 8)}",
            f"{self.choice('ABCD')}-{self.rng.randint(1, 250)}", f"House No {self.rng.randint(1, 999)}", f"Godown {self.rng.randint(1, 40)}",
        ))  # fmt: skip
        inner = [house]
        if self.rng.random() < 0.3:
            inner.append(self.choice(w.buildings))
        if self.rng.random() < 0.55:
            inner.append(self.choice(w.streets))
        if len(inner) < 3 or self.rng.random() < 0.5:
            inner.append(self.choice(w.localities))
        if self.rng.random() < 0.2:
            inner.append(
                self.choice(("near ", "opp. ", "behind "))
                + self.choice(("bus stand", "railway station", "APMC gate", "old temple", "SBI branch"))
            )
        code = pin + self.choice("0123456789") + "0" + self.digits(2)
        code = self.choice((code, f"{code[:3]} {code[3:]}"))
        end = self.choice(
            (
                town,
                f"{town} {code}",
                f"{town} - {code}",
                f"{town}, {state} {code}",
                f"{town}-{code}, {state}",
                f"{town}, {state}",
            )
        )
        return ", ".join([*inner, end])

    def near_miss(self, kind: str) -> str:
        """Return what looks like a ``pan``, ``aadhaar``, ... and is none: a wrong check, prefix, letter or length.

        Raises
        ------
        ConfigError
            There are no near misses of this kind.
        """
        if kind not in NEAR_MISSES:
            raise ConfigError(f"there is no near miss of {kind!r}", allowed=", ".join(NEAR_MISSES))
        return NEAR_MISSES[kind](self)

    def users(self, name: str) -> list[str]:
        """Return what a person of this name might be called before an @."""
        words = [
            w for w in ("".join(c if c.isalnum() else " " for c in name.lower())).split() if len(w) > 1
        ] or ["kisan"]
        number = self.rng.randint(1, 99)
        return [
            ".".join(words),
            "".join(words),
            f"{words[0]}{number}",
            f"{words[0]}.{words[-1][0]}{number}",
            f"{words[-1]}_{words[0]}",
        ]

    def mobile(self) -> str:
        """Return ten digits of a mobile number."""
        return self.choice("6789") + self.digits(9)

    def in_fours(self, number: str, spaced: bool | None) -> str:
        """Return a number plain or in groups of four; chance decides if ``spaced`` is None."""
        if spaced is None:
            spaced = self.rng.random() < 0.6
        gap = self.choice((" ", " ", "-")) if spaced else ""
        return gap.join(number[k : k + 4] for k in range(0, len(number), 4))

    def swapped(self, number: str) -> str:
        """Return a number with two different neighbours exchanged."""
        places = [k for k in range(len(number) - 1) if number[k] != number[k + 1]]
        k = self.choice(places)
        return number[:k] + number[k + 1] + number[k] + number[k + 2 :]

    def choice(self, of: Sequence[T]) -> T:
        """Return one of several."""
        return self.rng.choice(of)

    def digits(self, size: int) -> str:
        """Return digits."""
        return "".join(self.rng.choices(string.digits, k=size))

    def letters(self, size: int, of: str = LETTERS) -> str:
        """Return capital letters."""
        return "".join(self.rng.choices(of, k=size))
