"""The loop behind one name: the report of a period and its training files, from Python."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from mandi.core.paths import project_root


class EnhancedTrainingPipeline:
    """The learning loop of a project.

    Parameters
    ----------
    root : Path, optional
        The project; the one around the current folder if not given.
    """

    def __init__(self, root: Path | None = None) -> None:
        self.root = root or project_root()

    def generate_improvement_report(self, days: int = 30) -> dict[str, Any]:
        """Return the report of the days before the last question as plain values.

        Parameters
        ----------
        days : int

        Returns
        -------
        dict
            ``overall_metrics.success_rate`` is a fraction, ``overall_metrics.user_satisfaction`` a mean of 1 to 5; see
            `mandi.feedback.report.improvement.ImprovementReport.to_dict` for the rest.

        Raises
        ------
        DataNotFound
            There is no feedback.
        """
        from mandi.feedback.report.improvement import improvement_report
        from mandi.loop.evidence import evidence

        found = evidence(self.root)
        report = improvement_report(
            found.labelled, found.feedback, found.tutor_pairs,
            days=days, student=found.student, why_no_student=found.why_no_student, thresholds=found.thresholds,
        )  # fmt: skip
        return report.to_dict()

    def create_training_data(self, to: Path, days: int | None = None, *, colab: bool = False) -> Path:
        """Write feedback_dataset.jsonl, every task's examples to imitate, and return its path.

        Parameters
        ----------
        to : Path
            Folder.
        days : int, optional
            Only examples asked so many days before the last one.
        colab : bool
            Add a notebook that tunes with the file.
        """
        from mandi.loop.command import WHOLE, feedback_export

        feedback_export(self.root, to, days=days, colab=colab)
        return to / WHOLE
