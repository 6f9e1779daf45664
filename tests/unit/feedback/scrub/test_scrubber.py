"""A scrubbed text holds nobody, says the same of trade, and comes out the same however often it is scrubbed."""

from __future__ import annotations

import json

import pytest

from mandi.feedback.scrub import Scrubber
from mandi.feedback.scrub.invented import Inventor
from mandi.feedback.scrub.naming.gazetteer import never_alone
from mandi.feedback.scrub.naming.sentences import CROPS
from mandi.feedback.scrub.pseudonyms import STAND_IN
from mandi.feedback.scrub.words import HOLD, LEARN

# none of these is a sentence that the tagger has learnt from
PLANTED = (
    "Kindly ask {person} whether the truck left, the rate was 7200.", "{person} told us the lot of wheat has 12 % moisture.",
    "We delivered 40 quintals to {person} on 3 May 2024.", "Payment of Rs 45,000 was made by {person} last week.",
    "Not happy. {person} promised 5100 per quintal.", "kya {person} ne maal uthaya?", "Please update my record, {person}.",
    "The certificate of {person} shows grade B.", "I spoke to {person} and he said sell.", "Ye lot {person} ka hai, 30 bags tur.",
)  # fmt: skip
WHERE = (
    "Kindly unload at {address}.", "Our new office is {address}, come on Monday.", "Maal pahunchana hai: {address}", "Invoice to be posted to {address}.",
    "I stay at {address} and sell cotton.", "{person}, {address}",
)  # fmt: skip
TRADE = (
    "Sell {q} of {crop} in {town} at Rs {p} per quintal?", "{crop}: {town} {p}, grade B, moisture 11.5 %", "{town} mandi mein {crop} ka bhav {p} hai",
    "Arrivals of {crop} in {town} were {q} on 12 March 2024.", "Compare {town} and Gondal for {crop}, {q}.",
)  # fmt: skip

# trade as people write it in several tongues; none of these is a sentence that the tagger has learnt from
TALK = (
    "{q} {crop} ka loading parso hoga, {p} fix", "{crop} ka godown full hai, ab {town} bhejenge kya?", "sir {crop} me fungus hai, {p} se neeche mat jana",
    "Kal ki barish ke baad {crop} {p} tak gir sakta hai", "{town} ki report me {crop} {p} likha hai jo galat hai", "{crop} teji me hai bhai, {q} rok ke rakha",
    "Bids for {crop} closed at {p} in {town}; reserve was {p}.", "Nobody bids on {crop} below {p}.", "The {crop} sample weighs {q} and holds 11.2 % water.",
    "इस हफ्ते {crop} {p} के पार जाएगा?", "{town} के व्यापारी {crop} नहीं ले रहे", "{crop} की बोली {p} पर रुकी", "இந்த வாரம் {crop} {p} தாண்டுமா?",
    "{town} வியாபாரிகள் {crop} வாங்கவில்லை", "{crop} porutha varaikkum {p} nalla vilai", "{crop} na bhaav {p} thi upar jashe?", "ya athavdyat {crop} {p} hoil ka?",
)  # fmt: skip
SAID_CROPS = ("gehu", "makka", "Kapas", "sarson", "chana", "soyabean", "jeera", "Dhaniya", "bajri", "moongfali", "urad dal", "arhar", "loha ayask", "गेहूं", "सरसों", "பருத்தி", "துவரை")  # fmt: skip


@pytest.fixture(scope="module")
def scrubber() -> Scrubber:
    return Scrubber("organisation 1", keep=[town for town, _, _ in (*LEARN.towns, *HOLD.towns)])


def _covered(scrubber: Scrubber, text: str, value: str) -> bool:
    start = text.index(value)
    spans = scrubber.find(text)
    return all(
        any(s.start <= k < s.end for s in spans)
        for k in range(start, start + len(value))
        if text[k].isalnum()
    )


def test_planted_names_are_found_in_sentences_never_learnt_from(scrubber: Scrubber) -> None:
    inventor = Inventor(21, "hold")
    names = [(t, inventor.name()) for _ in range(30) for t in PLANTED]
    share = sum(_covered(scrubber, t.format(person=n), n) for t, n in names) / len(names)
    assert share >= 0.88


def test_planted_addresses_are_found_in_sentences_never_learnt_from(scrubber: Scrubber) -> None:
    inventor = Inventor(22, "hold")
    rows = [
        (t.format(address=a, person=inventor.name()), a)
        for _ in range(40)
        for t in WHERE
        for a in [inventor.address()]
    ]
    touched = [any(s.start <= text.index(a) + 3 < s.end for s in scrubber.find(text)) for text, a in rows]
    assert sum(touched) / len(touched) >= 0.97


def test_no_checkable_id_leaks(scrubber: Scrubber) -> None:
    inventor = Inventor(23, "hold")
    for _ in range(60):
        ids = [
            inventor.pan(),
            inventor.aadhaar(),
            inventor.gstin(),
            inventor.ifsc(),
            inventor.card(),
            inventor.voter().replace("ORD", "XYZ"),
        ]
        done = scrubber.scrub(f"{inventor.name()}: " + "; ".join(ids) + f", call {inventor.phone()}")
        assert [i for i in ids if i in done.text] == []


