"""How much personal data is found, and how much else is taken for it: make bench-pii.

``presidio``: the shared 691 rows of presidio-research's synthetic set (101 templates). Five folds over whole templates, three
draws of the folds; the mean of the draws. Counted are tokens (split as spaCy's blank English splits, by our own splitter), any
personal type against none, beta 2. The field learns from the other folds, with a label for the beginning of each type and one for its
rest; its lists are our own countries, cities, nationalities, occupations and common English words, and no word list of the generator. A
token is left alone only if the field is 90 % sure; a mark counts only between two words that are taken, as when a text is scrubbed.
``presidio/rules`` are the recognisers alone, on the structured types; they were written knowing the forms in these rows, so their
figure is a ceiling. ``presidio/shipped`` is the scrubber as it is installed, trained on our own sentences of Indian trade; it leaves
organisations, countries, towns by themselves, titles and dates alone by design, and all of these count here as missed.

What was looked at, in development: all of these rows. The rules were written knowing the forms in them; two bounds of numbers (an
account and a landline before another number) were put right after a first run of ``india``; penalties of the field were compared on a
draw of the folds that is not reported (seed 11), and the first of the reported draws (seed 0) was looked at again and again. Lists of
words, labels, marks and the 90 % were chosen by cross-validation within 60 of the templates, and the words wrongly taken there were
read. ``presidio/last`` is the figure on the rows of the other 41, which had no part in that choice. Near-twin templates stand in
different folds, which is kinder than texts from elsewhere.

Published figures are those of the set's authors on all 1,500 rows with their own evaluator: tuned Presidio .845, untuned .618.

``india``: invented ids of the part ``hold``, 2,000 valid and 2,000 near misses of each kind, in sentences; an id counts as found when
it is found whole and as what it is. A near miss counts against precision only as the id that it is not. The inventor and the
recognisers are by the same hand, so this measures checks and boundaries rather than the variety of the world.
``india/trade`` is the share of sentences of trade alone that the scrubber alters.

``calls``: three draws of the generated log, with what was planted in it; the second figure is without the names of the tables. The tagger
learns from no sentence of the log, and none was read. But the log is no blind test: its shares were looked at about ten times, and they led
to what an address must hold, to the list of answers of one word and to leaving districts out of what is kept; three of its words that were
taken for names (sharbati, bhutta, makki) were known when the list of crops was written. How sure the tagger has to be was compared on
sentences of our own with names of the part ``hold``, from which the log's people come, then again with those of ``learn``. Its crops are
common ones, and most stand on the tagger's list.
"""

from __future__ import annotations

import time
from collections import Counter
from pathlib import Path

import numpy as np

from benchmarks.pii_calls import calls_rows
from benchmarks.pii_sets import Text, chosen_on, counted, folds, presidio
from benchmarks.rows import Row, table, write
from mandi.core.paths import bench_data
from mandi.feedback.scrub import Scrubber
from mandi.feedback.scrub.invented import Inventor
from mandi.feedback.scrub.naming.gazetteer import Gazetteer
from mandi.feedback.scrub.naming.look_of_words import Looks, Token, tokens
from mandi.feedback.scrub.naming.sentences import CROPS
from mandi.feedback.scrub.naming.tagger import OUTSIDE, Field, learn
from mandi.feedback.scrub.rules import KINDS, Rules
from mandi.feedback.scrub.words import HOLD

FOLDS, SEEDS, EACH = 5, (0, 1, 2), 2_000
GROUPS = {
    "O": "O", "PERSON": "PERSON", "STREET_ADDRESS": "ADDRESS", "ZIP_CODE": "ADDRESS", "GPE": "PLACE", "ORGANIZATION": "FIRM", "TITLE": "TITLE",
    "NRP": "NATION",
}  # fmt: skip
STRUCTURED = {
    "EMAIL_ADDRESS": "EMAIL", "PHONE_NUMBER": "PHONE", "CREDIT_CARD": "CARD", "IBAN_CODE": "IBAN", "IP_ADDRESS": "IP", "DOMAIN_NAME": "URL",
    "DATE_TIME": "DATE", "AGE": "AGE",
}  # fmt: skip
INDIAN = (
    "pan",
    "aadhaar",
    "gstin",
    "ifsc",
    "upi",
    "phone",
    "bank_account",
    "vehicle",
    "voter",
    "passport",
    "email",
)
CUES = {"bank_account": "A/c no. ", "passport": "passport no "}
AROUND = (
    "{}",
    "please note {} for the deal",
    "({}), ok?",
    "yeh hai {} dekho",
    "Seller gave {}, rate 7200 per quintal",
    "{} 40 bags",
)
TRADE = (
    "Sell {q} of {crop} in {town} at Rs {p} per quintal?", "{crop}: {town} {p}, grade B, moisture 11.5 %", "{town} mandi mein {crop} ka bhav {p} hai",
    "Arrivals of {crop} in {town} were {q} on 12 March 2024.", "What did {q} of {crop} cost in {town}?", "Lot L004512, {q}, {p} INR/quintal",
)  # fmt: skip
PENALTIES = (0.05, 0.05)
SURE = 0.9
BETWEEN = 3  # at most two marks
Spans = list[tuple[int, int, str]]
Tally = tuple[int, int, int]


