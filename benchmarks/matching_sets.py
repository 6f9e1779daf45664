"""The two public sets of records to match, their columns, and what others published on them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from mandi.core.errors import DataNotFound
from mandi.models.ranking.pair_features import Roles

PUBLISHED = (
    "published/matching_pyjedai_filtering.csv"  # pyJedAI's filtering study, methods run by its authors
)


@dataclass(frozen=True)
class Set:
    """One set: files, how they are read, which column plays which part, and its number in the published study."""

    name: str
    left: str
    right: str
    truth: str
    separator: str
    roles: Roles
    study: str
    unquoted: bool = False

    def read(self, data: Path) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
        """Return questions (the smaller side), catalogue, and true pairs with columns D1, D2 (row numbers)."""
        frames = []
        for stem in (self.left, self.right, self.truth):
            path = data / "matching" / f"{stem}.csv.gz"
            if not path.is_file():
                raise DataNotFound(
                    f"benchmark data not found at {path}",
                    next_command="export MANDI_BENCH_DATA=/path/to/the/files",
                )
            frames.append(pd.read_csv(path, sep=self.separator, quoting=3 if self.unquoted else 0))
        return frames[0], frames[1], frames[2]

    def published(self, data: Path) -> list[tuple[str, float, float]]:
        """Return method, recall and candidates per question of the published kNN-Join and DeepBlocker rows."""
        found = pd.read_csv(data / PUBLISHED)
        names = {"KJ": "kNN-Join", "DeepBlocker": "DeepBlocker"}
        rows = found[(found["dataset"] == self.study) & found["method"].isin(names)]
        questions = len(self.read(data)[0])
        unique = rows.drop_duplicates(["method", "PC_recall", "candidates"]).sort_values(
            ["method", "candidates"]
        )
        columns = (unique[name].tolist() for name in ("method", "PC_recall", "candidates"))
        return [
            (names[m], float(recall), count / questions) for m, recall, count in zip(*columns, strict=True)
        ]


SETS = (
    Set("walmart-amazon", "walmart_amazon__walmart", "walmart_amazon__amazon", "walmart_amazon__gt", "|",
        Roles("title", brand="brand", code="modelno",
              whole=("title", "modelno", "price", "shipweight", "brand", "dimensions"),
              amounts=("price", "shipweight")), "D8"),
    Set("amazon-google", "amazon_google__amazon", "amazon_google__gp", "amazon_google__gt", "#",
        Roles("title", brand="manufacturer", text="description", amounts=("price",)), "D3", unquoted=True),
)  # fmt: skip
GOALS = {
    "walmart-amazon/champion": {"recall@1": ">= 0.95", "recall@5": ">= 0.993"},
    "walmart-amazon/assigned": {"recall@1": ">= 0.955"},
    "walmart-amazon/untrained": {"recall@1": ">= 0.92", "recall@5": ">= 0.99"},
    "amazon-google/champion": {"recall@1": ">= 0.84", "recall@5": ">= 0.99"},
    "amazon-google/assigned": {"recall@1": ">= 0.86"},
    "amazon-google/untrained": {"recall@1": ">= 0.76", "recall@5": ">= 0.965"},
}
