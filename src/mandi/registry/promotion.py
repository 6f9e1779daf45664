"""Moves the alias champion, only through the gate or by a stated reason, and back again; every move is on record."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from mandi.core.errors import ConfigError, DataNotFound, GateFailed, MandiError
from mandi.registry.audit import VerdictLike, audit, judge_version, judged, keep_verdict, recorded
from mandi.registry.champions import Promotion, line_of, move, stored_line
from mandi.registry.connection import Connection, connect
from mandi.registry.left_behind import finish_move
from mandi.registry.offer import Offer, offer_challenger
from mandi.registry.registration import Receipt, register, remeasure
from mandi.registry.versions import (
    CHALLENGER,
    CHAMPION,
    NOT_JUDGED,
    Version,
    aliased,
    aliases_of,
    challenger,
    champion,
    export,
    find,
    find_version,
    folder,
    load,
    pyfunc,
    versions,
)

__all__ = [
    "Offer", "Promotion", "Receipt", "Version", "audit", "challenger", "champion", "cli_promote", "cli_rollback", "export", "find", "folder",
    "judge_version", "load", "offer_challenger", "promote", "pyfunc", "register", "remeasure", "rollback", "settle", "versions",
]  # fmt: skip


def settle(
    name: str, version: int, verdict: VerdictLike, *, against: int | None = None, root: Path | None = None
) -> Promotion:
    """Let the gate decide, as the pipeline does: promote on a pass, keep the champion on a failure.

    The verdict is stored in any case. A version that somebody rolled back is not promoted again by itself.

    Parameters
    ----------
    name, version : str, int
        The candidate.
    verdict : Verdict
        Of ``mandi.evaluation.gate.judge``.
    against : int, optional
        Version of the champion the verdict was measured against; 0 when there was none.
    root : Path, optional
        The project; found from the current folder if not given.

    Raises
    ------
    GateFailed
        The gate was not passed and there is no champion to keep.
    MandiError
        Another version became champion while this one was judged.
    """
    connection = connect(root)
    with connection.exclusive():
        candidate = find_version(connection, name, version)
        now = aliases_of(connection, name).get(CHAMPION, 0)
        if now == candidate.version:
            finish_move(connection, name, line_of(stored_line(connection, name), now))
            gate = "passed" if verdict.passed else "failed"
            plain = verdict.as_dict()
            with recorded(connection, "judged", name, now, before=now, after=now, gate=gate, verdict=plain):
                pass
            return Promotion(name, "kept", now, now, f"{name} v{now} is the champion already; gate {gate}")
        keep_verdict(
            connection, name, candidate.version, verdict, against=now if against is None else against
        )
        _same_champion(name, now, against)
        if verdict.passed and not candidate.rolled_back:
            return move(connection, candidate, now, "promoted", gate="passed")
        if not verdict.passed and not now:
            raise GateFailed(
                f"{name} v{candidate.version} did not pass and there is no champion to keep:\n{_failures(verdict.reasons)}",
                next_command=f"mandi look {name}; or mandi promote {name} --force --reason '...'",
            )
        if verdict.passed:
            why = f"v{candidate.version} passed but was rolled back on {candidate.rolled_back}; mandi promote {name} brings it back"
        else:
            why = f"v{candidate.version} did not pass: {_failures(verdict.reasons, '; ', 2)}"
        text = f"{name} v{now} stays champion; {why}" if now else f"{name} has no champion; {why}"
        return Promotion(name, "kept", now, now, text)


def promote(
    name: str,
    version: int | None = None,
    verdict: VerdictLike | None = None,
    *,
    against: int | None = None,
    force: bool = False,
    reason: str = "",
    root: Path | None = None,
) -> Promotion:
    """Make a version the champion.

    Parameters
    ----------
    name : str
        The model.
    version : int, optional
        The challenger if not given.
    verdict : Verdict, optional
        A fresh one, stored before anything moves. Otherwise the verdict stored on the version counts, if the champion
        is still the one it was measured against; else the gate judges again from the metrics on record.
    against : int, optional
        Champion the given verdict was measured against; 0 when there was none.
    force : bool
        Promote against the verdict; needs ``reason``.
    reason : str
        Kept in the audit record.
    root : Path, optional
        The project; found from the current folder if not given.

    Returns
    -------
    Promotion

    Raises
    ------
    GateFailed
        The gate was not passed, or nobody judged and nothing is on record to judge by.
    DataNotFound
        No such version, or no challenger.
    MandiError
        ``force`` without a reason, or the champion changed while the verdict was made.
    """
    if force and not reason.strip():
        raise MandiError(
            f"promoting {name} by force needs a reason",
            next_command=f"mandi promote {name} --force --reason 'why the gate is wrong here'",
        )
    connection = connect(root)
    with connection.exclusive():
        candidate = find_version(connection, name, CHALLENGER if version is None else version)
        now = aliases_of(connection, name).get(CHAMPION, 0)
        if now == candidate.version:
            finish_move(connection, name, line_of(stored_line(connection, name), now))
            return Promotion(name, "kept", now, now, f"{name} v{now} is the champion already")
        _same_champion(name, now, against)
        gate, failures = _gate(connection, candidate, now, verdict)
        if gate != "passed" and not force:
            raise GateFailed(
                f"{name} v{candidate.version} {'did not pass' if gate == 'failed' else 'was not judged'}:\n{failures}",
                next_command=f"mandi promote {name} --version {candidate.version} --force --reason '...'",
            )
        return move(connection, candidate, now, "promoted", gate=gate, forced=gate != "passed", reason=reason)


def rollback(name: str, *, reason: str = "", root: Path | None = None) -> Promotion:
    """Make the champion before this one champion again; can be repeated back to the first.

    Parameters
    ----------
    name : str
        The model.
    reason : str
        Kept in the audit record.
    root : Path, optional
        The project; found from the current folder if not given.

    Raises
    ------
    DataNotFound
        There is no champion, or none before it.
    """
    connection = connect(root)
    with connection.exclusive():
        aliases = aliases_of(connection, name)
        now = aliases.get(CHAMPION, 0)
        if not now:
            raise DataNotFound(f"{name} has no champion to roll back", next_command="mandi repro")
        line = line_of(stored_line(connection, name), now)
        if len(line) < 2:
            raise DataNotFound(
                f"{name} v{now} is the first champion: there is none before it",
                next_command=f"mandi promote {name} --version <number>",
            )
        back = find_version(connection, name, line[-2])
        moved = move(connection, back, now, "rolled back", gate=back.gate, reason=reason, line=line[:-1])
        when = datetime.now(UTC).isoformat(" ", "seconds")
        connection.client.set_model_version_tag(name, str(now), "rolled_back", when)
        return moved


def cli_promote(
    root: Path, name: str, version: int | None = None, force: bool = False, reason: str = ""
) -> str:
    """Body of ``mandi promote``: return the text to print."""
    return promote(name, version, force=force, reason=reason, root=root).text


def cli_rollback(root: Path, name: str, reason: str = "") -> str:
    """Body of ``mandi rollback``: return the text to print."""
    return rollback(name, reason=reason, root=root).text


def _gate(
    connection: Connection, candidate: Version, now: int, verdict: VerdictLike | None
) -> tuple[str, str]:
    name = candidate.name
    if verdict is None and candidate.gate != NOT_JUDGED and candidate.judged_against == now:
        rows = candidate.verdict.get("reasons") or []
        failed = [str(row.get("text", row)) for row in rows if not row.get("passed", True)]
        return candidate.gate, _bullets(failed)
    if verdict is None:
        try:
            verdict = judged(connection, candidate, aliased(connection, name, CHAMPION))
        except ConfigError as error:
            return NOT_JUDGED, f"  {error}"
    keep_verdict(connection, name, candidate.version, verdict, against=now)
    return ("passed" if verdict.passed else "failed"), _failures(verdict.reasons)


def _same_champion(name: str, now: int, against: int | None) -> None:
    if against is not None and against != now:
        told = f"v{against}" if against else "no champion"
        raise MandiError(
            f"{name} was judged against {told}, but v{now} is champion now",
            allowed="a verdict measured against the present champion",
            next_command=f"mandi repro register@{name}",
        )


def _failures(reasons: Sequence[Any], between: str = "\n", most: int = 99) -> str:
    failed = [str(reason) for reason in reasons if not getattr(reason, "passed", True)]
    if between == "\n":
        return _bullets(failed)
    return between.join(failed[:most]) + (f" and {len(failed) - most} more" if len(failed) > most else "")


def _bullets(lines: Sequence[str]) -> str:
    return "\n".join(f"  - {line}" for line in lines)