def main() -> None:
    """Run every case, print the table and write benchmarks/results/pii.json."""
    root = Path(__file__).resolve().parent.parent
    texts = presidio(bench_data(root))
    rows = [*_presidio(texts), *_india(), *calls_rows(root)]
    print(table(("case", "metric", "ours", "rules alone", "published", "goal", "met"),
                [(r.case, r.metric, r.value, r.baseline, r.published, r.goal, r.met) for r in rows]))  # fmt: skip
    total = time.process_time()
    path = write(root / "benchmarks" / "results", "pii", rows, total)
    print(f"{path}: {total:.0f} s of CPU")


def _presidio(texts: list[Text]) -> list[Row]:
    rules, scrubber = Rules(KINDS), Scrubber("bench")
    looks = Looks(
        Gazetteer(dict.fromkeys(("crop", "small", "trade"), ()))
    )  # these texts are not of Indian trade
    fixed = [[(s.start, s.end, s.kind) for s in rules.find(t.text)] for t in texts]
    words = [tokens(t.text, f) for t, f in zip(texts, fixed, strict=True)]
    features = [looks(w) for w in words]
    labels = [
        _begun([GROUPS.get(_at(t.start, t.end, text.spans), "FIXED") for t in w])
        for w, text in zip(words, texts, strict=True)
    ]
    by_draw, last, seen, found = [], [], Counter[str](), Counter[str]()
    others = np.flatnonzero(~chosen_on(texts))
    for seed in SEEDS:
        fold = folds(texts, FOLDS, seed)
        said: list[Spans] = [[] for _ in texts]
        for number in range(FOLDS):
            learnt = np.flatnonzero(fold != number)
            field = Field(learn([features[k] for k in learnt], [labels[k] for k in learnt], *PENALTIES))
            for k in np.flatnonzero(fold == number):
                told = field(features[k], SURE)
                said[k] = fixed[k] + _taken(words[k], told)
        by_draw.append(_figures(_tally(texts, said)))
        last.append(_figures(_tally([texts[k] for k in others], [said[k] for k in others])))
        for text, spans in zip(texts, said, strict=True):
            for a, b in counted(text.text):
                kind = _at(a, b, text.spans)
                seen[kind] += 1
                found[kind] += _at(a, b, spans) != "O"
        print(
            f"presidio, seed {seed}: P {by_draw[-1][0]:.3f} R {by_draw[-1][1]:.3f} F2 {by_draw[-1][2]:.3f}",
            flush=True,
        )
    precision, recall, f2 = np.mean(by_draw, axis=0).tolist()
    alone = _figures(_tally(texts, fixed))
    typed = _figures(_typed(texts, fixed))
    shipped = _figures(
        _tally(texts, [[(s.start, s.end, s.kind) for s in scrubber.find(t.text)] for t in texts])
    )
    return [
        Row("presidio", "precision", precision, alone[0], 0.870, ">= 0.70"), Row("presidio", "recall", recall, alone[1], 0.839),
        Row("presidio", "f2", f2, alone[2], 0.845, ">= 0.88"), Row("presidio", "f2 of the worst draw", min(d[2] for d in by_draw)),
        Row("presidio", "detected PERSON", found["PERSON"] / seen["PERSON"], goal=">= 0.88"),
        Row("presidio", "detected address", found["STREET_ADDRESS"] / seen["STREET_ADDRESS"], goal=">= 0.97"),
        *(Row("presidio/last", metric, value) for metric, value in zip(("precision", "recall", "f2"), np.mean(last, axis=0).tolist(), strict=True)),
        *(Row("presidio/rules", metric, value, goal=">= 0.97" if metric == "f2" else "") for metric, value in zip(("precision", "recall", "f2"), typed, strict=True)),
        *(Row("presidio/shipped", metric, value) for metric, value in zip(("precision", "recall", "f2"), shipped, strict=True)),
    ]  # fmt: skip


