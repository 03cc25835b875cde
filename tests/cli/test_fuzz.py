"""Projects that were changed at random, and every command that reads them.

Whatever stands in the files, a command ends with an exit code of its own and says why; what it says
is in a form that programs read, and each place is in a file. `make test-slow` tries thousands more,
other ones each time; `VOXMINT_FUZZ` says how many. What it finds to be wrong it prints in a form
that can be tried again, and tries first the next time.
"""

import json
import os
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from hypothesis import HealthCheck, given, settings, strategies as st

from tests.cli.running import ROOT, ran
from tests.engine.worlds import repository_in
from tests.profiles.laws import law

EXAMPLE = ROOT / "examples" / "clinic"
COMMANDS = (
    ("validate",),
    ("validate", "-v", "--all"),
    ("validate", "-o", "sarif"),
    ("validate", "-o", "github"),
    ("list",),
    ("list", "-o", "json"),
    ("render", "clinic", "-e", "local"),
    ("render", "emergency", "-e", "production", "-o", "yaml"),
    ("render", "*", "-e", "*", "-o", "ndjson"),
    ("blame", "emergency", "-e", "production", "--all"),
    ("blame", "emergency", "-e", "production", "-o", "json"),
    ("plan", "-e", "local"),
    ("status",),
    ("plan", "-e", "production", "-o", "json"),
    ("diff",),
    ("diff", "-o", "json"),
)
_TOKENS = tuple(
    rb"""
    {{ }} {% %} {# super() vars. env. profile. $append $prepend $remove $replace $unset $zzz
    << *a &a !!binary !!python/object:x ! --- ... null ~ true .inf .nan 1e400
    99999999999999999999 0o17 [ ] { } , : ? - | > ' " # % @ ` \x00 \t \r \xff \xe2\x80\xa8
    \xe2\x80\xae \xef\xbb\xbf \\ extends: abstract: session: vars: overlay: where: sinks:
    provider: mint: profiles: environments: version: sk-0123456789abcdefghij
    """.split()
)


@cache
def files() -> dict[str, bytes]:
    """The example's files, by path."""
    paths = sorted(EXAMPLE.rglob("*.yaml"))
    return {path.relative_to(EXAMPLE).as_posix(): path.read_bytes() for path in paths}


class Change(NamedTuple):
    """What happens to the file: where, from 0 to 1 of its length; how much; and with what."""

    path: str
    way: str
    at: float
    size: int
    token: bytes
    other: str


def _spliced(data: bytes, change: Change, mend: Callable[[bytes], bytes]) -> bytes:
    start = int(change.at * len(data))
    end = start + change.size
    return data[:start] + mend(data[start:end]) + data[end:]


def _in_line(data: bytes, change: Change, mend: Callable[[bytes], bytes]) -> bytes:
    lines = data.split(b"\n")
    number = min(int(change.at * len(lines)), len(lines) - 1)
    return b"\n".join([*lines[:number], mend(lines[number]), *lines[number + 1 :]])


_WAYS: Mapping[str, Callable[[bytes, Change], bytes]] = {
    "cut out": lambda data, one: _spliced(data, one, lambda _: b""),
    "cut off": lambda data, one: data[: int(one.at * len(data))],
    "doubled": lambda data, one: _spliced(data, one, lambda inner: inner * 2),
    "replaced": lambda data, one: _spliced(data, one, lambda _: one.token),
    "put in": lambda data, one: _spliced(data, one, lambda inner: one.token + inner),
    "a line more": lambda data, one: _in_line(data, one, lambda line: line + b"\n" + one.token),
    "another value": lambda data, one: _in_line(
        data, one, lambda line: line.partition(b":")[0] + b": " + one.token
    ),
    "moved in": lambda data, one: _in_line(data, one, lambda line: b" " * one.size + line),
    "moved out": lambda data, one: _in_line(data, one, bytes.lstrip),
    "another file": lambda _, one: files()[one.other],
}


def changes() -> st.SearchStrategy[list[Change]]:
    paths = st.sampled_from(sorted(files()))
    few = st.sampled_from(["voxmint.yaml", "environments/local.yaml", "profiles/base.yaml"])
    change = st.builds(
        Change,
        path=paths | few,
        way=st.sampled_from(sorted(_WAYS)),
        at=st.floats(0, 1),
        size=st.integers(1, 12),
        token=st.sampled_from(_TOKENS) | st.binary(max_size=4),
        other=paths,
    )
    return st.lists(change, min_size=1, max_size=4)


def check(folder: Path, made: list[Change], command: tuple[str, ...]) -> None:
    project = dict(files())
    if command[0] == "diff":
        repository_in(folder, {path: data.decode() for path, data in project.items()})
    for change in made:
        project[change.path] = _WAYS[change.way](project[change.path], change)
    for path, data in project.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(data)
    lengths = {path: data.count(b"\n") + 1 for path, data in project.items()}
    found = ran(folder, "validate", "-o", "json")
    for one in json.loads(found.out)["problems"] if found.out else ():
        check_places(one, lengths)
    assert found.code in (0, 1), found.err
    assert "this is a bug" not in found.err
    check_command(folder, command, is_sound=found.code == 0)


def check_places(problem: Any, lengths: dict[str, int]) -> None:
    """That a problem says something, of places that there are."""
    assert problem["message"]
    for at in [problem["at"], *problem["related"]]:
        if at is not None:
            assert at["line"] >= 1
            assert at["column"] >= 1
            assert at["line"] <= lengths.get(at["file"], at["line"])


def check_command(folder: Path, command: tuple[str, ...], *, is_sound: bool) -> None:
    done = ran(folder, *command)
    written = done.out + done.err
    # 64: the profile or environment that it names is gone, or became abstract.
    assert done.code in (0, 1, 64), written
    assert "this is a bug" not in written
    assert not {"\x1b", "\u202e", "\0"} & set(written)
    if done.code == 0 and command[-1] in ("json", "sarif"):
        json.loads(done.out)
    if command[0] == "validate":
        assert (done.code == 0) == is_sound


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> Callable[[], Path]:
    return lambda: tmp_path_factory.mktemp("project")


@law(50)
@given(made=changes(), command=st.sampled_from(COMMANDS))
def test_a_project_changed_at_random(
    folders: Callable[[], Path], made: list[Change], command: tuple[str, ...]
) -> None:
    check(folders(), made, command)


@pytest.mark.slow
@settings(
    max_examples=int(os.environ.get("VOXMINT_FUZZ", "4000")),
    deadline=None,
    print_blob=True,
    suppress_health_check=[HealthCheck.too_slow],
)
@given(made=changes(), command=st.sampled_from(COMMANDS))
def test_many_projects_changed_at_random(
    folders: Callable[[], Path], made: list[Change], command: tuple[str, ...]
) -> None:
    check(folders(), made, command)


@law(30)
@given(data=st.binary(max_size=60), path=st.sampled_from(sorted(files())))
def test_a_file_of_any_bytes(folders: Callable[[], Path], data: bytes, path: str) -> None:
    check(folders(), [Change(path, "replaced", 0, 1_000_000, data, path)], ("list",))
