"""Questions asked anew from tables whose later rows are changed: what was asked before must be asked again, word for word."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from mandi.evaluation.differences import differing

IDENTITY = ("commodity", "market", "location", "kind", "horizon_days", "asof")
LABELS = ("label", "label_then", "label_known_time", "national_ahead", "part", "fraud_kind")
LEAST_MATCHED = 0.5
MOST = 10_000


def asked_otherwise(
    before: pd.DataFrame,
    after: pd.DataFrame,
    tables: Mapping[str, pd.DataFrame],
    moment: pd.Timestamp,
    seed: int,
) -> list[str]:
    """Name the columns in which questions asked up to a moment differ once what was known later is changed.

    Labels may differ; so may what the row a question is about says of itself, where that row was known only after the
    moment.

    Parameters
    ----------
    before, after : DataFrame
        Questions with ``asof``, from the tables as they are and from the changed ones. They are matched by ``IDENTITY``
        and the ids that name a row of a table.
    tables : mapping of name to DataFrame
        As they are, with ``known_time`` (UTC).
    moment : Timestamp
        UTC.
    seed : int
        Draws the questions where there are more than ``MOST``.

    Returns
    -------
    list of str
        Empty where nothing differs and at least ``LEAST_MATCHED`` of the questions are there again.

    Examples
    --------
    >>> asof = pd.to_datetime(["2024-05-01", "2024-05-02"], utc=True)
    >>> before = pd.DataFrame({"asof": asof, "commodity": "tur", "hint": [1.0, 2.0], "label": [1.0, 2.0]})
    >>> after = before.assign(hint=[1.0, 5.0], label=[1.0, 5.0])
    >>> asked_otherwise(before, after, {}, asof[1], seed=0)
    ['question: hint in 1 rows']
    """
    drawn = sampled(before[before["asof"] <= moment], MOST, seed)
    own = {name for table in tables.values() for name in _own_ids(table)}
    keys = [str(name) for name in before if name in IDENTITY or name in own]
    if missing := [name for name in keys if name not in after]:
        return [f"question: {name} is there only once" for name in missing]
    one, other = _numbered(drawn, keys, "one"), _numbered(after, keys, "other")
    both = one.merge(other, on=keys)
    found = []
    if len(both) < LEAST_MATCHED * max(len(one), 1) or not len(both):
        found.append(f"only {len(both)} of {len(one)} questions are asked again")
    first = drawn.iloc[both["one"].to_numpy()].reset_index(drop=True)
    second = after.iloc[both["other"].to_numpy()].reset_index(drop=True)
    left_out = [name for name in (*keys, *LABELS) if name in first or name in second]
    first, second = (rows.drop(columns=left_out, errors="ignore") for rows in (first, second))
    for name in first.columns.union(second.columns, sort=False):
        held = ~_recorded_later(both, str(name), tables, moment)
        here, there = (rows.loc[held, [name] if name in rows else []] for rows in (first, second))
        found += [f"question: {text}" for text in differing(here, there)]
    return found


def _numbered(rows: pd.DataFrame, keys: list[str], name: str) -> pd.DataFrame:
    return rows[keys].assign(**{name: np.arange(len(rows))}).drop_duplicates(keys, keep=False)


def _recorded_later(
    asked: pd.DataFrame, column: str, tables: Mapping[str, pd.DataFrame], moment: pd.Timestamp
) -> NDArray[np.bool_]:
    # true where the column is of the very row a question is about, and that row was known only after the moment
    late = np.zeros(len(asked), dtype=bool)
    for table in tables.values():
        if column not in table:
            continue
        for key in (name for name in _own_ids(table) if name in asked):
            late |= asked[key].isin(table.loc[table["known_time"] > moment, key]).to_numpy(dtype=bool)
    return late


def _own_ids(table: pd.DataFrame) -> list[str]:
    return [str(name) for name in table if str(name).endswith("_id") and table[name].is_unique]


def sampled(asked: pd.DataFrame, most: int, seed: int) -> pd.DataFrame:
    """Return at most so many questions: half of them the latest, half a random sample of the others.

    Examples
    --------
    >>> asked = pd.DataFrame({"asof": pd.date_range("2024-05-01", periods=9, tz="UTC")})
    >>> sampled(asked, 4, seed=0)["asof"].dt.day.tolist()[-2:]
    [8, 9]
    """
    if len(asked) <= most:
        return asked
    ordered = asked.sort_values("asof", kind="stable")
    latest = ordered.index[-(most // 2) :]
    others = ordered.index[: -(most // 2)].to_numpy()
    drawn = np.random.default_rng(seed).choice(others, most - len(latest), replace=False)
    return asked.loc[asked.index.isin([*latest, *drawn])]
