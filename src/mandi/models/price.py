"""The price model: a market's price today and ahead, and a lot's fair price today, in INR/quintal with bounds.

Rows of kind "market" go to the filter with its trees, rows of kind "lot" to the trees over the market's level. Tables
without lots train the first alone.
"""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np

from mandi.core.config import build
from mandi.core.errors import ContractError, NotFitted, UnknownValue
from mandi.core.frames import Columns
from mandi.features.price import PriceFeatureParams
from mandi.models.base import Progress, Spec
from mandi.models.pricing.lot_pricer import LotPricer, LotPricerParams
from mandi.models.pricing.lot_rows import market_questions
from mandi.models.pricing.market_pricer import MarketParams, MarketPricer
from mandi.models.pricing.price_fields import SPEC, inputs

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from pandas import DataFrame, Series

    from mandi.tables.parts import Parts

FORMAT = 1  # one higher whenever a saved file changes its meaning: an older champion is refused, not misread


@dataclasses.dataclass(frozen=True)
class PriceParams(PriceFeatureParams):
    """Section ``models.price`` of params.yaml: the features' own, and those of the two pricers."""

    market: MarketParams = dataclasses.field(default_factory=MarketParams)
    lots: LotPricerParams = dataclasses.field(default_factory=LotPricerParams)


