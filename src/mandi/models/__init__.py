"""Models behind one interface. A model is added by one line in MODELS."""

from __future__ import annotations

import typing
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from mandi.core.config import build, section
from mandi.core.lookup import looked_up

if TYPE_CHECKING:
    from mandi.models.base import Model

MODELS: dict[str, str] = {
    "price": "mandi.models.price:PriceModel",
    "demand": "mandi.models.demand:DemandModel",
    "quality": "mandi.models.quality:QualityModel",
    "fraud": "mandi.models.fraud:FraudModel",
    "matching": "mandi.models.matching:MatchingModel",
}


def model_class(name: str) -> type[Any]:
    """Import and return the class of a model.

    Raises
    ------
    UnknownValue
        The name is not in MODELS.
    """
    found: type[Model] = looked_up(name, MODELS, "model")
    return found


def new_model(name: str, params: Mapping[str, Any]) -> Model:
    """Return an unfitted model with the parameters of its section.

    Parameters
    ----------
    name : str
        A model.
    params : mapping
        All of params.yaml; ``seed`` is the seed of every model that does not set its own.

    Raises
    ------
    UnknownValue, ConfigError
        No such model; a setting is unknown or has the wrong type.
    """
    cls = model_class(name)
    hint = typing.get_type_hints(cls.__init__)["params"]
    taken = next((t for t in typing.get_args(hint) if t is not type(None)), hint)
    made: Model = cls(build(taken, section(params, f"models.{name}"), f"models.{name}"))
    return made
