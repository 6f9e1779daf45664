"""What leads to a person's money: accounts, cards, payment ids, codes of branches."""

from __future__ import annotations

import re

from mandi.feedback.scrub import checks
from mandi.feedback.scrub.recognisers.base import LEFT, RIGHT, Rule, at, before, counted, says, where

_BANKS = (
    "SBIN HDFC ICIC UTIB PUNB BARB CNRB UBIN IOBA IDIB BKID CBIN MAHB UCBA PSIB KKBK YESB INDB IDFB FDRL KARB KVBL SIBL TMBL CIUB DLXB "
    "DCBL RATN BDBL AUBL ESFB USFB UJVN JSFB SURY FINO PYTM AIRP IPOS CITI HSBC SCBL DEUT BOFA CHAS DBSS JAKA NKGS SRCB COSB SVCB ABHY "
    "IBKL NTBL CSBK LAVB ANDB CORP SYNB VIJB ALLA ORBC UTBI SBBJ SBHY SBMY SBTR STBP APGB GSCB MSCI KSCB APBL TNSC UPCB WBSC RSCB PKGB"
)  # fmt: skip
BANKS = frozenset(_BANKS.split())
_HANDLES = (
    "upi paytm ybl ibl axl apl okaxis okhdfcbank okicici oksbi sbi hdfcbank icici axisbank kotak kotak811 yesbank yesbankltd indus idfcbank "
    "idfcfirst federal rbl barodampay pnb boi cnrb unionbank unionbankofindia uboi ubi cboi centralbank mahb idbi allbank andb iob uco "
    "indianbank indbank kvb kbl sib dbs hsbc citi sc scb airtel airtelpaymentsbank postbank jio jupiteraxis freecharge ikwik mobikwik "
    "abfspay axisb axisgo naviaxis yapl rapl wahdfcbank waicici waaxis wasbi pingpay pockets payzapp timecosmos tapicici sliceaxis "
    "goaxb fam freoicici yespay yespop yescred ptyes ptaxis pthdfc ptsbi superyes trans utbi equitas aubank dcb bandhan ezeepay eazypay "
    "icicibank hdfcbankjd dlb csbpay karurvysyabank lvb nsdl obc psb srcb synd vijb bhim"
)  # fmt: skip
HANDLES = frozenset(_HANDLES.split())
_UPI_CUE = re.compile(r"\bupi\b|\bvpa\b|\bbhim\b|\bg ?pay\b|\bgoogle ?pay\b|\bphone ?pe\b|\bpaytm\b|यूपीआई")
_IFSC_CUE = re.compile(r"\bifsc\b|\brtgs\b|\bneft\b|\bbranch\b")
_CARD_CUE = re.compile(r"\bcards?\b|\bvisa\b|\bmaster ?card\b|\brupay\b|\bcredit\b|\bcc\b|\bdebit\b|\bamex\b")
_NO_ACCOUNT = re.compile(
    r"(?i)\b(?:rs|inr|balance|amount|price|rate|bal|phone|mob|mobile|call|aadhaa?r|adhaa?r|pan|card|pin|qty|quantity|lot|order)\b|₹"
)
_SAYS_ACCOUNT = r"(?:\b(?:a ?/ ?c|a\.c\.|acct?|account|khata|khaata|savings?|current a/c)\b|खाता|खाते)"


def _ifsc(match: re.Match[str], text: str) -> tuple[int, int] | None:
    code = match[0].upper()
    known = code[:4] in BANKS or bool(_IFSC_CUE.search(before(text, match.start())))
    return match.span() if known or (match[0].isupper() and code[5:].isdigit()) else None


def _upi(match: re.Match[str], text: str) -> tuple[int, int] | None:
    handle = match[0].rpartition("@")[2].lower()
    cued = bool(_UPI_CUE.search(before(text, match.start())))
    return match.span() if handle in HANDLES or cued else None


def _account(match: re.Match[str], text: str) -> tuple[int, int] | None:
    start, end = where(match)
    if (
        not 9 <= len(checks.digits(match[1])) <= 18
        or _NO_ACCOUNT.search(match[0][: start - match.start()])
        or counted(text, end, end)
    ):
        return None
    return start, end


def _account_beside_code(match: re.Match[str], text: str) -> tuple[int, int] | None:
    return None if counted(text, match.start(1), match.start(1)) else where(match)


def _card(match: re.Match[str], text: str) -> tuple[int, int] | None:
    number = checks.digits(match[0])
    cued = bool(_CARD_CUE.search(before(text, match.start(), 80)))
    return match.span() if checks.is_card(number) and (cued or len(number) >= 14) else None


def _iban(match: re.Match[str], text: str) -> tuple[int, int] | None:
    size = checks.IBAN_LENGTHS.get(match[0][:2].upper())
    if size is None:
        return None
    seen = 0
    for end in range(match.start(), match.end()):
        seen += text[end].isalnum()
        if seen == size:
            found = "".join(c for c in text[match.start() : end + 1] if c.isalnum()).upper()
            whole = end + 1 == len(text) or not text[end + 1].isalnum()
            return (match.start(), end + 1) if whole and checks.is_iban(found) else None
    return None


IBAN = Rule(
    "IBAN",
    re.compile(r"(?<![0-9A-Za-z_])[A-Za-z]{2}[0-9]{2}(?:[ -]?[A-Za-z0-9]){11,32}"),
    _iban,
    lambda look: "aa00" in look.shape,
)
IFSC = Rule(
    "IFSC",
    re.compile(r"(?<![0-9A-Za-z_])[A-Za-z]{4}0[A-Za-z0-9]{6}(?![0-9A-Za-z_])"),
    _ifsc,
    lambda look: "aaaa0" in look.shape,
)
UPI = Rule(
    "UPI", re.compile(r"(?<![\w.@%+-])[\w.-]{2,64}@[A-Za-z][A-Za-z0-9]{1,24}(?![\w@]|[.-]\w)"), _upi, at
)
ACCOUNTS = (
    Rule("BANK_ACCOUNT", re.compile(rf"{_SAYS_ACCOUNT}[^0-9\n]{{0,32}}((?<![0-9A-Za-z_+])(?:[0-9]{{9,18}}|[0-9]{{3,5}}(?:[ -][0-9]{{3,6}}){{2,4}})){RIGHT}"), _account, says("a/c", "a / c", "a.c", "acc", "khat", "khaat", "saving", "खात"), True),
    Rule("BANK_ACCOUNT", re.compile(rf"{LEFT}([0-9]{{9,18}})[ ,;/()-]{{1,3}}(?=(?i:ifsc|bank\b)|[A-Z]{{4}}0[A-Z0-9]{{6}}(?![0-9A-Za-z_]))"), _account_beside_code, lambda look: "0" * 9 in look.shape),
)  # fmt: skip
CARD = Rule(
    "CARD",
    re.compile(rf"{LEFT}(?:[2-6][0-9]{{3}}(?:[ -]?[0-9]{{4}}){{2}}(?:[ -]?[0-9]{{1,7}})?|3[0-9]{{3}}[ -]?[0-9]{{6}}[ -]?[0-9]{{4,5}}|[2-6][0-9]{{11,18}}|(?:1800|2131)[0-9]{{11}}){RIGHT}"),
    _card,
    lambda look: "0" * 12 in look.squeezed,
)  # fmt: skip
