"""How one variable of the service is declared: its names, its unit, who reads it and whether it may be shown."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from pydantic import AliasChoices, Field
from pydantic.fields import FieldInfo


@dataclass(frozen=True, slots=True)
class Declared:
    """What is known of a variable beside its type and default.

    Attributes
    ----------
    names : tuple of str
        Names in the environment; the first one that is set wins.
    unit : str
        Unit or form of the value; empty where the type says it all.
    read_by : str
        Part of the project that acts on it.
    example : str
        Shown in ``.env.example`` in place of a missing default.
    """

    names: tuple[str, ...]
    unit: str = ""
    read_by: str = "the service"
    example: str = ""


def variable(
    *names: str,
    says: str,
    default: Any = None,
    unit: str = "",
    read_by: str = "the service",
    example: str = "",
    **bounds: Any,
) -> Any:
    """Declare a variable of the environment as a field of the settings.

    Parameters
    ----------
    *names : str
        Its name, then others that are taken for it.
    says : str
        What it is for, in one sentence.
    default : object, optional
    unit, read_by, example : str
        See ``Declared``.
    **bounds
        ``ge``, ``gt``, ``le``, ``lt`` of pydantic.

    Returns
    -------
    FieldInfo
    """
    declared = Declared(names, unit, read_by, example)
    return Field(
        default,
        validation_alias=AliasChoices(*names),
        description=says,
        json_schema_extra={"declared": declared},  # type: ignore[dict-item]
        **bounds,
    )


def declared(field: FieldInfo) -> Declared:
    """Return what a field was declared with.

    Examples
    --------
    >>> declared(variable("LOG_LEVEL", says="how much is logged", default="INFO")).names
    ('LOG_LEVEL',)
    """
    extra = field.json_schema_extra
    if not isinstance(extra, dict) or not isinstance(extra.get("declared"), Declared):
        raise TypeError("the field was not declared by variable()")
    found = extra["declared"]
    assert isinstance(found, Declared)
    return found
