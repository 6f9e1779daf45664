"""The values a notebook may be given: those its cell tagged ``parameters`` declares, of the types of their defaults."""

from __future__ import annotations

import ast
import copy
from collections.abc import Mapping
from typing import Any

from mandi.core.errors import UnknownValue, nearest


def declared_parameters(notebook: Mapping[str, Any]) -> dict[str, Any]:
    """Return the names and default values of the cell tagged ``parameters``.

    Parameters
    ----------
    notebook : mapping
        A notebook as read from JSON. A default that is not a literal is given as ``...``.

    Raises
    ------
    UnknownValue
        More than one cell is tagged.

    Examples
    --------
    >>> cell = {"cell_type": "code", "source": "days = 30\\nnote: str = ''", "metadata": {"tags": ["parameters"]}}
    >>> declared_parameters({"cells": [cell]})
    {'days': 30, 'note': ''}
    """
    tagged = [c for c in notebook["cells"] if "parameters" in c.get("metadata", {}).get("tags", [])]
    if len(tagged) > 1:
        raise UnknownValue(f'{len(tagged)} cells are tagged "parameters"', allowed="one")
    found: dict[str, Any] = {}
    for cell in tagged:
        for node in ast.parse("".join(cell["source"])).body:
            if isinstance(node, (ast.Assign, ast.AnnAssign)):
                targets = node.targets if isinstance(node, ast.Assign) else [node.target]
                found |= {t.id: _literal(node.value) for t in targets if isinstance(t, ast.Name)}
    return found


def check_parameters(
    notebook: Mapping[str, Any], given: Mapping[str, Any], name: str = "the notebook"
) -> None:
    """Hold the parameters given against those declared: names must exist, types must be those of the defaults.

    Raises
    ------
    UnknownValue
        An undeclared name (the nearest one is given) or a value of another type than its default.
    """
    declared = declared_parameters(notebook)
    for key, value in given.items():
        if key not in declared:
            raise UnknownValue(
                f'{name} has no parameter "{key}"{nearest(key, declared)}',
                allowed=", ".join(declared) or "(none: no cell is tagged parameters)",
            )
        default = declared[key]
        if default is None or default is ... or value is None:
            continue
        wanted = (int, float) if isinstance(default, float) else type(default)
        if not isinstance(value, wanted) or isinstance(value, bool) != isinstance(default, bool):
            raise UnknownValue(
                f'parameter "{key}" of {name} is {value!r}',
                allowed=f"{type(default).__name__}, like {default!r}",
            )


def with_settings(params: Mapping[str, Any], settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return the parameters of the pipelines with some settings changed by their dotted names.

    Whoever builds from the result refuses a setting that does not exist.

    Parameters
    ----------
    params : mapping
        As ``load_params`` reads params.yaml; not changed.
    settings : mapping of dotted name to value

    Raises
    ------
    UnknownValue
        The first part of a name is no section, or a part on the way is not a mapping.

    Examples
    --------
    >>> with_settings({"models": {"price": {"seed": 1}}}, {"models.price.lots.trees.max_depth": 6})
    {'models': {'price': {'seed': 1, 'lots': {'trees': {'max_depth': 6}}}}}
    """
    changed = copy.deepcopy(dict(params))
    for name, value in settings.items():
        *way, last = name.split(".")
        if name.split(".")[0] not in params:
            raise UnknownValue(
                f'no section for "{name}"{nearest(name.split(".")[0], params)}', allowed=", ".join(params)
            )
        here = changed
        for part in way:
            here = here.setdefault(part, {})
            if not isinstance(here, dict):
                raise UnknownValue(f'"{part}" in "{name}" is {here!r}', allowed="a section")
        here[last] = value
    return changed


def _literal(node: ast.expr | None) -> Any:
    try:
        return ... if node is None else ast.literal_eval(node)
    except ValueError:
        return ...
