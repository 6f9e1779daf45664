"""The towers' door to ONNX: written once by torch with its parity checked, answered by onnxruntime without torch."""

from __future__ import annotations

import contextlib
import io
import logging
import warnings
from typing import TYPE_CHECKING, Any

import numpy as np

from mandi.core.errors import ContractError

if TYPE_CHECKING:
    from collections.abc import Sequence

OPSET = 18
PARITY = 1e-5


class Net:
    """A network of ONNX bytes with one float32 matrix per input, any number of rows.

    Parameters
    ----------
    content : bytes
        Refused with a ContractError when onnxruntime cannot read it.
    """

    def __init__(self, content: bytes) -> None:
        self.content = content
        self._session: Any = None

    def run(self, **rows: np.ndarray[Any, Any]) -> np.ndarray[Any, np.dtype[np.float32]]:
        """Return the first output of rows given by input name; a row's answer is the same alone and in a batch."""
        session = self._opened()
        wanted = [i.name for i in session.get_inputs()]
        if sorted(rows) != sorted(wanted):
            raise ContractError(f"inputs {', '.join(sorted(rows))}", allowed=", ".join(wanted))
        given = {name: np.ascontiguousarray(value, dtype=np.float32) for name, value in rows.items()}
        return np.asarray(session.run(None, given)[0])

    def _opened(self) -> Any:
        if self._session is None:
            import onnxruntime

            options = onnxruntime.SessionOptions()
            options.intra_op_num_threads = options.inter_op_num_threads = 1
            options.log_severity_level = 3
            try:
                self._session = onnxruntime.InferenceSession(
                    self.content, options, providers=["CPUExecutionProvider"]
                )
            except Exception as error:  # onnxruntime raises its own kinds for each way to be unreadable
                raise ContractError(f"this is no network: {str(error)[:200]}") from error
        return self._session


def to_net(module: Any, examples: Sequence[np.ndarray[Any, Any]], inputs: Sequence[str], output: str) -> Net:
    """Write a torch module as ONNX and check it against torch on the examples' rows, together and one alone.

    Parameters
    ----------
    module : torch.nn.Module
        Switched to evaluation.
    examples : sequence of float32 arrays of shape (n, width)
        One per input, with at least two rows.
    inputs : sequence of str
    output : str

    Raises
    ------
    ContractError
        Answers differ by more than 1e-5.
    """
    import torch

    module.eval()
    given = [torch.from_numpy(np.ascontiguousarray(example, dtype=np.float32)) for example in examples]
    rows = torch.export.Dim("rows", min=1)
    logging.getLogger("torch.onnx").setLevel(logging.ERROR)
    with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
        warnings.simplefilter("ignore")
        program: Any = torch.onnx.export(
            module,
            tuple(given),
            input_names=list(inputs),
            output_names=[output],
            opset_version=OPSET,
            dynamo=True,
            dynamic_shapes=tuple({0: rows} for _ in given),
            verbose=False,
        )
    net = Net(program.model_proto.SerializeToString())
    for count in (1, len(given[0])):
        with torch.no_grad():
            ours = module(*(rows[:count] for rows in given)).numpy()
        theirs = net.run(**{name: rows[:count].numpy() for name, rows in zip(inputs, given, strict=True)})
        gap = float(np.abs(ours - theirs).max())
        if not gap <= PARITY:
            raise ContractError(
                f"the network differs from torch by {gap:.1e}", allowed=f"{PARITY:.0e} at most"
            )
    return net
