"""Runs a notebook with typed parameters, strictly: what the notebook does not declare is an error, not a warning."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mandi.core.errors import MandiError
from mandi.report.normalise import read
from mandi.report.parameters import check_parameters


class NotebookFailed(MandiError):
    """A cell raised, took too long, or the kernel died; the partial copy is kept."""

    headline = "a notebook did not run to its end"


def run_notebook(
    source: Path,
    destination: Path,
    parameters: Mapping[str, Any] | None = None,
    *,
    cwd: Path | None = None,
    timeout: float | None = None,
) -> Path:
    """Execute a notebook with this interpreter and write the executed copy.

    Parameters
    ----------
    source : Path
        The notebook; it is not changed.
    destination : Path
        The executed copy. It is written while the notebook runs and kept when a cell fails.
    parameters : mapping, optional
        Typed values; they override those of the cell tagged ``parameters``.
    cwd : Path, optional
        Folder the notebook runs in; that of the source if not given.
    timeout : float, optional
        Seconds one cell may take.

    Raises
    ------
    UnknownValue
        A parameter that the notebook does not declare, or of another type.
    NotebookFailed
        The notebook stopped; the message says in which cell and where the partial copy is.
    """
    import papermill
    from nbclient.exceptions import CellControlSignal, DeadKernelError
    from papermill.exceptions import PapermillExecutionError

    from mandi.report.kernel import ThisInterpreter

    given = dict(parameters or {})
    check_parameters(read(source), given, source.name)
    destination.parent.mkdir(parents=True, exist_ok=True)
    destination.unlink(missing_ok=True)
    logging.getLogger("papermill").setLevel(logging.ERROR)
    why = ""
    try:
        papermill.execute_notebook(
            _plain(source),
            _plain(destination),
            parameters=given,
            kernel_name="mandi",
            language="python",
            cwd=str(cwd or source.parent),
            progress_bar=False,
            execution_timeout=timeout,
            kernel_manager_class=ThisInterpreter,
        )
    except PapermillExecutionError as error:
        why = f"{error.ename}: {error.evalue}"
    except CellControlSignal:
        why = f"the cell took longer than {timeout:g} s"
    except DeadKernelError:
        why = "the kernel died (out of memory?)"
    stopped = _stopped_in(destination, failed=bool(why))
    if stopped:
        raise NotebookFailed(
            f"{source.name} stopped {stopped}: {why or 'it ended early'}",
            next_command=f"open the copy up to there, {destination}",
        )
    return destination


def _plain(path: Path) -> str:
    return str(path).replace("{", "{{").replace("}", "}}")


def _stopped_in(executed: Path, failed: bool) -> str:
    if not executed.is_file():
        return "before its first cell"
    code = [c for c in read(executed)["cells"] if c["cell_type"] == "code"]
    ran = [c["metadata"]["papermill"] for c in code if c["metadata"].get("papermill", {}).get("start_time")]
    if not failed and len(ran) == len(code) and not any(run.get("exception") for run in ran):
        return ""
    number = max(len(ran), 1)
    first = next((line for line in "".join(code[number - 1]["source"]).splitlines() if line.strip()), "")
    return f'in code cell {number} of {len(code)} ("{first.strip()[:80]}")'
