"""The pages that show examples: every file, command and output on them is real.

`make goldens` (`pytest --snapshot-update`) writes what comes out now into the pages. Read the diff.
"""

import shutil
from pathlib import Path

import pytest

from tests.doc_pages import Block, Step, fits, is_run, parts, run, steps

DOCS = Path(__file__).parent.parent / "docs"
PAGES = sorted(page.relative_to(DOCS).as_posix() for page in DOCS.rglob("*.md") if is_run(page))


def test_there_are_pages_to_run() -> None:
    assert "composition.md" in PAGES


@pytest.mark.parametrize("name", PAGES)
def test_the_examples_of_a_page(name: str, tmp_path: Path, pytestconfig: pytest.Config) -> None:
    page = DOCS / name
    text = page.read_text(encoding="utf-8")
    folder = tmp_path / "project"
    folder.mkdir()
    now: list[str] = []
    position = 0
    for part in parts(text):
        if part is None:
            shutil.rmtree(folder)
            folder.mkdir()
            continue
        shown = _done(part, folder)
        now += (text[position : part.start], shown)
        position = part.start + len(part.body)
    found = "".join((*now, text[position:]))
    if pytestconfig.getoption("update_snapshots"):
        page.write_text(found, encoding="utf-8")
        return
    assert found == text


def _done(block: Block, folder: Path) -> str:
    """The block as it has to be: a file is written, commands are run."""
    if block.file is not None:
        path = folder / block.file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(block.body, encoding="utf-8")
        return block.body
    assert block.language == "console", f"neither a file nor commands:\n{block.body}"
    return "".join(f"$ {step.command}\n{_output(step, folder)}" for step in steps(block.body))


def _output(step: Step, folder: Path) -> str:
    """What the command writes; as the page shows it, where that fits."""
    found = run(step.command, folder)
    return step.output if fits(found, step.output) else found


# ── the runner itself ────────────────────────────────────────────────────────────────────────────

PAGE = """\
<!-- new project -->

```yaml
# a/b.yaml
x: 1
```
<!-- c.yaml -->
```yaml
y: 2
```
<!-- not run -->
```python
z
```
```console
$ voxmint one
1
…
$ git two
```
"""


def test_a_page_is_read_as_files_and_commands() -> None:
    begin, *blocks = parts(PAGE)
    assert begin is None
    assert [block and (block.file, block.body[:6]) for block in blocks] == [
        ("a/b.yaml", "# a/b."),
        ("c.yaml", "y: 2\n"),
        (None, "$ voxm"),
    ]
    assert all(block and PAGE[block.start :].startswith(block.body) for block in blocks)
    last = blocks[-1]
    assert last is not None
    assert steps(last.body) == [Step("voxmint one", "1\n…\n"), Step("git two", "")]


@pytest.mark.parametrize(
    ("found", "shown", "expected"),
    [
        ("a\nb\n", "a\nb\n", True),
        ("a\nb\n", "a\n", False),
        ("a\nb\nc\n", "a\n…\nc\n", True),
        ("a\nc\n", "a\n…\nc\n", True),
        ("a\nb\n", "…\n", True),
        ("a…\n", "a.\n", False),
        ("until 12:30 (in 9 s)\n", "until … (in …)\n", True),
        ("until 12:30\n", "until … (in …)\n", False),
        ("", "", True),
    ],
)
def test_a_line_of_dots_stands_for_any_lines(found: str, shown: str, *, expected: bool) -> None:
    assert fits(found, shown) is expected
