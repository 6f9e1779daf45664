"""Keeps every verdict and every move of a champion: one MLflow run per event, added and never changed."""

from __future__ import annotations

import getpass
import json
import os
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from mandi.core.config import load_params, section
from mandi.evaluation.gate import judge, rule_for
from mandi.registry.connection import Connection, connect
from mandi.registry.tracking import LONGEST_TAG
from mandi.registry.versions import CHALLENGER, CHAMPION, Version, aliased, find_version

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pandas import DataFrame

COLUMNS = [
    "at",
    "event",
    "version",
    "before",
    "after",
    "gate",
    "forced",
    "reason",
    "by",
    "checks",
    "done",
    "record_id",
]
LONGEST_VERDICT = 100_000
PAGE = 1000


class VerdictLike(Protocol):
    """What the gate returns, as far as the registry reads it."""

    @property
    def passed(self) -> bool:
        """Whether every check passed."""
        ...

    @property
    def reasons(self) -> Sequence[Any]:
        """The checks, each readable by ``str``."""
        ...

    def as_dict(self) -> dict[str, Any]:
        """Return plain data."""
        ...


def audit(name: str, *, root: Path | None = None) -> DataFrame:
    """Return the audit trail of a model, oldest first.

    Parameters
    ----------
    name : str
        The model.
    root : Path, optional
        The project; found from the current folder if not given.

    Returns
    -------
    DataFrame
        at (UTC), event ("judged", "promoted", "rolled back", "kept"), version, before and after (champion's version, 0 when
        none), gate, forced, reason, by, checks (those that failed, or all passed), done (False when the process died
        midway), record_id (the MLflow run whose ``record.json`` holds the whole verdict).
    """
    import pandas as pd

    connection = connect(root)
    rows, token = [], None
    while True:
        page = connection.client.search_runs(
            [connection.audit_experiment()],
            filter_string=f"tags.model = '{name}'",
            order_by=["attributes.start_time ASC"],
            max_results=PAGE,
            page_token=token,
        )
        for run in page:
            tags = run.data.tags
            rows.append(
                {
                    "at": pd.Timestamp(run.info.start_time, unit="ms", tz="UTC"),
                    "event": tags["event"],
                    "version": int(tags["version"]),
                    "before": int(tags["before"]),
                    "after": int(tags["after"]),
                    "gate": tags["gate"],
                    "forced": tags["forced"] == "yes",
                    "reason": tags["reason"],
                    "by": tags["by"],
                    "checks": tags["checks"],
                    "done": run.info.status == "FINISHED",
                    "record_id": run.info.run_id,
                }
            )
        token = page.token
        if not token:
            return pd.DataFrame(rows, columns=COLUMNS)


@contextmanager
def recorded(
    connection: Connection,
    event: str,
    name: str,
    version: int,
    *,
    before: int,
    after: int,
    gate: str,
    forced: bool = False,
    reason: str = "",
    verdict: Mapping[str, Any] | None = None,
) -> Iterator[str]:
    """Write an audit record, do the block, then mark the record done: no move is ever without a record.

    Yields
    ------
    str
        Id of the record.
    """
    tags = {
        "model": name,
        "event": event,
        "version": str(version),
        "before": str(before),
        "after": str(after),
        "gate": gate,
        "forced": "yes" if forced else "no",
        "reason": reason[:LONGEST_TAG],
        "by": _who(),
        "checks": _checks(verdict)[:LONGEST_TAG],
    }
    record = connection.client.create_run(
        connection.audit_experiment(),
        start_time=int(time.time() * 1000),
        run_name=f"{name} v{version} {event}",
        tags=tags,
    ).info.run_id
    whole = {**tags, "reason": reason, "verdict": dict(verdict or {})}
    connection.client.log_dict(record, whole, "record.json")
    try:
        yield record
    except BaseException:
        with suppress(
            Exception
        ):  # what stopped the move may stop this note too; a record that is open was not done
            connection.client.set_terminated(record, status="FAILED")
        raise
    connection.client.set_terminated(record)


def keep_verdict(
    connection: Connection, name: str, version: int, verdict: VerdictLike, *, against: int
) -> None:
    """Store a verdict on the version and in the audit trail.

    Parameters
    ----------
    against : int
        Version of the champion it was measured against; 0 when there was none.
    """
    plain = verdict.as_dict()
    gate = "passed" if verdict.passed else "failed"
    text = json.dumps(plain, sort_keys=True)
    with recorded(
        connection, "judged", name, version, before=against, after=against, gate=gate, verdict=plain
    ):
        tags = {"gate": gate, "judged_against": str(against)}
        if len(text) <= LONGEST_VERDICT:
            tags["verdict"] = text
        for key, value in tags.items():
            connection.client.set_model_version_tag(name, str(version), key, value)


def judge_version(name: str, which: str | int = CHALLENGER, *, root: Path | None = None) -> VerdictLike:
    """Judge a version against the champion by the metrics on record and the rule in params.yaml; store the verdict.

    Raises
    ------
    ConfigError
        params.yaml has no gate for this model and the version's source.
    DataNotFound
        There is no such version.
    """
    connection = connect(root)
    with connection.exclusive():
        candidate = find_version(connection, name, which)
        rival = aliased(connection, name, CHAMPION)
        verdict = judged(connection, candidate, rival)
        keep_verdict(connection, name, candidate.version, verdict, against=rival.version if rival else 0)
        return verdict


def judged(connection: Connection, candidate: Version, rival: Version | None) -> VerdictLike:
    """Judge a version by the metrics on record; see ``judge_version``.

    A champion trained on another source of tables answers other questions: it is not compared with, and the verdict says
    so.
    """
    gates = section(load_params(connection.root / "params.yaml"), f"gates.{candidate.name}")
    rule = rule_for(gates, candidate.source, f"gates.{candidate.name}")
    apart = _apart(candidate, rival) if rival is not None else ""
    held = rival.metrics if rival is not None and not apart else None
    return judge(candidate.metrics, held, rule, apart=apart, task=candidate.name)


def _apart(candidate: Version, rival: Version) -> str:
    if rival.version == candidate.version:
        return f"v{candidate.version} is the champion itself: nothing else to compare with"
    if rival.source != candidate.source:
        return (
            f'the champion v{rival.version} is of another source, "{rival.source}" and not "{candidate.source}": '
            "not comparable"
        )
    return ""


def _checks(verdict: Mapping[str, Any] | None) -> str:
    if not verdict:
        return ""
    rows = verdict.get("reasons") or []
    failed = [str(r.get("text", r)) for r in rows if isinstance(r, Mapping) and not r.get("passed", True)]
    return "; ".join(failed) if failed else f"all {len(rows)} passed"


def _who() -> str:
    try:
        return os.environ.get("MANDI_USER") or getpass.getuser()
    except (OSError, KeyError):
        return "unknown"
