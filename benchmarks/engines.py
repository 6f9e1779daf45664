"""Which engine answers for the boosted trees of the champions, their own library or ONNX Runtime: make bench-engines (after make repro).

Every XGBoost and LightGBM booster found in the champions is also written as an ONNX tree ensemble. Both answer the same rows: values
drawn around the thresholds of the trees, the thresholds themselves, gaps, the largest numbers and infinities. ``worst_difference`` is
relative to the largest answer. Times are least processor times of one thread; a ratio above 1 says that ONNX Runtime is faster.

What is chosen by it (``onnx_chosen``): ONNX Runtime where it differs by no more than 1e-5, saves at least 0.1 ms of one row and loses
nothing at a thousand. That is nowhere, so the libraries' own engines answer. XGBoost needs 0.2 ms for one row, ONNX Runtime a hundredth
of a millisecond, but at a thousand rows it is slower by a third to a half; and one row's answer must not hang on how many are asked, so
one engine answers both. Of LightGBM it would save 0.015 ms a row, and in rows that lie exactly on a threshold it goes another way.
Forests of scikit-learn and the nets of torch are asked through ONNX Runtime, because their own libraries are not in the service.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.rows import Row, table, write
from mandi.core.errors import DataNotFound
from mandi.core.paths import Paths, project_root
from mandi.models import MODELS, model_class

PARITY = 1e-5
WORTH_MS = 0.1  # of one row: less is nothing beside the rest of a request
COUNTS = (1, 1000)
NODE = (
    "treeids",
    "nodeids",
    "featureids",
    "values",
    "modes",
    "truenodeids",
    "falsenodeids",
    "missing_value_tracks_true",
)
Matrix = NDArray[np.float32]
Answers = Callable[[Matrix], NDArray[np.float64]]


def main() -> None:
    """Measure, print a table and write benchmarks/results/engines.json."""
    root, started = project_root(), time.process_time()
    rows: list[Row] = []
    for name in MODELS:
        folder = Paths(root).model(name)
        if not folder.is_dir():
            raise DataNotFound(f"no fitted {name} at {folder.relative_to(root)}", next_command="make repro")
        fitted = model_class(name).load(folder)
        for place, booster in boosters(fitted):
            rows += measured(f"{name}/{place}", booster)
    if not rows:
        raise DataNotFound("no champion holds boosted trees", next_command="make repro")
    print(table(("case", "metric", "onnx", "own"), [(r.case, r.metric, r.value, r.baseline) for r in rows]))  # fmt: skip
    write(root / "benchmarks" / "results", "engines", rows, time.process_time() - started)


def measured(case: str, booster: Any) -> list[Row]:
    """Return parity and times of one booster.

    Parameters
    ----------
    case : str
    booster : xgboost.Booster or lightgbm.Booster
    """
    trees = trees_of(booster)
    asked = edge_rows(trees)
    own, other = own_engine(booster), onnx_engine(trees)
    native, exported = own(asked), other(asked)
    scale = max(float(np.abs(native).max()), 1e-12)
    differs = float(np.abs(native - exported).max()) / scale
    rows, saved = [Row(case, "worst_difference", differs)], []
    for count in COUNTS:
        some = np.resize(asked, (count, asked.shape[1]))
        mine, theirs = _least(partial(own, some)), _least(partial(other, some))
        saved.append(1e3 * (mine - theirs))
        rows += [
            Row(f"{case}/{count}", "cpu_ms", 1e3 * theirs, baseline=1e3 * mine),
            Row(f"{case}/{count}", "own_to_onnx", mine / theirs),
        ]
    chosen = differs <= PARITY and saved[0] >= WORTH_MS and saved[1] >= 0.0
    return [*rows, Row(case, "onnx_chosen", float(chosen))]


def boosters(fitted: Any) -> Iterator[tuple[str, Any]]:
    """Yield the boosters a fitted model holds, with where they are.

    Parameters
    ----------
    fitted : Model
    """
    import lightgbm
    import xgboost

    seen: set[int] = set()
    waiting: list[tuple[str, Any]] = [("", fitted)]
    while waiting:
        place, here = waiting.pop(0)
        if id(here) in seen:
            continue
        seen.add(id(here))
        if isinstance(here, xgboost.Booster | lightgbm.Booster):
            yield place.strip("."), here
        elif isinstance(here, dict):
            waiting += [(f"{place}.{key}", value) for key, value in here.items()]
        elif isinstance(here, list | tuple):
            waiting += [(f"{place}.{i}", value) for i, value in enumerate(here)]
        elif type(here).__module__.startswith("mandi.") and hasattr(here, "__dict__"):
            waiting += [
                (f"{place}.{key}".replace(".booster", ""), value) for key, value in vars(here).items()
            ]


def trees_of(booster: Any) -> dict[str, Any]:
    """Return nodes, leaves, base values, number of features and of outputs of a booster.

    Raises
    ------
    ValueError
        It splits by categories or by linear leaves.
    """
    import xgboost

    return _xgboost(booster) if isinstance(booster, xgboost.Booster) else _lightgbm(booster)


def onnx_engine(trees: dict[str, Any]) -> Answers:
    """Return ONNX Runtime over trees, on one thread.

    Parameters
    ----------
    trees : dict
        From :func:`trees_of`.
    """
    import onnxruntime
    from onnx import TensorProto, helper

    nodes, leaves, outputs = trees["nodes"], trees["leaves"], trees["outputs"]
    double = trees["double"]
    kind = TensorProto.DOUBLE if double else TensorProto.FLOAT
    given: dict[str, Any] = {f"nodes_{name}": [node[i] for node in nodes] for i, name in enumerate(NODE)}
    given |= {
        f"target_{name}": [leaf[i] for leaf in leaves]
        for i, name in enumerate(("treeids", "nodeids", "ids", "weights"))
    }
    given["base_values"] = trees["base"]
    if double:  # thresholds of LightGBM are doubles
        for name in ("nodes_values", "target_weights", "base_values"):
            values = given.pop(name)
            given[f"{name}_as_tensor"] = helper.make_tensor(name, kind, [len(values)], values)
    node = helper.make_node(
        "TreeEnsembleRegressor", ["x"], ["y"], domain="ai.onnx.ml", n_targets=outputs, aggregate_function="SUM",
        post_transform="NONE", **given,
    )  # fmt: skip
    graph = helper.make_graph(
        [node], "trees", [helper.make_tensor_value_info("x", kind, [None, trees["features"]])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [None, outputs])],
    )  # fmt: skip
    model = helper.make_model(
        graph,
        ir_version=10,
        opset_imports=[helper.make_opsetid("ai.onnx.ml", 3), helper.make_opsetid("", 18)],
    )
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    session = onnxruntime.InferenceSession(
        model.SerializeToString(), options, providers=["CPUExecutionProvider"]
    )
    wanted = np.float64 if double else np.float32

    def answer(matrix: Matrix) -> NDArray[np.float64]:
        told = session.run(None, {"x": matrix.astype(wanted, copy=False)})[0]
        return np.asarray(told, dtype=np.float64).reshape(len(matrix), outputs)

    return answer


def own_engine(booster: Any) -> Answers:
    """Return a booster's own engine, without what is done to its answers after the trees."""
    import xgboost

    if isinstance(booster, xgboost.Booster):
        booster.set_param({"nthread": 1})
        return lambda matrix: np.asarray(
            booster.inplace_predict(matrix, predict_type="margin", validate_features=False), np.float64
        ).reshape(len(matrix), -1)
    return lambda matrix: np.asarray(
        booster.predict(matrix, raw_score=True, num_threads=1), np.float64
    ).reshape(len(matrix), -1)


