from __future__ import annotations

import pytest

from mandi.serving.house import ClosedGate, House
from mandi.serving.problems import Refused


def test_rows_of_one_organisation_keep_no_other_waiting_for_long() -> None:
    house = House(gate=ClosedGate())
    with house.in_hand("org-1", 5000, most=2000), house.in_hand("org-2", 2000, most=2000):
        with pytest.raises(Refused, match="5000 rows") as refused, house.in_hand("org-1", 1, most=2000):
            pass
        assert (refused.value.problem.status, refused.value.problem.headers) == (429, {"retry-after": "1"})
    with pytest.raises(ZeroDivisionError), house.in_hand("org-1", 2000, most=2000):
        raise ZeroDivisionError
    with house.in_hand("org-1", 1500, most=2000), house.in_hand("org-1", 500, most=2000):
        pass
