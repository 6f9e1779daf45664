"""Gathers what was asked, answered and thought of it: the generated log and the service's own records, without personal data."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mandi.core.config import build, section
from mandi.core.errors import ConfigError, DataNotFound
from mandi.feedback.frames import FEEDBACK, GENERATIONS, TUTOR_PAIRS
from mandi.feedback.generated import GeneratedParams, generated_calls
from mandi.feedback.generated.log import TRUTH
from mandi.feedback.generated.scrubbing import scrubbed
from mandi.feedback.scrub import Scrubber
from mandi.feedback.words import ScrubbedWords, trade_names
from mandi.tables.ingest import read_tables
from pipelines import project, stage, write_json

if TYPE_CHECKING:
    import pandas as pd

SOURCES = ("generated", "service")
TABLES = ("reports", "trades", "partners", "assays", "fraud_cases")
FRAMES = (GENERATIONS, FEEDBACK, TUTOR_PAIRS)
COUNTED = ("fallback", "degraded")


@dataclass(frozen=True)
class CallParams:
    """Section ``calls`` of the parameters.

    Attributes
    ----------
    sources : tuple of str
        generated, service, or both. The generated log is left out where the market is not generated: its deals are real ones.
    since : str
        First day of the service's records that is read, as 2024-06-01; all of them if empty.
    """

    sources: tuple[str, ...] = SOURCES
    since: str = ""
    generated: GeneratedParams = GeneratedParams()

    def __post_init__(self) -> None:
        """Refuse a source there is not."""
        if odd := sorted(set(self.sources) - set(SOURCES)):
            raise ConfigError(f'calls.sources holds "{odd[0]}"', allowed=", ".join(SOURCES))

    @property
    def first(self) -> datetime | None:
        """Return the moment from which records are read."""
        return datetime.fromisoformat(self.since).replace(tzinfo=UTC) if self.since else None


@dataclass(frozen=True)
class Gathered:
    """Frames of one source, the truth where there is one, figures for the metrics, and a few words on it."""

    frames: Mapping[str, pd.DataFrame]
    truth: pd.DataFrame
    figures: Mapping[str, float]
    told: str


def main() -> None:
    """Write data/calls/*.parquet, data/calls/truth/truth.parquet and reports/metrics/calls.json."""
    import pandas as pd

    paths, params = project()
    sizes = call_params(params)
    gathered = {}
    if "generated" in sizes.sources and section(params, "tables").get("source") == "generated":
        gathered["generated"] = of_the_market(read_tables(paths.tables, TABLES), sizes.generated)
    if "service" in sizes.sources:
        gathered["service"] = of_the_service(paths.root, sizes.first, _names_of_trade(paths.tables))
    (paths.calls / "truth").mkdir(parents=True, exist_ok=True)
    for frame in FRAMES:
        parts = [found.frames[frame.name] for found in gathered.values()]
        whole = pd.concat(parts, ignore_index=True) if parts else frame.empty()
        whole = whole.sort_values(frame.key, kind="stable", ignore_index=True)
        frame.check(whole)
        whole.to_parquet(paths.calls / f"{frame.name}.parquet")
    truth = gathered["generated"].truth if "generated" in gathered else _no_truth()
    truth.to_parquet(paths.calls / "truth" / "truth.parquet")
    write_json(
        paths.metrics("calls"),
        {name: dict(sorted(found.figures.items())) for name, found in gathered.items()},
    )
    print("; ".join(f"{name}: {found.told}" for name, found in gathered.items()) or "no source of calls")


def call_params(params: Mapping[str, Any]) -> CallParams:
    """Return section ``calls``; the generated log takes the seed of the project unless it has one.

    Raises
    ------
    ConfigError
        A setting is not known or has the wrong type.
    """
    given = section(params, "calls")
    generated = {"seed": params["seed"], **given.get("generated", {})}
    return build(CallParams, {**given, "generated": generated}, "calls")


def of_the_market(tables: Mapping[str, pd.DataFrame], sizes: GeneratedParams) -> Gathered:
    """Return the generated log, scrubbed and measured by what was planted in it.

    Parameters
    ----------
    tables : mapping of str to DataFrame
    sizes : GeneratedParams
    """
    raw = generated_calls(tables, sizes)
    keep = trade_names((tables["reports"], tables["trades"]))
    done, measured = scrubbed(raw, Scrubber(f"generated {sizes.seed}", keep=keep))
    frames = {"generations": done.generations, "feedback": done.feedback, "tutor_pairs": done.tutor_pairs}
    told = f"{_counted(frames)}, {measured['leaks']:.0f} of {measured['planted_ids']:.0f} planted ids left"
    return Gathered(
        frames, done.truth, {**_figures(frames), **measured, "right": float(done.truth["right"].mean())}, told
    )


def of_the_service(root: Path, since: datetime | None, keep: Collection[str] = ()) -> Gathered:
    """Return what the service of this project recorded and may be learned from; nothing where none was started.

    Parameters
    ----------
    root : Path
    since : datetime, optional
    keep : collection of str
        Names of trade, which the scrubber leaves alone.
    """
    from mandi.feedback.export import exported
    from mandi.serving.learning.source import records_of

    with records_of(root) as records:
        if records.database is None:
            frames = {frame.name: frame.empty() for frame in FRAMES}
            return Gathered(frames, _no_truth(), _figures(frames), records.why)
        found = exported(
            records.database,
            salt=records.salt,
            since=since,
            default_consent=records.settings.learning_consent,
            words=ScrubbedWords(records.salt, keep),
        )
    frames = {"generations": found.generations, "feedback": found.feedback, "tutor_pairs": found.tutor_pairs}
    return Gathered(frames, _no_truth(), _figures(frames), _counted(frames))


def _names_of_trade(folder: Path) -> Collection[str]:
    try:
        return trade_names(read_tables(folder, ("reports",)).values())
    except DataNotFound:  # a service may answer before any table is there
        return ()


def _counted(frames: Mapping[str, pd.DataFrame]) -> str:
    return f"{len(frames['generations']):,} answers, {len(frames['feedback']):,} opinions, {len(frames['tutor_pairs']):,} tutor pairs"


def _figures(frames: Mapping[str, pd.DataFrame]) -> dict[str, float]:
    generations, feedback = frames["generations"], frames["feedback"]
    rated = feedback[feedback["rating"].notna()]["generation_id"].nunique()
    figures = {name: float(len(frame)) for name, frame in frames.items()}
    figures |= {
        "users": float(generations["user_pseudonym"].nunique()),
        "conversations": float(generations["conversation_id"].nunique()),
    }
    figures |= {
        f"share_{name}": float(generations[name].mean()) if len(generations) else 0.0 for name in COUNTED
    }
    return {**figures, "share_rated": rated / max(len(generations), 1)}


def _no_truth() -> pd.DataFrame:
    import pandas as pd

    return pd.DataFrame(columns=list(TRUTH), dtype="object")


if __name__ == "__main__":
    stage(main)
