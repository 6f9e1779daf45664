"""Every file of the tests is imported with all the others, in one process: none may change what they share."""

from __future__ import annotations

import ast
from pathlib import Path


def test_no_file_of_the_tests_changes_what_is_shared_when_it_is_imported(root: Path) -> None:
    wrong = [
        f"{path.relative_to(root)}:{line}"
        for path in sorted((root / "tests").rglob("*.py"))
        for line in changes(path.read_text(encoding="utf-8"))
    ]
    assert not wrong, "do it in a fixture or in main(): " + ", ".join(wrong)


def test_what_changes_something_shared_is_seen() -> None:
    assert changes('from mandi.models import MODELS\n\nMODELS["toy"] = "toy:Toy"') == [3]
    assert changes('import os\nos.environ["A"] = "b"\nos.sep = ""') == [2, 3]
    assert changes('from mandi.models import MODELS\nMODELS.update(toy="toy:Toy")\ndel MODELS["toy"]') == [
        2,
        3,
    ]
    assert changes('import os\nOWN = {}\nOWN["a"] = os.sep\n\ndef test():\n    os.environ["A"] = "b"\n') == []


def changes(text: str) -> list[int]:
    """Return the lines on which a module that is imported changes a thing it has from elsewhere."""
    tree = ast.parse(text)
    foreign = {
        (alias.asname or alias.name).split(".")[0]
        for node in tree.body
        if isinstance(node, ast.Import | ast.ImportFrom)
        for alias in node.names
    }
    found = []
    for node in tree.body:
        targets: list[ast.expr] = []
        if isinstance(node, ast.Assign | ast.Delete):
            targets = list(node.targets)
        elif isinstance(node, ast.AugAssign | ast.AnnAssign):
            targets = [node.target]
        elif isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
            function = node.value.func
            if isinstance(function, ast.Attribute) and function.attr in MUTATORS:
                targets = [function]
        if any(isinstance(t, ast.Subscript | ast.Attribute) and _root(t) in foreign for t in targets):
            found.append(node.lineno)
    return found


MUTATORS = {
    "update",
    "setdefault",
    "pop",
    "popitem",
    "clear",
    "register",
    "append",
    "extend",
    "add",
    "remove",
}


def _root(node: ast.expr) -> str:
    while isinstance(node, ast.Subscript | ast.Attribute):
        node = node.value
    return node.id if isinstance(node, ast.Name) else ""
