"""How deep random trees have to go to set a row apart: what an isolation forest measures (Liu, Ting and Zhou 2008)."""

from __future__ import annotations

from typing import Any

import numpy as np

Floats = np.ndarray[Any, np.dtype[np.float64]]


def mean_path(rows: np.ndarray[Any, Any]) -> Floats:
    """Return the mean depth at which a random tree sets apart one of so many rows.

    Parameters
    ----------
    rows : array of shape (n,)

    Returns
    -------
    array of shape (n,)

    Examples
    --------
    >>> mean_path(np.array([1, 2, 256])).round(2).tolist()
    [0.0, 1.0, 10.24]
    """
    many = np.maximum(np.asarray(rows, dtype=np.float64), 2.0)
    mean = 2.0 * (np.log(many - 1.0) + np.euler_gamma) - 2.0 * (many - 1.0) / many
    return np.where(rows <= 1, 0.0, np.where(rows == 2, 1.0, mean))


def path_lengths(tree: Any) -> Floats:
    """Return the depth of every node of a scikit-learn tree, with what the rows left in it would still need.

    Parameters
    ----------
    tree : sklearn.tree._tree.Tree
    """
    depth = np.zeros(tree.node_count)
    for node in range(tree.node_count):  # a parent stands before its children
        for child in (tree.children_left[node], tree.children_right[node]):
            if child >= 0:
                depth[child] = depth[node] + 1.0
    return depth + mean_path(tree.n_node_samples)
