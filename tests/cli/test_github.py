"""What a workflow is told: one command for each problem, whatever files and names hold."""

import json
import re
from pathlib import Path

import pytest
from hypothesis import given, strategies as st

from tests.cli.hostile import CONTENTS, ONE_KIND_EACH, RIGHT, project_in
from tests.cli.running import SOUND, ran, write
from tests.profiles.laws import law
from voxmint.cli.formats import github

_COMMAND = re.compile(r"::(error|warning|notice) ([^:]*)::(.*)")


def unescaped(text: str) -> str:
    """As the runner reads it back."""
    for written, meant in (("%3A", ":"), ("%2C", ","), ("%0D", "\r"), ("%0A", "\n"), ("%25", "%")):
        text = text.replace(written, meant)
    return text


def commands(folder: Path) -> list[tuple[str, dict[str, str], str]]:
    """Each command as the runner reads it: its name, its properties, its message."""
    found = []
    for line in ran(folder, "validate", "-o", "github").out.split("\n")[:-1]:
        command = _COMMAND.fullmatch(line)
        assert command, line
        pairs = [pair.partition("=") for pair in command[2].split(",")]
        properties = {name: unescaped(value) for name, _, value in pairs}
        found.append((command[1], properties, unescaped(command[3])))
    return found


def check(folder: Path) -> None:
    """That the commands say what the JSON says."""
    problems = [
        one
        for one in json.loads(ran(folder, "validate", "-o", "json").out)["problems"]
        if one["severity"] != "note"
    ]
    found = commands(folder)
    assert len(found) == len(problems)
    for (name, properties, message), problem in zip(found, problems, strict=True):
        assert (name, properties["title"]) == (problem["severity"], problem["code"])
        assert message.split("\n")[0] == problem["message"]
        if problem["at"]:
            at = (int(properties["line"]), int(properties["col"]))
            assert at == (problem["at"]["line"], problem["at"]["column"])
            assert int(properties["endColumn"]) > at[1]


@pytest.mark.parametrize(("case", "kind"), ONE_KIND_EACH)
def test_each_problem_is_one_command(tmp_path: Path, case: str, kind: str) -> None:
    check(project_in(tmp_path, kind, CONTENTS[case][0](RIGHT[kind][1].encode())))


def test_a_project_with_several_mistakes(broken: Path) -> None:
    check(broken)


@pytest.mark.parametrize(("count", "is_told"), [(10, False), (11, True)])
def test_it_says_when_github_will_not_show_all(sound: Path, count: int, is_told: bool) -> None:
    keys = "".join(f"x{number}: 1\n" for number in range(count))
    write(sound, {"profiles/p.yaml": keys})
    found = ran(sound, "validate", "-o", "github")
    assert found.out.count("::error") == count
    assert ("GitHub shows 10 errors and 10 warnings" in found.err) is is_told


@given(st.text())
def test_what_is_escaped_reads_back(text: str) -> None:
    for escaped in (github._data(text), github._property(text)):
        assert unescaped(escaped) == text
        assert not {"\r", "\n"} & set(escaped)
    assert not {":", ","} & set(github._property(text))


_TEXTS = st.text(st.characters(exclude_characters="/\0", codec="utf-8"), min_size=1, max_size=20)


@law(40)
@given(name=_TEXTS, key=_TEXTS)
def test_names_and_keys_may_hold_anything(
    tmp_path_factory: pytest.TempPathFactory, name: str, key: str
) -> None:
    folder = write(tmp_path_factory.mktemp("project"), SOUND)
    escaped = "".join(f"\\U{ord(character):08X}" for character in f"x{key}")
    write(folder, {f"profiles/x{name}.yaml": f'"{escaped}": 1\n'})
    check(folder)
    assert "unknown-key" in {properties["title"] for _, properties, _ in commands(folder)}
