from __future__ import annotations

from typing import Any

import pytest

from mandi.core.errors import UnknownValue
from mandi.report.parameters import check_parameters, declared_parameters, with_settings


def notebook(source: str, cells: int = 1) -> dict[str, Any]:
    cell = {"cell_type": "code", "source": source, "metadata": {"tags": ["parameters"]}}
    return {"cells": [cell] * cells}


SOURCE = "model = 'price'  # which\ndays = 30\nrate: float = 0.05\noffer = False\nsince = None\nlist_of = [1, 2]\nroot = f()"


def test_declared_are_the_assignments_of_the_tagged_cell() -> None:
    assert declared_parameters(notebook(SOURCE)) == {
        "model": "price", "days": 30, "rate": 0.05, "offer": False, "since": None, "list_of": [1, 2], "root": ...,
    }  # fmt: skip
    assert declared_parameters({"cells": [{"source": "x = 1", "metadata": {}}]}) == {}


def test_two_tagged_cells_are_refused() -> None:
    with pytest.raises(UnknownValue, match="2 cells"):
        declared_parameters(notebook("x = 1", cells=2))


@pytest.mark.parametrize(
    "given",
    [{"model": "demand"}, {"days": 7}, {"rate": 1}, {"rate": 1e-4}, {"offer": True}, {"since": "2024-01-01"},
     {"list_of": [3]}, {"root": 5}, {"model": None}, {}],
)  # fmt: skip
def test_accepted(given: dict[str, Any]) -> None:
    check_parameters(notebook(SOURCE), given)


@pytest.mark.parametrize(
    ("given", "says"),
    [({"modle": "x"}, 'did you mean "model"'), ({"days": "30"}, "allowed: int, like 30"), ({"days": 1.5}, "int"),
     ({"days": True}, "int"), ({"offer": 1}, "bool"), ({"rate": "fast"}, "float"), ({"rate": False}, "float"),
     ({"list_of": "1,2"}, "list")],
)  # fmt: skip
def test_refused(given: dict[str, Any], says: str) -> None:
    with pytest.raises(UnknownValue) as error:
        check_parameters(notebook(SOURCE), given, "21_price.ipynb")
    assert says in str(error.value)


def test_settings_change_a_copy() -> None:
    params = {"models": {"price": {"lots": {"refit": True}}}, "seed": 1}
    changed = with_settings(params, {"models.price.lots.refit": False, "seed": 2})
    assert changed == {"models": {"price": {"lots": {"refit": False}}}, "seed": 2}
    assert params == {"models": {"price": {"lots": {"refit": True}}}, "seed": 1}


@pytest.mark.parametrize(
    ("name", "says"), [("model.price.x", 'did you mean "models"'), ("seed.x", '"seed" in "seed.x" is 1')]
)
def test_settings_refused(name: str, says: str) -> None:
    with pytest.raises(UnknownValue) as error:
        with_settings({"models": {}, "seed": 1}, {name: 1})
    assert says in str(error.value)
