"""Models behind one interface. A model is added by one line in MODELS."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from mandi.core.errors import UnknownValue, nearest

if TYPE_CHECKING:
    from mandi.models.base import Model

MODELS: dict[str, str] = {
    "price": "mandi.models.price:PriceModel",
}


def model_class(name: str) -> type[Any]:
    """Import and return the class of a model.

    Raises
    ------
    UnknownValue
        The name is not in MODELS.
    """
    if name not in MODELS:
        raise UnknownValue(f'no model "{name}"{nearest(name, MODELS)}', allowed=", ".join(MODELS))
    module, _, attribute = MODELS[name].partition(":")
    found: type[Model] = getattr(import_module(module), attribute)
    return found
