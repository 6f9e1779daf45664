"""The desk: one method per model, plain Python; it takes questions in the trade's words and knows no HTTP."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mandi.core.errors import ContractError, MandiError
from mandi.serving.counters import COUNTERS, counter_class
from mandi.serving.problems import BadRow
from mandi.serving.snapshot import MAKE_IT, Champion, ServiceFolder, ServingParams, read_service_folder

if TYPE_CHECKING:
    from mandi.serving.contracts import PriceAnswer, PriceRow
    from mandi.serving.counter import Counter

LOG = logging.getLogger("mandi.serving")
MOMENTS = ("asof", "as_of")
"""Fields of rows that say when the question is asked."""


class Desk:
    """Answers questions with the champions of a service folder.

    Parameters
    ----------
    folder : ServiceFolder
        What ``read_service_folder`` returned.

    Raises
    ------
    ContractError
        No counter can be opened.
    """

    def __init__(self, folder: ServiceFolder) -> None:
        self._folder = folder
        self._counters: dict[str, Counter] = {}
        self._refused = dict(folder.refused)
        for name, champion in folder.champions.items():
            if name in COUNTERS:
                try:
                    self._counters[name] = counter_class(name)(champion, folder.limits)
                except Exception as error:  # of one model; the others are served
                    LOG.exception("the counter of %s cannot be opened", name)
                    self._refused[name] = _not_opened(name, error)
        if self._refused and not self._counters:
            raise next(iter(self._refused.values()))

    @classmethod
    def open(cls, folder: Path, only: str | None = None) -> Desk:
        """Open the desk on a service folder, or on one model of it.

        Raises
        ------
        DataNotFound, ContractError
            Nothing to serve, or a file is not the one packaged.
        """
        return cls(read_service_folder(Path(folder), only))

    @property
    def limits(self) -> ServingParams:
        """Limits the folder was packaged with."""
        return self._folder.limits

    @property
    def champions(self) -> Mapping[str, Champion]:
        """Champions by model name; of these every one is served."""
        return {n: c for n, c in self._folder.champions.items() if n not in self._refused}

    @property
    def refused(self) -> Mapping[str, MandiError]:
        """Why a model of the folder is not served, by its name."""
        return self._refused

    @property
    def counters(self) -> Mapping[str, Counter]:
        """Counters that are open, by model name."""
        return self._counters

    def price(
        self, rows: Sequence[PriceRow], now: datetime | None = None, explain: bool = False
    ) -> Sequence[PriceAnswer]:
        """Answer price questions, in their order; ``explain`` adds contributions in INR per quintal.

        Parameters
        ----------
        rows : sequence of PriceRow
        now : datetime, optional
            Moment of the questions that name none (``asof``); the clock's if not given. With a time zone.
        explain : bool
            Also return the contributions; they sum to the price.

        Raises
        ------
        BadRow
            A name is not known or a field cannot be used; ``field`` says which, of which row.
        StaleSnapshot
            The history is too old for the moment asked about.
        """
        return self._answer("price", rows, now, explain)

    def demand(
        self, rows: Sequence[Any], now: datetime | None = None, explain: bool = False
    ) -> Sequence[Any]:
        """Forecast arrivals, tonnes a day; as ``price``, with rows and answers of its counter."""
        return self._answer("demand", rows, now, explain)

    def quality(
        self, rows: Sequence[Any], now: datetime | None = None, explain: bool = False
    ) -> Sequence[Any]:
        """Grade lots and say how sure that is; as ``price``, with rows and answers of its counter."""
        return self._answer("quality", rows, now, explain)

    def fraud(self, rows: Sequence[Any], now: datetime | None = None, explain: bool = False) -> Sequence[Any]:
        """Score deals by how suspicious they are; as ``price``, with rows and answers of its counter."""
        return self._answer("fraud", rows, now, explain)

    def matching(
        self, rows: Sequence[Any], now: datetime | None = None, explain: bool = False
    ) -> Sequence[Any]:
        """Rank the offers that fit a want; as ``price``, with rows and answers of its counter."""
        return self._answer("matching", rows, now, explain)

    def models(self) -> list[dict[str, Any]]:
        """Describe what is served: version, history, measured figures, names known, an example that is answered."""
        described = []
        for name, champion in self.champions.items():
            about: dict[str, Any] = {
                "name": name, "version": champion.version, "run_id": champion.run_id,
                "content_hash": champion.content_hash, "source": self._folder.source,
                "packaged": self._folder.created, "known_until": champion.known_until.isoformat(),
                "question": champion.model.spec.question, "unit": champion.model.spec.unit,
                "metrics": dict(champion.metrics),
            }  # fmt: skip
            if name in self._counters:
                about |= {"path": self._counters[name].path, **self._counters[name].about()}
            described.append(about)
        return described

    def _answer(self, model: str, rows: Sequence[Any], now: datetime | None, explain: bool) -> Sequence[Any]:
        if model not in self._counters:
            raise BadRow("model", f"no {model} model is served here", next_command="GET /api/v1/models")
        if len(rows) > self.limits.max_rows:
            raise BadRow("rows", f"{len(rows)} rows", allowed=f"1 to {self.limits.max_rows} in a request")
        now = now or datetime.now(UTC)
        self._check_past(rows, now)
        return self._counters[model].answer(rows, now, explain)

    def _check_past(self, rows: Sequence[Any], now: datetime) -> None:
        latest = now + timedelta(
            days=self.limits.max_history_age_days
        )  # no history could be old enough to be too old
        asked = [name for name in MOMENTS if name in type(rows[0]).model_fields] if rows else []
        for name in asked:
            for i, row in enumerate(rows):
                moment = getattr(row, name)
                if moment is not None and moment > latest:
                    raise BadRow(
                        name,
                        f"{name} is {moment.isoformat()}, in the future",
                        allowed=f"to {now.isoformat()}",
                    ).at(i if len(rows) > 1 else None)


def _not_opened(name: str, error: Exception) -> MandiError:
    if isinstance(error, MandiError):
        return error
    return ContractError(
        f"the counter of {name} cannot be opened ({type(error).__name__})", next_command=MAKE_IT
    )
