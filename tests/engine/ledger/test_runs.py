"""Which runs go on: each holds a lock, and whoever has none is over."""

import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from voxmint.engine.ledger.runs import OwnRun, is_over


@pytest.fixture
def own(tmp_path: Path) -> Iterator[OwnRun]:
    run = OwnRun(tmp_path)
    yield run
    run.end()


def name_of(run: OwnRun) -> str:
    assert run.name is not None
    return run.name


def test_it_goes_on_until_it_ends_and_leaves_nothing(tmp_path: Path) -> None:
    run = OwnRun(tmp_path)
    assert list(tmp_path.iterdir()) == []
    name = name_of(run)
    [file] = tmp_path.iterdir()
    assert (file.name, file.stat().st_mode & 0o777) == (f"run-{name}.lock", 0o600)
    assert not is_over(tmp_path, name)
    run.end()
    assert (is_over(tmp_path, name), list(tmp_path.iterdir())) == (True, [])
    run.end()


def test_several_go_on_beside_each_other(tmp_path: Path, own: OwnRun) -> None:
    first, second = name_of(own), OwnRun(tmp_path)
    assert name_of(second) != first
    second.end()
    assert (is_over(tmp_path, first), is_over(tmp_path, name_of(second))) == (False, True)


def test_what_a_run_left_that_was_killed_goes_with_the_next(tmp_path: Path, own: OwnRun) -> None:
    left = tmp_path / f"run-{'0' * 16}.lock"
    left.touch()
    others = [tmp_path / "ledger.db", tmp_path / "run-.lock.txt"]
    for path in others:
        path.touch()
    assert is_over(tmp_path, "0" * 16)
    name = name_of(own)
    assert sorted(tmp_path.iterdir()) == sorted([*others, tmp_path / f"run-{name}.lock"])


def a_pipe(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


def a_link(path: Path) -> None:
    path.rename(path.with_name("moved"))
    path.symlink_to("moved")


@pytest.mark.parametrize("harm", [Path.unlink, a_pipe, a_link])
def test_whose_lock_is_not_where_it_was_is_taken_for_over(
    tmp_path: Path, own: OwnRun, harm: Callable[[Path], None]
) -> None:
    name = name_of(own)
    harm(tmp_path / f"run-{name}.lock")
    assert is_over(tmp_path, name)


@pytest.mark.parametrize("name", ["", "../ledger", "0123456789ABCDEF", "0" * 17])
def test_a_name_that_no_run_has_leads_nowhere(tmp_path: Path, name: str) -> None:
    assert is_over(tmp_path, name)


def test_where_no_lock_can_be_had_it_has_no_name(tmp_path: Path) -> None:
    run = OwnRun(tmp_path / "missing")
    assert run.name is None
    run.end()


def test_its_name_says_nothing(own: OwnRun) -> None:
    assert re.fullmatch("[0-9a-f]{16}", name_of(own))
