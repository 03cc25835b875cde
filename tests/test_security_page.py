"""`docs/security.md`: each test that it names is there."""

import ast
import re
from pathlib import Path

PAGE = Path(__file__).parent.parent / "docs/security.md"
TEXT = PAGE.read_text(encoding="utf-8")
NAMED = re.findall(r"\[`(\w+)`\]\(([^)]+)\)", TEXT)


def names_in(path: Path) -> set[str]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}


def test_every_test_that_is_named_is_there() -> None:
    assert len(NAMED) > 30
    missing = [
        (name, path) for name, path in NAMED if name not in names_in((PAGE.parent / path).resolve())
    ]
    assert missing == []


def test_every_claim_in_a_table_of_claims_names_its_test() -> None:
    tables = re.findall(r"^\| what holds \| held by \|\n\|[-|]+\n((?:\|.*\n)+)", TEXT, re.MULTILINE)
    assert len(tables) == 4
    rows = [row for table in tables for row in table.splitlines()]
    assert [row for row in rows if "test_" not in row.split("|")[-2]] == []
