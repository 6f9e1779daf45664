"""Where the work is done: in this process, or on the workers of a Dask cluster. What is computed is the same.

``with computing(settings) as compute:`` opens what section ``compute`` of params.yaml says; inside it features, training and
fits of series ask :func:`current` and are spread over the workers. Without it everything stays in this process.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from mandi.compute.base import Compute, ComputeParams
from mandi.compute.local import LocalCompute
from mandi.core.config import build

__all__ = ["Compute", "ComputeParams", "compute_params", "computing", "current"]

HERE: Compute = LocalCompute()
_OPEN: ContextVar[Compute] = ContextVar("compute", default=HERE)


def compute_params(params: Mapping[str, Any]) -> ComputeParams:
    """Return section ``compute`` of the parameters; without one, this process.

    Raises
    ------
    ConfigError
        A setting is not known, has the wrong type or is out of range.

    Examples
    --------
    >>> compute_params({"compute": {"kind": "dask", "workers": 4}}).workers
    4
    """
    return build(ComputeParams, params.get("compute") or {}, "compute")


def current() -> Compute:
    """Return the compute that is open here.

    Examples
    --------
    >>> current().kind
    'local'
    """
    return _OPEN.get()


@contextmanager
def computing(params: ComputeParams | Mapping[str, Any]) -> Iterator[Compute]:
    """Open the compute that the settings name, for as long as the block lasts.

    Parameters
    ----------
    params : ComputeParams or mapping
        The section, or all of params.yaml.

    Raises
    ------
    ComputeFailed
        No scheduler answers, or fewer workers came than are wanted.

    Examples
    --------
    >>> with computing(ComputeParams()) as compute:
    ...     compute.map(abs, [-1, 2])
    [1, 2]
    """
    wanted = params if isinstance(params, ComputeParams) else compute_params(params)
    opened: Compute = LocalCompute()
    if wanted.kind == "dask":
        from mandi.compute.dask import DaskCompute

        opened = DaskCompute.open(wanted)
    token = _OPEN.set(opened)
    try:
        yield opened
    finally:
        _OPEN.reset(token)
        opened.close()