class PriceModel:
    """Prices markets and lots.

    Parameters
    ----------
    params : PriceParams, optional
    """

    name: ClassVar[str] = "price"
    spec: Spec = SPEC

    def __init__(self, params: PriceParams | None = None) -> None:
        self.params = params or PriceParams()
        self.market: MarketPricer | None = None
        self.lots: LotPricer | None = None

    def fit(self, frame: DataFrame, progress: Progress | None = None) -> Self:
        """Fit both pricers on parts "train", "validation" and "calibration"; other parts are not looked at.

        Parameters
        ----------
        frame : DataFrame
            What ``PriceFeatures.assemble`` returned for training questions: ``spec.inputs``, label (INR/quintal),
            part, asof, national_ahead.
        progress : callable, optional
            Called with fits of the lot pricer done, in all, and a line of text.

        Raises
        ------
        ContractError
            A column is missing, or a part has no lots.
        """
        kind = _kinds(frame)
        reports, lots = frame[kind == "market"], frame[kind == "lot"]
        self.market = MarketPricer(self.params.market).fit(reports)
        self.lots = LotPricer(self.params.lots).fit(lots, reports, progress) if len(lots) else None
        self._declare()
        return self

    def fit_parts(self, parts: Parts, room: Path, progress: Progress | None = None) -> Self:
        """Fit as :meth:`fit` does on a frame too large for memory; of it one part at a time is held, and the market questions.

        Parameters
        ----------
        parts : Parts
            What ``PriceFeatures.assemble`` returned, in parts.
        room : Path
            An empty folder for matrices, 340 bytes a lot; workers see it too.
        progress : callable, optional
        """
        reports = market_questions(parts)
        self.market = MarketPricer(self.params.market).fit(reports)
        self.lots = LotPricer(self.params.lots).fit_parts(parts, reports, room, progress)
        self._declare()
        return self

    def predict(self, frame: DataFrame) -> DataFrame:
        """Price every row; a row never depends on another.

        Parameters
        ----------
        frame : DataFrame
            ``spec.inputs``.

        Returns
        -------
        DataFrame
            ``spec.outputs`` (INR/quintal) on the index of ``frame``; missing where the market has no history.

        Raises
        ------
        NotFitted
            ``fit`` or ``load`` was not called.
        ContractError
            A column is missing, or lots are asked of a model that was trained without any.
        """
        import pandas as pd

        parts = self._split(frame)
        if len(parts) == 1:
            answers = parts[0][1].predict(frame)
            names = self.spec.output_names()
            return answers if list(answers.columns) == names else answers[names]
        answers = pd.DataFrame(float("nan"), index=range(len(frame)), columns=self.spec.output_names())
        for rows, pricer in parts:
            answers.iloc[rows] = pricer.predict(frame.iloc[rows])[self.spec.output_names()].to_numpy()
        return answers.set_index(frame.index)

    def prices(self, questions: Columns) -> NDArray[np.float64]:
        """Return what :meth:`predict` does, to the bit, as rows x ``spec.outputs``; lots alone need no frame for it.

        Parameters
        ----------
        questions : Columns
            What ``PriceFeatures.assemble_columns`` returned.
        """
        if self.lots is not None and (questions["kind"] == "lot").all():
            return self.lots.prices(questions)
        return self.predict(questions.frame(["asof"]))[self.spec.output_names()].to_numpy(dtype=np.float64)

    def explain(self, frame: DataFrame) -> DataFrame:
        """Say how each price comes about.

        Returns
        -------
        DataFrame
            index, feature, effect (INR/quintal, base included); a row's effects sum to its price.
        """
        import pandas as pd

        told = [
            pricer.explain(frame.iloc[rows].set_axis(rows)).assign(place=lambda f: f["index"])
            for rows, pricer in self._split(frame)
        ]
        if not told:
            return pd.DataFrame({"index": [], "feature": [], "effect": []})
        effects = pd.concat(told, ignore_index=True).sort_values("place", kind="stable", ignore_index=True)
        index = frame.index.to_numpy()[effects["place"].to_numpy(dtype=int)]
        return effects.assign(index=index)[["index", "feature", "effect"]]

    def known(self, name: str) -> tuple[str, ...]:
        """Return the values a category of lots (``variety``, ``grade``) had in training; none without lots.

        Parameters
        ----------
        name : str
            commodity, market, state, variety or grade.
        """
        return tuple(self.lots.matrix.codes.get(name, ())) if self.lots is not None else ()

    def save(self, folder: Path) -> None:
        """Write price.json and what the pricers write: JSON, LightGBM text, XGBoost binary JSON."""
        if self.market is None:
            raise NotFitted("the price model has seen no data", next_command="call fit or load")
        state = {"format": FORMAT, "params": dataclasses.asdict(self.params), "lots": self.lots is not None}
        (folder / "price.json").write_text(json.dumps(state, indent=1, sort_keys=True), encoding="utf-8")
        self.market.save(folder)
        if self.lots is not None:
            self.lots.save(folder)

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read what ``save`` wrote."""
        state = json.loads((folder / "price.json").read_text(encoding="utf-8"))
        if state.get("format") != FORMAT:
            raise ContractError(
                f"this price model was saved in format {state.get('format')}",
                allowed=f"format {FORMAT}, what this version of mandi writes and reads",
                next_command="mandi repro --force",
            )
        model = cls(build(PriceParams, state["params"], "models.price"))
        model.market = MarketPricer.load(folder)
        model.lots = LotPricer.load(folder) if state["lots"] else None
        model._declare()
        return model

    @staticmethod
    def baselines(frame: DataFrame, seed: int) -> dict[str, Series]:
        """Return the fitted baselines that stand beside the model: ``random_forest`` for lots (INR/quintal)."""
        from mandi.models.pricing.lot_forest import forest_prices

        return {"random_forest": forest_prices(frame, seed)} if (frame["kind"] == "lot").any() else {}

    def _declare(self) -> None:
        assert self.market is not None
        self.spec = dataclasses.replace(SPEC, inputs=inputs(tuple(self.market.columns)))

    def _split(self, frame: DataFrame) -> list[tuple[Any, MarketPricer | LotPricer]]:
        if self.market is None:
            raise NotFitted("the price model has seen no data", next_command="call fit or load")
        kind = _kinds(frame)
        is_lot = (kind == "lot").to_numpy()
        if is_lot.any() and self.lots is None:
            raise ContractError(
                "a lot is asked of a model that was trained without lots", allowed='kind "market"'
            )
        pricers = ((~is_lot, self.market), (is_lot, self.lots))
        return [(mask.nonzero()[0], pricer) for mask, pricer in pricers if mask.any() and pricer is not None]


def _kinds(frame: DataFrame) -> Any:
    if "kind" not in frame:
        raise ContractError('the frame lacks "kind"', allowed="market or lot in every row")
    unknown = sorted({str(kind) for kind in frame["kind"]} - {"market", "lot"})
    if unknown:
        raise UnknownValue(f"kind is {', '.join(unknown)}", allowed="market, lot")
    return frame["kind"]
