"""`validate --changed`: what a change can reach, how that is said, and that nothing is missed."""

import json
from collections.abc import Mapping
from pathlib import Path

import pytest
from syrupy.assertion import SnapshotAssertion

from tests.cli.running import SOUND, Ran, ran, write
from tests.engine.worlds import environ, git, repository_in

WRONG = "extends: base\nsession: {x: 1}\n"
FILES: Mapping[str, str] = {
    **SOUND,
    "profiles/lobby.yaml": "session: {input_audio_transcription: {model: whisper-1}}\n",
    "profiles/unused.yaml": "abstract: true\n",
}


@pytest.fixture
def team(tmp_path: Path) -> Path:
    folder = tmp_path / "team"
    folder.mkdir()
    repository_in(folder, FILES)
    git(folder, "branch", "--move", "main")
    return folder


def validate(folder: Path, *arguments: str, base: str = "HEAD") -> Ran:
    return ran(folder, "validate", "--changed", base, *arguments, environ=environ(folder))


def neutral(folder: Path, text: str) -> str:
    return text.replace(git(folder, "rev-parse", "--short=10", "HEAD"), "[HEAD]")


def last_line(done: Ran) -> str:
    return done.out.splitlines()[-1]


def test_nothing_differs(team: Path, snapshot: SnapshotAssertion) -> None:
    write(team, {"README.md": "x"})
    assert neutral(team, str(validate(team))) == snapshot
    assert ran(team, "-q", "validate", "--changed", "HEAD", environ=environ(team)).out == ""
    assert validate(team, "-o", "sarif").code == 0


@pytest.mark.parametrize(
    ("files", "count"),
    [
        ({"profiles/clinic.yaml": SOUND["profiles/clinic.yaml"] + "# x\n"}, 2),
        ({"profiles/base.yaml": SOUND["profiles/base.yaml"] + "# x\n"}, 3),
        ({"profiles/lobby.yaml": FILES["profiles/lobby.yaml"] + "# x\n"}, 2),
        ({"environments/production.yaml": SOUND["environments/production.yaml"] + "# x\n"}, 2),
        ({"environments/fresh.yaml": "extends: local\n"}, 3),
        ({"profiles/fresh.yaml": "extends: lobby\n", "environments/local.yaml": "# x\n"}, 5),
    ],
)
def test_the_bodies_that_a_file_is_part_of(team: Path, files: dict[str, str], count: int) -> None:
    files = {name: text if text != "# x\n" else SOUND[name] + text for name, text in files.items()}
    write(team, files)
    done = validate(team)
    assert done.code == 0
    assert last_line(done).startswith(f"{count} of ")
    assert all(name in last_line(done) for name in files)


def test_what_is_reached_is_told(team: Path, snapshot: SnapshotAssertion) -> None:
    write(team, {"profiles/clinic.yaml": WRONG, "profiles/fresh.yaml": "extends: base\n"})
    assert neutral(team, str(validate(team, "-v"))) == snapshot
    assert neutral(team, str(validate(team, "-o", "github"))) == snapshot
    content = json.loads(validate(team, "-o", "json").out)
    assert content["checked"] == {"profiles": 2, "environments": 2, "bodies": 4}
    assert content["changed"] == {
        "base": {
            "name": f"HEAD ({git(team, 'rev-parse', '--short=10', 'HEAD')})",
            "commit": git(team, "rev-parse", "HEAD"),
            "why": None,
        },
        "files": ["profiles/clinic.yaml", "profiles/fresh.yaml"],
        "everything": None,
    }


def test_what_was_wrong_elsewhere_does_not_fail(team: Path) -> None:
    write(team, {"profiles/wrong.yaml": WRONG})
    git(team, "add", "--all")
    git(team, "commit", "--quiet", "--message", "wrong")
    write(team, {"profiles/lobby.yaml": FILES["profiles/lobby.yaml"] + "# x\n"})
    assert validate(team).code == 0
    assert validate(team, base="HEAD~1").code == 1


def test_line_ends_of_a_checkout_do_not_count(team: Path) -> None:
    path = team / "profiles/clinic.yaml"
    path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
    assert last_line(validate(team)).startswith("nothing is checked")


def test_a_part_of_what_is_reached(team: Path) -> None:
    write(team, {"profiles/base.yaml": SOUND["profiles/base.yaml"] + "# x\n"})
    assert last_line(validate(team, "-e", "production")).startswith("1 of 2 bodies")
    assert last_line(validate(team, "lobby")).startswith("0 of 2 bodies")


def test_where_a_branch_left_another(team: Path) -> None:
    git(team, "switch", "--quiet", "--create", "topic")
    write(team, {"profiles/lobby.yaml": FILES["profiles/lobby.yaml"] + "# x\n"})
    git(team, "commit", "--quiet", "--all", "--message", "topic")
    git(team, "switch", "--quiet", "main")
    write(team, {"profiles/base.yaml": SOUND["profiles/base.yaml"] + "# x\n"})
    git(team, "commit", "--quiet", "--all", "--message", "main")
    git(team, "switch", "--quiet", "topic")
    assert "profiles/base.yaml" in last_line(validate(team, base="main"))
    told = last_line(validate(team, base="main..."))
    assert told.startswith("2 of 5 bodies checked")
    assert ", where it left main: profiles/lobby.yaml" in told


