"""A person at JupyterLab: opens a notebook in a real browser, runs all its cells from the menu, and looks at what came of it."""

from __future__ import annotations

import json
import os
import secrets
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from ..service_processes import free_port

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
START_S, CELLS_S = 90, 180
CODE = ".jp-Notebook .jp-CodeCell"
READY = '#jp-main-statusbar :text("mandi | Idle")'
WHOLE = {"windowingMode": "none"}  # or only the cells on the screen are in the page


@dataclass(frozen=True)
class Seen:
    """What a person saw.

    Attributes
    ----------
    kernel : str
        The name JupyterLab shows for the kernel.
    cells : int
        Cells of code that have run.
    errors : tuple of str
        What stands in red.
    pictures : int
        Figures, drawn and visible.
    """

    kernel: str
    cells: int
    errors: tuple[str, ...]
    pictures: int


def browser() -> str:
    """Return the browser to use; the test is skipped where there is none."""
    given = os.environ.get("MANDI_TEST_BROWSER")
    found = given or next((path for name in BROWSERS if (path := shutil.which(name))), None)
    if found is None:
        pytest.skip(f"no browser ({', '.join(BROWSERS)}): install one, or name it in MANDI_TEST_BROWSER")
    return found


@contextmanager
def jupyterlab(project: Path, folder: Path) -> Iterator[str]:
    """Run JupyterLab on a project as `make lab` does; its address, with the token in it."""
    port, token = free_port(), secrets.token_hex(16)
    settings = folder / "settings" / "@jupyterlab" / "notebook-extension"
    settings.mkdir(parents=True, exist_ok=True)
    (settings / "tracker.jupyterlab-settings").write_text(json.dumps(WHOLE), encoding="utf-8")
    environment = {
        **os.environ, "MANDI_ROOT": str(project), "PYTHONPATH": str(project / "src"), "OMP_NUM_THREADS": "1",
        "JUPYTERLAB_SETTINGS_DIR": str(folder / "settings"), "JUPYTERLAB_WORKSPACES_DIR": str(folder / "workspaces"),
        "JUPYTER_RUNTIME_DIR": str(folder / "runtime"), "JUPYTER_CONFIG_DIR": str(folder / "config"),
    }  # fmt: skip
    command = [
        sys.executable, "-m", "jupyterlab", "--no-browser", "--ip=127.0.0.1", f"--port={port}", "--ServerApp.port_retries=0",
        f"--IdentityProvider.token={token}", "--LabApp.news_url=", "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
        *(["--allow-root"] if hasattr(os, "geteuid") and os.geteuid() == 0 else []),
    ]  # fmt: skip
    with (folder / "jupyterlab.log").open("wb") as log:
        process = subprocess.Popen(command, cwd=project, env=environment, stdout=log, stderr=log)
        try:
            yield f"http://127.0.0.1:{port}/lab/tree/{{}}?token={token}&reset"
        finally:
            process.terminate()
            process.wait(20)


def run_all(address: str, notebook: str, picture: Path) -> Seen:
    """Open a notebook, run all its cells from the menu, and look.

    Parameters
    ----------
    address : str
        From ``jupyterlab``.
    notebook : str
        Path below the project.
    picture : Path
        Where a screenshot of the end goes.
    """
    from playwright.sync_api import TimeoutError, sync_playwright

    with sync_playwright() as play:
        chrome = play.chromium.launch(executable_path=browser(), args=["--no-sandbox"])
        page = chrome.new_page(viewport={"width": 1280, "height": 1600})
        _open(page, address.format(notebook))
        page.wait_for_selector(CODE, timeout=START_S * 1000)
        page.wait_for_selector(READY, timeout=START_S * 1000)  # cells that are run before are dropped
        kernel = page.locator(".jp-KernelName").first.inner_text()
        page.get_by_role("menuitem", name="Run", exact=True).click()
        page.get_by_text("Run All Cells", exact=True).click()
        try:
            page.wait_for_function(_ENDED, arg=CODE, timeout=CELLS_S * 1000)
        except TimeoutError as error:
            page.screenshot(path=str(picture), full_page=True)
            prompts = page.locator(f"{CODE} .jp-InputPrompt").all_inner_texts()
            raise AssertionError(f"cells after {CELLS_S} s: {prompts}; see {picture}") from error
        seen = Seen(
            kernel.strip(),
            page.locator(f"{CODE} .jp-InputPrompt").filter(has_text="[").count(),
            tuple(text[:400] for text in page.locator('[data-mime-type="application/vnd.jupyter.error"], [data-mime-type="application/vnd.jupyter.stderr"]').all_inner_texts()),
            page.locator(f"{CODE} .jp-OutputArea-output img").count(),
        )  # fmt: skip
        page.screenshot(path=str(picture), full_page=True)
        chrome.close()
    return seen


_ENDED = """cells => {
  const said = [...document.querySelectorAll(cells)].map(cell => cell.querySelector('.jp-InputPrompt').innerText)
  const red = document.querySelector('[data-mime-type="application/vnd.jupyter.error"]')
  const waits = said.some(text => text.includes('*'))
  return !waits && (red !== null || said.every(text => /[0-9]/.test(text)))
}"""
"""No cell waits for its turn, and all have run or one has failed."""


def _open(page: Any, address: str) -> None:
    deadline = time.monotonic() + START_S
    while True:
        try:
            page.goto(address, timeout=START_S * 1000)
            return
        except Exception as error:  # the server is not there yet
            if time.monotonic() > deadline or "ERR_CONNECTION_REFUSED" not in str(error):
                raise
            time.sleep(0.3)
