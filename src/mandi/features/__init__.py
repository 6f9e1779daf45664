"""Point-in-time features: a model is added by one line in FEATURES."""

from __future__ import annotations

import dataclasses
import typing
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from mandi.core.config import build, section
from mandi.core.lookup import looked_up

if TYPE_CHECKING:
    from mandi.features.base import Features

FEATURES: dict[str, str] = {
    "price": "mandi.features.price:PriceFeatures",
    "demand": "mandi.features.demand:DemandFeatures",
    "quality": "mandi.features.quality:QualityFeatures",
    "fraud": "mandi.features.fraud:FraudFeatures",
    "matching": "mandi.features.matching:MatchingFeatures",
}


def feature_params(name: str, params: Mapping[str, Any]) -> Any:
    """Return what the features of a model are built from: the part of its section that they declare.

    Parameters
    ----------
    name : str
        A model.
    params : mapping
        All of params.yaml.

    Raises
    ------
    UnknownValue
        The model has no features.
    ConfigError
        A setting is unknown or has the wrong type.
    """
    taken = typing.get_type_hints(_class(name).__init__)["params"]
    wanted = {field.name for field in dataclasses.fields(taken)}
    given = {key: value for key, value in section(params, f"models.{name}").items() if key in wanted}
    return build(taken, given, f"models.{name}")


def feature_set(name: str, params: Mapping[str, Any]) -> Features:
    """Build the features of a model from params.yaml.

    Parameters
    ----------
    name : str
        A model.
    params : mapping
        All of params.yaml.
    """
    built: Features = _class(name)(feature_params(name, params))
    return built


def _class(name: str) -> type[Any]:
    found: type[Any] = looked_up(name, FEATURES, "features for")
    return found
