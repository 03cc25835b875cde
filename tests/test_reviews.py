"""Reviews with golden results: the folders of `tests/scenarios` that hold two revisions.

`NAME/old` and `NAME/new` become two commits of a real repository, below a folder of it. The lines
of `NAME/arguments.txt`, where there is one, are further arguments of each `diff`. What `diff`
says of them must be in `NAME/expected`, in each of its forms. Commits' names depend on the clock,
and stand there as rows of `b` (the base) and `e` (the head).

`make goldens` (`pytest --snapshot-update`) accepts what comes out now. Read the diff.
"""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.running import ran
from tests.engine.worlds import commit, new_repository
from tests.test_scenarios import SCENARIOS, accept, golden, in_one

NAMES = sorted(folder.name for folder in SCENARIOS.iterdir() if (folder / "old").is_dir())
FORMS = {"text": "text.txt", "markdown": "markdown.md", "json": "json.json"}
ADDRESS = "https://github.com/hospital/voice"


@pytest.mark.parametrize("name", NAMES)
def test_review(name: str, tmp_path: Path, pytestconfig: pytest.Config) -> None:
    found = dict(results(SCENARIOS / name, tmp_path))
    expected = SCENARIOS / name / "expected"
    if pytestconfig.getoption("update_snapshots"):
        accept(found, expected)
    assert in_one(found) == in_one(golden(expected))


def results(scenario: Path, folder: Path) -> Iterator[tuple[str, str]]:
    """What each form says, by the name of its file."""
    new_repository(folder)
    commits = [committed(folder, scenario / side) for side in ("old", "new")]
    environ = {"PATH": os.environ["PATH"]}
    given = scenario / "arguments.txt"
    more = given.read_text(encoding="utf-8").splitlines() if given.exists() else ()
    for form, file in FORMS.items():
        arguments = ("diff", *commits, "-o", form, "--base-url", ADDRESS, *more)
        done = ran(folder / "voice", *arguments, environ=environ)
        said = f"exit code {done.code}\n" if form == "text" else ""
        text = f"{said}{done.out}{done.err}"
        for one, letter in zip(commits, "be", strict=True):
            text = text.replace(one, letter * 40).replace(one[:10], letter * 10)
        yield file, text


def committed(folder: Path, files: Path) -> str:
    """Commits the files as the repository's only project; the commit."""
    shutil.rmtree(folder / "voice", ignore_errors=True)
    # With new times: of a file of the same length and time git looks no further.
    shutil.copytree(files, folder / "voice", copy_function=shutil.copyfile)
    return commit(folder, files.name)
