"""Completion: what the three shells are answered, and that a real one can use it."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.running import environment, process, write
from voxmint.cli.main import COMMANDS


def completed(folder: Path, shell: str, *words: str) -> list[str]:
    """The values that a shell would offer for the last of the words."""
    variables = {
        "_VOXMINT_COMPLETE": f"{shell}_complete",
        "COMP_WORDS": " ".join(("voxmint", *words)),
        "COMP_CWORD": words[-1] if shell == "fish" else str(len(words)),
    }
    found = process(folder, **variables)
    assert (found.code, found.err) == (0, "")
    lines = found.out.splitlines()
    if shell == "zsh":
        return lines[1::3]
    return [line.partition(",")[2].partition("\t")[0] for line in lines if line]


@pytest.mark.parametrize(
    "shell", ["bash", *(pytest.param(one, marks=pytest.mark.slow) for one in ("zsh", "fish"))]
)
def test_each_shell_is_offered_what_there_is(sound: Path, shell: str) -> None:
    assert set(completed(sound, shell, "")) >= set(COMMANDS)
    assert completed(sound, shell, "val") == ["validate"]
    assert completed(sound, shell, "validate", "--str") == ["--strict"]
    assert completed(sound, shell, "validate", "c") == ["call-center/german", "clinic"]
    assert completed(sound, shell, "render", "clinic", "-e", "p") == ["production"]
    assert completed(sound, shell, "render", "-o", "n") == ["ndjson"]


def test_the_folder_is_that_of_c(sound: Path) -> None:
    assert completed(sound.parent, "bash", "-C", "project", "validate", "cl") == ["clinic"]
    assert completed(sound / "profiles", "bash", "validate", "cl") == ["clinic"]


def test_where_nothing_can_be_read_nothing_is_offered(tmp_path: Path) -> None:
    assert completed(tmp_path, "bash", "validate", "c") == []
    write(tmp_path, {"voxmint.yaml": "profiles: [", "profiles/c.yaml": "{}"})
    assert completed(tmp_path, "bash", "validate", "c") == ["c"]


def test_a_name_that_a_shell_would_take_apart_is_not_offered(sound: Path) -> None:
    write(sound, {"profiles/c $(id).yaml": "{}", "profiles/c\nd.yaml": "{}"})
    assert completed(sound, "bash", "validate", "c") == ["call-center/german", "clinic"]


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_each_shell_has_its_script(tmp_path: Path, shell: str) -> None:
    found = process(tmp_path, "completion", shell)
    assert (found.code, found.err) == (0, "")
    assert f"_VOXMINT_COMPLETE={shell}_complete" in found.out
    program = shutil.which(shell)
    if program is not None:
        subprocess.run([program, "-n"], input=found.out, text=True, check=True)


def test_bash_completes(sound: Path) -> None:
    program = sound.parent / "voxmint"
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m voxmint "$@"\n')
    program.chmod(0o755)
    script = f"""
        eval "$({program} completion bash)"
        COMP_WORDS=({program} validate cl) COMP_CWORD=2
        _voxmint_completion {program}
        printf '%s\\n' "${{COMPREPLY[@]}}"
        complete -p voxmint
    """
    done = subprocess.run(
        ["bash", "-c", script],
        cwd=sound,
        env=environment(sound),
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == "clinic\ncomplete -o nosort -F _voxmint_completion voxmint\n"
    assert done.stderr == ""


def test_a_shell_that_is_not_known_is_answered_nothing(tmp_path: Path) -> None:
    assert process(tmp_path, _VOXMINT_COMPLETE="tcsh_complete") == (1, "", "")
    assert process(tmp_path, _VOXMINT_COMPLETE="nonsense") == (1, "", "")
