"""The page of drift: small, whole, and without an address outside."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd

from mandi.evaluation.drift.checks import Check, Drift, not_judged
from mandi.report.drift_page import LARGEST, MOST_ROWS, drift_page

END = pd.Timestamp("2024-07-01", tz="UTC")


def drift(columns: int = 200, rows: int = 3000) -> Drift:
    rng = np.random.default_rng(0)
    names = [f"c{k}" for k in range(columns)]
    before = pd.DataFrame(rng.normal(size=(rows, columns)), columns=names)
    before["c1"] = rng.choice(["cotton", "<b>tur</b>"], rows)
    table = pd.DataFrame({"column": names, "distance": 0.4, "threshold": 0.2, "drifted": True})
    check = Check("columns", True, True, 1.0, 0.3, "<script>alert(1)</script> drifted", table, before, before)
    return Drift("price", END - pd.Timedelta(days=30), END, (check, not_judged("answers", "none")))


def test_a_page_is_bounded_and_opens_offline() -> None:
    page = drift_page(drift())
    assert len(page.encode()) < LARGEST / 10
    assert not re.search(r"https?://|<script|<link|<iframe|@import", page)
    assert "default-src 'none'" in page and page.count("<img ") == 1
    assert f"the first {MOST_ROWS} of 200" in page


def test_a_page_says_what_was_found_and_runs_none_of_it() -> None:
    page = drift_page(drift(columns=3, rows=60))
    assert "price: drift, 2024-06-01 to 2024-07-01" in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt; drifted" in page
    assert "not judged: none" in page
