"""Two processes on one SQLite registry that neither has made yet: no clash, no second version of a content, no lost move, one line of champions."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from registry_toy import ToyModel

from mandi.registry import promotion

SCRIPT = """
import json, sys, time
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from registry_toy import ToyModel
from mandi.models import MODELS
from mandi.registry import promotion
from mandi.registry.connection import connect

MODELS["toy"] = "registry_toy:ToyModel"
root, me = Path(sys.argv[2]), sys.argv[3]
import mlflow.tracking

(root / f"ready-{me}").touch()
while len(list(root.glob("ready-*"))) < 2:
    time.sleep(0.005)
connect(root)
same = promotion.register("toy", root / "same", ToyModel.spec, {"lot.mae": 41.0}, source="generated", root=root)
mine = promotion.register("toy", root / me, ToyModel.spec, {"lot.mae": 41.0}, source="generated", root=root)
moves = [promotion.promote("toy", v, force=True, reason=me, root=root) for v in (mine.version, same.version) * 2]
print(json.dumps([same.version, mine.version, [[m.previous, m.champion] for m in moves if m.changed]]))
"""


def test_two_processes_at_once(project: Path) -> None:
    for name, premium in (("same", 1.0), ("one", 1.1), ("two", 1.2)):
        (project / name).mkdir()
        ToyModel(premium).save(project / name)
    (project / "mlflow.db").unlink()
    script = project / "both.py"
    script.write_text(SCRIPT, encoding="utf-8")
    elsewhere = project / "elsewhere"
    elsewhere.mkdir()
    here = str(Path(__file__).parent)
    running = [
        subprocess.Popen(
            [sys.executable, str(script), here, str(project), me],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=elsewhere,
        )
        for me in ("one", "two")
    ]  # fmt: skip
    answers = []
    for process in running:
        out, err = process.communicate(timeout=120)
        assert process.returncode == 0, err
        assert err == "", "nothing is said but what helps"
        answers.append(json.loads(out.splitlines()[-1]))

    assert list(elsewhere.iterdir()) == [], "nothing is written where the process happens to be"
    assert answers[0][0] == answers[1][0], "the same content is one version"
    assert sorted(promotion.versions("toy", root=project)["version"]) == [1, 2, 3]
    trail = promotion.audit("toy", root=project)
    moved = trail[trail["event"] == "promoted"]
    steps = moved[["before", "after"]].values.tolist()
    assert sorted(steps) == sorted(answers[0][2] + answers[1][2]), "no move is lost or invented"
    assert [before for before, _ in steps] == [0, *(after for _, after in steps[:-1])], (
        "each starts where one ended"
    )
    now = promotion.champion("toy", root=project)
    assert now is not None and now.version == steps[-1][1]
    for _, before in zip(range(len(steps) - 1), [b for b, _ in reversed(steps)]):
        assert promotion.rollback("toy", root=project).champion == before
