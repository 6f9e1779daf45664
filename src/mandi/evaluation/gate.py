"""Decides whether a candidate model may become champion: a pure function of two sets of metrics and a rule."""

from __future__ import annotations

import html
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal

from mandi.core.config import build
from mandi.core.errors import ConfigError, nearest

FINGERPRINT = "test.fingerprint"
Better = Literal["lower", "higher"]


@dataclass(frozen=True)
class Threshold:
    """Bounds of one metric, both included, and why they are where they are.

    With ``where_asked``, a test without a single labelled question of the metric's kind (``market.60``) passes and says
    so; a question that was asked and not answered is not excused.
    """

    metric: str
    at_least: float | None = None
    at_most: float | None = None
    between: tuple[float, ...] = ()
    why: str = ""
    where_asked: bool = False

    def bounds(self) -> tuple[float, float]:
        """Return the lowest and the highest value that passes."""
        low, high = self.between if self.between else (self.at_least, self.at_most)
        return (-math.inf if low is None else low, math.inf if high is None else high)


@dataclass(frozen=True)
class BeatsBaseline:
    """The metric must be better than the baseline's, by at least ``margin`` (a share of the baseline's value)."""

    metric: str
    baseline: str
    margin: float = 0.0
    better: Better = "lower"
    why: str = ""


@dataclass(frozen=True)
class BeatsChampion:
    """The metric may be worse than the champion's, on the same test, by at most ``tolerance`` (a share of it).

    With tolerance 0 it must be at least as good; a negative tolerance asks for an improvement.
    """

    metric: str
    tolerance: float = 0.0
    better: Better = "lower"
    why: str = ""


@dataclass(frozen=True)
class GateRule:
    """Everything asked of a candidate. Built from a section of params.yaml by ``rule_for``."""

    thresholds: tuple[Threshold, ...] = ()
    beats_baseline: tuple[BeatsBaseline, ...] = ()
    beats_champion: tuple[BeatsChampion, ...] = ()
    name: str = ""


@dataclass(frozen=True)
class Reason:
    """One check: what was measured, what was wanted, and whether it passed."""

    check: str
    metric: str
    value: float | None
    wanted: str
    passed: bool
    text: str

    def __str__(self) -> str:
        return self.text


@dataclass(frozen=True)
class Verdict:
    """The answer of the gate with every reason, passed or not."""

    passed: bool
    rule: str
    reasons: tuple[Reason, ...]

    def failures(self) -> tuple[Reason, ...]:
        """Return the reasons that did not pass."""
        return tuple(reason for reason in self.reasons if not reason.passed)

    def as_dict(self) -> dict[str, Any]:
        """Return plain data; numbers that are not finite become None, so that it is valid JSON."""
        rows = []
        for reason in self.reasons:
            row = asdict(reason)
            row["value"] = reason.value if reason.value is not None and math.isfinite(reason.value) else None
            rows.append(row)
        return {"passed": self.passed, "rule": self.rule, "reasons": rows}

    def __str__(self) -> str:
        done = f"{len(self.reasons) - len(self.failures())} of {len(self.reasons)} checks passed"
        head = f"gate {self.rule}: {'PASSED' if self.passed else 'FAILED'}, {done}"
        return "\n".join([head, *(f"  {'ok  ' if r.passed else 'FAIL'} {r.text}" for r in self.reasons)])

    def _repr_html_(self) -> str:
        rows = "".join(
            f"<tr><td>{'&#10003;' if r.passed else '<b>&#10007;</b>'}</td><td>{html.escape(r.check)}</td>"
            f"<td>{html.escape(r.metric)}</td><td style='text-align:right'>{_shown(r.value)}</td>"
            f"<td>{html.escape(r.wanted)}</td><td style='text-align:left'>{html.escape(r.text)}</td></tr>"
            for r in self.reasons
        )
        head = "".join(f"<th>{name}</th>" for name in ("", "check", "metric", "value", "wanted", "reason"))
        word = "passed" if self.passed else "failed"
        return (
            f"<p><b>Gate {html.escape(self.rule)}: {word}</b></p><table><thead><tr>{head}</tr></thead>"
            f"<tbody>{rows}</tbody></table>"
        )


