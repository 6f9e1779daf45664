from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from mandi.core.errors import ContractError, UnknownValue
from mandi.registry.lineage import Lineage
from mandi.registry.tracking import finite, flatten, runs, start_run


def test_a_run_keeps_what_it_is_given(project: Path) -> None:
    from matplotlib.figure import Figure

    with start_run("toy", "notebook", {"lots": {"depth": 6}}, {"note": "deeper"}, root=project) as run:
        run.log_metrics({"lot": {"mae": 41.5}, "lot.r2": np.float64(0.9)})
        run.log_params({"extra": (1, 2)})
        run.log_figure("skill", Figure())
        (project / "coverage.png").write_bytes(b"a picture")
        run.log_picture(project / "coverage.png")
        run.log_text("card.md", "# toy")
        run.log_table("slices", pd.DataFrame({"market": ["Indore"], "mae": [40.0]}))
        run.log_lineage(Lineage(git_sha="9f2c"))
    stored = run.connection.client.get_run(run.id)
    assert stored.info.status == "FINISHED"
    assert stored.data.metrics == {"lot.mae": 41.5, "lot.r2": 0.9}
    assert stored.data.params == {"lots.depth": "6", "extra": "(1, 2)"}
    assert stored.data.tags["lineage.git_sha"] == "9f2c"
    home = run.connection.local(stored.info.artifact_uri)
    assert {p.relative_to(home).as_posix() for p in home.rglob("*") if p.is_file()} == {
        "figures/skill.png", "figures/coverage.png", "card.md", "tables/slices.csv", "lineage.json",
    }  # fmt: skip
    assert (home / "tables" / "slices.csv").read_text() == "market,mae\nIndore,40.0\n"
    assert home.is_relative_to(project / "mlartifacts" / "toy")


def test_more_than_one_batch_is_logged_whole(project: Path) -> None:
    with start_run("toy", "pipeline", {f"p{i}": i for i in range(230)}, root=project) as run:
        run.log_metrics({f"m.{i}": i for i in range(1100)})
    stored = run.connection.client.get_run(run.id).data
    assert len(stored.params) == 230
    assert len(stored.metrics) == 1100


def test_a_block_that_raises_ends_as_failed_and_says_why(project: Path) -> None:
    with pytest.raises(ZeroDivisionError), start_run("toy", "notebook", root=project) as run:
        raise ZeroDivisionError("no lots")
    stored = run.connection.client.get_run(run.id)
    assert stored.info.status == "FAILED"
    assert stored.data.tags["error"] == "ZeroDivisionError: no lots"


@pytest.mark.parametrize("value", [float("nan"), float("inf"), None, "high"])
def test_what_is_not_a_finite_number_is_refused_by_name(value: object) -> None:
    with pytest.raises(ContractError, match=r"lot\.mae"):
        finite({"lot.r2": 0.9, "lot.mae": value})


def test_a_name_that_cannot_be_stored_is_refused() -> None:
    with pytest.raises(UnknownValue, match="width%"):
        finite({"width%": 1.0})


def test_nothing_is_logged_when_one_metric_is_refused(project: Path) -> None:
    with start_run("toy", "notebook", root=project) as run, pytest.raises(ContractError):
        run.log_metrics({"lot.r2": 0.9, "lot.mae": float("nan")})
    assert run.connection.client.get_run(run.id).data.metrics == {}


def test_runs_of_a_notebook_and_of_the_pipeline_stand_side_by_side(project: Path) -> None:
    for kind, depth, mae in (("pipeline", 6, 41.0), ("notebook", 4, 43.0)):
        with start_run("toy", kind, {"depth": depth}, {"note": kind}, root=project) as run:
            run.log_metrics({"lot.mae": mae, "lot.r2": 0.9})
    table = runs("toy", root=project)
    assert table["kind"].tolist() == ["notebook", "pipeline"]
    assert table["lot.mae"].tolist() == [43.0, 41.0]
    assert table["param.depth"].tolist() == ["4", "6"]
    assert str(table["started"].dtype) == "datetime64[ns, UTC]"
    only = runs("toy", kind="pipeline", metrics=["lot.mae"], params=["depth"], root=project)
    assert list(only.columns[-2:]) == ["lot.mae", "param.depth"]
    assert len(only) == 1
    assert runs("other", root=project).empty


def test_flatten_keeps_the_order() -> None:
    assert list(flatten({"b": {"y": 1, "x": {"z": 2}}, "a": 3})) == ["b.y", "b.x.z", "a"]
