"""Ensembles of autoencoders as one ONNX file: written with parity to torch checked, answered without torch."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from mandi.core.errors import ContractError
from mandi.models.ranking.two_tower_door import PARITY, Net

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from mandi.models.detection.anomaly_nets import Layer, Shape

Floats = np.ndarray[Any, np.dtype[np.float64]]
OPSET = 20  # the first with Gelu
IR = 10


class Ensemble:
    """Autoencoders that answer together.

    Parameters
    ----------
    net : Net
        Its output holds the latent points of all networks, then the rebuilt values of all networks.
    nets, latent, columns : int
        Number of networks, width of a latent point, number of values rebuilt.
    """

    def __init__(self, net: Net, nets: int, latent: int, columns: int) -> None:
        self.net = net
        self.nets, self.latent, self.columns = nets, latent, columns

    @classmethod
    def of(cls, layers: Sequence[Layer], shape: Shape, examples: Floats) -> Self:
        """Write layers as ONNX and check them on example rows against torch, together and one alone.

        Raises
        ------
        ContractError
            Answers differ by more than 1e-5 of a row's largest number (of 1 where that is smaller).
        """
        nets, _, columns = layers[-1].weight.shape
        made = cls(Net(_graph(layers, shape)), nets, shape.latent, columns)
        for count in (1, len(examples)):
            rows = np.ascontiguousarray(examples[:count], dtype=np.float32)
            for ours, theirs in zip(_in_torch(rows, layers, shape), made.run(rows), strict=True):
                size = np.maximum(1.0, np.abs(ours).max(axis=(1, 2), keepdims=True))
                gap = float((np.abs(ours - theirs) / size).max())
                if not gap <= PARITY:
                    raise ContractError(
                        f"the networks differ from torch by {gap:.1e}", allowed=f"{PARITY:.0e} at most"
                    )
        return made

    def run(self, rows: np.ndarray[Any, Any]) -> tuple[Floats, Floats]:
        """Return latent points of shape (n, n_nets, latent) and rebuilt values of shape (n, n_nets, n_values)."""
        if not len(rows):
            return np.empty((0, self.nets, self.latent)), np.empty((0, self.nets, self.columns))
        out = self.net.run(rows=rows).astype(np.float64)
        cut = self.nets * self.latent
        return out[:, :cut].reshape(-1, self.nets, self.latent), out[:, cut:].reshape(
            -1, self.nets, self.columns
        )

    def save(self, path: Path) -> dict[str, Any]:
        """Write the network and return what ``load`` must know, its hash with it."""
        path.write_bytes(self.net.content)
        digest = hashlib.sha256(self.net.content).hexdigest()
        return {
            "file": path.name,
            "sha256": digest,
            "nets": self.nets,
            "latent": self.latent,
            "columns": self.columns,
        }

    @classmethod
    def load(cls, folder: Path, state: dict[str, Any]) -> Self:
        """Read what ``save`` wrote; a changed file is refused (ContractError)."""
        content = (folder / state["file"]).read_bytes()
        if hashlib.sha256(content).hexdigest() != state["sha256"]:
            raise ContractError(f"{state['file']} is not the file that was saved")
        return cls(Net(content), state["nets"], state["latent"], state["columns"])


def _in_torch(rows: Any, layers: Sequence[Layer], shape: Shape) -> tuple[Floats, Floats]:
    import torch

    from mandi.models.detection.anomaly_nets import forward

    with torch.no_grad():
        weights = [(torch.from_numpy(one.weight), torch.from_numpy(one.bias)) for one in layers]
        latent, rebuilt = forward(torch.from_numpy(rows).unsqueeze(0), weights, shape)
    return latent.numpy().transpose(1, 0, 2), rebuilt.numpy().transpose(1, 0, 2)


def _graph(layers: Sequence[Layer], shape: Shape) -> bytes:
    from onnx import TensorProto, checker, helper, numpy_helper

    active = "Gelu" if shape.activation == "gelu" else "Relu"
    nets, width, _ = layers[0].weight.shape
    outputs = nets * (shape.latent + layers[-1].weight.shape[2])
    fixed = [
        numpy_helper.from_array(np.array([0]), "first"),
        numpy_helper.from_array(np.array([0, -1]), "flat"),
    ]
    nodes = [helper.make_node("Unsqueeze", ["rows", "first"], ["x"])]
    at, points = "x", ""
    middle, last = len(shape.encoder), len(layers) - 1
    for i, layer in enumerate(layers):
        fixed += [
            numpy_helper.from_array(layer.weight, f"w{i}"),
            numpy_helper.from_array(layer.bias, f"b{i}"),
        ]
        nodes += [
            helper.make_node("MatMul", [at, f"w{i}"], [f"m{i}"]),
            helper.make_node("Add", [f"m{i}", f"b{i}"], [f"l{i}"]),
        ]
        at = f"l{i}"
        if i < last:
            nodes.append(helper.make_node(active, [at], [f"a{i}"]))
            at = f"a{i}"
        if i == middle:
            points = at if shape.latent_active else f"l{i}"
    for name, what in (("latent", points), ("rebuilt", at)):
        nodes += [
            helper.make_node("Transpose", [what], [f"{name}_by_row"], perm=[1, 0, 2]),
            helper.make_node("Reshape", [f"{name}_by_row", "flat"], [f"{name}_flat"]),
        ]
    nodes.append(helper.make_node("Concat", ["latent_flat", "rebuilt_flat"], ["answer"], axis=1))
    sides = [
        helper.make_tensor_value_info(name, TensorProto.FLOAT, ["n", size])
        for name, size in (("rows", width), ("answer", outputs))
    ]
    graph = helper.make_graph(nodes, "autoencoders", sides[:1], sides[1:], fixed)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=IR)
    checker.check_model(model)
    return bytes(model.SerializeToString())
