"""The body of `mandi import`: read and judge a source, then make it the one the pipelines use."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pandas as pd

from mandi.core.config import load_params
from mandi.core.errors import UnknownValue, nearest
from mandi.core.paths import Paths
from mandi.core.whole import written_whole
from mandi.tables.ingest import examine, import_tables
from mandi.tables.sql import url_at

SETTING = re.compile(
    r"^(?P<head>  (?P<key>\w+): +)(?P<value>\"[^\"]*\"|[^#\s]+)(?P<gap>\s*)(?P<comment>#.*)?$"
)
SOURCES = ("generated", "files", "agmarknet", "sql")


def import_command(
    root: Path, source: str, location: str, *, check: bool = False, commodity: str = ""
) -> str:
    """Import tables and set ``tables.source`` in params.yaml, comments kept.

    Parameters
    ----------
    root : Path
        The project.
    source : str
        generated, files, agmarknet or sql.
    location : str
        File, folder or glob; for sql a URL or ``env:NAME``. Empty for the generated market.
    check : bool
        Only read and judge.
    commodity : str
        For portal files that do not name their commodity. Empty unsets the one of an import before.

    Returns
    -------
    str
        The account of all rows, and what to type next.

    Raises
    ------
    UnknownValue
        No such source.
    ImportRefused, ContractError
        The source cannot be used, or its URL holds a secret; tables and params.yaml are as they were.
    """
    if source not in SOURCES:
        raise UnknownValue(f'no source "{source}"{nearest(source, SOURCES)}', allowed=", ".join(SOURCES))
    paths = Paths(root)
    if source == "sql":
        url_at(location)
    chosen = {"source": source, "location": location, "commodity": commodity}
    params = load_params(paths.params)
    params = {**params, "tables": {**params.get("tables", {}), **chosen}}
    now = pd.Timestamp.now(tz="UTC")
    if check:
        _, report = examine(params, root=root, now=now)
        return f"{report.summary()}\n\nnothing was changed; next: the same command without --check"
    report = import_tables(params, paths.tables, root=root, now=now)
    _set_source(paths.params, chosen)
    return f"{report.summary()}\n\nparams.yaml now says tables.source: {source}; next: mandi repro"


def _set_source(path: Path, chosen: dict[str, str]) -> None:
    # line by line: a YAML writer would lay the whole file out anew
    lines: list[str] = []
    inside, left, end = False, dict(chosen), 0
    for line in path.read_text(encoding="utf-8").splitlines():
        if inside and line and not line.startswith((" ", "#")):
            lines[end:end] = [f"  {key}: {json.dumps(value)}" for key, value in left.items()]
            inside, left = False, {}
        setting = SETTING.match(line) if inside else None
        if setting and setting["key"] in left:
            value = json.dumps(left.pop(setting["key"])) + " "
            column = len(setting["value"] + setting["gap"])
            lines.append(f"{setting['head']}{value:<{column}}{setting['comment'] or ''}".rstrip())
        else:
            lines.append(line)
        inside = inside or line.startswith("tables:")
        end = len(lines) if line.strip() else end
    lines[end:end] = [f"  {key}: {json.dumps(value)}" for key, value in left.items()]
    with written_whole(path) as beside:
        beside.write_text("\n".join(lines) + "\n", encoding="utf-8")
