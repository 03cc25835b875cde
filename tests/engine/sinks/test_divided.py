"""Env files beyond one file with every value: one for each profile, prefixes, constants."""

from pathlib import Path

import pytest
from pydantic import ValidationError

from tests.engine.mints import Desk, desk, outcomes
from tests.engine.sinks.test_contract import Dotenv
from tests.engine.worlds import problem_of, touched
from voxmint.engine.ledger.ledger import Ledger
from voxmint.engine.sinks.contract import Change, Receipt
from voxmint.engine.sinks.directory_options import DirectoryOptions
from voxmint.engine.sinks.dotenv import DotenvSink
from voxmint.engine.sinks.dotenv_options import DotenvOptions
from voxmint.problems import ProblemsError
from voxmint.testing.sink_contract import FAILED, REMOVED, delivering

PLAIN = "names: {client_secret: TOKEN, expires_at: UNTIL}, values: [client_secret, expires_at]"


def divided(folder: Path, *profiles: str, more: str = "") -> Desk:
    sink = f"{{kind: dotenv, path: '.env.{{profile}}', {PLAIN}{more}}}"
    return desk(folder, profiles or ("clinic", "a/b"), more=f"sinks: [{sink}]\n")


def names(made: Desk, file: str) -> list[str]:
    lines = (made.root / file).read_text().splitlines()
    return [line.partition("=")[0] for line in lines]


def files(made: Desk) -> list[str]:
    return sorted(path.name for path in made.root.glob(".env*"))


def test_each_profile_has_a_file_of_its_own(tmp_path: Path) -> None:
    made = divided(tmp_path)
    made.mint()
    assert files(made) == [".env.a-b", ".env.clinic"]
    assert names(made, ".env.a-b") == names(made, ".env.clinic") == ["TOKEN", "UNTIL"]
    assert {one.profile: one.names for one in receipts(made)} == {
        "a/b": (".env.a-b/TOKEN", ".env.a-b/UNTIL"),
        "clinic": (".env.clinic/TOKEN", ".env.clinic/UNTIL"),
    }
    before = touched(made.root / ".env.clinic")
    assert outcomes(made.mint("a/b", force=True)) == {"a/b": "minted"}
    assert touched(made.root / ".env.clinic") == before


def receipts(made: Desk) -> tuple[Receipt, ...]:
    with Ledger.open(made.root / ".voxmint/ledger.db", readonly=True) as ledger:
        return ledger.receipts("live")


def test_a_file_goes_with_its_profile_unless_it_holds_more(tmp_path: Path) -> None:
    made = divided(tmp_path, "clinic", "a", "b")
    made.mint()
    kept = made.root / ".env.b"
    kept.write_text(kept.read_text() + "THEIRS=1\n")
    for name in ("a", "b"):
        (made.root / f"profiles/{name}.yaml").unlink()
    assert made.mint().pruned == ("a", "b")
    assert files(made) == [".env.b", ".env.clinic"]
    assert (made.root / ".env.b").read_text() == "THEIRS=1\n"


def test_what_could_not_be_taken_out_of_one_file_is_not_said_to_be_out(tmp_path: Path) -> None:
    """The file changes between the two phases, so that it can no longer be merged."""
    destination = Dotenv(tmp_path, path=".env.{profile}")
    sink = destination.sink("clinic", "a")
    sink.write(delivering("clinic", "a"))
    gone = Change(remove=frozenset({"clinic", "a"}))
    with sink.locked(), sink.stage(gone) as staged:
        staged.read_back()
        (destination.project / ".env.a").write_bytes(b"\xff\xfeK\0")
        outcomes = staged.switch()
        assert (outcomes, set(staged.refused)) == ({"clinic": REMOVED, "a": FAILED}, {"a"})
    assert sorted(path.name for path in destination.project.glob(".env*")) == [".env.a"]


def test_a_ledger_cannot_have_another_file_touched(tmp_path: Path) -> None:
    made = divided(tmp_path)
    made.mint()
    address = receipts(made)[0].target
    theirs = made.write("profiles/x.env", "TOKEN=theirs\n")
    hostile = ("profiles/x.env/TOKEN", "../x.env/TOKEN", "voxmint.yaml/version", "TOKEN")
    with Ledger.open(made.root / ".voxmint/ledger.db") as ledger:
        ledger.claim("live", [Receipt("gone", "dotenv", address, hostile)])
    assert made.mint().pruned == ("gone",)
    assert theirs.read_text() == "TOKEN=theirs\n"
    assert (made.root / "voxmint.yaml").read_text() == "version: 1\n"


def test_two_profiles_never_share_a_file(tmp_path: Path) -> None:
    made = divided(tmp_path, "a/b", "a-b", "ward")
    with pytest.raises(ProblemsError) as error:
        made.mint()
    problem = problem_of(error)
    assert (problem.code, problem.facts["path"]) == ("sink-file-clash", ".env.a-b")
    assert problem.affects == (("a-b", "live"), ("a/b", "live"))
    text = (made.root / "environments/live.yaml").read_text()
    for name in ("WARD", "other"):
        named = text.replace("names: {", f"names: {{profiles: {{a/b: {name}}}, ")
        made.write("environments/live.yaml", named)
        if name == "WARD":
            # Where capitals do not count, it is the file of `ward`.
            with pytest.raises(ProblemsError, match="would both be written"):
                made.mint()
    assert made.mint().exit_code == 0
    assert files(made) == [".env.a-b", ".env.other", ".env.ward"]