def _begun(labels: list[str]) -> list[str]:
    """Return labels that tell where a run of the same label begins."""
    return [
        label if label == OUTSIDE else f"{'I' if k and labels[k - 1] == label else 'B'}-{label}"
        for k, label in enumerate(labels)
    ]


def _taken(words: list[Token], told: list[str]) -> Spans:
    """Return what the field says without marks, but for those between two words of it."""
    plain = [k for k, t in enumerate(words) if t.kind or t.text[0].isalnum()]
    taken = [k for k in plain if told[k] != OUTSIDE]
    for k, after in zip(plain, plain[1:], strict=False):
        if after - k <= BETWEEN and told[k] != OUTSIDE != told[after]:
            taken += [m for m in range(k + 1, after) if told[m] != OUTSIDE]
    return [(words[k].start, words[k].end, told[k]) for k in taken]


def _india() -> list[Row]:
    rules, rows, total = Rules(), [], np.zeros(3, dtype=int)
    for kind in INDIAN:
        inventor = Inventor(2024, "hold")
        right = wrong = missed = 0
        for k in range(EACH):
            value = CUES.get(kind, "") + getattr(inventor, kind)()
            text = AROUND[k % len(AROUND)].format(value)
            end = text.index(value) + len(value)
            mine = [s for s in rules.find(text) if s.kind == kind.upper()]
            hit = [s for s in mine if s.end == end and s.start == end - len(value) + len(CUES.get(kind, ""))]
            right, wrong, missed = right + len(hit), wrong + len(mine) - len(hit), missed + (not hit)
            near = AROUND[k % len(AROUND)].format(CUES.get(kind, "") + inventor.near_miss(kind))
            wrong += any(s.kind == kind.upper() for s in rules.find(near))
        total += np.array((right, wrong, missed))
        precision, recall, f2 = _figures((right, wrong, missed))
        rows += [
            Row(f"india/{kind}", "precision", precision, goal=">= 0.98"),
            Row(f"india/{kind}", "recall", recall, goal=">= 0.98"),
            Row(f"india/{kind}", "f2", f2),
        ]
    precision, recall, f2 = _figures(tuple(total.tolist()))
    whole = [
        Row("india", "precision", precision, goal=">= 0.98"),
        Row("india", "recall", recall, goal=">= 0.98"),
        Row("india", "f2", f2),
    ]
    return [*whole, *rows, Row("india/trade", "share altered", _altered(), goal="<= 0.01")]


def _altered() -> float:
    inventor = Inventor(7, "hold")
    rng = inventor.rng
    scrubber = Scrubber("bench", keep=[town for town, _, _ in HOLD.towns])
    texts = [
        TRADE[k % len(TRADE)].format(
            q=f"{rng.randint(2, 900)} {rng.choice(('quintals', 'qtl', 'bags', 'tonnes', 'bales'))}", crop=rng.choice(CROPS),
            p=rng.randint(1800, 9900), town=rng.choice(HOLD.towns)[0],
        ) for k in range(EACH)
    ]  # fmt: skip
    return sum(done.text != text for text, done in zip(texts, scrubber.scrub_many(texts), strict=True)) / EACH


def _at(start: int, end: int, spans: Spans | tuple[tuple[int, int, str], ...]) -> str:
    return next((kind for a, b, kind in spans if a < end and start < b), "O")


def _tally(texts: list[Text], said: list[Spans]) -> Tally:
    pairs = [
        (_at(a, b, text.spans) != "O", _at(a, b, spans) != "O")
        for text, spans in zip(texts, said, strict=True)
        for a, b in counted(text.text)
    ]
    return (
        sum(g and p for g, p in pairs),
        sum(p and not g for g, p in pairs),
        sum(g and not p for g, p in pairs),
    )


def _typed(texts: list[Text], said: list[Spans]) -> Tally:
    right = wrong = missed = 0
    for text, spans in zip(texts, said, strict=True):
        for a, b in counted(text.text):
            gold = STRUCTURED.get(_at(a, b, text.spans), "O")
            mine = {"BIRTH_DATE": "DATE"}.get(kind := _at(a, b, spans), kind)
            right += mine == gold != "O"
            wrong += mine not in ("O", gold)
            missed += gold not in ("O", mine)
    return right, wrong, missed


def _figures(tally: Tally) -> tuple[float, float, float]:
    right, wrong, missed = tally
    precision, recall = right / max(right + wrong, 1), right / max(right + missed, 1)
    return precision, recall, 5 * precision * recall / max(4 * precision + recall, 1e-12)


if __name__ == "__main__":
    main()
