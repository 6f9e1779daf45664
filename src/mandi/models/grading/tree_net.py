"""Trees of scikit-learn as one ONNX graph, answered by onnxruntime: every row falls into one leaf per tree, leaves are summed.

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
NAMES = ("onnx", "width", "targets")


def forest_arrays(
    trees: Sequence[Any], leaf: Callable[[Any], NDArray[Any]], width: int
) -> dict[str, NDArray[Any]]:
    """Write fitted trees down.

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
        onnx (the graph's bytes), width, targets.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.tree import DecisionTreeRegressor
    >>> grown = DecisionTreeRegressor().fit([[0.0], [1.0]], [5.0, 9.0])
    >>> arrays = forest_arrays([grown], lambda tree: tree.value[:, :, 0], 1)
    >>> TreeNet(arrays).sums(np.array([[0.2], [0.8]])).tolist()
    [[5.0], [9.0]]
    """
    nodes = [_nodes(grown.tree_, leaf, number) for number, grown in enumerate(trees)]
    joined = {name: np.concatenate([one[name] for one in nodes]) for name in nodes[0]}
    content = _graph(joined, width).SerializeToString()
    return {
        "onnx": np.frombuffer(content, dtype=np.uint8),
        "width": np.array(width),
        "targets": np.array(joined["leaf"].shape[1]),
    }


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
            return np.zeros((0, int(self.arrays["targets"])))
        if self._session is None:
            self._session = _session(self.arrays["onnx"].tobytes())
        rows = np.ascontiguousarray(matrix, dtype=np.float32)
        return np.asarray(self._session.run(None, {"rows": rows})[0], dtype=np.float64)


def _nodes(tree: Any, leaf: Callable[[Any], NDArray[Any]], number: int) -> dict[str, NDArray[Any]]:
    at_leaf = np.asarray(tree.children_left) < 0
    gap = getattr(tree, "missing_go_to_left", np.zeros(tree.node_count))
    return {
        "tree": np.full(tree.node_count, number),
        "number": np.arange(tree.node_count),
        "at_leaf": at_leaf,
        "left": np.maximum(tree.children_left, 0),
        "right": np.maximum(tree.children_right, 0),
        "feature": np.maximum(tree.feature, 0),
        "threshold": _rounded_down(np.where(at_leaf, 0.0, tree.threshold)),
        "gap_left": np.asarray(gap, dtype=np.int64),
        "leaf": np.where(at_leaf[:, None], leaf(tree), 0.0).astype(np.float32),
    }


def _rounded_down(values: Floats) -> NDArray[np.float32]:
    near = values.astype(np.float32)
    return np.where(near > values, np.nextafter(near, np.float32(-np.inf)), near).astype(np.float32)


def _session(content: bytes) -> Any:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 3
    try:
        return onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # onnxruntime raises its own kinds for each way to be unreadable
        raise ContractError(f"these are no trees: {str(error)[:200]}") from error


def _graph(nodes: dict[str, NDArray[Any]], width: int) -> Any:
    from onnx import AttributeProto, TensorProto, helper

    leaf, tree, number = nodes["leaf"], nodes["tree"], nodes["number"]
    told, target = np.nonzero(leaf)
    node = helper.make_node(
        "TreeEnsembleRegressor", ["rows"], ["sums"], domain="ai.onnx.ml", n_targets=int(leaf.shape[1])
    )
    lists = {
        "nodes_treeids": tree,
        "nodes_nodeids": number,
        "nodes_featureids": nodes["feature"],
        "nodes_values": nodes["threshold"],
        "nodes_truenodeids": nodes["left"],
        "nodes_falsenodeids": nodes["right"],
        "nodes_missing_value_tracks_true": nodes["gap_left"],
        "target_treeids": tree[told],
        "target_nodeids": number[told],
        "target_ids": target,
        "target_weights": leaf[told, target],
    }
    # filled by hand: the helper looks at each of a forest's nodes once more, which takes longer than all the rest
    for name, values in lists.items():
        whole = np.issubdtype(values.dtype, np.integer)
        told_as = AttributeProto(name=name, type=AttributeProto.INTS if whole else AttributeProto.FLOATS)
        (told_as.ints if whole else told_as.floats).extend(values.tolist())
        node.attribute.append(told_as)
    modes = AttributeProto(name="nodes_modes", type=AttributeProto.STRINGS)
    modes.strings.extend([b"LEAF" if end else b"BRANCH_LEQ" for end in nodes["at_leaf"].tolist()])
    node.attribute.append(modes)
    graph = helper.make_graph(
        [node],
        "trees",
        [helper.make_tensor_value_info("rows", TensorProto.FLOAT, [None, width])],
        [helper.make_tensor_value_info("sums", TensorProto.FLOAT, [None, int(leaf.shape[1])])],
    )
    domains = [helper.make_opsetid("ai.onnx.ml", OPSET), helper.make_opsetid("", 18)]
    return helper.make_model(graph, opset_imports=domains, ir_version=9)
