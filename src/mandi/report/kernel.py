"""The kernel notebooks run in: always the interpreter that asks, whatever kernels are installed on the machine."""

from __future__ import annotations

import sys

import zmq
from jupyter_client.kernelspec import KernelSpec
from jupyter_client.manager import AsyncKernelManager
from traitlets import default

NAME = "mandi"


class ThisInterpreter(AsyncKernelManager):
    """Starts IPython kernels with the running Python, so that a fresh clone needs no kernel installed.

    What passes between the runner and the kernel is encrypted where the machine's ZeroMQ can do it.
    """

    @property
    def kernel_spec(self) -> KernelSpec:
        """The specification of a kernel of this interpreter."""
        return KernelSpec(
            argv=[sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"],
            display_name=NAME,
            language="python",
            metadata={"supported_encryption": ["curve"]},
        )

    @default("transport_encryption")
    def _encrypted_if_possible(self) -> str:
        return "auto" if zmq.has("curve") else "disabled"
