"""Reads params.yaml with the same YAML 1.2 dialect as DVC and builds frozen dataclasses from its sections."""

from __future__ import annotations

import dataclasses
import types
import typing
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar

from mandi.core.errors import ConfigError, nearest

T = TypeVar("T")


def load_params(path: Path | str = "params.yaml") -> dict[str, Any]:
    """Read a parameter file.

    Parameters
    ----------
    path : path
        A YAML 1.2 file (``1e-4`` is a number, ``yes`` is text, as DVC reads them).

    Returns
    -------
    dict
        Plain dicts, lists, strings, numbers and booleans.

    Raises
    ------
    ConfigError
        The file is missing or is not a mapping.
    """
    from ruamel.yaml import YAML

    path = Path(path)
    if not path.is_file():
        raise ConfigError(
            f"no parameter file at {path}", next_command="cd to the folder that holds params.yaml"
        )
    loaded = YAML(typ="safe", pure=True).load(path.read_text(encoding="utf-8"))
    if not isinstance(loaded, dict):
        raise ConfigError(f"{path} holds {type(loaded).__name__}", allowed="a mapping of sections")
    return loaded


def section(params: Mapping[str, Any], dotted: str) -> dict[str, Any]:
    """Return one section of the parameters by its dotted name.

    Raises
    ------
    ConfigError
        A part of the name is not there; the message names the nearest one.

    Examples
    --------
    >>> section({"models": {"price": {"seed": 7}}}, "models.price")
    {'seed': 7}
    """
    here: Any = params
    for part in dotted.split("."):
        if not isinstance(here, Mapping) or part not in here:
            known = list(here) if isinstance(here, Mapping) else []
            raise ConfigError(
                f'params.yaml has no section "{dotted}"{nearest(part, map(str, known))}',
                allowed=", ".join(map(str, known)) or "(nothing below)",
            )
        here = here[part]
    if not isinstance(here, Mapping):
        raise ConfigError(f'"{dotted}" holds {here!r}', allowed="a mapping")
    return dict(here)


def build(cls: type[T], values: Mapping[str, Any], where: str = "") -> T:
    """Build a dataclass from a mapping, strictly: unknown keys and wrong types are errors.

    Nested dataclasses are built from nested mappings; lists become tuples where the field is a tuple.

    Parameters
    ----------
    cls : dataclass type
    values : mapping
        Keys are field names; a field with a default may be left out.
    where : str
        Dotted name of the section, for messages.

    Raises
    ------
    ConfigError
        Unknown key (nearest name given), missing key, or a value of the wrong type.

    Examples
    --------
    >>> @dataclasses.dataclass(frozen=True)
    ... class Trees:
    ...     depth: int = 8
    ...     rate: float = 0.05
    >>> build(Trees, {"depth": 3})
    Trees(depth=3, rate=0.05)
    """
    hints = typing.get_type_hints(cls)
    fields = {f.name: f for f in dataclasses.fields(cls)}  # type: ignore[arg-type]
    prefix = f"{where}." if where else ""
    for key in values:
        if key not in fields:
            raise ConfigError(
                f'unknown setting "{prefix}{key}"{nearest(str(key), fields)}', allowed=", ".join(fields)
            )
    built: dict[str, Any] = {}
    for name, field in fields.items():
        if name in values:
            built[name] = _coerce(values[name], hints[name], f"{prefix}{name}")
        elif field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING:
            raise ConfigError(f'missing setting "{prefix}{name}"', allowed=str(hints[name]))
    return cls(**built)


def _coerce(value: Any, hint: Any, where: str) -> Any:
    origin = typing.get_origin(hint)
    if hint is Any:
        return value
    if origin in (types.UnionType, typing.Union):
        options = typing.get_args(hint)
        if value is None and type(None) in options:
            return None
        for option in options:
            if option is type(None):
                continue
            try:
                return _coerce(value, option, where)
            except ConfigError:
                continue
        raise ConfigError(f'"{where}" is {value!r}', allowed=str(hint))
    if origin is typing.Literal:
        choices = typing.get_args(hint)
        if value not in choices:
            raise ConfigError(f'"{where}" is {value!r}', allowed=", ".join(map(str, choices)))
        return value
    if dataclasses.is_dataclass(hint):
        if not isinstance(value, Mapping):
            raise ConfigError(f'"{where}" is {value!r}', allowed="a mapping")
        return build(hint, value, where)  # type: ignore[arg-type]
    if origin is tuple:
        if not isinstance(value, (list, tuple)):
            raise ConfigError(f'"{where}" is {value!r}', allowed="a list")
        inner = typing.get_args(hint)[0]
        return tuple(_coerce(item, inner, f"{where}[{i}]") for i, item in enumerate(value))
    if origin in (dict, Mapping) or (isinstance(origin, type) and issubclass(origin, Mapping)):
        if not isinstance(value, Mapping):
            raise ConfigError(f'"{where}" is {value!r}', allowed="a mapping")
        _, inner = typing.get_args(hint)
        return {str(k): _coerce(v, inner, f"{where}.{k}") for k, v in value.items()}
    if hint is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if hint is int and isinstance(value, bool):
        raise ConfigError(f'"{where}" is {value!r}', allowed="a whole number")
    if isinstance(hint, type) and not isinstance(value, hint):
        raise ConfigError(f'"{where}" is {value!r} ({type(value).__name__})', allowed=hint.__name__)
    return value
