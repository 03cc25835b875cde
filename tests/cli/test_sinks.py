import json
from pathlib import Path

import pytest
from syrupy.assertion import SnapshotAssertion

from tests.cli.running import ran
from tests.engine.mints import Desk, desk
from voxmint.problems import ProblemsError

SINKS = (
    "sinks: [{kind: dotenv, path: .env.live}, {kind: json, path: tokens.json, where: "
    "{names: [ward]}}, {kind: stdout}]\n"
)


def project(folder: Path) -> Desk:
    return desk(folder, ("clinic", "ward"), more=SINKS)


def test_the_sinks_and_what_they_hold(tmp_path: Path, snapshot: SnapshotAssertion) -> None:
    made = project(tmp_path)
    made.write(".gitignore", ".env.*\n/tokens*\n")
    made.mint("clinic")
    done = ran(made.root, "sinks")
    assert (done.code, done.err) == (0, "")
    assert done.out == snapshot(name="text")
    as_json = json.loads(ran(made.root, "sinks", "-e", "live", "-o", "json").out)
    assert as_json == snapshot(name="json")


def test_lines_that_are_not_read_alike_are_told_and_never_shown(
    tmp_path: Path, snapshot: SnapshotAssertion
) -> None:
    made = project(tmp_path)
    made.env_file.write_text(
        "# fine\nX='canary'\nCLINIC_CLIENT_SECRET=ek_1\nCLINIC_EXPIRES_AT=\"canary\"\n"
    )
    quiet = ran(made.root, "sinks", "-q")
    assert (quiet.code, quiet.out, quiet.err) == (0, "", "")
    done = ran(made.root, "sinks", "--check")
    assert done.code == 1
    assert "canary" not in done.out + done.err
    assert done.err == snapshot
    found = json.loads(ran(made.root, "sinks", "--check", "-o", "json").out)
    assert [(one["code"], one["at"]["line"]) for one in found["problems"]] == [
        ("sink-line-foreign", 2),
        ("sink-line-bent", 4),
    ]


def test_where_all_is_well_it_is_said_what_was_checked(tmp_path: Path) -> None:
    made = project(tmp_path)
    checked = [ran(made.root, *words, "sinks", "--check").out for words in ((), ("-q",))]
    said = "nothing to check: there is no env file yet, and no store"
    assert (checked[0].splitlines()[-1], checked[1]) == (said, "")
    made.env_file.write_text("X=1\n")
    assert "checked 1 env file: no problems" in ran(made.root, "sinks", "--check").out
    assert "checked" not in ran(made.root, "sinks").out
    for bent in ("export X=1\n", "CLINIC_CLIENT_SECRET='x'\n"):
        made.env_file.write_text(bent)
        assert "checked" not in ran(made.root, "sinks", "--check").out


def test_a_line_is_said_to_be_written_anew_only_where_a_mint_would_do_so(tmp_path: Path) -> None:
    made = project(tmp_path)
    made.write(".gitignore", ".env.*\n/tokens*\n")
    made.mint()
    sound = made.env_file.read_text()
    made.env_file.write_text(sound.replace("CLINIC_EXPIRES_AT=", "CLINIC_EXPIRES_AT= "))
    assert "mint -e live --force` writes the line anew" in ran(made.root, "sinks", "--check").err
    made.mint(force=True)
    assert ran(made.root, "sinks", "--check").code == 0
    made.env_file.write_text(sound.replace("CLINIC_EXPIRES_AT=", 'CLINIC_EXPIRES_AT="'))
    done = ran(made.root, "sinks", "--check")
    assert done.code == 1
    assert "mend the file by hand" in done.err
    assert "--force" not in done.err
    with pytest.raises(ProblemsError):
        made.mint(force=True)


def test_lines_of_others_fail_where_that_is_asked(tmp_path: Path) -> None:
    made = project(tmp_path)
    made.env_file.write_text("export X=1\n")
    assert ran(made.root, "sinks", "--check").code == 0
    assert ran(made.root, "sinks", "--check", "--strict").code == 1


