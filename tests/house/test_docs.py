"""Pages are found from the index, what they name is there, and the errors they quote are those of the code."""

from __future__ import annotations

import ast
import re
from pathlib import Path

NAMED = re.compile(r"`([\w./-]+\.(?:py|md|yaml))`")
LINK = re.compile(r"\]\(([^)\s]+)\)")
# made by the pipelines or by whoever tunes, or a file of somebody else's project
NOT_OURS = {"artifacts/receipts/price_card.md", "tuned.yaml", "convert_hf_to_gguf.py", "evals/evaluate.py"}
GAP = "\ue000"  # where something is filled in; no text holds it
LEAST_LETTERS = 10  # a template of fewer letters would be found in anything


def _pages(root: Path) -> list[Path]:
    return [root / "README.md", root / "CONTRIBUTING.md", *sorted((root / "docs").rglob("*.md"))]


def test_every_page_is_in_the_index_and_the_index_in_the_readme(root: Path) -> None:
    docs = root / "docs"
    linked = {(docs / link).resolve() for link in LINK.findall((docs / "README.md").read_text("utf-8"))}
    pages = {*docs.glob("*.md"), *docs.glob("guides/*.md"), docs / "adr" / "README.md"} - {docs / "README.md"}
    assert len(pages) > 25
    assert sorted(str(page.relative_to(docs)) for page in pages - linked) == []
    assert "(docs/README.md)" in (root / "README.md").read_text("utf-8")


def test_every_decision_is_in_the_list_of_decisions(root: Path) -> None:
    folder = root / "docs" / "adr"
    linked = set(LINK.findall((folder / "README.md").read_text("utf-8")))
    assert sorted({p.name for p in folder.glob("0*.md")} - linked) == []


def test_links_lead_somewhere(root: Path) -> None:
    lost = [
        f"{page.relative_to(root)}: {link}"
        for page in _pages(root)
        for link in LINK.findall(page.read_text("utf-8"))
        if not re.match(r"[a-z]+:|#", link) and not (page.parent / link.partition("#")[0]).exists()
    ]
    assert lost == []


def test_files_that_pages_name_are_in_the_tree(root: Path) -> None:
    """By their place in the project or in the package, beside the page, or by their name alone."""
    tops = ("src", "tests", "pipelines", "benchmarks", "docs", "notebooks", "env")
    alone = {path.name for top in tops for path in (root / top).rglob("*.*")} | {
        p.name for p in root.iterdir()
    }

    def there(page: Path, name: str) -> bool:
        if "/" not in name:
            return name in alone
        return any((place / name).is_file() for place in (root, root / "src" / "mandi", page.parent))

    lost = [
        f"{page.relative_to(root)}: {name}"
        for page in _pages(root)
        if page.parts[-2] == "adr" or page.is_relative_to(root / "docs")
        for name in NAMED.findall(page.read_text("utf-8"))
        if name not in NOT_OURS and not there(page, name)
    ]
    assert lost == []


def _unsaid(root: Path, messages: set[str]) -> list[str]:
    """Return the messages that are no text of the code; what the code fills in may be anything."""
    left = set(messages)
    for path in [p for top in ("src", "pipelines", "tests") for p in (root / top).rglob("*.py")]:
        if path == Path(__file__):
            continue
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.JoinedStr):
                parts = [str(v.value) if isinstance(v, ast.Constant) else GAP for v in node.values]
            elif isinstance(node, ast.Constant) and isinstance(node.value, str):
                parts = [node.value]
            else:
                continue
            text = " ".join("".join(parts).split())
            longest = max(text.split(GAP), key=len)
            if len(text.replace(GAP, "")) < LEAST_LETTERS or not any(longest in message for message in left):
                continue
            template = re.compile(re.escape(text).replace(GAP, ".*"))
            left = {message for message in left if not template.fullmatch(message)}
    return sorted(left)


def test_troubleshooting_quotes_what_the_code_says(root: Path) -> None:
    text = (root / "docs" / "troubleshooting.md").read_text("utf-8")
    quoted = set(re.findall(r"^\| `([^`]+)`", text, re.MULTILINE))
    assert len(quoted) > 20
    wrong = {"no champion was found to serve", "the port 3000 is in use already"}
    assert _unsaid(root, quoted | wrong) == sorted(wrong)
