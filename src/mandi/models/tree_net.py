"""Trees of scikit-learn as plain arrays, answered by onnxruntime: every row falls into one leaf per tree, leaves are summed.

The trees compare in float32 as scikit-learn does: thresholds are rounded down to float32, which parts float32 values
exactly as the float64 threshold would.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from mandi.core.errors import ContractError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

Floats = np.ndarray[Any, np.dtype[np.float64]]
OPSET = 3
NAMES = ("tree", "left", "right", "feature", "threshold", "gap_left", "leaf", "width")


def forest_arrays(
    trees: Sequence[Any], leaf: Callable[[Any], NDArray[Any]], width: int
) -> dict[str, NDArray[Any]]:
    """Write fitted trees down, node after node.

    Parameters
    ----------
    trees : sequence of sklearn.tree.BaseDecisionTree
    leaf : callable
        From a fitted tree's ``tree_`` to what each node answers, of shape (n_nodes, n_targets).
    width : int
        Columns of the matrix the trees were grown on.

    Returns
    -------
    dict of arrays
        tree, left, right, feature (-1 at a leaf), threshold, gap_left (where an unknown goes), leaf, width.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.tree import DecisionTreeRegressor
    >>> grown = DecisionTreeRegressor().fit([[0.0], [1.0]], [5.0, 9.0])
    >>> arrays = forest_arrays([grown], lambda tree: tree.value[:, :, 0], 1)
    >>> TreeNet(arrays).sums(np.array([[0.2], [0.8]])).tolist()
    [[5.0], [9.0]]
    """
    parts: dict[str, list[NDArray[Any]]] = {name: [] for name in NAMES[:-1]}
    for number, grown in enumerate(trees):
        tree = grown.tree_
        gap = getattr(tree, "missing_go_to_left", np.zeros(tree.node_count))
        parts["tree"].append(np.full(tree.node_count, number, dtype=np.int32))
        parts["left"].append(np.asarray(tree.children_left, dtype=np.int32))
        parts["right"].append(np.asarray(tree.children_right, dtype=np.int32))
        at_leaf = np.asarray(tree.children_left) < 0
        parts["feature"].append(np.where(at_leaf, -1, tree.feature).astype(np.int32))
        parts["threshold"].append(_rounded_down(np.where(at_leaf, 0.0, tree.threshold)))
        parts["gap_left"].append(np.asarray(gap, dtype=np.uint8))
        parts["leaf"].append(np.where(at_leaf[:, None], leaf(tree), 0.0).astype(np.float32))
    return {name: np.concatenate(part) for name, part in parts.items()} | {"width": np.array(width)}


class TreeNet:
    """Trees written down by ``forest_arrays``, ready to answer.

    Parameters
    ----------
    arrays : dict of arrays
    """

    def __init__(self, arrays: dict[str, NDArray[Any]]) -> None:
        self.arrays = {name: arrays[name] for name in NAMES}
        self._session: Any = None

    def sums(self, matrix: Floats) -> Floats:
        """Return the sum over trees of the leaf that each row falls into, of shape (n_rows, n_targets)."""
        if matrix.shape[1] != int(self.arrays["width"]):
            raise ContractError(
                f"{matrix.shape[1]} features",
                allowed=f"the {int(self.arrays['width'])} that were learnt from",
            )
        if not len(matrix):
            return np.zeros((0, self.arrays["leaf"].shape[1]))
        if self._session is None:
            self._session = _session(self.arrays)
        rows = np.ascontiguousarray(matrix, dtype=np.float32)
        return np.asarray(self._session.run(None, {"rows": rows})[0], dtype=np.float64)


def _rounded_down(values: Floats) -> NDArray[np.float32]:
    near = values.astype(np.float32)
    return np.where(near > values, np.nextafter(near, np.float32(-np.inf)), near).astype(np.float32)


def _session(arrays: dict[str, NDArray[Any]]) -> Any:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 3
    content = _model(arrays).SerializeToString()
    return onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])


def _model(arrays: dict[str, NDArray[Any]]) -> Any:
    from onnx import TensorProto, helper

    tree, feature, leaf = arrays["tree"], arrays["feature"], arrays["leaf"]
    at_leaf = feature < 0
    _, starts = np.unique(tree, return_index=True)
    number = np.arange(len(tree)) - starts[tree]
    told, target = np.nonzero(leaf * at_leaf[:, None])
    node = helper.make_node(
        "TreeEnsembleRegressor",
        ["rows"],
        ["sums"],
        domain="ai.onnx.ml",
        n_targets=int(leaf.shape[1]),
        nodes_treeids=tree.tolist(),
        nodes_nodeids=number.tolist(),
        nodes_featureids=np.maximum(feature, 0).tolist(),
        nodes_modes=np.where(at_leaf, "LEAF", "BRANCH_LEQ").tolist(),
        nodes_values=arrays["threshold"].tolist(),
        nodes_truenodeids=np.maximum(arrays["left"], 0).tolist(),
        nodes_falsenodeids=np.maximum(arrays["right"], 0).tolist(),
        nodes_missing_value_tracks_true=arrays["gap_left"].astype(int).tolist(),
        target_treeids=tree[told].tolist(),
        target_nodeids=number[told].tolist(),
        target_ids=target.tolist(),
        target_weights=leaf[told, target].tolist(),
    )
    graph = helper.make_graph(
        [node],
        "trees",
        [helper.make_tensor_value_info("rows", TensorProto.FLOAT, [None, int(arrays["width"])])],
        [helper.make_tensor_value_info("sums", TensorProto.FLOAT, [None, int(leaf.shape[1])])],
    )
    domains = [helper.make_opsetid("ai.onnx.ml", OPSET), helper.make_opsetid("", 18)]
    return helper.make_model(graph, opset_imports=domains, ir_version=9)