def rule_for(gates: Mapping[str, Any], source: str, where: str = "gates") -> GateRule:
    """Build the rule that holds for one source of tables.

    Parameters
    ----------
    gates : mapping
        One model's section of ``gates`` in params.yaml: a rule per ``tables.source``, and ``real`` for every source
        that has none of its own.
    source : str
        ``tables.source``.
    where : str
        Dotted name of the section, for messages.

    Raises
    ------
    ConfigError
        No rule for the source, an unknown setting, or a threshold without exactly one kind of bound.

    Examples
    --------
    >>> rule = rule_for({"real": {"thresholds": [{"metric": "market.1.skill", "at_least": 0}]}}, "agmarknet")
    >>> rule.name, rule.thresholds[0].bounds()
    ('real', (0.0, inf))
    """
    name = source if source in gates else "real"
    if name not in gates:
        raise ConfigError(
            f'{where} has no rule for tables.source "{source}"{nearest(source, gates)}',
            allowed=", ".join(gates) or "(no rules)",
            next_command="add the rule to params.yaml",
        )
    rule = build(GateRule, {**gates[name], "name": name}, f"{where}.{name}")
    if not (rule.thresholds or rule.beats_baseline):
        raise ConfigError(
            f"{where}.{name} asks for nothing", allowed="thresholds or beats_baseline, at least one"
        )
    for i, limit in enumerate(rule.thresholds):
        given = [limit.at_least is not None or limit.at_most is not None, bool(limit.between)]
        if sum(given) != 1 or len(limit.between) not in (0, 2) or not limit.bounds()[0] <= limit.bounds()[1]:
            raise ConfigError(
                f"{where}.{name}.thresholds[{i}] ({limit.metric}) has no usable bounds",
                allowed="at_least and/or at_most, or between: [low, high]",
            )
    return rule


def judge(
    candidate: Mapping[str, float],
    champion: Mapping[str, float] | None,
    rule: GateRule,
    not_compared: str = "",
    apart: str = "",
    *,
    task: str = "",
) -> Verdict:
    """Hold a candidate's metrics against thresholds, its baselines and the champion.

    A metric that is missing or not finite fails its check. The champion's metrics must come from the same test rows:
    where both carry ``test.fingerprint`` and it differs, or the champion's is missing, the comparison fails and says so.

    Parameters
    ----------
    candidate : mapping of name to float
        As in ``Evaluation.metrics``.
    champion : mapping of name to float, or None
        The champion's metrics on the same test; None when there is no champion, or none that was measured.
    rule : GateRule
    not_compared : str
        Why a champion that should have been measured was not: without its metrics the check fails with this text.
    apart : str
        Why a champion need not be measured, for instance that it is of another source of tables: without its metrics the
        check passes with this text. ``not_compared`` comes before it.
    task : str
        Name shown in front of the rule's, e.g. ``price``.

    Returns
    -------
    Verdict
        Passed only when every reason passed.

    Examples
    --------
    >>> rule = rule_for({"real": {"thresholds": [{"metric": "lot.mae", "at_most": 50}]}}, "files")
    >>> print(judge({"lot.mae": 41.5}, None, rule, task="price"))
    gate price/real: PASSED, 1 of 1 checks passed
      ok   lot.mae is 41.5, wanted at most 50
    >>> judge({}, None, rule).passed
    False
    >>> beaten = GateRule(beats_champion=(BeatsChampion("lot.mae"),))
    >>> print(judge({"lot.mae": 41.5}, None, beaten, not_compared="the champion could not be loaded"))
    gate : FAILED, 0 of 1 checks passed
      FAIL the champion could not be loaded
    """
    reasons = [_within(candidate, limit) for limit in rule.thresholds]
    reasons += [_against_baseline(candidate, limit) for limit in rule.beats_baseline]
    reasons += _against_champion(candidate, champion, rule.beats_champion, not_compared, apart)
    passed = bool(reasons) and all(reason.passed for reason in reasons)
    return Verdict(passed, "/".join(part for part in (task, rule.name) if part), tuple(reasons))