def test_a_sink_that_cannot_be_looked_at_is_a_problem_at_its_place(tmp_path: Path) -> None:
    made = project(tmp_path)
    made.env_file.symlink_to("elsewhere")
    done = ran(made.root, "sinks")
    assert done.code == 1
    assert done.err.startswith("error[file-is-symlink]: `.env.live` is a symlink")
    assert "environments/live.yaml:2:16" in done.err


def test_an_unknown_environment_is_wrong_usage(tmp_path: Path) -> None:
    done = ran(project(tmp_path).root, "sinks", "-e", "liv")
    assert (done.code, "did you mean `live`?" in done.err) == (64, True)


def test_what_prints_has_its_report_elsewhere(tmp_path: Path) -> None:
    made = project(tmp_path)
    made.write(".gitignore", ".env.*\n/tokens*\n")
    done = ran(made.root, "mint", "-e", "live", "clinic", "--sink", "stdout")
    assert done.code == 0
    assert [line.partition("=")[0] for line in done.out.splitlines()] == [
        "CLINIC_CLIENT_SECRET",
        "CLINIC_EXPIRES_AT",
        "CLINIC_SESSION_ID",
    ]
    assert "minted 1 in" in done.err
    assert "ek_" not in done.err
    plan = ran(made.root, "plan", "-e", "live", "clinic", "--sink", "stdout")
    assert "voxmint mint -e live clinic --sink stdout" in plan.out


def test_a_sink_of_another_package_is_named_and_not_imported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    metadata = tmp_path / "packages/theirs-1.dist-info"
    metadata.mkdir(parents=True)
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: theirs\nVersion: 1\n")
    (metadata / "entry_points.txt").write_text("[voxmint.sinks]\ntheirs = no_such_module:Sink\n")
    monkeypatch.syspath_prepend(metadata.parent)
    more = "sinks: [{kind: theirs, where: {names: [ward]}, anything: 1}]\n"
    made = desk(tmp_path, ("clinic", "ward"), more=more)
    done = ran(made.root, "sinks", "--check")
    assert (done.code, done.err) == (0, "")
    line = "live         theirs  another package's  1         only a mint asks it"
    assert done.out.splitlines()[1:-1] == [line]
    [found] = json.loads(ran(made.root, "sinks", "-o", "json").out)["environments"]
    assert found["sinks"] == [
        {
            "kind": "theirs",
            "target": "",
            "profiles": ["ward"],
            "holds": [],
            "only_by_name": False,
            "asked": False,
            "own": False,
        }
    ]
    # A plan knows nothing of where it writes to.
    plan = ran(made.root, "plan", "-e", "live", "ward")
    assert plan.out.splitlines()[0] == "1 profile in live → an emulator of its own"


def test_an_environment_with_mistakes_says_so(tmp_path: Path) -> None:
    """Its sinks may be others than those that are shown."""
    made = project(tmp_path)
    made.write("environments/other.yaml", "provider: {kind: emulator}\nsinkz: 1\n")
    assert ran(made.root, "sinks", "-e", "live").code == 0
    for name, more in {
        "mistyped": "where: {labelz: {}}",
        "unknown": "pathe: .env.more",
    }.items():
        sink = f"{{kind: dotenv, path: .env.{name}, {more}}}"
        made.write(f"environments/{name}.yaml", f"provider: {{kind: emulator}}\nsinks: [{sink}]\n")
        done = ran(made.root, "sinks", "-e", name)
        assert (done.code, done.err.count("error[")) == (1, 1)
        assert f"environments/{name}.yaml:2:" in done.err
    made.write("environments/child.yaml", "extends: other\n")
    found = json.loads(ran(made.root, "sinks", "-e", "child", "-o", "json").out)
    assert found["environments"] == [{"name": "child", "sinks": []}]
    assert [one["at"]["file"] for one in found["problems"]] == ["environments/other.yaml"]


def test_an_environment_that_cannot_be_read_is_not_said_to_be_missing(tmp_path: Path) -> None:
    made = project(tmp_path)
    made.write("environments/broken.yaml", "provider: {kind: emulator\n")
    done = ran(made.root, "sinks", "-e", "broken")
    assert (done.code, done.out) == (1, "")
    assert done.err.startswith("error[bad-yaml]")
    assert ran(made.root, "sinks", "-e", "nothere").code == 64
