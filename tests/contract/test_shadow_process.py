"""Every model is asked in the process of the shadow and says what it says in the service."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

from mandi.features.base import known_until, served_state
from mandi.serving.counter import shapes
from mandi.serving.counters import counter_class
from mandi.serving.desk import Desk
from mandi.serving.package import write_service_folder
from mandi.serving.reading import asked_of
from mandi.serving.rollouts.beside import apart_on
from mandi.serving.rollouts.challengers import challengers_folder


def test_an_answer_in_the_shadow_is_the_answer_of_the_desk(built: Any, tmp_path: Path) -> None:
    model, folder = tmp_path / "model", tmp_path / "service"
    model.mkdir()
    built.model.save(model)
    until = known_until(built.features, built.history)
    state = served_state(built.features, built.history, built.model)
    for place, version in ((folder, "1"), (challengers_folder(folder), "2")):
        entry = {
            "version": version, "run_id": "r", "content_hash": "h", "snapshot_time": until.isoformat(),
            "metrics": {"lot.coverage95": 0.95, "lot.coverage90": 0.9},
        }  # fmt: skip
        write_service_folder(place, built.name, model, state, entry, params=built.params)
    desk, now = Desk.open(folder), until.to_pydatetime() + timedelta(hours=1)
    example = desk.models()[0]["example"]
    rows = asked_of({**example, "explain": True}, shapes(counter_class(built.name)), 10).rows
    apart = apart_on(folder)
    try:
        for side, version in (("champion", "1"), ("challenger", "2")):
            beside = apart.ask(built.name, side, rows, now)  # type: ignore[arg-type]
            expected = getattr(desk, built.name)(rows, now)
            assert [a.model_copy(update={"model_version": "1"}) for a in beside.answers] == list(expected)
            assert beside.answers[0].model_version == version
            assert beside.cpu_ms > 0 and beside.other_ms > 0
    finally:
        apart.close()
