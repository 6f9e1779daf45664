"""Answers wants with the open offers that satisfy their hard constraints, the likeliest deals first.

Many wants are one look into the index each, one completion and one scoring together; the answer to one never depends on
the others, and two of them may be given the same offer.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from mandi.core.errors import ContractError, StaleSnapshot
from mandi.core.strict import Strict
from mandi.core.units import to_quintals
from mandi.features.ranking.hard_constraints import CONSTRAINTS, NO_FLOOR
from mandi.features.ranking.offer_index import OfferIndex
from mandi.features.ranking.pair_book import ASKED, ASKED_TEXTS, ASKED_TIMES, PairBook, moments
from mandi.models.ranking.match_rule import PARTS
from mandi.serving.delivery_days import from_today, india_day, stamp
from mandi.serving.gazetteer import few, near, plain
from mandi.serving.matching_contracts import Breakdown, Match, MatchingAnswer, MatchingRow
from mandi.serving.problems import BadRow
from mandi.serving.snapshot import MAKE_IT, Champion, ServingParams

if TYPE_CHECKING:
    from numpy.typing import NDArray

WINDOW_DAYS = 14
PAIRS_AT_ONCE = 20_000  # of whole wants: what is held in memory stays bounded
ANY = NO_FLOOR
Told = dict[str, "NDArray[Any]"]


@dataclass(frozen=True)
class _Want:
    columns: dict[str, Any]  # ASKED without the offer; times as datetime64, UTC
    k: int
    asof: datetime
    requirement_id: str | None = None
    notes: list[str] = field(default_factory=list)


class MatchingCounter:
    """Where wants are completed and answered.

    Parameters
    ----------
    champion : Champion
        Its history has ``offers`` and ``wants`` that are open, ``places`` and what ``PairBook`` reads.
    limits : ServingParams
    """

    path: ClassVar[str] = "/api/v1/matching/rank"
    summary: ClassVar[str] = (
        "The open offers that suit a want best, hard constraints first, with their breakdown"
    )
    row: ClassVar[type[Strict]] = MatchingRow
    told: ClassVar[type[Strict]] = MatchingAnswer

    def __init__(self, champion: Champion, limits: ServingParams) -> None:
        history, features = champion.history, champion.features
        self.champion, self.limits = champion, limits
        self._model: Any = champion.model
        self._constraints = features.params.constraints  # type: ignore[attr-defined]
        self._book = PairBook(history, self._constraints)
        offers = history["offers"]
        self._index = OfferIndex(offers)
        self._ready_until = moments(offers["ready_until"])
        self._grades = {plain(grade): grade for grade in self._constraints.grades}
        self._offers = {name: offers[name].to_numpy(dtype=object) for name in
                        ("availability_id", "seller_id", "offer_market", "variety", "grade")}  # fmt: skip
        places = history["places"]
        where = (places[name].tolist() for name in ("market", "latitude", "longitude"))
        self._places = {name: (north, east) for name, north, east in zip(*where, strict=True)}
        for name in offers["offer_market"]:
            self._places.setdefault(name, (math.nan, math.nan))
        self._market_names = {plain(name): name for name in self._places}
        listed = {*offers["offer_commodity"], *history["levels"]["commodity"]}
        self._commodity_names = {plain(name): name for name in sorted(listed)}
        self._wants = {row["requirement_id"]: row for row in history["wants"].to_dict("records")}
        self._known_until = champion.known_until.floor("us").to_pydatetime()
        self._buyers = set(history["dealings"]["buyer_id"])

    def answer(self, rows: Sequence[MatchingRow], now: datetime, explain: bool) -> list[MatchingAnswer]:
        """Answer wants in their order.

        Raises
        ------
        BadRow
            A name is not known or a field cannot be used.
        StaleSnapshot
            The offers known here are too old for the moment asked about.
        """
        wants = []
        for i, row in enumerate(rows):
            try:
                wants.append(self._want(row, now))
            except (BadRow, StaleSnapshot) as refused:
                raise refused.at(i if len(rows) > 1 else None) from None
        return [
            answer for some, found in self._blocks(wants) for answer in self._answered(some, found, explain)
        ]

    def about(self) -> dict[str, Any]:
        """Return the names known and a want that is answered with these offers."""
        return {
            "commodities": {
                name: self._index.commodities.get(name, 0) for name in self._commodity_names.values()
            },
            "grades": list(self._constraints.grades),
            "constraints": list(CONSTRAINTS),
            "open_wants": len(self._wants),
            "example": self._example(),
        }

    def check(self, answer: MatchingAnswer) -> None:
        """Refuse a champion whose example has no match, or matches out of order, beyond [0, 1] or against a constraint."""
        scores = [match.match_score for match in answer.matches]
        sums = [
            math.fsum(getattr(m.breakdown, part) for part in PARTS) - m.breakdown.total
            for m in answer.matches
        ]
        sound = (
            bool(scores)
            and all(0.0 < score <= 1.0 for score in scores)
            and scores == sorted(scores, reverse=True)
            and not any(match.violated for match in answer.matches)
            and all(abs(gap) < 1e-6 for gap in sums)
        )
        if not sound:
            raise ContractError(
                f"the example is answered with {len(scores)} matches and scores {scores}",
                allowed="at least one match, scores in (0, 1], best first, no constraint violated",
                next_command=MAKE_IT,
            )

    def _want(self, row: MatchingRow, now: datetime) -> _Want:
        asof = (row.asof or now).astimezone(UTC)
        self._check_age(asof)
        if row.requirement_id is not None:
            return self._posted(row, asof)
        commodity = self._named("commodity_id", row.commodity_id, self._commodity_names)
        market = self._named("location", row.location, self._market_names)
        notes = []
        floor = ANY if row.min_grade is None else self._grades.get(plain(row.min_grade))
        if floor is None:
            raise BadRow(
                "min_grade", f'no grade "{row.min_grade}"', allowed=", ".join(self._constraints.grades)
            )
        if row.buyer_id is not None and row.buyer_id not in self._buyers:
            notes.append(f'buyer "{row.buyer_id}" has no history: answered without tastes')
        today = india_day(asof)
        first = from_today(row.deliver_from or today, today, notes)
        last = row.deliver_until or first + timedelta(days=WINDOW_DAYS)
        if last < first or last < today:
            raise BadRow(
                "deliver_until", f"deliver_until is {last}, before {max(first, today)}",
                allowed="a day not before deliver_from and not before the moment asked about",
            )  # fmt: skip
        if row.deliver_until is None:
            notes.append(f"deliver_until is not given: {last}, {WINDOW_DAYS} days after the first day")
        columns = {
            "commodity": commodity, "market": market, "buyer_id": row.buyer_id, "min_grade": floor,
            "quantity": to_quintals(row.quantity or 0.0, row.quantity_unit), "max_price": row.max_price,
            "max_distance_km": math.nan if row.max_distance_km is None else row.max_distance_km,
            "deliver_from": stamp(first), "deliver_until": stamp(last), "asof": stamp(asof),
        }  # fmt: skip
        return _Want(columns, row.k, asof, None, notes)

    def _posted(self, row: MatchingRow, asof: datetime) -> _Want:
        posted = self._wants.get(row.requirement_id)
        if posted is None:
            raise BadRow(
                "requirement_id",
                f'no open want "{row.requirement_id}"',
                allowed=few(self._wants) or "(none is open)",
            )
        today, notes = india_day(asof), list[str]()
        first, last = posted["deliver_from"].date(), posted["deliver_until"].date()
        if last < today:
            raise BadRow(
                "requirement_id", f"this want ended on {last}",
                allowed=f"a want that can be delivered on {today} or later",
            )  # fmt: skip
        columns = {name: posted[name] for name in ASKED if name in posted}
        first = from_today(first, today, notes)
        columns |= {"deliver_from": stamp(first), "deliver_until": stamp(last), "asof": stamp(asof)}
        return _Want(columns, row.k, asof, str(row.requirement_id), notes)

    def _blocks(self, wants: Sequence[_Want]) -> Iterator[tuple[list[_Want], list[NDArray[np.intp]]]]:
        some: list[_Want] = []
        found: list[NDArray[np.intp]] = []
        pairs = 0
        for want in wants:
            some.append(want)
            found.append(self._candidates(want))
            pairs += len(found[-1])
            if pairs >= PAIRS_AT_ONCE:
                yield some, found
                some, found, pairs = [], [], 0
        if some:
            yield some, found

    def _answered(
        self, wants: Sequence[_Want], found: Sequence[NDArray[np.intp]], explain: bool
    ) -> list[MatchingAnswer]:
        told = self._completed(wants, found)
        scored = self._model.match(told)
        able, best, start = [], [], 0
        for want, offers in zip(wants, found, strict=True):
            end = start + len(offers)
            rows = start + np.flatnonzero(scored["feasible"][start:end] > 0)
            able.append(len(rows))
            best.append(rows[np.lexsort((rows, -scored["match_score"][rows]))][: want.k])
            start = end
        effects = self._effects(told, np.concatenate(best)) if explain else None
        offers = np.concatenate(found)
        return [
            self._told(want, candidates, [self._match(int(offers[i]), i, told, scored) for i in rows.tolist()],
                       None if effects is None else [effects[i] for i in rows.tolist()])
            for want, candidates, rows in zip(wants, able, best, strict=True)
        ]  # fmt: skip

    def _effects(self, told: Told, rows: NDArray[np.intp]) -> dict[int, dict[str, float]]:
        names, parts = self._model.effects({name: values[rows] for name, values in told.items()})
        return {
            row: {name: value for name, value in zip(names, values, strict=True) if value}
            for row, values in zip(rows.tolist(), parts.tolist(), strict=True)
        }

    def _candidates(self, want: _Want) -> NDArray[np.intp]:
        asked = want.columns
        north, east = self._places.get(asked["market"], (math.nan, math.nan))
        farthest = asked["max_distance_km"]
        return self._index.near(
            asked["commodity"], asked["market"], north, east, None if math.isnan(farthest) else farthest,
            asked["max_price"],
        )  # fmt: skip

    def _completed(self, wants: Sequence[_Want], found: Sequence[NDArray[np.intp]]) -> Told:
        offers = np.concatenate(found) if found else np.empty(0, dtype=np.intp)
        times = np.repeat(np.arange(len(wants)), [len(rows) for rows in found])
        asked: Told = {"availability_id": self._offers["availability_id"][offers]}
        for name in ASKED[1:]:
            kind: Any = (
                object if name in ASKED_TEXTS else "datetime64[ns]" if name in ASKED_TIMES else np.float64
            )
            asked[name] = np.array([want.columns[name] for want in wants], dtype=kind)[times]
        return self._book.columns(asked)

    def _told(
        self, want: _Want, candidates: int, matches: list[Match], effects: list[dict[str, float]] | None
    ) -> MatchingAnswer:
        added = None
        if effects is not None:
            added = {match.availability_id: parts for match, parts in zip(matches, effects, strict=True)}
        commodity = want.columns["commodity"]
        held = self._open(want)
        notes = list(want.notes)
        excluded = None
        if not matches:
            excluded = self._excluded(want, held)
            notes.append(_why(excluded, len(held), commodity))
        return MatchingAnswer(
            requirement_id=want.requirement_id, commodity_id=commodity, location=want.columns["market"], matches=matches,
            candidates_considered=candidates, offers_open=len(held), excluded=excluded,
            contributions=added, model_version=self.champion.version, known_until=self._known_until,
            asof=want.asof, notes=notes,
        )  # fmt: skip

    def _match(self, offer: int, row: int, told: Told, scored: Told) -> Match:
        points = {part: float(scored[f"{part}_points"][row]) for part in PARTS}
        meets = {name: bool(told[f"meets_{name}"][row] > 0) for name in CONSTRAINTS}
        distance = float(told["distance_km"][row])
        own = self._offers
        return Match(
            availability_id=own["availability_id"][offer], seller_id=own["seller_id"][offer],
            match_score=float(scored["match_score"][row]), market=own["offer_market"][offer],
            variety=own["variety"][offer], grade=own["grade"][offer], quantity=float(told["offer_quantity"][row]),
            ask_price=float(told["ask_price"][row]), distance_km=None if math.isnan(distance) else distance,
            breakdown=Breakdown(**points, total=float(scored["rule_score"][row])),
            satisfied=[name for name, met in meets.items() if met],
            violated=[name for name, met in meets.items() if not met],
        )  # fmt: skip

    def _open(self, want: _Want) -> NDArray[np.intp]:
        held = self._index.of(want.columns["commodity"])
        return held[self._ready_until[held] >= stamp(india_day(want.asof))]

    def _excluded(self, want: _Want, held: NDArray[np.intp]) -> dict[str, int]:
        told = self._completed([want], [held])
        return {name: int((told[f"meets_{name}"] <= 0).sum()) for name in CONSTRAINTS}

    def _named(self, name: str, text: str | None, known: dict[str, str]) -> str:
        found = known.get(plain(text or ""))
        if found is None:
            raise BadRow(name, f'no {name} "{text}"{near(text or "", known)}', allowed=few(known.values()))
        return found

    def _check_age(self, asof: datetime) -> None:
        known, limit = self._known_until, self.limits.max_history_age_days
        if asof < known:
            raise BadRow(
                "asof",
                f"asof is {asof.isoformat()}, before the offers served here",
                allowed=f"from {known.isoformat()}",
            )
        age = (asof - known).total_seconds() / 86400
        if age > limit:
            raise StaleSnapshot(
                f"the offers served here are known until {known.isoformat()}, {age:.1f} days before the moment asked about",
                allowed=f"asof from {known.isoformat()}, at most {limit:g} days later",
                next_command=f"mandi import, then {MAKE_IT}",
            )

    def _example(self) -> dict[str, Any] | None:
        """Return a want for the most offers: it asks for what one of them offers, delivered where it lies."""
        offers = self.champion.history["offers"]
        held = self._index.commodities
        if not held:
            return None
        commodity = max(sorted(held), key=lambda name: held[name])
        until = moments(offers["ready_until"])
        rows = self._index.of(commodity)
        row = int(rows[np.lexsort((rows, -until[rows].astype(np.int64)))[0]])  # that is open longest
        offer = offers.iloc[row]
        return {
            "commodity_id": commodity, "location": str(offer["offer_market"]), "quantity": float(offer["offer_quantity"]),
            "max_price": round(1.06 * float(offer["ask_price"]), 0), "max_distance_km": 1500.0, "k": 5,
            "deliver_until": str(np.datetime64(until[row], "D")), "asof": self.champion.known_until.ceil("s").isoformat(),
        }  # fmt: skip


def _why(excluded: dict[str, int], held: int, commodity: str) -> str:
    if not held:
        return f"no offer of {commodity} is open"
    most = max(excluded, key=excluded.__getitem__)
    return (
        f"none of {held} open offers of {commodity} satisfies every hard constraint; most are excluded by "
        f"{most.replace('_', ' ')} ({excluded[most]})"
    )