def test_trade_is_altered_in_one_text_of_a_hundred_at_most(scrubber: Scrubber) -> None:
    inventor = Inventor(24, "hold")
    rng = inventor.rng
    texts = [
        t.format(
            q=f"{rng.randint(2, 900)} {rng.choice(('quintals', 'bags', 'tonnes'))}", crop=rng.choice(CROPS), p=rng.randint(1800, 9900),
            town=rng.choice(inventor.words.towns)[0],
        ) for _ in range(80) for t in TRADE
    ]  # fmt: skip
    altered = [
        text for text, done in zip(texts, scrubber.scrub_many(texts), strict=True) if done.text != text
    ]
    assert len(altered) <= 0.01 * len(texts), altered


def test_talk_of_trade_in_several_tongues_stays(scrubber: Scrubber) -> None:
    rng = Inventor(26, "hold").rng
    texts, spoilt = 0, []
    for t in TALK * 60:
        said = {
            "q": f"{rng.randint(2, 900)} {rng.choice(('quintal', 'katte', 'bori', 'qtl', 'kg'))}",
            "crop": rng.choice(SAID_CROPS),
            "p": rng.choice(("{}", "Rs {}", "{} rupaye", "₹{}/qtl")).format(rng.randint(1800, 9900)),
        }
        done = scrubber.scrub(t.format(town=rng.choice(HOLD.towns)[0], **said)).text
        texts += 1
        spoilt += [done for name in said if f"{{{name}}}" in t and said[name] not in done]
    assert len(spoilt) <= 0.01 * texts, spoilt


@pytest.mark.parametrize(
    "text",
    [
        "Lot L071462, 559 bori, Gulabbagh, grade D",
        "between 7,100 and 7,400.50, score 0.82",
        "Shankar-6 at Akola 7200, Latur 7300",
        "Request 381b0a7a1d65e111723b6c9bb49a25a3 failed",
        "bhutta, makki aur sharbati gehu 2450",
    ],
)
def test_figures_codes_and_varieties_are_nobody(scrubber: Scrubber, text: str) -> None:
    assert scrubber.scrub(text).text == text


@pytest.mark.parametrize(
    "address",
    [
        "12, Tilak Road, Akola 444001",
        "B-23, Shastri Nagar, Indore",
        "H.No. 391, Dana Bunder, Meerut",
        "14/4, Model Town, Karnal",
    ],
)
def test_an_address_has_a_door_a_street_or_a_code(scrubber: Scrubber, address: str) -> None:
    text = f"Please unload at {address}."
    assert "ADDRESS" in scrubber.scrub(text).kinds, text


def test_no_listed_word_of_trade_is_a_name() -> None:
    names = {word.casefold() for name in (*LEARN.given, *LEARN.surnames) for word in name.split()}
    assert never_alone() & names == {"khanna"}  # a market


def test_what_is_kept_is_kept_inside_other_words_too() -> None:
    text = "Bargujarat sold wheat"  # no word of it is known
    assert Scrubber(1, keep=["bargujarat_mandi"]).scrub(text).text == text


def test_scrubbing_twice_changes_nothing(scrubber: Scrubber) -> None:
    inventor = Inventor(25, "hold")
    for k in range(150):
        text = (
            PLANTED[k % len(PLANTED)].format(person=inventor.name())
            + f" {inventor.address()} {inventor.phone()} {inventor.email()}"
        )
        once = scrubber.scrub(text)
        assert scrubber.scrub(once.text).text == once.text
        assert all(a.end <= b.start for a, b in zip(once.spans, once.spans[1:], strict=False))


def test_the_same_person_has_the_same_stand_in_under_the_same_salt_alone(scrubber: Scrubber) -> None:
    first, second = (
        scrubber.scrub(t).text
        for t in ("Please call Ramesh Patel.", "please call ramesh patel on 98200 12345")
    )
    assert STAND_IN.search(first)[0] == STAND_IN.search(second)[0]  # type: ignore[index]
    assert (
        scrubber.scrub("ph 98200-12345").text.split()[-1]
        == scrubber.scrub("ph +91 9820012345").text.split()[-1]
    )
    assert Scrubber("organisation 1", names=False).scrub("a@b.in") == Scrubber(
        "organisation 1", names=False
    ).scrub("a@b.in")
    assert Scrubber(2, names=False).scrub("a@b.in").text != Scrubber(1, names=False).scrub("a@b.in").text


def test_values_of_json_are_walked_and_keys_stay(scrubber: Scrubber) -> None:
    value = {"a@b.in": ["PAN ABCPD1234Z", {"n": 3, "ok": None}], "rate": "7200"}
    done = scrubber.scrub_value(value)
    assert list(done) == ["a@b.in", "rate"] and "ABCPD1234Z" not in json.dumps(done)
    assert done["rate"] == "7200" and done["a@b.in"][1] == {"n": 3, "ok": None}
    assert value["a@b.in"][0] == "PAN ABCPD1234Z"


def test_spans_hold_places_and_not_the_data(scrubber: Scrubber) -> None:
    assert "98200" not in repr(scrubber.scrub("call 98200 12345").spans)


def test_the_two_parts_share_no_name_and_no_town() -> None:
    for a, b in ((LEARN.given, HOLD.given), (LEARN.surnames, HOLD.surnames), (LEARN.localities, HOLD.localities),
                 ([t for t, _, _ in LEARN.towns], [t for t, _, _ in HOLD.towns]), (LEARN.domains, HOLD.domains)):  # fmt: skip
        assert not set(a) & set(b)
