"""Quality against the share of calls that go to the strong provider: the curve, its figures and its picture."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from mandi.core.errors import ContractError

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from pandas import DataFrame

Floats = np.ndarray[Any, np.dtype[np.float64]]
CUTS, DRAWS, LEVEL = 10, 1000, 0.95


@dataclass(frozen=True)
class Curve:
    """How quality and cost grow with the share of calls the strong provider answers.

    Attributes
    ----------
    share, quality, cost_usd : ndarray
        One point a threshold, by growing share.
    weak, strong : float
        Quality of each alone.
    apgr : float
        Average performance gap recovered: (area - weak) / (strong - weak); 0.5 for a random router.
    cpt50, cpt80 : float
        Share of strong calls that recovers 50 % and 80 % of the gap; None if no share does.
    apgr_low, apgr_high : float
        Bootstrap interval by cluster.
    quality_low, quality_high : ndarray
        Bootstrap interval of the quality at each share, point by point; nan without draws.
    """

    share: Floats
    quality: Floats
    cost_usd: Floats
    weak: float
    strong: float
    apgr: float
    cpt50: float | None
    cpt80: float | None
    apgr_low: float
    apgr_high: float
    quality_low: Floats
    quality_high: Floats

    def frame(self) -> DataFrame:
        """Return a row a threshold: share, quality, its band (``low``, ``high``) and dollars a call."""
        from pandas import DataFrame

        return DataFrame(
            {
                "share": self.share, "quality": self.quality, "low": self.quality_low, "high": self.quality_high,
                "cost_usd": self.cost_usd,
            }
        )  # fmt: skip


def curve(
    score: Sequence[float] | Floats,
    weak: Sequence[float] | Floats,
    strong: Sequence[float] | Floats,
    *,
    costs: tuple[Any, Any] = (0.0, 0.0),
    clusters: Sequence[object] | None = None,
    cuts: int = CUTS,
    draws: int = DRAWS,
    seed: int = 0,
) -> Curve:
    """Draw the cost-quality curve of a score.

    The protocol is that of RouteLLM (Ong et al., 2024; ``evals/evaluate.py``): thresholds at the quantiles of the score, the
    strong provider from a threshold on, the area by trapezes. The share that recovers part of the gap is where the curve
    first reaches it.

    Parameters
    ----------
    score : sequence of float
        Higher: the strong provider is needed more.
    weak, strong : sequence of float
        Quality of each, or an unbiased estimate of it, row by row.
    costs : pair of floats or sequences
        Dollars of each.
    clusters : sequence, optional
        Rows with the same value are resampled together; each row by itself if not given.
    cuts, draws, seed : int

    Raises
    ------
    ContractError
        The lengths differ, or there is nothing to gain between the two.

    Examples
    --------
    >>> found = curve([0.1, 0.9, 0.2, 0.8], [1, 0, 1, 0], [1, 1, 1, 1], draws=50)
    >>> round(found.apgr, 2) > 0.7, found.cpt50
    (True, 0.25)
    """
    scores, low, high = (np.asarray(a, dtype=np.float64) for a in (score, weak, strong))
    if not len(scores) == len(low) == len(high) > 0:
        raise ContractError(f"{len(scores)} scores, {len(low)} weak and {len(high)} strong outcomes")
    share, quality, taken = _points(scores, low, high, cuts)
    apgr = _apgr(share, quality, float(low.mean()), float(high.mean()))
    if not np.isfinite(apgr):
        raise ContractError("weak and strong are of the same quality: there is no gap to recover")
    cheap, dear = (np.broadcast_to(np.asarray(cost, dtype=np.float64), scores.shape) for cost in costs)
    drawn, bands = _bootstrapped(share, scores, low, high, clusters, cuts, draws, seed)
    bounds, band = _interval(drawn), _interval(bands)
    worst, best = float(low.mean()), float(high.mean())
    return Curve(
        share=share,
        quality=quality,
        cost_usd=np.array([np.where(chosen, dear, cheap).mean() for chosen in taken]),
        weak=worst,
        strong=best,
        apgr=apgr,
        cpt50=_reached(share, quality, worst, best, 0.5),
        cpt80=_reached(share, quality, worst, best, 0.8),
        apgr_low=float(bounds[0]),
        apgr_high=float(bounds[1]),
        quality_low=band[0],
        quality_high=band[1],
    )


def _points(score: Floats, weak: Floats, strong: Floats, cuts: int) -> tuple[Floats, Floats, list[Any]]:
    edges = np.unique(np.quantile(score, np.linspace(0.0, 1.0, cuts + 1)))[::-1]
    taken = [score >= edge for edge in edges]
    share = np.array([chosen.mean() for chosen in taken])
    return share, np.array([np.where(chosen, strong, weak).mean() for chosen in taken]), taken


def _apgr(share: Floats, quality: Floats, weak: float, strong: float) -> float:
    width = share[-1] - share[0]
    if width <= 0:  # one threshold: every row has the same score
        return 0.5 if strong != weak else float("nan")
    gap = (strong - weak) * width
    return float((np.trapezoid(quality, share) - weak * width) / gap) if gap else float("nan")


def _reached(share: Floats, quality: Floats, weak: float, strong: float, part: float) -> float | None:
    goal = part * (strong - weak)
    at, gained = np.append(0.0, share), np.append(0.0, quality - weak)
    above = np.flatnonzero(gained >= goal) if goal > 0 else np.flatnonzero(gained <= goal)
    if not len(above):
        return None
    k = int(above[0])
    before, after = gained[k - 1], gained[k]
    return float(at[k - 1] + (at[k] - at[k - 1]) * (goal - before) / (after - before))


def _bootstrapped(
    at: Floats,
    score: Floats,
    weak: Floats,
    strong: Floats,
    clusters: Sequence[object] | None,
    cuts: int,
    draws: int,
    seed: int,
) -> tuple[Floats, Floats]:
    draw = np.random.default_rng(seed)
    rows = members(clusters, len(score))
    found, bands = np.full(draws, np.nan), np.full((draws, len(at)), np.nan)
    for k in range(draws):
        chosen = np.concatenate([rows[r] for r in draw.integers(0, len(rows), len(rows))])
        share, quality, _ = _points(score[chosen], weak[chosen], strong[chosen], cuts)
        found[k] = _apgr(share, quality, float(weak[chosen].mean()), float(strong[chosen].mean()))
        bands[k] = np.interp(at, share, quality)
    return found[np.isfinite(found)], bands


def _interval(drawn: Floats) -> Floats:
    if not len(drawn):
        return np.full((2, *drawn.shape[1:]), np.nan)
    tail = (1 - LEVEL) / 2
    bounds: Floats = np.quantile(drawn, [tail, 1 - tail], axis=0)
    return bounds


def members(clusters: Sequence[object] | None, count: int) -> list[Any]:
    """Return the row numbers of each cluster; of each row by itself without clusters."""
    if clusters is None:
        return [np.array([k]) for k in range(count)]
    rows: dict[object, list[int]] = {}
    for k, cluster in enumerate(clusters):
        rows.setdefault(cluster, []).append(k)
    return [np.array(some) for some in rows.values()]


def replay_chart(curves: dict[str, Curve], title: str = "Quality against strong calls") -> Figure:
    """Draw curves of several routers with their bootstrap bands, both providers alone, and the random line.

    Parameters
    ----------
    curves : dict of name to Curve
        Of the same rows.
    title : str

    Raises
    ------
    ContractError
        There is no curve.
    """
    from matplotlib.figure import Figure

    if not curves:
        raise ContractError("there is no curve to draw")
    figure = Figure(figsize=(7.0, 4.5), layout="constrained")
    axes = figure.add_subplot()
    any_curve = next(iter(curves.values()))
    for name, found in curves.items():
        (line,) = axes.plot(
            found.share, found.quality, marker="o", markersize=3, label=f"{name} (APGR {found.apgr:.3f})"
        )
        axes.fill_between(
            found.share,
            found.quality_low,
            found.quality_high,
            color=line.get_color(),
            alpha=0.15,
            linewidth=0,
        )
    axes.plot([0, 1], [any_curve.weak, any_curve.strong], color="grey", linestyle=":", label="random (0.500)")
    for level in (any_curve.weak, any_curve.strong):
        axes.axhline(level, color="lightgrey", linewidth=0.8, zorder=0)
    axes.set(xlabel="share of calls to the strong provider", ylabel="quality", xlim=(0, 1), title=title)
    axes.legend(frameon=False)
    return figure
