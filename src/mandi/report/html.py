"""Turns an executed notebook into one HTML file that needs nothing else: pictures inside, no script, no network."""

from __future__ import annotations

import html
import json
from pathlib import Path
from typing import Any

from mandi.report.normalise import read

WIDGET = "application/vnd.jupyter.widget-view+json"
# a browser that reads this loads nothing from anywhere and runs nothing
POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"
TEMPLATE = """
{%- extends 'classic/base.html.j2' -%}
{%- block input_group -%}
<details class="code"><summary>code</summary>{{ super() }}</details>
{%- endblock input_group -%}
{%- block in_prompt -%}{%- endblock in_prompt -%}
{%- block empty_in_prompt -%}{%- endblock empty_in_prompt -%}
{%- block output_area_prompt -%}{%- endblock output_area_prompt -%}
{%- block data_png scoped -%}
<img alt="{{ (output | get_metadata('alt', 'image/png') or 'chart') | escape }}" src="data:image/png;base64,{{ output.data['image/png'] }}">
{%- endblock data_png -%}
"""
STYLE = """
body { max-width: 62rem; margin: 2rem auto; padding: 0 1.2rem; color: #222; line-height: 1.5;
  font-family: system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", sans-serif; font-size: 16px; }
h1 { font-size: 1.75rem; margin: 1rem 0 .4rem; } h2 { font-size: 1.25rem; margin: 2rem 0 .4rem; }
h3 { font-size: 1.05rem; margin: 1.4rem 0 .3rem; } .anchor-link { display: none; }
a { color: #0072B2; } img { max-width: 100%; height: auto; display: block; margin: .5rem 0; }
nav, footer { color: #666; font-size: .85rem; } footer { border-top: 1px solid #ddd; margin-top: 3rem; padding-top: .6rem; }
table { border-collapse: collapse; border: 0 !important; font-size: .86rem; margin: .6rem 0; display: block; overflow-x: auto; }
table, th, td { border: 0 solid; }
th, td { padding: .28rem .7rem; border-bottom: 1px solid #e8e8e8; text-align: left; vertical-align: top; }
table.figures th, .dataframe th, .dataframe td { text-align: right; white-space: nowrap; }
table .text, .dataframe th:first-child { text-align: left !important; } table.figures thead th { border-bottom: 1.5px solid #999; }
tbody tr:hover { background: #f6f8fa; } .caption, caption { color: #555; font-size: .9rem; text-align: left; margin: .3rem 0; }
details.code { margin: .25rem 0; } details.code summary { color: #888; font-size: .75rem; cursor: pointer; }
pre { background: #f6f8fa; padding: .6rem .8rem; overflow-x: auto; font-size: .84rem; border-radius: 4px; margin: .3rem 0; }
code { background: #f3f4f6; padding: .08rem .25rem; border-radius: 3px; font-size: .9em; } pre code { background: none; padding: 0; }
blockquote { border-left: 3px solid #ddd; margin: .5rem 0; padding: .1rem .9rem; color: #555; }
.output_stderr pre, .output_error pre { background: #fdecea; } .good { color: #00704f; font-weight: 600; }
.bad { color: #b34700; font-weight: 600; } .muted { color: #777; }
@media print { details.code { display: none; } body { max-width: none; } }
"""


def to_html(executed: Path, *, home: str = "../index.html") -> str:
    """Render an executed notebook.

    Parameters
    ----------
    executed : Path
        A notebook with its outputs.
    home : str
        Where the link to the index goes, relative to the page.

    Returns
    -------
    str
        A whole HTML page. Code is folded; progress bars are left out; charts are inlined with their titles as text.
    """
    import nbformat
    from jinja2 import DictLoader
    from nbconvert import HTMLExporter
    from nbconvert.filters import Highlight2HTML

    notebook = read(executed)
    exporter = HTMLExporter(
        template_name="basic",
        template_file="mandi.html.j2",
        extra_loaders=[DictLoader({"mandi.html.j2": TEMPLATE})],
        filters={"highlight_code": Highlight2HTML(pygments_lexer="python")},
    )
    exporter.mathjax_url = exporter.require_js_url = ""
    shown = nbformat.reads(json.dumps(_without_widgets(notebook)), as_version=4)
    body, _ = exporter.from_notebook_node(shown)
    nav = f'<nav><a href="{html.escape(home)}">all reports</a></nav>'
    return page(title_of(notebook) or executed.stem, f"{nav}{body}<footer>{_provenance(notebook)}</footer>")


def page(title: str, body: str) -> str:
    """Wrap HTML into a page with our style, which may load nothing and run nothing.

    Examples
    --------
    >>> "<title>Price &amp; co</title>" in page("Price & co", "<p>text</p>")
    True
    """
    from pygments.formatters import HtmlFormatter

    code = HtmlFormatter(style="default").get_style_defs(".highlight")
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{html.escape(title)}</title><style>{code}{STYLE}</style></head>\n<body>\n{body}\n</body></html>\n"
    )


def title_of(notebook: dict[str, Any]) -> str:
    """Return the first heading of a notebook, or an empty string.

    Examples
    --------
    >>> title_of({"cells": [{"cell_type": "markdown", "source": ["# The price of a lot\\n", "text"]}]})
    'The price of a lot'
    """
    for cell in notebook["cells"]:
        if cell["cell_type"] == "markdown":
            for line in "".join(cell["source"]).splitlines():
                if line.startswith("# "):
                    return line[2:].strip()
    return ""


def _without_widgets(notebook: dict[str, Any]) -> dict[str, Any]:
    cells = []
    for cell in notebook["cells"]:
        if cell["cell_type"] == "code":
            kept = [output for output in cell["outputs"] if WIDGET not in output.get("data", {})]
            cell = {**cell, "outputs": kept}
        cells.append(cell)
    metadata = {key: value for key, value in notebook["metadata"].items() if key != "widgets"}
    return {**notebook, "cells": cells, "metadata": metadata}


def _provenance(notebook: dict[str, Any]) -> str:
    ran = notebook["metadata"].get("papermill", {})
    given = ", ".join(f"{key} = {value!r}" for key, value in ran.get("parameters", {}).items())
    parts = [
        f"run {ran['end_time'][:16].replace('T', ' ')} UTC" if ran.get("end_time") else "",
        f"with {given}" if given else "",
        f"{ran['duration']:.0f} s" if ran.get("duration") else "",
    ]
    return html.escape("; ".join(part for part in parts if part) or "not run by the pipelines")
