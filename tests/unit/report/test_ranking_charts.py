"""Charts of a ranking: drawn from what was measured, each with a title of its own."""

from __future__ import annotations

import pandas as pd
import pytest

from mandi.core.errors import ContractError
from mandi.evaluation.ranking.ranking_examiner import RankingExaminer, rankings
from mandi.features.matching import MatchingFeatureParams, MatchingFeatures
from mandi.models.ranking.match_rule import PARTS
from mandi.report import ranking_charts
from mandi.report.results import Results
from mandi.report.task_charts import charts_for

from ..models.trade_tables import trade_tables


@pytest.fixture(scope="module")
def results() -> Results:
    tables, features = trade_tables(), MatchingFeatures(MatchingFeatureParams())
    history = features.history(tables)
    frame = features.assemble(features.questions(tables, history), history)
    examiner = RankingExaminer({"evaluation": {"bootstrap_draws": 20}}, "matching")
    answers = pd.DataFrame(
        {"match_score": frame["seller_credit"] / 100, "rule_score": 40.0}, index=frame.index
    )
    answers[[f"{part}_points" for part in PARTS]] = 8.0
    found = examiner.examine(answers, frame, examiner.beside(frame, {}, {"rule": frame["price_saved"]}))
    empty = pd.DataFrame()
    return Results(
        "matching", "ranking", found.metrics, found.rows, found.rows, found.tables, empty, (), {}, ""
    )


def test_a_ranking_is_drawn_in_reading_order(results: Results) -> None:
    drawn = charts_for(results)
    titles = [chart.alt for chart in drawn]
    assert titles[:2] == list(ranking_charts.TITLES.values())
    assert len(titles) == len(set(titles)) == 6
    assert all(chart.png().startswith(b"\x89PNG") for chart in drawn)


def test_the_rule_and_chance_stand_beside_the_model(results: Results) -> None:
    drawn = charts_for(results)[0].axes[0]
    labels = drawn.get_legend_handles_labels()[1]
    assert {"model", "rule of thumb", "cheapest first"} <= set(labels)
    assert any(label.startswith("chance") for label in labels)


def test_a_line_that_is_the_models_own_is_left_out(results: Results) -> None:
    twice = rankings(results.rows, "open", {"model": "match_score", "choice": "match_score", "rule": "rule"})
    labels = ranking_charts.served_curve(twice, "twice").axes[0].get_legend_handles_labels()[1]
    assert labels[:2] == ["model", "rule of thumb"] and len(labels) == 3


def test_parts_of_the_rule_are_stacked_in_its_order(results: Results) -> None:
    chart = ranking_charts.rule_parts(results.tables["What the rule of thumb gives the first five"])
    assert chart is not None
    assert chart.axes[0].get_legend_handles_labels()[1] == list(PARTS)
    assert ranking_charts.rule_parts(pd.DataFrame()) is None


def test_too_few_offers_are_not_drawn_as_chances(results: Results) -> None:
    assert ranking_charts.score_against_deals(results.rows.head(20)) is None


def test_a_match_is_taken_apart_without_its_base() -> None:
    told = pd.DataFrame({"feature": ["price saved", "base", "distance"], "effect": [0.2, 0.05, -0.1]})
    chart = ranking_charts.match_breakdown(told, 0.15)
    assert [text.get_text() for text in chart.axes[0].get_yticklabels()] == ["price saved", "distance"]
    with pytest.raises(ContractError, match="effect"):
        ranking_charts.match_breakdown(told.drop(columns="effect"), 0.15)
