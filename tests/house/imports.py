"""Reads which first-party modules a file imports, without running it."""

from __future__ import annotations

import ast
import re
import sys
from functools import cache
from pathlib import Path

NAMED = re.compile(r"^mandi(\.\w+)+(:\w+)?$")


def module_name(path: Path, base: Path) -> str:
    parts = path.relative_to(base).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def modules(root: Path) -> dict[str, Path]:
    found = {module_name(p, root / "src"): p for p in sorted((root / "src").rglob("*.py"))}
    found |= {module_name(p, root): p for p in sorted((root / "pipelines").rglob("*.py"))}
    return found


def _typing_only(tree: ast.AST) -> set[int]:
    lines: set[int] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test):
            for child in node.body:
                lines |= set(range(child.lineno, (child.end_lineno or child.lineno) + 1))
    return lines


def imported(path: Path, known: dict[str, Path], *, named: bool = False) -> set[str]:
    """Modules imported anywhere in the file; with ``named`` also those named in a string (lazy registries)."""
    return {name for name in _named_by(path, named) if name in known}


@cache
def _named_by(path: Path, named: bool) -> frozenset[str]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    skip = _typing_only(tree)
    found: set[str] = set()
    for node in ast.walk(tree):
        if getattr(node, "lineno", 0) in skip:
            continue
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            found.add(node.module)
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
        elif (
            named
            and isinstance(node, ast.Constant)
            and isinstance(node.value, str)
            and NAMED.match(node.value)
        ):
            found.add(node.value.partition(":")[0])
    return frozenset(found)


@cache
def everything_imported(path: Path) -> set[str]:
    """Top-level names of all packages imported, first and third party."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            found.add(node.module.split(".")[0])
    return found


def closure(start: str, known: dict[str, Path]) -> set[str]:
    """Every first-party module that running ``start`` can reach."""
    seen: set[str] = set()
    todo = [start]
    while todo:
        name = todo.pop()
        if name in seen:
            continue
        seen.add(name)
        todo += [found for found in imported(known[name], known, named=True) if found not in seen]
        parent = name.rpartition(".")[0]
        if parent in known and parent not in seen:
            todo.append(parent)
    return seen


@cache
def third_party(path: Path) -> frozenset[str]:
    """Top-level names of third-party packages imported anywhere in the file, but for types alone."""
    found = {name.partition(".")[0] for name in _named_by(path, False)}
    return frozenset(found - set(sys.stdlib_module_names) - {"mandi"})