def edge_rows(trees: dict[str, Any], rows: int = 2000, seed: int = 20240611) -> Matrix:
    """Return rows around and at the thresholds, with gaps, and at the ends of what float32 can say.

    Parameters
    ----------
    trees : dict
    rows : int
    seed : int

    Returns
    -------
    array of float32, shape (rows + 5, features)
    """
    rng = np.random.default_rng(seed)
    matrix = rng.normal(size=(rows, trees["features"]))
    by_feature: dict[int, list[float]] = {}
    for node in trees["nodes"]:
        if node[4] != "LEAF":
            by_feature.setdefault(node[2], []).append(node[3])
    for feature, values in by_feature.items():
        at = rng.choice(np.array(values), rows)
        matrix[:, feature] = np.where(
            rng.random(rows) < 0.3, at, at + rng.normal(size=rows) * (np.std(values) + 1e-3)
        )
    matrix[rng.random(matrix.shape) < 0.1] = np.nan
    ends = [np.zeros(trees["features"])] + [
        np.full(trees["features"], v) for v in (np.nan, np.inf, -np.inf, 3e38)
    ]
    return np.vstack([matrix, *ends]).astype(np.float32)


def _xgboost(booster: Any) -> dict[str, Any]:
    learner = json.loads(bytes(booster.save_raw("json")))["learner"]
    model, told = learner["gradient_booster"]["model"], learner["learner_model_param"]
    base = json.loads(told["base_score"])
    base = base if isinstance(base, list) else [base]
    groups = model["tree_info"]
    outputs = max(groups) + 1
    nodes, leaves = [], []
    for number, tree in enumerate(model["trees"]):
        if any(tree.get("split_type", [])):
            raise ValueError("it splits by categories")
        left, right = tree["left_children"], tree["right_children"]
        for i, value in enumerate(tree["split_conditions"]):
            if left[i] == -1:
                nodes.append((number, i, 0, 0.0, "LEAF", 0, 0, 0))
                leaves.append((number, i, groups[number], float(value)))
            else:
                nodes.append(
                    (number, i, tree["split_indices"][i], float(value), "BRANCH_LT", left[i], right[i], int(tree["default_left"][i]))
                )  # fmt: skip
    return {
        "nodes": nodes, "leaves": leaves, "base": base if len(base) == outputs else base * outputs, "outputs": outputs,
        "features": int(told["num_feature"]), "double": False,
    }  # fmt: skip


