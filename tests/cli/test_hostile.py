"""Odd and hostile files: a located problem or the documented value, by every command that reads."""

import json
import shlex
import subprocess
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from threading import Event, Thread
from typing import Any

import pytest
from syrupy.assertion import SnapshotAssertion

from tests.cli.hostile import CONTENTS, RIGHT, THINGS, Found, project_in
from tests.cli.running import SOUND, environment, process, ran, write
from tests.engine.worlds import NOBODY, git, ordinary_folder, repository_in, run

KINDS = tuple(RIGHT)
READING = (
    ("validate",),
    ("validate", "-v", "--all"),
    ("validate", "-o", "sarif"),
    ("validate", "-o", "github"),
    ("list",),
    ("list", "-o", "json"),
    ("render", "p", "-e", "local"),
    ("blame", "p", "-e", "local", "--all"),
    ("plan", "-e", "local", "--sink", "stdout"),
)
"""Every command that reads a project."""
SHARES = tuple(READING[kind :: len(KINDS)] for kind in range(len(KINDS)))
"""They, divided among the kinds of file: by those each case meets each command once."""


def share(case: str, kind: str, cases: Iterable[str]) -> Sequence[tuple[str, ...]]:
    """The commands that try the case in this kind of file; the slow tests try all in each."""
    return SHARES[(KINDS.index(kind) + list(cases).index(case)) % len(KINDS)]


def problems(folder: Path) -> list[Any]:
    found: list[Any] = json.loads(ran(folder, "validate", "-o", "json").out)["problems"]
    return found


def errors(folder: Path) -> list[Any]:
    return [one for one in problems(folder) if one["severity"] == "error"]


def places(folder: Path, kind: str) -> list[Found]:
    """The errors of the kind's file, which are all there are."""
    found = errors(folder)
    assert {one["at"]["file"] for one in found} <= {RIGHT[kind][0]}
    return [Found(one["code"], one["at"]["line"], one["at"]["column"]) for one in found]


def check_commands(folder: Path, commands: Iterable[tuple[str, ...]], *, fails: bool) -> None:
    """That each command says it in a sentence, and escapes what it shows."""
    for command in commands:
        found = ran(folder, *command)
        written = found.out + found.err
        assert "this is a bug" not in written, (command, found.err)
        # What is wrong with a value does not keep `list` from listing.
        codes = {0, 1} if fails and command[0] == "list" else {int(fails)}
        assert found.code in codes, (command, found.err)
        assert not {"\x1b", "\u202e", "\0"} & set(written)
        assert len(written) < 100_000


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("case", CONTENTS)
def test_what_stands_in_a_file(tmp_path: Path, case: str, kind: str) -> None:
    make, expected = CONTENTS[case]
    _, right = RIGHT[kind]
    content = make(right.encode())
    folder = project_in(tmp_path, kind, content)
    found = places(folder, kind)
    if expected is None:
        assert found == []
    else:
        line = content.split(b"\n")[0].rstrip(b"\r") if expected.column == 0 else b""
        at = expected if expected.column else expected._replace(column=len(line) + 1)
        assert at in found
        # The first stands for all: it may be said of the value, too, that it is of no use.
        also = {"unknown-key", "wrong-type", "too-many-values", "missing-key"}
        assert {one.code for one in found} <= {expected.code, *also}
    check_commands(folder, share(case, kind, CONTENTS), fails=expected is not None)


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("case", CONTENTS)
def test_what_every_command_says_of_it(tmp_path: Path, case: str, kind: str) -> None:
    make, expected = CONTENTS[case]
    folder = project_in(tmp_path, kind, make(RIGHT[kind][1].encode()))
    check_commands(folder, READING, fails=expected is not None)


