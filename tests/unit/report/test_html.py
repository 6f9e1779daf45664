from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

from mandi.report.html import POLICY, STYLE, to_html


def executed(path: Path, alt: str = "Skill & so on") -> Path:
    png = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
    outputs: list[dict[str, Any]] = [
        {"output_type": "stream", "name": "stdout", "text": ["a <b>\n"]},
        {"output_type": "display_data", "metadata": {"image/png": {"alt": alt}}, "data": {"image/png": png}},
        {"output_type": "display_data", "metadata": {},
         "data": {"application/vnd.jupyter.widget-view+json": {"model_id": "x"}, "text/plain": "WIDGET"}},
        {"output_type": "execute_result", "execution_count": 1, "metadata": {},
         "data": {"text/html": "<table><tr><td>cell</td></tr></table>", "text/plain": "cell"}},
    ]  # fmt: skip
    cells = [
        {"cell_type": "markdown", "id": "a", "metadata": {}, "source": ["# Price & co\n", "\n", "Error $x^2$"]},
        {"cell_type": "code", "id": "b", "metadata": {}, "source": "import mandi", "execution_count": 1, "outputs": outputs},
    ]  # fmt: skip
    papermill = {"parameters": {"model": "price"}, "end_time": "2024-01-02T03:04:05.678", "duration": 12.3}
    widgets = {
        "application/vnd.jupyter.widget-state+json": {"state": {}, "version_major": 2, "version_minor": 0}
    }
    metadata = {"papermill": papermill, "widgets": widgets}
    path.write_text(json.dumps({"cells": cells, "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}))
    return path


def test_the_page_stands_alone(tmp_path: Path) -> None:
    text = to_html(executed(tmp_path / "n.ipynb"))
    assert not re.search(r"<script|<link|@import|url\(|https?://", text)
    assert POLICY in text and STYLE in text


def test_what_is_shown(tmp_path: Path) -> None:
    text = to_html(executed(tmp_path / "n.ipynb"))
    assert "<title>Price &amp; co</title>" in text
    assert 'alt="Skill &amp; so on"' in text and "data:image/png;base64,iVBOR" in text
    assert "<td>cell</td>" in text and "a &lt;b&gt;" in text
    assert "WIDGET" not in text
    assert "run 2024-01-02 03:04 UTC; with model = &#x27;price&#x27;; 12 s" in text
    assert '<details class="code"><summary>code</summary>' in text


def test_the_text_of_a_picture_cannot_leave_its_quotes(tmp_path: Path) -> None:
    text = to_html(executed(tmp_path / "n.ipynb", alt='Kadi" onerror="x <b>'))
    found: list[dict[str, str | None]] = []

    class Pictures(HTMLParser):
        def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
            if tag == "img":
                found.append(dict(attrs))

    Pictures().feed(text)
    assert [(set(picture), picture["alt"]) for picture in found] == [({"alt", "src"}, 'Kadi" onerror="x <b>')]
