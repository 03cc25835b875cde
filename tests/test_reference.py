"""The registry of problems is whole, and the reference in docs/ says what the tables say."""

import re
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from pkgutil import walk_packages
from string import Formatter

import pytest
from syrupy.assertion import SnapshotAssertion

import voxmint
from voxmint.cli.display.wording import pattern
from voxmint.cli.reference import pages, write_to
from voxmint.cli.topics import everything
from voxmint.problems import Kind, Severity, error

ROOT = Path(__file__).parent.parent
DOCS = ROOT / "docs"
KINDS = [kind for group in everything().groups for kind in group.kinds]


def made() -> Iterator[Kind]:
    """Every kind that stands in any module of the package."""
    for found in walk_packages(voxmint.__path__, "voxmint."):
        if not found.name.endswith("__main__"):
            for value in vars(import_module(found.name)).values():
                yield from [value] if isinstance(value, Kind) else []


def test_every_kind_is_in_the_registry_once() -> None:
    assert {kind.code: kind for kind in made()} == {kind.code: kind for kind in KINDS}
    assert len({kind.code for kind in KINDS}) == len(KINDS)
    assert len(set(made())) == len(KINDS), "two kinds have one code"


def test_the_codes_are_those_that_were_promised(snapshot: SnapshotAssertion) -> None:
    listed = sorted(f"{kind.code} {kind.severity}" for kind in KINDS)
    assert "\n".join(listed) == snapshot


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.code)
def test_a_kind_is_explained(kind: Kind) -> None:
    assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", kind.code)
    assert len(kind.about.split()) > 9
    assert kind.about.endswith(".")
    assert kind.about != kind.message
    # Only what is known of the API has a source, and then it is said how sure it is.
    assert bool(kind.source) == (kind.sure is not None)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.code)
def test_a_message_can_be_read_without_a_problem(kind: Kind) -> None:
    for text in (kind.message, *kind.hints):
        facts = {name for _, name, _, _ in Formatter().parse(text) if name}
        plain = pattern(text)
        # `{{{fact}}}` is a fact in braces, and so is right to show.
        assert not {name for name in facts if f"{{{name}}}" in plain}
        assert all(name.upper() in plain or "…" in plain for name in facts)


def test_every_rule_of_the_api_has_a_source() -> None:
    [rules] = [group for group in everything().groups if group.title == "Rules of the API"]
    assert [kind.code for kind in rules.kinds if not kind.source] == []


def test_a_pattern_shows_what_stands_for_a_value() -> None:
    assert pattern("`{field}` is {value}: {said}") == "`FIELD` is VALUE: …"
    assert pattern("write `{{}}`") == "write `{}`"


def test_severities_are_told() -> None:
    assert {kind.severity for kind in KINDS} == set(Severity)
    assert error("a", "b") == Kind("a", Severity.ERROR, "b")


@pytest.mark.parametrize("name", pages())
def test_the_reference_is_up_to_date(name: str) -> None:
    written = (DOCS / "reference" / name).read_text(encoding="utf-8")
    assert written == pages()[name], "run `make docs`"


def test_the_reference_is_written(tmp_path: Path) -> None:
    write_to(tmp_path / "reference")
    written = {path.name: path.read_text("utf-8") for path in (tmp_path / "reference").iterdir()}
    assert written == pages()


def test_the_index_lists_every_page() -> None:
    listed = re.findall(r"\]\(([a-z/-]+\.md)\)", (DOCS / "README.md").read_text(encoding="utf-8"))
    there = {path.relative_to(DOCS).as_posix() for path in DOCS.rglob("*.md")}
    there = {path for path in there if not path.startswith("decisions/")} - {"README.md"}
    assert there <= set(listed)
    assert {group.page for group in everything().groups if group.page} <= set(listed)
