"""A registered student as MLflow loads it: questions in a table, answers and confidence in a table."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mandi.student.base import Question, StudentModel
from mandi.student.embedded.student import EmbeddedStudent

if TYPE_CHECKING:
    from pandas import DataFrame


class PackedStudent:
    """What MLflow calls."""

    def __init__(self, student: StudentModel) -> None:
        self.student = student

    def predict(self, model_input: DataFrame) -> DataFrame:
        """Return ``answer`` and ``confidence``, both missing where the student has no answer.

        Parameters
        ----------
        model_input : DataFrame
            ``task``, and as JSON ``messages`` and ``facts``.
        """
        import pandas as pd

        questions = [
            Question(str(row.task), tuple(json.loads(str(row.messages))), json.loads(str(row.facts)))
            for row in model_input.itertuples(index=False)
        ]
        said = self.student.answers(questions)
        columns: dict[str, list[Any]] = {
            "answer": [None if one is None else one.text for one in said],
            "confidence": [
                float("nan") if one is None or one.confidence is None else one.confidence for one in said
            ],
        }
        return pd.DataFrame(columns, index=model_input.index)


def _load_pyfunc(data_path: str, model_config: dict[str, Any]) -> PackedStudent:  # the name MLflow looks for
    return PackedStudent(EmbeddedStudent.load(Path(data_path)))
