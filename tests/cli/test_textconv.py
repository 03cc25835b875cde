"""`textconv`: the lines it writes, and that real git compares them."""

import os
import subprocess
from pathlib import Path

import pytest
from syrupy.assertion import SnapshotAssertion

from tests.cli.running import ROOT, console_script, ran, write
from tests.engine.worlds import environ, git, repository_in

PROFILE = """\
# a comment
extends: [base, telephony]
labels: {team: clinic, "a.b": 1, "": null}
session:
  input_audio_transcription:
    language: no
    prompt: |
      Expect words such as "blodtrykk":

      it's a clinic.
  turn_detection: null
  include: {$append: [one, {two: 2.50}, []]}
  other: {}
  empty: ""
"""


def test_a_line_for_each_value(tmp_path: Path, snapshot: SnapshotAssertion) -> None:
    write(tmp_path, {"p.yaml": PROFILE})
    done = ran(tmp_path, "textconv", "p.yaml")
    assert (done.code, done.err) == (0, "")
    assert done.out == snapshot


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", ""),
        ("x\n", '"x"\n'),
        ("{}\n", "{}\n"),
        ("- 1\n", "[]: 1\n"),
        ("a: [\n", "a: [\n"),
        ("a: 1\na: 2\n", "a: 1\na: 2\n"),
        ("a: \x1b[31m\n", "a: \\x1b[31m\n"),
        ('a: "\\e[31m\\u202e"\n', 'a: "\\u001b[31m\\u202e"\n'),
    ],
)
def test_what_is_odd(tmp_path: Path, text: str, expected: str) -> None:
    write(tmp_path, {"p.yaml": text})
    assert ran(tmp_path, "textconv", "p.yaml").out == expected


def test_what_is_no_file(tmp_path: Path) -> None:
    assert ran(tmp_path, "textconv", ".").code == 64
    assert ran(tmp_path, "textconv", "nowhere").code == 1


def test_git_compares_values_by_their_paths(tmp_path: Path) -> None:
    folder = tmp_path / "team"
    folder.mkdir()
    attributes = "profiles/**/*.yaml diff=voxmint\n"
    repository_in(folder, {".gitattributes": attributes, "profiles/deep/p.yaml": PROFILE})
    script = console_script(tmp_path / "bin").parent
    git(folder, "config", "diff.voxmint.textconv", "voxmint textconv")
    changed = PROFILE.replace("language: no", "language: de  # German").replace("# a", "# no")
    write(folder, {"profiles/deep/p.yaml": changed.replace("[one,", "[zero, one,")})
    known = environ(folder)
    done = subprocess.run(
        ["git", "diff", "--unified=0"],
        cwd=folder,
        env={**known, "PATH": f"{script}{os.pathsep}{known['PATH']}", "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=True,
    )
    lines = done.stdout.splitlines()
    assert [line for line in lines if line[:1] in "+-" and line[:3] not in {"+++", "---"}] == [
        '-session.input_audio_transcription.language: "no"',
        '+session.input_audio_transcription.language: "de"',
        '+session.include.$append[]: "zero"',
    ]
