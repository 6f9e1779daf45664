"""What tuning needs beside the rest, and what to type where it is not installed."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec

from mandi.core.errors import ConfigError

NEEDED = ("torch", "transformers", "trl", "peft", "datasets", "accelerate")
INSTALL = 'pip install "mandi[student]"'


def require_extra() -> dict[str, str]:
    """Return the versions of what tuning needs, by package.

    Raises
    ------
    ConfigError
        Some of it is not installed; the message holds the command to type.

    Examples
    --------
    >>> "transformers" in NEEDED, INSTALL
    (True, 'pip install "mandi[student]"')
    """
    absent = [name for name in NEEDED if find_spec(name) is None]
    if absent:
        raise ConfigError(
            f"tuning a local model needs packages that are not installed: {', '.join(absent)}",
            next_command=INSTALL,
        )
    found = {}
    for name in NEEDED:
        try:
            found[name] = version(name)
        except PackageNotFoundError:  # importable from a folder, without a record of what it is
            found[name] = "unknown"
    return found