def _within(metrics: Mapping[str, float], limit: Threshold) -> Reason:
    low, high = limit.bounds()
    if math.isinf(low):
        wanted = f"at most {high:g}"
    elif math.isinf(high):
        wanted = f"at least {low:g}"
    else:
        wanted = f"between {low:g} and {high:g}"
    question = limit.metric.rpartition(".")[0]
    if limit.where_asked and not _asked(metrics, question):
        text = f"{question} was not asked in the test: {limit.metric} is not judged"
        return Reason("threshold", limit.metric, None, wanted, True, text)
    value, unusable = _read(metrics, limit.metric)
    why = f" ({limit.why})" if limit.why else ""
    if value is None or unusable:
        return Reason("threshold", limit.metric, value, wanted, False, f"{unusable}, wanted {wanted}{why}")
    text = f"{limit.metric} is {_shown(value)}, wanted {wanted}{why}"
    return Reason("threshold", limit.metric, value, wanted, low <= value <= high, text)


def _asked(metrics: Mapping[str, float], question: str) -> bool:
    # measured rows, or labelled ones left without an answer; questions whose labels are yet to come count as none
    return bool(metrics.get(f"{question}.rows")) or not _read(metrics, f"{question}.unanswered")[1]


def _against_baseline(metrics: Mapping[str, float], limit: BeatsBaseline) -> Reason:
    sign = "below" if limit.better == "lower" else "above"
    wanted = f"{sign} {limit.baseline}" + (f" by {limit.margin:.1%}" if limit.margin else "")
    value, unusable = _read(metrics, limit.metric)
    baseline, baseline_unusable = _read(metrics, limit.baseline)
    if value is None or baseline is None or unusable or baseline_unusable:
        text = f"{unusable or baseline_unusable}, wanted {wanted}"
        return Reason("beats baseline", limit.metric, value, wanted, False, text)
    edge = limit.margin * abs(baseline)
    passed = value < baseline - edge if limit.better == "lower" else value > baseline + edge
    text = f"{limit.metric} is {_shown(value)}, {limit.baseline} is {_shown(baseline)}, wanted {wanted}"
    return Reason(
        "beats baseline", limit.metric, value, wanted, passed, text + (f" ({limit.why})" if limit.why else "")
    )


def _against_champion(
    candidate: Mapping[str, float],
    champion: Mapping[str, float] | None,
    limits: tuple[BeatsChampion, ...],
    not_compared: str,
    apart: str,
) -> list[Reason]:
    check = "beats champion"
    if not limits:
        return []
    if champion is None:
        wanted, text = "no champion", "there is no champion yet: nothing to beat"
        if not_compared or apart:
            wanted, text = "the champion's", not_compared or apart
        first = limits[0].metric
        return [Reason(check, first, candidate.get(first), wanted, not not_compared, text)]
    reasons = []
    mine, theirs = candidate.get(FINGERPRINT), champion.get(FINGERPRINT)
    if mine is None or mine != theirs:
        text = "the champion was not measured on the candidate's test rows: measure both on the same test"
        reasons.append(Reason("same test", FINGERPRINT, mine, "the same for both", False, text))
    for limit in limits:
        wanted = f"{'at most' if limit.better == 'lower' else 'at least'} the champion's"
        wanted += f", {limit.tolerance:.1%} aside" if limit.tolerance else ""
        value, unusable = _read(candidate, limit.metric)
        rival, rival_unusable = _read(champion, limit.metric)
        if value is None or rival is None or unusable or rival_unusable:
            text = unusable or f"of the champion: {rival_unusable}"
            reasons.append(Reason(check, limit.metric, value, wanted, False, f"{text}, wanted {wanted}"))
            continue
        room = limit.tolerance * abs(rival)
        passed = value <= rival + room if limit.better == "lower" else value >= rival - room
        text = f"{limit.metric} is {_shown(value)}, the champion's {_shown(rival)}, wanted {wanted}"
        reasons.append(
            Reason(
                check, limit.metric, value, wanted, passed, text + (f" ({limit.why})" if limit.why else "")
            )
        )
    return reasons


def _read(metrics: Mapping[str, float], name: str) -> tuple[float | None, str]:
    if name not in metrics or metrics[name] is None:
        return None, f'metric "{name}" is missing{nearest(name, metrics)}'
    value = float(metrics[name])
    return value, "" if math.isfinite(value) else f"{name} is {value}"


def _shown(value: float | None) -> str:
    return "-" if value is None else f"{value:.4g}"
