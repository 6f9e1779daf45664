"""What the loop gained: the student beside one of the earlier feedback and one of shuffled feedback, on the frozen questions."""

from __future__ import annotations

import shutil

from mandi.core.errors import DataNotFound, TooLittleData
from mandi.datasets.files import read_rows
from mandi.loop.drift_study import after_change, change_of_wording, known_before
from mandi.loop.study import PLACE, half_way, study
from mandi.student.embedded.student import EmbeddedStudent
from mandi.student.params import student_params
from pipelines import project, stage, write_json


def main() -> None:
    """Write reports/evaluation/loop and reports/metrics/loop.json; or say why there is nothing to compare."""
    paths, params = project()
    settings = student_params(params)
    folder = paths.evaluation(PLACE)
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    try:
        after = EmbeddedStudent.load(paths.student)
        examples = read_rows(paths.datasets)
        change = change_of_wording(paths)
        moment = change or half_way(examples)
        print(f"the student of what was known before {moment:%Y-%m-%d}", flush=True)
        before = EmbeddedStudent(settings).fit(known_before(examples, moment))
        print("confidence after the change of wording, and the student of shuffled feedback", flush=True)
        drift = after_change(paths, before, settings) if change else None
        found = study(examples, settings, moment, after=after, before=before, drift=drift)
    except (TooLittleData, DataNotFound) as error:
        write_json(folder / "skipped.json", {"skipped": error.message})
        write_json(paths.metrics(PLACE), {})
        print(f"nothing to compare: {error.message}")
        return
    found.save(folder)
    write_json(paths.metrics(PLACE), found.metrics())
    print(found.in_words())


if __name__ == "__main__":
    stage(main)
