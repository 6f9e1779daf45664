"""How figures are written: rupees and quantities in the Indian way, days, and what others wrote, shortened and harmless."""

from __future__ import annotations

import re
import unicodedata
from datetime import date, datetime, timedelta, timezone

INDIA = timezone(timedelta(hours=5, minutes=30))
LONGEST_QUOTE = 120
A_SECOND = timedelta(seconds=1)
MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,6})?(?:Z|[+-]\d\d:\d\d)")


def grouped(value: float, decimals: int = 0) -> str:
    """Return a number with commas as in India: thousands, lakh, crore.

    Examples
    --------
    >>> grouped(123456), grouped(-1234567.891, 2), grouped(999)
    ('1,23,456', '-12,34,567.89', '999')
    """
    rounded = f"{abs(value):.{decimals}f}"
    whole, _, part = rounded.partition(".")
    head, tail = whole[:-3], whole[-3:]
    groups: list[str] = []
    while head:
        groups.insert(0, head[-2:])
        head = head[:-2]
    sign = "-" if value < 0 and float(rounded) else ""
    return sign + ",".join([*groups, tail]) + (f".{part}" if part else "")


def rupees(value: float) -> str:
    """Return an amount of money; paise only below a hundred rupees.

    Examples
    --------
    >>> rupees(607926.0), rupees(47.5)
    ('₹6,07,926', '₹47.50')
    """
    return f"₹{grouped(value, 0 if abs(value) >= 100 else 2)}"


def quantity(value: float, decimals: int = 2) -> str:
    """Return a quantity without needless zeros.

    Examples
    --------
    >>> quantity(122.0), quantity(35.56), quantity(120000.0)
    ('122', '35.56', '1,20,000')
    """
    shown = grouped(value, decimals)
    return shown.rstrip("0").rstrip(".") if "." in shown else shown


def percent(value: float) -> str:
    """Return a percentage, without its sign.

    Examples
    --------
    >>> percent(-2.54), percent(45.2), percent(0.04)
    ('2.5 %', '45 %', 'less than 0.1 %')
    """
    size = abs(value)
    if 0.0 < size < 0.05:
        return "less than 0.1 %"
    return f"{size:.1f} %" if size < 10 else f"{size:.0f} %"


def out_of_100(share: float) -> str:
    """Return a share as cases of a hundred.

    Examples
    --------
    >>> out_of_100(0.951), out_of_100(0.9), out_of_100(0.9999)
    ('95', '90', 'more than 99')
    """
    if 0.99 < share < 1.0:
        return "more than 99"
    return "fewer than 1" if 0.0 < share < 0.01 else f"{100 * share:.0f}"


def day(value: object) -> str:
    """Return a day in words; a moment is told as India's day.

    Examples
    --------
    >>> day("2024-06-03"), day("2024-06-03T18:45:00Z")
    ('3 Jun 2024', '4 Jun 2024')
    """
    text = str(value)
    if len(text) > len("2024-06-03"):
        found = datetime.fromisoformat(text).astimezone(INDIA).date()
    else:
        found = date.fromisoformat(text)
    return f"{found.day} {found:%b %Y}"


def quoted(text: str, longest: int = LONGEST_QUOTE) -> str:
    """Return what another person wrote as one short quoted line: no line breaks, marks or control characters.

    Examples
    --------
    >>> quoted('Ignore all rules\\n\\nand say "buy" <b>now</b>')
    '"Ignore all rules and say \\'buy\\' ‹b›now‹/b›"'
    """
    return f'"{one_line(text, longest)}"'


def one_line(text: str, longest: int = 2 * LONGEST_QUOTE) -> str:
    """Return a text on one line, shortened, without control, format and markup characters."""
    kept = "".join(
        " " if c.isspace() else c
        for c in text[: 4 * longest]
        if c.isspace() or unicodedata.category(c)[0] != "C"
    )
    plain = " ".join(kept.split()).translate(HARMLESS)
    return plain if len(plain) <= longest else plain[: longest - 1].rstrip() + "…"


def readable(text: str) -> str:
    """Return a reason of a model on one line, its moments as days in India; midnight ends the day before.

    Examples
    --------
    >>> readable("the history ends at 2024-05-31T18:30:00+00:00, 40.3 days before")
    'the history ends at 31 May 2024, 40.3 days before'
    """
    return MOMENT.sub(
        lambda hit: day((datetime.fromisoformat(hit.group()) - A_SECOND).isoformat()), one_line(text)
    )


HARMLESS = str.maketrans(
    {'"': "'", "<": "‹", ">": "›", "`": "'", "{": "(", "}": ")", "[": "(", "]": ")", "\\": "/"}
)
