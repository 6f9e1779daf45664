"""Shows the settings: as a page, as a template to copy, and as a table of what is in force here."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any, Literal, get_args, get_origin
from urllib.parse import urlsplit, urlunsplit

from pydantic import SecretStr
from pydantic.fields import FieldInfo

from mandi.serving.settings import Settings, fields, is_secret
from mandi.serving.settings_field import Declared

PAGE = Path("docs/settings.md")
TEMPLATE = Path(".env.example")
WRITE = "python -m mandi.serving.settings_page"
PASSED_ON = (
    ("BENTOML_HOME", "", ".bentoml", "Where BentoML keeps its store; the project's .bentoml if not given."),
    ("BENTOML_DO_NOT_TRACK", "True", "", "No usage reports."),
)
"""Of programs below the service: name, value, example, meaning."""
ORDER = """`mandi serve` reads `.env` in the project's folder (or the file that `--env-file` names); what the environment says wins
over it, and an empty value is the same as none. A Bento reads the environment only. A name in the file that begins with `MANDI_`
or `AI_` and is not below is refused, with the nearest one that is. `mandi settings` shows what is in force; secrets are shown as
set or not set, there and everywhere else. Changes are read at the next start; the mode may also be switched while the service runs.
"""
CHECKS = """At start the service refuses a `CONFIDENCE_THRESHOLD_LOW` that is not below the high one, a URL of another kind than
the table says, and `AI_MODE=real` without any provider (or without the one that `AI_PROVIDER` names): it says what to set, and never
answers in mock instead.

`env/development.env`, `env/staging.env` and `env/production.env` are three starting points without secrets:
`mandi serve --env-file env/development.env`. Where two old names mean the same, the first in the table wins.
"""


def page() -> str:
    """Return ``docs/settings.md``."""
    lines = [f"# Settings\n\n{ORDER}\n{CHECKS}"]
    for title, rows in _by_part():
        lines += [
            f"## {title}\n",
            "| variable | default | unit or values | meaning | read by |",
            "|---|---|---|---|---|",
        ]
        for _, field, said in rows:
            default = "not set" if field.default is None else f"`{_plain(field.default)}`"
            cells = (_names(said), default, _unit(field, said), field.description or "", said.read_by)
            lines.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
        lines.append("")
    lines += ["## Passed on\n", "| variable | default | meaning |", "|---|---|---|"]
    lines += [f"| `{n}` | {f'`{v}`' if v else 'not set'} | {says} |" for n, v, _, says in PASSED_ON]
    return "\n".join([*lines, "", f"This page and `.env.example` are written by `{WRITE}`.", ""])


def template() -> str:
    """Return ``.env.example``."""
    lines = [
        "# Settings of the service: copy to .env and change. Nothing here is required; docs/settings.md says more.",
        f"# Written by {WRITE}.",
    ]
    for title, rows in _by_part():
        lines.append(f"\n# --- {title} ---")
        for _, field, said in rows:
            also = f" Also: {', '.join(said.names[1:])}." if said.names[1:] else ""
            unit = _unit(field, said).replace("`", "")
            lines.append(f"\n# {field.description}{also}" + (f" [{unit}]" if unit else ""))
            lines.append(
                f"#{said.names[0]}={said.example if field.default is None else _plain(field.default)}"
            )
    lines.append("\n# --- Passed on ---")
    for name, value, example, says in PASSED_ON:
        lines += [f"\n# {says}", f"#{name}={value or example}"]
    return "\n".join([*lines, ""])


def in_force(settings: Settings) -> list[tuple[str, str, str]]:
    """Return every variable with its value here and where that comes from; of secrets only whether they are set.

    Parameters
    ----------
    settings : Settings

    Returns
    -------
    list of tuple
        Name, value as text, ``set`` or ``default``.
    """
    rows = []
    for _, name, field, said in fields():
        value = getattr(settings, name)
        if is_secret(field):
            shown = "not set" if value is None else "set"
        else:
            shown = "not set" if value is None else _without_password(_plain(value))
        rows.append((said.names[0], shown, "set" if name in settings.model_fields_set else "default"))
    return rows


def table(settings: Settings) -> str:
    """Return the settings in force as text in three columns, warnings below."""
    rows = in_force(settings)
    widths = [max(len(row[i]) for row in rows) for i in (0, 1)]
    lines = [f"{name:<{widths[0]}}  {value:<{widths[1]}}  {whence}" for name, value, whence in rows]
    return "\n".join([*lines, *(f"warning: {w}" for w in settings.warnings())])


def write(root: Path) -> None:
    """Write the page and the template of a project."""
    made: dict[Path, Callable[[], str]] = {PAGE: page, TEMPLATE: template}
    for place, text in made.items():
        (root / place).write_text(text(), encoding="utf-8")


def _by_part() -> Iterator[tuple[str, list[tuple[str, FieldInfo, Declared]]]]:
    parts: dict[type, list[tuple[str, FieldInfo, Declared]]] = {}
    for part, name, field, said in fields():
        parts.setdefault(part, []).append((name, field, said))
    for part, rows in parts.items():
        yield inspect.cleandoc(part.__doc__ or part.__name__).splitlines()[0].rstrip("."), rows


def _names(said: Declared) -> str:
    first, *others = said.names
    return f"`{first}`" + (f" (or {', '.join(f'`{o}`' for o in others)})" if others else "")


def _unit(field: FieldInfo, said: Declared) -> str:
    if said.unit:
        return said.unit
    if get_origin(field.annotation) is Literal:
        return ", ".join(f"`{choice}`" for choice in get_args(field.annotation))
    if is_secret(field):
        return "secret"
    return "true, false" if field.annotation is bool else "count" if field.annotation is int else ""


def _plain(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if isinstance(value, SecretStr):
        return "set"
    return format(value, "f") if isinstance(value, Decimal) else str(value)


def _without_password(text: str) -> str:
    if "://" not in text or "@" not in text:
        return text
    parts = urlsplit(text)
    return urlunsplit(parts._replace(netloc="***@" + parts.netloc.rpartition("@")[2]))


if __name__ == "__main__":
    from mandi.core.paths import project_root

    write(project_root())
