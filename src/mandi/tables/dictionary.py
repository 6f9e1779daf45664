"""The data dictionary: every table and column in Markdown, generated from the contracts."""

from __future__ import annotations

from collections.abc import Mapping

from mandi.tables.contract import Column, Contract
from mandi.tables.contracts import CONTRACTS

HEAD = """\
# Data dictionary

Generated from `mandi.tables.contracts` by `python -m mandi.tables.dictionary > docs/data-dictionary.md`.

Money is INR per quintal, quantity is quintals (1 quintal = 100 kg), arrivals are tonnes. Every table has two times in
UTC: `event_time`, when something happened, and `known_time`, when it could first be known; every join over time uses
the second. A column marked *optional* may be missing in a value or altogether; a default in parentheses is what a
missing text becomes. A value outside its range rejects the row, unless marked *flag*: then the value becomes missing
and the row says so.

## What is rejected and what is flagged

A rejected row is kept in the table `rejects` with its file, its row number, the reason and its cells as they stood. A
row is rejected when a value that must be there is missing or not readable, a value is outside its range, a unit is not
known, the event lies in the future, it was known before it happened, it repeats a row, or a later row of the same key
corrects it; and a report whose modal price is further than `tables.plausibility.reject_factor` from the median the
country paid in the days before (`modal_price absurd`: prices per 20 kg, misplaced digits).

Reports are kept and flagged in the column `flags`: `implausible` (further than `flag_factor` from that median),
`modal_outside_range`, `min_above_max`, `range_implausible` (the lowest or highest price further than `reject_factor`
from the modal one), and `min_price_out_of_range`, `max_price_out_of_range`, `arrivals_out_of_range` (a zero or less,
which became missing). Prices and quantities in other units are converted and counted.
"""
KNOWN = {
    "given": "must be in the source",
    "event": "the same as `event_time` when the source does not have it",
    "report lag": "`event_time` plus `tables.report_lag_hours` when the source does not have it",
    "driver lag": "`event_time` plus `tables.driver_lag_days` when the source does not have it",
}


def dictionary(contracts: Mapping[str, Contract] = CONTRACTS) -> str:
    """Return the data dictionary in Markdown.

    Examples
    --------
    >>> print(dictionary().splitlines()[0])
    # Data dictionary
    """
    return "\n".join([HEAD, *(_table(c) for c in contracts.values())])


def _table(contract: Contract) -> str:
    rows = "\n".join(_row(contract, c) for c in contract.all_columns)
    return (
        f"## {contract.name}\n\n{contract.meaning} Key: {', '.join(f'`{k}`' for k in contract.key)}.\n"
        f"`known_time` is {KNOWN[contract.known_default]}.\n\n"
        f"| column | type | unit | role | range | meaning |\n|---|---|---|---|---|---|\n{rows}\n"
    )


def _row(contract: Contract, column: Column) -> str:
    kind: str = column.kind
    if column.nullable:
        kind += ", optional"
    elif column.default is not None:
        kind += f' ("{column.default}")'
    allowed = column.range + (", flag" if column.outside == "flag" else "")
    return f"| `{column.name}` | {kind} | {column.unit} | {contract.role(column.name)} | {allowed} | {column.meaning} |"


if __name__ == "__main__":
    import sys

    sys.stdout.write(dictionary())
