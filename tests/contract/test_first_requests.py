"""The first request is as fast as the hundredth: what is opened late is opened when the service opens its desk."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest

from mandi.models import MODELS

from .whole_service import champions

TIMES = 5.0  # what a first request may take of a later one
LEAST_MS = 1.0  # a later one that takes less counts as this much: a hiccup is no lazy opening

# a process of its own: packaging a model has answered its example already in this one
ASK = """
import json, statistics, sys, time
from datetime import datetime
from pathlib import Path

import onnxruntime

from mandi.serving.house import ClosedGate, House
from mandi.serving.opening import open_desk
from mandi.serving.warming import settle_memory

sessions, made = [], onnxruntime.InferenceSession
onnxruntime.InferenceSession = lambda *args, **options: sessions.append(1) or made(*args, **options)
sys.modules.setdefault("sklearn", None)
folder, now = Path(sys.argv[1]), datetime.fromisoformat(sys.argv[2])
house = House(gate=ClosedGate(), now=lambda: now)
open_desk(house, folder)
settle_memory()
told = {"opened": len(sessions), "models": {}}
for name, counter in house.desk.counters.items():
    rows, spent = [counter.row.model_validate(counter.about()["example"])], []
    for _ in range(21):
        begun = time.thread_time()
        getattr(house.desk, name)(rows, now)
        spent.append(1000 * (time.thread_time() - begun))
    told["models"][name] = [spent[0], statistics.median(spent[1:])]
told["later"] = len(sessions) - told["opened"]
print(json.dumps(told))
"""


@pytest.fixture(scope="module")
def told(workshop: Callable[[str], Any], tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What a process said that opened its desk on every model, and then asked each for the first time."""
    folder, now = champions(workshop, tmp_path_factory.mktemp("champions"))
    command = [sys.executable, "-c", ASK, str(folder), now.isoformat()]
    environment = {
        **os.environ,
        "OMP_NUM_THREADS": "1",
        "PYTHONPATH": os.pathsep.join(filter(None, sys.path)),
    }
    done = subprocess.run(command, env=environment, text=True, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    return found


def test_no_session_that_answers_is_opened_by_a_request(told: dict[str, Any]) -> None:
    assert told["opened"] >= 2, "autoencoders answer by sessions, or this would never fail"
    assert told["later"] == 0


@pytest.mark.parametrize("model", sorted(MODELS))
def test_the_first_request_takes_no_more_than_a_few_of_the_later(told: dict[str, Any], model: str) -> None:
    first, later = told["models"][model]
    assert first <= TIMES * max(later, LEAST_MS), f"{first:.1f} ms, later {later:.1f} ms"