def _lightgbm(booster: Any) -> dict[str, Any]:
    told = booster.dump_model()
    outputs = told["num_tree_per_iteration"]
    nodes: list[tuple[Any, ...]] = []
    leaves: list[tuple[Any, ...]] = []
    for number, tree in enumerate(told["tree_info"]):
        places = iter(range(1 << 30))
        _walk(tree["tree_structure"], number, next(places), places, number % outputs, nodes, leaves)
    return {
        "nodes": nodes, "leaves": leaves, "base": [0.0] * outputs, "outputs": outputs,
        "features": told["max_feature_idx"] + 1, "double": True,
    }  # fmt: skip


def _walk(
    here: dict[str, Any],
    tree: int,
    place: int,
    places: Iterator[int],
    group: int,
    nodes: list[Any],
    leaves: list[Any],
) -> None:
    if "leaf_value" in here:
        nodes.append((tree, place, 0, 0.0, "LEAF", 0, 0, 0))
        leaves.append((tree, place, group, float(here["leaf_value"])))
        return
    if here["decision_type"] != "<=":
        raise ValueError("it splits by categories")
    left, right = next(places), next(places)
    threshold = float(here["threshold"])
    # where training saw no gap, one is taken for a zero
    gap_left = here["default_left"] if here["missing_type"] == "NaN" else threshold >= 0.0
    nodes.append((tree, place, here["split_feature"], threshold, "BRANCH_LEQ", left, right, int(gap_left)))
    for child, at in (("left_child", left), ("right_child", right)):
        _walk(here[child], tree, at, places, group, nodes, leaves)


def _least(work: Callable[[], object]) -> float:
    work()
    best = float("inf")
    for _ in range(15):
        begun = time.thread_time()
        for _ in range(5):
            work()
        best = min(best, (time.thread_time() - begun) / 5)
    return best


if __name__ == "__main__":
    main()