def test_of_many_files_git_is_asked_once_and_one_is_told(tmp_path: Path) -> None:
    made = divided(tmp_path, *(f"p{number}" for number in range(30)))
    made.write(".gitignore", ".env.p1*\n.env.p2*\n")
    with pytest.raises(ProblemsError) as error:
        made.mint()
    problem = problem_of(error)
    assert (problem.code, problem.facts["path"]) == ("sink-file-unignored", ".env.p0")


def test_what_a_killed_run_left_beside_a_file_is_swept(tmp_path: Path) -> None:
    made = divided(tmp_path)
    left = made.write(".env.clinic.voxmint-0123456789abcdef.tmp", "TOKEN=ek_old\n")
    theirs = made.write(".env.other.voxmint-0123456789abcdef.tmp", "X=1\n")
    made.mint()
    assert not left.exists()
    # Of a file that is none of its own, it may be another sink's.
    assert theirs.exists()


@pytest.mark.parametrize("path", [".env.{profil}", "{env}/.env.{profile}", ".env.{{profile}}"])
def test_a_brace_that_stands_for_nothing_is_refused(path: str) -> None:
    with pytest.raises(ValidationError, match=r"only \{profile\} stands for something"):
        DotenvOptions.model_validate({"path": path})
    with pytest.raises(ValidationError, match="nothing in braces stands for something"):
        DirectoryOptions.model_validate({"path": "run/{env}"})
    assert DotenvSink.plain_options({"path": path}) is None


@pytest.mark.parametrize("path", ["{profile}/.env", "a/{profile}/.env"])
def test_folders_are_not_made_for_profiles(path: str) -> None:
    with pytest.raises(ValidationError, match="may stand in the file's name only"):
        DotenvOptions.model_validate({"path": path})


@pytest.mark.parametrize(
    ("values", "said"),
    [
        (["expires_at"], "client_secret must be among them"),
        (["client_secret", "client_secret"], "name each value once"),
        ([], "client_secret must be among them"),
        (["token"], "Input should be"),
        ("client_secret", "valid tuple"),
    ],
)
def test_values_that_are_refused(values: object, said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        DotenvOptions.model_validate({"path": ".env", "values": values})


# ── prefix and constants ─────────────────────────────────────────────────────────────────────────


def with_constants(folder: Path, constants: str, *profiles: str) -> Desk:
    sink = f"{{kind: dotenv, path: .env.live, prefix: V_, constants: {{{constants}}}}}"
    return desk(folder, profiles or ("clinic", "ward"), more=f"sinks: [{sink}]\n")


def change_constants(made: Desk, constants: str) -> None:
    text = (made.root / "environments/live.yaml").read_text()
    before, _, rest = text.partition("constants: {")
    made.write(
        "environments/live.yaml", f"{before}constants: {{{constants}}}{rest.partition('}')[2]}"
    )


def test_constants_stand_once_for_all(tmp_path: Path) -> None:
    made = with_constants(tmp_path, "V_URL: wss://x/v1, V_MODEL: m")
    made.mint()
    assert names(made, ".env.live")[:2] == ["V_URL", "V_MODEL"]
    assert made.variables["V_URL"] == "wss://x/v1"
    assert "V_WARD_CLIENT_SECRET" in made.variables
    assert outcomes(made.mint()) == {"clinic": "kept", "ward": "kept"}


def test_a_constant_that_changed_is_written_and_one_that_is_gone_is_taken_out(
    tmp_path: Path,
) -> None:
    made = with_constants(tmp_path, "V_URL: a, V_MODEL: m")
    made.mint()
    change_constants(made, "V_URL: b")
    assert outcomes(made.mint()) == {"clinic": "minted", "ward": "minted"}
    assert made.variables["V_URL"] == "b"
    assert "V_MODEL" not in made.variables


def test_constants_stay_for_as_long_as_one_profile_does(tmp_path: Path) -> None:
    made = with_constants(tmp_path, "V_URL: a")
    made.mint()
    (made.root / "profiles/ward.yaml").unlink()
    made.mint()
    assert "V_URL" in made.variables
    (made.root / "profiles/clinic.yaml").unlink()
    made.write("profiles/other.yaml", "extends: base\n")
    made.write(
        "environments/live.yaml",
        (made.root / "environments/live.yaml").read_text().replace("V_URL: a", ""),
    )
    made.mint()
    assert [name for name in made.variables if not name.startswith("V_OTHER_")] == []


@pytest.mark.parametrize(
    ("constant", "code"),
    [
        ("v: a", "sink-constant-unfit"),
        ("PATH: a", "sink-constant-unfit"),
        ("V_X: a b", "sink-constant-unfit"),
        ("V_CLINIC_CLIENT_SECRET: a", "sink-name-clash"),
    ],
)
def test_constants_that_are_refused(tmp_path: Path, constant: str, code: str) -> None:
    made = with_constants(tmp_path, constant, "clinic")
    with pytest.raises(ProblemsError) as error:
        made.mint()
    assert problem_of(error).code == code


def test_a_prefix_can_make_a_name_that_is_none(tmp_path: Path) -> None:
    made = desk(tmp_path, ["clinic"], more="sinks: [{kind: dotenv, path: .env.live, prefix: v-}]\n")
    with pytest.raises(ProblemsError) as error:
        made.mint()
    assert {one.code for one in error.value.problems} == {"sink-name-invalid"}
