"""Check characters and fixed parts of identity numbers: what is written in a number that cannot be chance."""

from __future__ import annotations

import re

from stdnum import luhn, verhoeff

ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
HOLDERS = "ABCFGHJKLPT"
"""Fourth letter of a PAN: person, company, firm, family, trust and so on."""
STATE_CODES = frozenset([*(f"{n:02d}" for n in range(1, 39)), "97", "99"])
"""First two digits of a GSTIN: states, Ladakh (38), other territory (97) and the centre (99)."""
VEHICLE_STATES = frozenset({
    "AN", "AP", "AR", "AS", "BR", "CG", "CH", "DD", "DL", "DN", "GA", "GJ", "HP", "HR", "JH", "JK", "KA", "KL", "LA", "LD", "MH", "ML",
    "MN", "MP", "MZ", "NL", "OD", "OR", "PB", "PY", "RJ", "SK", "TG", "TN", "TR", "TS", "UA", "UK", "UP", "WB",
})  # fmt: skip
_PAN = re.compile(rf"[A-Z]{{3}}[{HOLDERS}][A-Z][0-9]{{4}}[A-Z]")
_GSTIN = re.compile(rf"[0-9]{{2}}[A-Z]{{3}}[{HOLDERS}][A-Z][0-9]{{4}}[A-Z][1-9A-Z][A-Z0-9][0-9A-Z]")
_UIN = re.compile(r"[0-9]{4}[A-Z]{3}[0-9]{5}[A-Z]{2}[0-9A-Z]")
IBAN_LENGTHS = {
    "AD": 24, "AE": 23, "AL": 28, "AT": 20, "AZ": 28, "BA": 20, "BE": 16, "BG": 22, "BH": 22, "BR": 29, "BY": 28, "CH": 21, "CR": 22,
    "CY": 28, "CZ": 24, "DE": 22, "DK": 18, "DO": 28, "EE": 20, "EG": 29, "ES": 24, "FI": 18, "FO": 18, "FR": 27, "GB": 22, "GE": 22,
    "GI": 23, "GL": 18, "GR": 27, "GT": 28, "HR": 21, "HU": 28, "IE": 22, "IL": 23, "IQ": 23, "IS": 26, "IT": 27, "JO": 30, "KW": 30,
    "KZ": 20, "LB": 28, "LC": 32, "LI": 21, "LT": 20, "LU": 20, "LV": 21, "MC": 27, "MD": 24, "ME": 22, "MK": 19, "MR": 27, "MT": 31,
    "MU": 30, "NL": 18, "NO": 15, "PK": 24, "PL": 28, "PS": 29, "PT": 25, "QA": 29, "RO": 24, "RS": 22, "SA": 24, "SC": 31, "SE": 24,
    "SI": 19, "SK": 24, "SM": 27, "ST": 25, "SV": 28, "TL": 23, "TN": 24, "TR": 26, "UA": 29, "VA": 22, "VG": 24, "XK": 20,
}  # fmt: skip


def digits(text: str) -> str:
    """Return the ASCII digits of a text.

    Examples
    --------
    >>> digits("+91 98-20")
    '919820'
    """
    return "".join(c for c in text if "0" <= c <= "9")


def is_pan(text: str) -> bool:
    """Tell whether ten characters are built as a PAN is; its last letter is a check whose rule is not public.

    Examples
    --------
    >>> is_pan("ABCPD1234Z"), is_pan("ABCXD1234Z"), is_pan("ABCPD0000Z")
    (True, False, False)
    """
    return bool(_PAN.fullmatch(text)) and text[5:9] != "0000"


def is_aadhaar(number: str) -> bool:
    """Tell whether twelve digits are an Aadhaar number: Verhoeff's check digit, no 0 or 1 in front, no palindrome.

    Examples
    --------
    >>> is_aadhaar("234123412346"), is_aadhaar("234123412347"), is_aadhaar("134123412346")
    (True, False, False)
    """
    if len(number) != 12 or number[0] in "01" or number == number[::-1]:
        return False
    return bool(verhoeff.is_valid(number))


def gstin_check(first: str) -> str:
    """Return the check character of the first fourteen characters of a GSTIN (Luhn's sum, base 36).

    Examples
    --------
    >>> gstin_check("27AAPFU0939F1Z")
    'V'
    """
    return str(luhn.calc_check_digit(first, ALPHABET))


def is_gstin(text: str) -> bool:
    """Tell whether fifteen characters are a GSTIN: state, a PAN inside (or a UN body's number), check character.

    Examples
    --------
    >>> is_gstin("27AAPFU0939F1ZV"), is_gstin("27AAPFU0939F1ZW"), is_gstin("39AAPFU0939F1Z" + gstin_check("39AAPFU0939F1Z"))
    (True, False, False)
    """
    if text[:2] not in STATE_CODES or len(text) != 15:
        return False
    business = bool(_GSTIN.fullmatch(text)) and text[7:11] != "0000"
    return (business or bool(_UIN.fullmatch(text))) and text[14] == gstin_check(text[:14])


def is_card(number: str) -> bool:
    """Tell whether digits are a payment card's: an issuer's first digits, a length it uses, Luhn's check digit.

    Examples
    --------
    >>> is_card("4111111111111111"), is_card("4111111111111112"), is_card("1111111111111117")
    (True, False, False)
    """
    return (
        (number[:1] in "23456" or (number[:4] == "1800" and len(number) == 15))
        and 12 <= len(number) <= 19
        and len(set(number)) > 1
        and bool(luhn.is_valid(number))
    )


def is_iban(text: str) -> bool:
    """Tell whether an IBAN without spaces has its country's length and the remainder 1 by 97.

    Examples
    --------
    >>> is_iban("GB82WEST12345698765432"), is_iban("GB82WEST12345698765433")
    (True, False)
    """
    if IBAN_LENGTHS.get(text[:2]) != len(text) or not (text.isascii() and text.isalnum()):
        return False
    return int("".join(str(int(c, 36)) for c in text[4:] + text[:4])) % 97 == 1


def is_epic(text: str) -> bool:
    """Tell whether ten characters are a voter's number: three letters, seven digits, the last one Luhn's.

    Examples
    --------
    >>> is_epic("WKH1186253"), is_epic("WKH1186254")
    (True, False)
    """
    return bool(re.fullmatch(r"[A-Z]{3}[0-9]{7}", text)) and bool(luhn.is_valid(text[3:]))


def is_vehicle(text: str) -> bool:
    """Tell whether a registration without spaces is a state's or of the BH series.

    Examples
    --------
    >>> is_vehicle("MH12AB1234"), is_vehicle("22BH1234AA"), is_vehicle("XX12AB1234"), is_vehicle("MH12AB0000")
    (True, True, False, False)
    """
    if re.fullmatch(r"2[0-9]BH[0-9]{4}[A-HJ-NP-Z]{1,2}", text):
        return text[4:8] != "0000"
    shape = re.fullmatch(r"([A-Z]{2})([0-9]{1,2})[A-Z]{0,3}([0-9]{4})", text)
    return shape is not None and shape[1] in VEHICLE_STATES and int(shape[2]) > 0 and int(shape[3]) > 0
