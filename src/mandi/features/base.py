"""The one feature interface: causal history, questions, and the assembly that training and serving share."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, ClassVar, Protocol

if TYPE_CHECKING:
    from pandas import DataFrame, Timestamp

    from mandi.models.base import Model

    Tables = Mapping[str, DataFrame]
    History = dict[str, DataFrame]


class Features(Protocol):
    """How one model's frame is built. Built from a frozen ``...Params``; holds no other state."""

    name: ClassVar[str]
    requires: ClassVar[frozenset[str]]  # without these tables the model is not trained, and the user is told
    uses: ClassVar[frozenset[str]]  # these make it better
    keys: ClassVar[Mapping[str, list[str]]]  # of each history table: a snapshot keeps the last row per key

    def history(self, tables: Tables) -> History:
        """Return causal state tables: key columns, ``known_time``, state; a row uses only what was known by then."""
        ...

    def questions(self, tables: Tables, history: Mapping[str, DataFrame] | None = None) -> DataFrame:
        """Return training questions with ``asof``, ``label``, ``label_known_time`` and ``part``.

        ``history`` of the same tables saves building it again.
        """
        ...

    def assemble(self, questions: DataFrame, history: History) -> DataFrame:
        """Return the model's inputs on the index of ``questions``; each row as known at its ``asof``."""
        ...


def served_state(features: Features, history: History, model: Model) -> History:
    """Return the frames the service answers from.

    Features with a method ``served(history, asof, model)`` say themselves what they are (dated forecasts, an index built
    once); of all others it is the last row of each key.

    Parameters
    ----------
    features : Features
    history : mapping of name to frame
        Of the features, by the parameters the model was trained with.
    model : Model
        The fitted champion.

    Returns
    -------
    dict of name to frame
    """
    until = known_until(features, history)
    own = getattr(features, "served", None)
    made: History = own(history, until, model) if own else snapshot(history, until, features.keys)
    return made


def known_until(features: Features, history: Mapping[str, DataFrame]) -> Timestamp:
    """Return the moment up to which a history is known: that of its first keyed table."""
    return history[next(iter(features.keys))]["known_time"].max()


def snapshot(history: Mapping[str, DataFrame], asof: Timestamp, keys: Mapping[str, list[str]]) -> History:
    """Cut a history down to the last row of each key known at ``asof``: what the service needs.

    Parameters
    ----------
    history : mapping of name to frame
        Each with its key columns and ``known_time`` (UTC).
    asof : Timestamp
        UTC; rows known later are left out.
    keys : mapping of name to key columns

    Returns
    -------
    dict of name to frame
        At most one row per key.
    """
    cut = {}
    for name, frame in history.items():
        known = frame[frame["known_time"] <= asof].sort_values("known_time", kind="stable")
        cut[name] = (
            known.drop_duplicates(keys[name], keep="last").reset_index(drop=True) if keys[name] else known
        )
    return cut
