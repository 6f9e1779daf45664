"""Trials of challengers, begun and stopped by whoever operates the service; all workers hear of it within a second or two."""

from __future__ import annotations

from sqlalchemy.orm import Session

from mandi.serving.api.rooms import database_of, predictions_of, rollouts_of
from mandi.serving.dispatch import not_found
from mandi.serving.operations import Asked, Operation
from mandi.serving.problems import CONFLICT, Problem, Refused
from mandi.serving.rollouts.book import Rollout, RolloutRefused, rollouts, start, stop, told
from mandi.serving.rollouts.contracts import RolloutStart, RolloutsTold, RolloutTold

PATH = "/admin/rollouts"
BY_HAND = "stopped by an administrator"


def rollout_operations() -> list[Operation]:
    """Return the operations on rollouts."""
    owned = {"model": "model"}
    return [
        Operation(
            "GET", PATH, "How the trial of each model's challenger stands", _all, "operate", answers=(RolloutsTold,),
            tag="operation",
        ),
        Operation(
            "POST", f"{PATH}/{{model}}/start", "Try the challenger of a model: in the shadow, then for a growing share", _start,
            "operate", bodies=(RolloutStart,), answers=(RolloutTold,), owned=owned, problems=(CONFLICT,), tag="operation",
            examples={"as usual": {}, "quickly": {"shadow_share": 0.5, "hours": 1.0, "least_outcomes": 50}},
        ),
        Operation(
            "POST", f"{PATH}/{{model}}/stop", "End the trial: the champion answers everything again", _stop, "operate",
            answers=(RolloutTold,), owned=owned, problems=(CONFLICT,), tag="operation",
        ),
    ]  # fmt: skip


async def _all(asked: Asked) -> RolloutsTold:
    found = await database_of(asked.house).aread(rollouts)
    return RolloutsTold(rollouts=[RolloutTold(**told(one)) for one in found.values()])


async def _start(asked: Asked) -> RolloutTold:
    model, house, rules = asked.path["model"], asked.house, asked.body.rules()
    champions = house.desk.champions if house.desk else {}
    if model not in champions:
        raise not_found("model", model)
    if predictions_of(house) is None:
        raise Refused(
            Problem(
                CONFLICT,
                "no predictions are kept, so none can be compared",
                None,
                None,
                "ENABLE_PREDICTION_LOG=true",
            )
        )
    live = rollouts_of(house)
    challengers = {} if live is None else live.versions
    if live is None or model not in challengers:
        said = f"no challenger of {model} is packaged here"
        raise Refused(Problem(CONFLICT, said, "model", ", ".join(challengers) or None, "mandi repro package"))
    versions = champions[model].version, challengers[model]

    def begin(session: Session) -> Rollout:
        return start(session, model, *versions, rules, house.now(), asked.who, asked.request_id)

    try:
        begun = await database_of(house).awrite(begin)
    except RolloutRefused as refused:
        raise Refused(
            Problem(CONFLICT, refused.message, "model", refused.allowed, f"POST {PATH}/{model}/stop")
        ) from None
    await live.hear()
    return RolloutTold(**told(begun))


async def _stop(asked: Asked) -> RolloutTold:
    model, house = asked.path["model"], asked.house

    def end(session: Session) -> Rollout | None:
        return stop(session, model, BY_HAND, house.now(), asked.who, asked.request_id)

    ended = await database_of(house).awrite(end)
    if ended is None:
        raise Refused(
            Problem(CONFLICT, f"no challenger of {model} is on trial", "model", None, f"GET {PATH}")
        )
    if (live := rollouts_of(house)) is not None:
        await live.hear()
    return RolloutTold(**told(ended))
