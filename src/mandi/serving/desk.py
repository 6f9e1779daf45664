"""The desk: one method per model, plain Python; it takes questions in the trade's words and knows no HTTP."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from mandi.serving.contracts import PriceAnswer, PriceRow
from mandi.serving.price_counter import PriceCounter
from mandi.serving.problems import BadRow
from mandi.serving.snapshot import Champion, ServiceFolder, ServingParams, read_service_folder


class Desk:
    """Answers questions with the champions of a service folder.

    Parameters
    ----------
    folder : ServiceFolder
        What ``read_service_folder`` returned.
    """

    def __init__(self, folder: ServiceFolder) -> None:
        self._folder = folder
        price = folder.champions.get("price")
        self._price = PriceCounter(price, folder.limits) if price else None

    @classmethod
    def open(cls, folder: Path) -> Desk:
        """Open the desk on a service folder.

        Raises
        ------
        DataNotFound, ContractError
            Nothing to serve, or a file is not the one packaged.
        """
        return cls(read_service_folder(Path(folder)))

    @property
    def limits(self) -> ServingParams:
        """Limits the folder was packaged with."""
        return self._folder.limits

    @property
    def champions(self) -> Mapping[str, Champion]:
        """Champions by model name."""
        return self._folder.champions

    def price(
        self, rows: Sequence[PriceRow], now: datetime | None = None, explain: bool = False
    ) -> list[PriceAnswer]:
        """Answer price questions, in their order.

        Parameters
        ----------
        rows : sequence of PriceRow
        now : datetime, optional
            Moment of the questions that name none (``asof``); the clock's if not given. With a time zone.
        explain : bool
            Also return the contributions, INR per quintal; they sum to the price.

        Raises
        ------
        BadRow
            A name is not known or a field cannot be used; ``field`` says which, of which row.
        StaleSnapshot
            The history is too old for the moment asked about.
        """
        if self._price is None:
            raise BadRow("commodity_id", "no price model is served here", next_command="GET /api/v1/models")
        return self._price.answer(rows, now or datetime.now(UTC), explain)

    def models(self) -> list[dict[str, Any]]:
        """Describe what is served: version, history, measured coverage, names known, an example that is answered."""
        described = []
        for name, champion in self._folder.champions.items():
            about: dict[str, Any] = {
                "name": name, "version": champion.version, "run_id": champion.run_id,
                "content_hash": champion.content_hash, "source": self._folder.source,
                "packaged": self._folder.created, "known_until": champion.known_until.isoformat(),
                "question": champion.model.spec.question, "unit": champion.model.spec.unit,
                "metrics": dict(champion.metrics),
            }  # fmt: skip
            if name == "price" and self._price is not None:
                about |= self._price.about()
            described.append(about)
        return described