def put_in(tmp_path: Path, case: str, kind: str, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project in which the thing stands for the kind's file."""
    folder = project_in(tmp_path / "project", kind, b"")
    path = folder / RIGHT[kind][0]
    path.unlink()
    # The name of a socket must be short.
    monkeypatch.chdir(folder)
    THINGS[case][0](path, tmp_path / "outside.yaml")
    return folder


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("case", THINGS)
def test_what_is_no_file(
    tmp_path: Path, case: str, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = put_in(tmp_path, case, kind, monkeypatch)
    assert places(folder, kind) == [Found(THINGS[case][1], 1, 1)]
    check_commands(folder, share(case, kind, THINGS), fails=True)


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("case", THINGS)
def test_what_every_command_says_of_what_is_no_file(
    tmp_path: Path, case: str, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    check_commands(put_in(tmp_path, case, kind, monkeypatch), READING, fails=True)


def test_what_this_user_may_not_read() -> None:
    script = f"""
import io, os, sys
from pathlib import Path
from voxmint.cli.main import main
from voxmint.cli.world import World

def ran(folder, *command):
    out, err = io.StringIO(), io.StringIO()
    code = main(command, World(io.StringIO(), out, err, {{}}, folder))
    return code, out.getvalue() + err.getvalue()

commands, kinds = {READING}, {KINDS}
for kind in kinds:  # whatever they import must be there before this user cannot read it
    for command in commands:
        ran(Path(sys.argv[1]) / kind / "wrong", *command)
if os.geteuid() == 0:
    os.setgroups([]), os.setgid({NOBODY}), os.setuid({NOBODY})
for kind in kinds:
    for command in commands:
        code, said = ran(Path(sys.argv[1]) / kind / "shut", *command)
        is_told = "unreadable-file" in said and "permission denied" in said
        print(kind, *command, code, is_told, "bug" in said)
"""
    with ordinary_folder() as folder:
        for kind, (path, right) in RIGHT.items():
            project_in(folder / kind / "wrong", kind, b"zzz: 1\n")
            project_in(folder / kind / "shut", kind, right.encode())
            (folder / kind / "shut" / path).chmod(0)
        expected = [f"{kind} {' '.join(one)} 1 True False" for kind in KINDS for one in READING]
        assert run(script, folder).splitlines() == expected


@pytest.mark.parametrize("folder", ["profiles", "environments"])
def test_names_that_differ_in_case_alone(tmp_path: Path, folder: str) -> None:
    write(tmp_path, SOUND)
    text = SOUND["profiles/clinic.yaml" if folder == "profiles" else "environments/local.yaml"]
    write(tmp_path, {f"{folder}/One.yaml": text, f"{folder}/oNE.yaml": text})
    [found] = errors(tmp_path)
    assert (found["code"], found["at"]["file"]) == ("clashing-names", f"{folder}/oNE.yaml")


@pytest.mark.parametrize("folder", ["profiles", "environments"])
@pytest.mark.parametrize(
    "name", ["\x1b[31m", "\u202eabc", "a\nb", "a\u2066b", "%0A::error::", "a\u2028b", "a b,c:d"]
)
def test_names_that_would_steer_a_terminal_or_a_log(tmp_path: Path, folder: str, name: str) -> None:
    write(tmp_path, dict(RIGHT.values()))
    write(tmp_path, {f"{folder}/{name}.yaml": "zzz: 1\n"})
    for command in READING:
        found = ran(tmp_path, *command)
        written = found.out + found.err
        assert "this is a bug" not in written
        assert not {"\x1b", "\u202e", "\u2066", "\u2028"} & set(written)
        assert not [
            line for line in written.splitlines() if line.startswith(("b.yaml", "::error::"))
        ]
    assert "unknown-key" in {one["code"] for one in errors(tmp_path)}


@pytest.mark.parametrize("folder", ["profiles", "environments"])
def test_names_that_are_not_utf8(tmp_path: Path, folder: str) -> None:
    kind = folder.removesuffix("s")
    write(tmp_path, {**SOUND, RIGHT[kind][0]: RIGHT[kind][1]})
    write(tmp_path, {f"{folder}/\udcff.yaml": RIGHT[kind][1]})
    [found] = errors(tmp_path)
    assert found["code"] == "name-not-utf8"
    assert (found["at"]["line"], found["at"]["column"]) == (1, 1)
    assert "\\udcff.yaml` is not UTF-8" in ran(tmp_path, "validate").out
    assert '"uri": "' + folder + '/%FF.yaml"' in ran(tmp_path, "validate", "-o", "sarif").out
    assert "error[name-not-utf8]" in ran(tmp_path, "list").err


@pytest.mark.parametrize("case", ["100 MB", "10,000 levels", "a billion laughs", "a huge number"])
def test_memory_is_bounded(tmp_path: Path, case: str) -> None:
    """Beside the interpreter and its libraries, what is read takes a few megabytes."""
    content = CONTENTS[case][0](RIGHT["profile"][1].encode())
    folder = project_in(tmp_path, "profile", content)
    script = (
        "import resource, sys; resource.setrlimit(resource.RLIMIT_AS, (400 << 20, 400 << 20));"
        "from voxmint.cli.main import run; run()"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, "validate"],
        cwd=folder,
        env=environment(tmp_path),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert (done.returncode, done.stderr) == (1, "")
    assert "1 error in 1 of 1 profile" in done.stdout


@pytest.mark.parametrize("kind", KINDS)
def test_a_file_of_nothing_but_mistakes(tmp_path: Path, kind: str) -> None:
    """A thousand are told and the rest is not looked at, so that what is said is bounded too."""
    mistakes = b"".join(b"zz%d: 1\n" % number for number in range(1_500))
    folder = project_in(tmp_path, kind, RIGHT[kind][1].encode() + mistakes)
    found = places(folder, kind)
    assert len(found) == 1001
    assert Found("too-many-problems", 1002, 1) in found
    assert ran(folder, "render", "p", "-e", "local").code == 1
    assert len(ran(folder, "validate").out) < 20_000


def test_a_name_of_a_hundred_thousand_letters(tmp_path: Path) -> None:
    """What quotes it does not become as long."""
    content = RIGHT["profile"][1] + "extends: " + "a" * 100_000 + "\nlabels: {a: b}\n"
    folder = project_in(tmp_path, "profile", content.encode())
    for command in READING:
        found = ran(folder, *command)
        assert found.code == 1
        assert len(found.out + found.err) < 20_000, command


def test_a_pattern_of_a_hundred_thousand_folders(tmp_path: Path) -> None:
    """What may have been meant by it is not looked for at every one of them."""
    content = RIGHT["environment"][1] + "profiles: " + "a/" * 100_000 + "\n"
    folder = project_in(tmp_path, "environment", content.encode())
    found = ran(folder, "validate")
    assert "warning[unused-pattern]" in found.out
    assert len(found.out) < 20_000


def test_many_mistakes_in_one_long_line(tmp_path: Path) -> None:
    """Each shows the part of the line that it is about."""
    values = ", ".join(f"a{number}: .inf" for number in range(300))
    content = RIGHT["profile"][1] + "vars: {" + values + "}\n"
    folder = project_in(tmp_path, "profile", content.encode())
    said = ran(folder, "validate", "--all").out
    assert len(said) < 400 * 300
    shown = [line for line in said.splitlines() if "a299: .inf" in line]
    assert len(shown) >= 1


def check_diffs(folder: Path, kind: str, cases: Iterable[str]) -> None:
    """That the change from what is right to each case is told as well."""
    repository_in(folder, dict(RIGHT.values()))
    path, right = RIGHT[kind]
    for case in cases:
        make, expected = CONTENTS[case]
        (folder / path).write_bytes(make(right.encode()))
        found = ran(folder, "diff")
        written = found.out + found.err
        assert "this is a bug" not in written, (case, found.err)
        assert found.code == int(expected is not None), (case, found.err)
        assert not {"\x1b", "\u202e", "\0"} & set(written)
        assert len(written) < 100_000


@pytest.mark.parametrize("kind", KINDS)
def test_what_a_diff_says_of_it(tmp_path: Path, kind: str) -> None:
    # Every third case, in one kind of file; the slow test tries all in all.
    check_diffs(tmp_path, kind, list(CONTENTS)[KINDS.index(kind) :: 3 * len(KINDS) + 1])


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_what_a_diff_says_of_all_of_it(tmp_path: Path, kind: str) -> None:
    check_diffs(tmp_path, kind, CONTENTS)


def test_what_a_diff_says_of_what_was_so_before(tmp_path: Path) -> None:
    path, right = RIGHT["profile"]
    repository_in(tmp_path, dict(RIGHT.values()))
    for case in ("UTF-16", "a billion laughs", "10,000 maps", "two documents", "infinity", "NUL"):
        (tmp_path / path).write_bytes(CONTENTS[case][0](right.encode()))
        git(tmp_path, "commit", "--quiet", "--all", "--message", case)
        (tmp_path / path).write_text(right)
        found = ran(tmp_path, "diff", "HEAD", "-o", "json")
        assert (found.code, found.err) == (0, ""), (case, found.err)
        assert json.loads(found.out)["version"] == 1


def test_a_folder_that_comes_and_goes_while_it_is_read(tmp_path: Path) -> None:
    """Each run says what it found, which may be a part: never more than that a file is missing."""
    write(tmp_path, SOUND)
    here, away = tmp_path / "profiles", tmp_path / "away"
    is_over = Event()

    def come_and_go() -> None:
        while not is_over.is_set():
            here.rename(away)
            away.rename(here)

    mover = Thread(target=come_and_go)
    mover.start()
    try:
        for command in READING * 4:
            found = ran(tmp_path, *("clinic" if word == "p" else word for word in command))
            assert "this is a bug" not in found.out + found.err
            assert found.code in {0, 1, 64}, found.err
    finally:
        is_over.set()
        mover.join()


def test_an_environment_with_a_mistake_and_no_profile(tmp_path: Path) -> None:
    """There is no body that the mistake is about, and it is told all the same."""
    folder = project_in(tmp_path, "environment", b"profiles: none\n")
    for command in (("plan", "-e", "local", "--sink", "stdout"), ("mint", "-e", "local")):
        found = ran(folder, *command)
        assert (found.code, found.out) == (1, "")
        assert found.err.startswith("error[missing-key]: the environment `local` needs `provider`")


def test_values_that_only_look_odd(tmp_path: Path) -> None:
    texts = "a: 2024-01-01, b: 2024-01-01T00:00:00Z, c: no, d: 1:30, e: '.inf', f: 0o17, g: 0x1F"
    profile = "vars: {%s}\nsession: {input_audio_transcription: {model: m, prompt: %s}}\n"
    prompt = "\"{{ [vars.a, vars.b, vars.c, vars.d, vars.e, vars.f, vars.g] | join(' ') }}\""
    write(tmp_path, dict(RIGHT.values()))
    write(tmp_path, {"profiles/p.yaml": profile % (texts, prompt)})
    body = json.loads(ran(tmp_path, "render", "p", "-e", "local").out)
    assert body["input_audio_transcription"]["prompt"] == (
        "2024-01-01 2024-01-01T00:00:00Z no 1:30 .inf 15 31"
    )


@pytest.mark.parametrize("count", [1000, pytest.param(10_000, marks=pytest.mark.slow)])
def test_thousands_of_files(tmp_path: Path, count: int) -> None:
    """All are read, and one that is wrong is found among them."""
    write(tmp_path, SOUND)
    (tmp_path / "profiles/many").mkdir()
    for number in range(count):
        text = "extends: base\nabstract: true\n" if number != 777 else "extends: bas\n"
        (tmp_path / f"profiles/many/{number:05}.yaml").write_text(text)
    [found] = errors(tmp_path)
    assert (found["code"], found["at"]["file"]) == ("unknown-profile", "profiles/many/00777.yaml")


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_said(tmp_path: Path, kind: str, snapshot: SnapshotAssertion) -> None:
    """The messages, with their carets."""
    said: dict[str, str] = {}
    for case, (make, expected) in CONTENTS.items():
        if expected is not None and expected.code != "unreadable-file":
            folder = project_in(tmp_path, kind, make(RIGHT[kind][1].encode()))
            said[case] = ran(folder, "validate").out
    assert "\n".join(f"== {case}\n{text}" for case, text in said.items()) == snapshot


def test_a_process_ends_as_well(tmp_path: Path) -> None:
    folder = project_in(tmp_path, "project", b"\xff\xfe")
    found = process(folder, *shlex.split("validate -o json"))
    assert (found.code, found.err) == (1, "")
