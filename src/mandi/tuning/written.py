"""Puts settings that a search found into params.yaml, value by value: comments and layout stay, and training reads them there.

Where they came from is kept beside it in tuned.yaml: study, trial, losses, fingerprints of data and code, what stood before.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mandi.core.config import load_params
from mandi.core.errors import ConfigError
from mandi.core.whole import written_whole
from mandi.report.parameters import with_settings

RECORD = "tuned.yaml"
HEAD = "# Where settings came from that `mandi search MODEL --write` put into params.yaml. Nothing reads them here.\n"


def edited(text: str, changes: Mapping[str, int | float]) -> str:
    """Return the text of a YAML file with some numbers changed and nothing else; one that is not there is added.

    Parameters
    ----------
    text : str
        A mapping of sections.
    changes : mapping of dotted name to number

    Raises
    ------
    ConfigError
        A name leads through something that is no mapping, or to something that is no number.

    Examples
    --------
    >>> edited("trees: {depth: 8, rate: 0.05}   # of lots\\n", {"trees.depth": 6, "trees.rows": 0.7})
    'trees: {depth: 6, rate: 0.05, rows: 0.7}   # of lots\\n'
    """
    from ruamel.yaml import YAML

    before = YAML(typ="safe", pure=True).load(text)
    after, whole = text, YAML(pure=True).compose(text)
    places = {name: _place(whole, name) for name in changes}
    there = [(place, repr(changes[name])) for name, place in places.items() if place]
    for (start, end), written in sorted(
        there, reverse=True
    ):  # from the end, so that places before it stay true
        after = after[:start] + written + after[end:]
    for name in (name for name, place in places.items() if place is None):
        after = _added(after, name, changes[name])
    if YAML(typ="safe", pure=True).load(after) != with_settings(_apart(before), changes):
        raise ConfigError(
            f"{', '.join(changes)} cannot be changed in place", allowed="plain sections without anchors"
        )
    return after


def write_settings(
    root: Path, model: str, settings: Mapping[str, int | float], record: Mapping[str, Any]
) -> list[str]:
    """Write settings of one model into params.yaml, and where they came from into tuned.yaml.

    Parameters
    ----------
    root : Path
        The project.
    model : str
    settings : mapping of path below models.<model> to number
    record : mapping
        Plain data without dates: the same search writes the same file.

    Returns
    -------
    list of str
        Names of the files written.
    """
    params, notes = root / "params.yaml", root / RECORD
    changes = {f"models.{model}.{path}": value for path, value in settings.items()}
    settled = edited(params.read_text(encoding="utf-8"), changes)
    kept = load_params(notes) if notes.is_file() else {}
    kept[model] = dict(record)
    lines = [f"{name}: {json.dumps(kept[name], sort_keys=True)}\n" for name in sorted(kept)]
    told = HEAD + "".join(_unfolded(line) for line in lines)
    # params.yaml takes its place last: the same search finds the same study only for as long as it is as it was
    with written_whole(params) as last, written_whole(notes) as first:
        first.write_text(told, encoding="utf-8")
        last.write_text(settled, encoding="utf-8")
    return [params.name, notes.name]


def _unfolded(line: str) -> str:
    import io

    from ruamel.yaml import YAML

    yaml = YAML(typ="safe", pure=True)
    yaml.default_flow_style, yaml.width = False, 200
    with io.StringIO() as out:
        yaml.dump(YAML(typ="safe", pure=True).load(line), out)
        return out.getvalue()


def _way(node: Any, name: str) -> tuple[Any, list[str]]:
    # the innermost node on the way to a name, and what of the name is not there
    from ruamel.yaml.nodes import MappingNode

    way = name.split(".")
    for depth, key in enumerate(way):
        if not isinstance(node, MappingNode):
            raise ConfigError(f'"{".".join(way[:depth])}" holds no settings', allowed="a mapping")
        below = next((inner for outer, inner in node.value if outer.value == key), None)
        if below is None:
            return node, way[depth:]
        node = below
    return node, []


def _place(whole: Any, name: str) -> tuple[int, int] | None:
    from ruamel.yaml.nodes import ScalarNode

    node, missing = _way(whole, name)
    if missing:
        return None
    if not isinstance(node, ScalarNode):
        raise ConfigError(f'"{name}" is no number', allowed="a number")
    return node.start_mark.index, node.end_mark.index


def _added(text: str, name: str, value: int | float) -> str:
    from ruamel.yaml import YAML

    node, missing = _way(YAML(pure=True).compose(text), name)
    entry = repr(value)
    for key in reversed(missing[1:]):
        entry = f"{{{key}: {entry}}}"
    entry = f"{missing[0]}: {entry}"
    if node.flow_style:
        place = node.end_mark.index - 1
        return text[:place] + (", " if node.value else "") + entry + text[place:]
    first = node.value[0][0].start_mark
    return text[: first.index] + entry + "\n" + " " * first.column + text[first.index :]


def _apart(value: Any) -> Any:
    # what an alias shares is two things here: a change of one must not be taken for a change of both
    if isinstance(value, dict):
        return {key: _apart(inner) for key, inner in value.items()}
    return [_apart(inner) for inner in value] if isinstance(value, list) else value