# ── where it cannot be known ─────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("files", "gone", "why"),
    [
        ({"voxmint.yaml": "version: 1\n# x\n"}, "", "voxmint.yaml differs, and it holds for all"),
        ({}, "profiles/lobby.yaml", "profiles/lobby.yaml is gone"),
        ({"profiles/base.yaml": "a: [\n"}, "", "extends cannot be made out"),
        ({"profiles/clinic.yaml": "extends: nobody\n"}, "", "what `clinic` extends cannot"),
        ({"environments/local.yaml": "a: [\n"}, "", "what `local` extends cannot"),
        ({"profiles/unused.yaml": "abstract: true\nvars: {}\n"}, "", "is part of no body"),
    ],
)
def test_everything_is_checked_and_why(
    team: Path, files: dict[str, str], gone: str, why: str
) -> None:
    write(team, files)
    if gone:
        (team / gone).unlink()
    done = validate(team)
    assert "everything is checked: compared with HEAD" in last_line(done)
    assert why in last_line(done)
    whole = ran(team, "validate", environ=environ(team))
    assert done.code == whole.code
    assert done.out.count("error[") == whole.out.count("error[")
    assert json.loads(validate(team, "-o", "json").out)["changed"]["everything"]


def test_a_revision_without_a_project(tmp_path: Path) -> None:
    repository_in(tmp_path, {"README.md": "x"})
    write(tmp_path, FILES)
    assert "there was no project yet" in last_line(validate(tmp_path))


def test_a_revision_that_there_is_not(team: Path) -> None:
    done = validate(team, base="mian")
    assert (done.code, done.out) == (64, "")
    assert "did you mean `main`?" in done.err


@pytest.mark.parametrize(
    ("base", "instead"), [("main..HEAD~1", "main"), ("main...v1", "main..."), ("..v1", "HEAD")]
)
def test_a_second_revision_is_not_left_out_silently(team: Path, base: str, instead: str) -> None:
    done = validate(team, base=base)
    assert (done.code, done.out) == (64, "")
    assert f"takes one revision, not `{base}`" in done.err
    assert f"write `--changed {instead}`" in done.err


@pytest.mark.parametrize("more", ["--fix", "--diff"])
def test_what_does_not_go_with_it(team: Path, more: str) -> None:
    done = validate(team, more)
    assert (done.code, done.out) == (64, "")


# ── nothing is missed ────────────────────────────────────────────────────────────────────────────

CLASH = "  - {kind: dotenv, path: .env, names: {client_secret: ONE}}\n"
CHANGES: Mapping[str, Mapping[str, str | None]] = {
    "a value": {"profiles/clinic.yaml": WRONG},
    "a base's value": {"profiles/base.yaml": "abstract: true\nsession: {x: 1}\n"},
    "a variable": {"profiles/base.yaml": "session: {input_audio_format: '{{ vars.x }}'}\n"},
    "a label": {"profiles/clinic.yaml": "extends: base\nlabels: {tier: [1]}\n"},
    "an overlay": {
        "environments/production.yaml": SOUND["environments/production.yaml"].replace(
            "far_field", "far"
        )
    },
    "a provider": {"environments/local.yaml": "provider: {kind: emulatr}\n"},
    "a sink": {"environments/local.yaml": f"provider: {{kind: emulator}}\nsinks:\n{CLASH}"},
    "a moved base": {
        "profiles/base.yaml": None,
        "profiles/basis.yaml": SOUND["profiles/base.yaml"],
    },
    "a deleted environment": {"environments/production.yaml": None},
    "a name twice": {"profiles/clinic.yml": SOUND["profiles/clinic.yaml"]},
    "a cycle": {"profiles/base.yaml": "extends: clinic\n"},
    "no base any more": {"profiles/base.yaml": "{}\n"},
    "a new profile": {"profiles/fresh.yaml": "extends: nobody\n"},
    "a block": {"profiles/lobby.yaml": "environments: {production: {session: {x: 1}}}\n"},
    "a block for nobody": {"profiles/lobby.yaml": "environments: {prod: {}}\n"},
    "no yaml": {"profiles/lobby.yaml": "a: [\n"},
    "an unused base": {"profiles/unused.yaml": "abstract: true\nsession: {x: 1}\n"},
}


@pytest.mark.parametrize("name", CHANGES)
def test_every_error_that_a_change_brings_is_found(team: Path, name: str) -> None:
    write(team, {"profiles/block.yaml": "extends: base\nenvironments: {production: {}}\n"})
    git(team, "add", "--all")
    git(team, "commit", "--quiet", "--message", "block")
    before = errors(ran(team, "validate", "-o", "json", environ=environ(team)))
    for file, text in CHANGES[name].items():
        if text is None:
            (team / file).unlink()
        else:
            write(team, {file: text})
    whole = errors(ran(team, "validate", "-o", "json", environ=environ(team)))
    found = errors(validate(team, "-o", "json"))
    assert whole - before <= found <= whole


def errors(done: Ran) -> set[tuple[str, str, int]]:
    problems = json.loads(done.out)["problems"]
    return {
        (one["code"], one["at"]["file"], one["at"]["line"])
        for one in problems
        if one["severity"] == "error"
    }
