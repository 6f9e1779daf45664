"""What a counter is, and the shapes of requests and answers that follow from its row and its answer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any, ClassVar, Protocol

from pydantic import Field, create_model

from mandi.core.strict import Strict
from mandi.serving.snapshot import Champion, ServingParams


class Counter(Protocol):
    """Completes the questions of one model from its dated history and answers them; it knows no HTTP.

    Attributes
    ----------
    path : str
        Route of the service.
    summary : str
        One sentence for the contract's page.
    row, told : type
        A question, named ``...Row``, and its answer, named ``...Answer``.

    Notes
    -----
    A counter may have ``quick_rows``: so many rows, without reasons, are answered in a few milliseconds, and therefore
    without the detour by a thread.
    """

    path: ClassVar[str]
    summary: ClassVar[str]
    row: ClassVar[type[Strict]]
    told: ClassVar[type[Strict]]

    def __init__(self, champion: Champion, limits: ServingParams) -> None: ...

    def answer(self, rows: Sequence[Any], now: datetime, explain: bool) -> Sequence[Any]:
        """Answer rows in their order; the answer to one never depends on the others.

        Raises
        ------
        BadRow
            A field cannot be used; of several rows it is placed in its own (``BadRow.at``).
        StaleSnapshot
            The history is too old for the moment asked about.
        """
        ...

    def about(self) -> dict[str, Any]:
        """Return the names known, what may be asked, and ``example``: a request that is answered."""
        ...

    def check(self, answer: Any) -> None:
        """Raise ContractError when the answer to the example is absurd: such a champion is not served."""
        ...


@dataclass(frozen=True)
class Shapes:
    """What is read and written over HTTP: a request of one row, one of many, and the answers to many."""

    row: type[Strict]
    request: type[Strict]
    batch: type[Strict]
    answer: type[Strict]
    answers: type[Strict]


@cache
def shapes(counter: type[Counter]) -> Shapes:
    """Return the shapes of a counter; they are named after its row.

    Parameters
    ----------
    counter : type
        A class with ``row`` and ``told``.

    Examples
    --------
    >>> from mandi.serving.counters.price import PriceCounter
    >>> made = shapes(PriceCounter)
    >>> made.request.__name__, made.batch.__name__, made.answers.__name__
    ('PriceRequest', 'PriceBatch', 'PriceAnswers')
    """
    row, answer = counter.row, counter.told
    about = row.__name__.removesuffix("Row")
    explain: Any = (bool, Field(default=False, description="also return the reasons of each answer"))
    rows: Any = (list[row], Field(min_length=1))  # type: ignore[valid-type]
    answers: Any = (list[answer], ...)  # type: ignore[valid-type]
    return Shapes(
        row=row,
        request=create_model(
            f"{about}Request", __base__=row, __doc__="A request of one row.", explain=explain
        ),
        batch=create_model(
            f"{about}Batch",
            __base__=Strict,
            __doc__="A request of many rows, answered in their order; one bad row refuses all, and is named.",
            rows=rows,
            explain=explain,
        ),
        answer=answer,
        answers=create_model(
            f"{about}Answers",
            __base__=Strict,
            __doc__="Answers to a batch, in the order of its rows.",
            answers=answers,
        ),
    )
