"""One line a report of training: what, how far, the loss, and about how long it will take."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from transformers import TrainerCallback

Told = Callable[[str], None]


def progress_line(part: str, step: int, steps: int, loss: float | None, left_s: float | None) -> str:
    """Return the line.

    Examples
    --------
    >>> progress_line("good answers", 12, 40, 1.3712, 95)
    'good answers: step 12 of 40, loss 1.371, about 2 min left'
    """
    line = f"{part}: step {step} of {steps}"
    line += f", loss {loss:.3f}" if loss is not None else ""
    if left_s is None or step >= steps:
        return line
    return line + (f", about {left_s / 60:.0f} min left" if left_s >= 60 else f", {left_s:.0f} s left")


def reporter(part: str, told: Told) -> TrainerCallback:
    """Return a callback that tells every report of a trainer as a line."""
    from transformers import TrainerCallback

    class Reporter(TrainerCallback):
        def on_train_begin(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
            self.started, self.first = time.monotonic(), state.global_step

        def on_log(self, args: Any, state: Any, control: Any, logs: Any = None, **kwargs: Any) -> None:
            loss = (logs or {}).get("loss")
            if loss is not None:
                done = state.global_step - self.first
                spent = time.monotonic() - self.started
                left = spent / done * (state.max_steps - state.global_step) if done else None
                told(progress_line(part, state.global_step, state.max_steps, loss, left))

    return Reporter()


@contextmanager
def quiet() -> Iterator[None]:
    """Keep the libraries' own bars and notes off the screen: the line above says what is to be said."""
    import warnings

    import datasets
    from transformers.utils import logging

    bars, level = datasets.is_progress_bar_enabled(), logging.get_verbosity()
    model_bars = logging.is_progress_bar_enabled()
    datasets.disable_progress_bars()
    logging.disable_progress_bar()
    logging.set_verbosity_error()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", FutureWarning)  # of one library about another: nothing to act on
            yield
    finally:
        logging.set_verbosity(level)
        if bars:
            datasets.enable_progress_bars()
        if model_bars:
            logging.enable_progress_bar()
