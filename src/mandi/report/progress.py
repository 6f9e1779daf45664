"""Bars for long work: a widget in JupyterLab, a line in a terminal."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, TypeVar

T = TypeVar("T")


def progress_bar(iterable: Iterable[T], label: str, total: int | None = None) -> Iterator[T]:
    """Go through something while a bar counts.

    Parameters
    ----------
    iterable : iterable
    label : str
        Shown before the bar.
    total : int, optional
        How many there will be; the length of the iterable if it has one.

    Examples
    --------
    >>> import os, contextlib
    >>> with open(os.devnull, "w") as nowhere, contextlib.redirect_stderr(nowhere):
    ...     list(progress_bar([1, 2], "days"))
    [1, 2]
    """
    from tqdm.auto import tqdm

    yield from tqdm(iterable, desc=label, total=total)


class Progress:
    """A callback for functions that say how far they are: called with done, total and a line of text.

    Parameters
    ----------
    label : str
        Shown before the bar.

    Examples
    --------
    ``rolling_origin(frame, make_model, origins, progress=Progress("back-test"))``
    """

    def __init__(self, label: str) -> None:
        from tqdm.auto import tqdm

        self.bar: Any = tqdm(total=1, desc=label)  # shown at once: the first step may be the longest

    def __call__(self, done: int, total: int, text: str = "") -> None:
        """Move the bar to ``done`` of ``total``; at the end it stays, full."""
        if self.bar.total != total:
            self.bar.total = total
            if getattr(self.bar, "container", None) is not None:  # the widget keeps a total of its own
                self.bar.container.children[1].max = total
        self.bar.set_postfix_str(text, refresh=False)
        self.bar.update(done - self.bar.n)
        if done >= total:
            self.bar.close()
