"""Errors that say what was received, what is allowed and what to type next."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class MandiError(Exception):
    """Base of every error raised on purpose.

    Parameters
    ----------
    message : str
        What went wrong, with the value received.
    allowed : str, optional
        The values or the range that would have been accepted.
    next_command : str, optional
        The command that mends it or shows more.

    Examples
    --------
    >>> print(UnknownValue("horizon_days is 3", allowed="0, 1, 7, 30, 60"))
    horizon_days is 3
      allowed: 0, 1, 7, 30, 60
    """

    headline = "mandi could not go on"

    def __init__(self, message: str, *, allowed: str | None = None, next_command: str | None = None) -> None:
        self.message = message
        self.allowed = allowed
        self.next_command = next_command
        super().__init__(message)

    def __str__(self) -> str:
        lines = [self.message]
        if self.allowed is not None:
            lines.append(f"  allowed: {self.allowed}")
        if self.next_command is not None:
            lines.append(f"  next: {self.next_command}")
        return "\n".join(lines)


class ConfigError(MandiError):
    """A setting is missing, unknown or out of range."""

    headline = "the configuration cannot be used"


class ContractError(MandiError):
    """A table does not have the columns or types of its contract."""

    headline = "a table does not match its contract"


class TooLittleData(ContractError):
    """There are too few rows to learn a model from: it is left out and said so; the others go on."""

    headline = "too little data to learn from"


class ImportRefused(MandiError):
    """Input data could not be read; the previous tables are untouched."""

    headline = "the import was refused"


class ComputeFailed(MandiError):
    """Workers could not be reached, or died too often."""

    headline = "the workers could not do it"


class UnknownValue(MandiError):
    """A name or number is outside the set that is known."""

    headline = "a value is not known"


class DataNotFound(MandiError):
    """A file, table or model that should be there is not."""

    headline = "something needed is not there"


class StaleSnapshot(MandiError):
    """The history behind an answer is too old for the moment asked about; ``field`` is the moment's path in a request.

    Examples
    --------
    >>> StaleSnapshot("the history ends on 2024-05-31").at(3).field
    'rows.3.asof'
    """

    headline = "the history is too old for this question"

    def __init__(
        self,
        message: str,
        *,
        field: str = "asof",
        allowed: str | None = None,
        next_command: str | None = None,
    ) -> None:
        self.field = field
        super().__init__(message, allowed=allowed, next_command=next_command)

    def at(self, row: int | None) -> StaleSnapshot:
        """Return the same refusal with the field placed in its row; None is a request of a single row."""
        if row is None:
            return self
        place = f"rows.{row}.{self.field}"
        return StaleSnapshot(self.message, field=place, allowed=self.allowed, next_command=self.next_command)


class StoreUnavailable(MandiError):
    """The database or the shared state does not answer."""

    headline = "the store does not answer"


class DiskFull(MandiError):
    """A file cannot be written: there is no room, or its disk may only be read; what was there before is as it was."""

    headline = "there is no room to write"


class NotFitted(MandiError):
    """A model was asked before it was fitted."""

    headline = "the model has not been fitted"


class GateFailed(MandiError):
    """A model did not pass its gate and there is no champion to keep."""

    headline = "the gate was not passed"


def nearest(name: str, known: Iterable[str]) -> str:
    """Return a hint naming the closest known spelling, or an empty string.

    Examples
    --------
    >>> nearest("soyabean", ["soybean", "cotton"])
    ' (did you mean "soybean"?)'
    >>> nearest("zinc", ["soybean", "cotton"])
    ''
    """
    close = difflib.get_close_matches(name, list(known), n=1, cutoff=0.6)
    return f' (did you mean "{close[0]}"?)' if close else ""
