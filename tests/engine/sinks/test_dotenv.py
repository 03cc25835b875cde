import grp
import os
import re
import signal
import subprocess
import time
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

import pytest
from pydantic import ValidationError

from tests.engine.worlds import (
    IS_ROOT,
    environ,
    git,
    ordinary_folder,
    problem_of,
    repository_in,
    run,
    started,
    touched,
)
from voxmint.engine.files import allowed_folders
from voxmint.engine.git import repository
from voxmint.engine.ledger.ledger import Intent, Ledger, Minted
from voxmint.engine.locks import Locks
from voxmint.engine.sinks.contract import (
    Change,
    Delivery,
    Receipt,
    SinkOutcome,
    Surroundings,
    preflight,
)
from voxmint.engine.sinks.dotenv import DotenvSink
from voxmint.engine.sinks.dotenv_options import DotenvOptions
from voxmint.engine.state import made_state
from voxmint.origin import Origin
from voxmint.problems import Problem, ProblemsError
from voxmint.secret import Secret

AT = Origin("environments/production.yaml", 9, 5)
FILES = {"voxmint.yaml": "version: 1\n", ".gitignore": ".env.*\n"}
CLINIC = "CLINIC_CLIENT_SECRET=ek_clinic\nCLINIC_EXPIRES_AT=1600\nCLINIC_SESSION_ID=sess_clinic\n"
WARD = "WARD_CLIENT_SECRET=ek_ward\nWARD_EXPIRES_AT=1600\nWARD_SESSION_ID=sess_ward\n"

Maker = Callable[..., DotenvSink]


@pytest.fixture
def project(tmp_path: Path) -> Path:
    project = tmp_path.resolve() / "project"
    project.mkdir()
    repository_in(project, FILES)
    return project


@pytest.fixture
def sink(project: Path) -> Maker:
    """Makes a sink of the project's, with these profiles, settings and surroundings."""

    def make(
        *profiles: str,
        allowed: str = "",
        variables: Mapping[str, str] | None = None,
        environment: str = "production",
        **settings: object,
    ) -> DotenvSink:
        state = made_state(project, environ(project))
        around = Surroundings(
            project=project,
            environment=environment,
            profiles=profiles or ("clinic", "ward"),
            state=state,
            locks=Locks(state.locks, "voxmint mint", timeout=30),
            git=partial(repository, environ=variables or environ(project)),
            allowed=allowed_folders({"VOXMINT_ALLOW_PATHS": allowed}),
            at=AT,
        )
        options = DotenvOptions.model_validate({"path": ".env.production", **settings})
        return DotenvSink(options, around)

    return make


@pytest.fixture
def env(project: Path) -> Path:
    return project / ".env.production"


def session(profile: str, token: str = "") -> Delivery:
    return Delivery(profile, Secret(token or f"ek_{profile}"), 1600, f"sess_{profile}")


def delivering(*profiles: str) -> Change:
    return Change(tuple(session(profile) for profile in profiles))


def found(sink: DotenvSink) -> list[str]:
    return [problem.code for problem in sink.preflight()]


def only(sink: DotenvSink) -> Problem:
    [problem] = sink.preflight()
    return problem


def beside(env: Path) -> list[str]:
    return sorted(path.name for path in env.parent.glob(".env*"))


# ── what is written ──────────────────────────────────────────────────────────────────────────────


def test_sessions_are_written_in_the_bare_form(sink: Maker, env: Path) -> None:
    outcomes = sink().write(delivering("clinic", "ward"))
    assert outcomes == {"clinic": SinkOutcome.WRITTEN, "ward": SinkOutcome.WRITTEN}
    assert env.read_text() == CLINIC + WARD
    assert env.stat().st_mode & 0o7777 == 0o600
    assert beside(env) == [".env.production"]


def test_a_name_is_the_profiles_in_capitals(sink: Maker, env: Path) -> None:
    delivery = Delivery("call-center/german.v2", Secret("ek_1"), 1600, "sess_1")
    sink("call-center/german.v2").write(Change((delivery,)))
    assert env.read_text().splitlines() == [
        "CALL_CENTER_GERMAN_V2_CLIENT_SECRET=ek_1",
        "CALL_CENTER_GERMAN_V2_EXPIRES_AT=1600",
        "CALL_CENTER_GERMAN_V2_SESSION_ID=sess_1",
    ]


def test_a_second_write_of_the_same_leaves_the_file_alone(sink: Maker, env: Path) -> None:
    sink().write(delivering("clinic"))
    before = touched(env)
    assert sink().write(delivering("clinic")) == {"clinic": SinkOutcome.UNCHANGED}
    assert touched(env) == before


def test_other_peoples_lines_stay(sink: Maker, env: Path) -> None:
    before = b"# mine\r\nX='1'\nWARD_CLIENT_SECRET=old\n\xff\nexport CLINIC_EXPIRES_AT=\"1\"\nlast"
    env.write_bytes(before)
    sink().write(delivering("clinic"))
    assert env.read_bytes() == (
        b"# mine\r\nX='1'\nWARD_CLIENT_SECRET=old\n\xff\nCLINIC_EXPIRES_AT=1600\nlast\n"
        b"CLINIC_CLIENT_SECRET=ek_clinic\nCLINIC_SESSION_ID=sess_clinic\n"
    )


def test_a_wider_mode_is_narrowed(sink: Maker, env: Path) -> None:
    env.write_text(CLINIC)
    env.chmod(0o644)
    assert sink().write(delivering("clinic")) == {"clinic": SinkOutcome.WRITTEN}
    assert (env.read_text(), env.stat().st_mode & 0o7777) == (CLINIC, 0o600)


@pytest.mark.parametrize("mode", ["0640", "640", "0o640"])
def test_the_mode_can_be_widened(sink: Maker, env: Path, mode: str) -> None:
    sink(mode=mode).write(delivering("clinic"))
    assert env.stat().st_mode & 0o7777 == 0o640


@pytest.mark.skipif(not IS_ROOT, reason="only root can give a file to any group")
@pytest.mark.parametrize("group", [grp.getgrgid(1).gr_name, 1])
def test_the_group_can_be_given(sink: Maker, env: Path, group: object) -> None:
    configured = sink(group=group, mode="0640")
    assert found(configured) == []
    configured.write(delivering("clinic"))
    assert (env.stat().st_gid, env.stat().st_mode & 0o7777) == (1, 0o640)


def test_names_can_be_changed(sink: Maker, env: Path) -> None:
    names = {
        "client_secret": "VOICE_{profile}_TOKEN",
        "expires_at": "VOICE_{profile}_UNTIL",
        "profiles": {"ward": "STATION_7"},
    }
    sink(names=names).write(delivering("clinic", "ward"))
    assert env.read_text().splitlines() == [
        "VOICE_CLINIC_TOKEN=ek_clinic",
        "VOICE_CLINIC_UNTIL=1600",
        "CLINIC_SESSION_ID=sess_clinic",
        "VOICE_STATION_7_TOKEN=ek_ward",
        "VOICE_STATION_7_UNTIL=1600",
        "STATION_7_SESSION_ID=sess_ward",
    ]


def test_a_session_without_an_id_leaves_no_other_ones(sink: Maker, env: Path) -> None:
    sink().write(delivering("clinic"))
    sink().write(Change((Delivery("clinic", Secret("ek_2"), 1700),)))
    assert env.read_text() == "CLINIC_CLIENT_SECRET=ek_2\nCLINIC_EXPIRES_AT=1700\n"


@pytest.mark.parametrize("token", ["a b", "a'b", "$(date)", "a\nB=1", "é", "a#b", "a\\"])
def test_a_value_that_readers_bend_is_refused_by_name(sink: Maker, env: Path, token: str) -> None:
    with sink().stage(Change((session("clinic", token), session("ward")))) as staged:
        assert [(name, problem.code) for name, problem in staged.refused.items()] == [
            ("clinic", "sink-value-unfit")
        ]
        message = staged.refused["clinic"].message
        assert message.startswith("the value of CLINIC_CLIENT_SECRET has characters")
        assert token not in message
        outcomes = staged.switch()
    assert outcomes == {"ward": SinkOutcome.WRITTEN, "clinic": SinkOutcome.FAILED}
    assert env.read_text() == WARD


def test_a_refused_value_leaves_the_one_before_it(sink: Maker, env: Path) -> None:
    sink().write(delivering("clinic"))
    odd = session("clinic")._replace(session_id="a b")
    assert sink().write(Change((odd,))) == {"clinic": SinkOutcome.FAILED}
    assert env.read_text() == CLINIC


# ── what is taken out ────────────────────────────────────────────────────────────────────────────


def receipts(sink: DotenvSink, *profiles: str) -> tuple[Receipt, ...]:
    with sink.stage(delivering(*profiles)) as staged:
        return staged.receipts


def test_what_a_deleted_profile_left_goes_by_its_receipt(sink: Maker, env: Path) -> None:
    before = receipts(sink(), "clinic", "ward")
    sink().write(delivering("clinic", "ward"))
    with env.open("a") as file:
        file.write("WARD_OTHER=foreign\n")
    change = Change((session("clinic"),), frozenset({"ward"}), before)
    outcomes = sink("clinic").write(change)
    assert outcomes == {"ward": SinkOutcome.REMOVED, "clinic": SinkOutcome.WRITTEN}
    assert env.read_text() == CLINIC + "WARD_OTHER=foreign\n"


def test_without_a_receipt_nothing_is_guessed(sink: Maker, env: Path) -> None:
    env.write_text(CLINIC + WARD)
    sink("clinic").write(Change((session("clinic"),), frozenset({"ward"})))
    assert env.read_text() == CLINIC + WARD


def test_receipts_of_other_sinks_do_not_count(sink: Maker, env: Path) -> None:
    env.write_text(WARD)
    [receipt] = receipts(sink(), "ward")
    others = (receipt._replace(target=".env.other"), receipt._replace(kind="json"))
    sink("clinic").write(Change(remove=frozenset({"ward"}), receipts=others))
    assert env.read_text() == WARD


def test_names_that_were_changed_go(sink: Maker, env: Path) -> None:
    before = receipts(sink(), "clinic")
    sink().write(delivering("clinic"))
    named = sink(names={"client_secret": "{profile}_TOKEN"})
    named.write(delivering("clinic")._replace(receipts=before))
    assert env.read_text() == (
        "CLINIC_EXPIRES_AT=1600\nCLINIC_SESSION_ID=sess_clinic\nCLINIC_TOKEN=ek_clinic\n"
    )


def test_a_renamed_profile_keeps_the_names_that_it_still_has(sink: Maker, env: Path) -> None:
    before = receipts(sink("the/clinic"), "the/clinic")
    sink("the/clinic").write(delivering("the/clinic"))
    change = Change(remove=frozenset({"the/clinic"}), receipts=before)
    # Not minted now, and still the owner of the same variables.
    sink("the-clinic").write(change)
    assert "THE_CLINIC_CLIENT_SECRET=" in env.read_text()


def test_a_profile_that_is_still_there_can_be_taken_out(sink: Maker, env: Path) -> None:
    env.write_text("X=1\n" + CLINIC + WARD)
    assert sink().write(Change(remove=frozenset({"ward"}))) == {"ward": SinkOutcome.REMOVED}
    assert env.read_text() == "X=1\n" + CLINIC


def test_taking_out_of_a_missing_file_makes_none(sink: Maker, env: Path) -> None:
    sink().write(Change(remove=frozenset({"ward"})))
    assert not env.exists()


# ── two phases ───────────────────────────────────────────────────────────────────────────────────


def test_what_is_staged_is_not_in_place_before_the_switch(sink: Maker, env: Path) -> None:
    env.write_text("X=1\n")
    with sink().stage(delivering("clinic")) as staged:
        staged.read_back()
        assert env.read_text() == "X=1\n"
        [name] = set(beside(env)) - {env.name}
        assert env.with_name(name).stat().st_mode & 0o777 == 0o600
        # git ignores it as it does the file itself.
        assert git(env.parent, "status", "--porcelain") == ""
    assert (env.read_text(), beside(env)) == ("X=1\n", [env.name])


def test_what_does_not_read_back_is_not_switched(sink: Maker, env: Path) -> None:
    with sink().stage(delivering("clinic")) as staged:
        [name] = beside(env)
        env.with_name(name).write_text("")
        with pytest.raises(ProblemsError) as error:
            staged.read_back()
    assert problem_of(error).code == "sink-unverified"
    assert beside(env) == []


def test_a_line_that_somebody_adds_meanwhile_is_kept(sink: Maker, env: Path) -> None:
    env.write_text("X=1\n")
    with sink().stage(delivering("clinic")) as staged:
        env.write_text("X=1\nY=2\n")
        assert staged.switch() == {"clinic": SinkOutcome.WRITTEN}
    assert (env.read_text(), beside(env)) == ("X=1\nY=2\n" + CLINIC, [env.name])


def test_a_link_put_in_its_place_meanwhile_is_refused(sink: Maker, env: Path) -> None:
    (env.parent / "trap").write_text("kept")
    with sink().stage(delivering("clinic")) as staged:
        env.symlink_to("trap")
        with pytest.raises(ProblemsError) as error:
            staged.switch()
    assert problem_of(error).code == "file-is-symlink"
    assert ((env.parent / "trap").read_text(), beside(env)) == ("kept", [env.name])


def test_receipts_name_what_is_about_to_be_written(sink: Maker) -> None:
    assert receipts(sink(), "clinic") == (
        Receipt(
            "clinic",
            "dotenv",
            ".env.production",
            ("CLINIC_CLIENT_SECRET", "CLINIC_EXPIRES_AT", "CLINIC_SESSION_ID"),
        ),
    )


def test_with_the_ledger_a_whole_life(sink: Maker, env: Path, project: Path) -> None:
    """How the parts are used together: mint, keep, rename a profile, prune."""
    with Ledger.open(made_state(project, environ(project)).ledger) as ledger:
        for profiles in (("clinic", "ward"), ("clinic", "station")):
            here = sink(*profiles)
            known = ledger.receipts("production")
            gone = frozenset(receipt.profile for receipt in known) - set(profiles)
            intents = [Intent(profile, "d", 1000, 1600) for profile in profiles]
            numbers = ledger.intend("production", intents)
            minted = [
                Minted(number, profile, "d", 1600, 1001)
                for number, profile in zip(numbers, profiles, strict=True)
            ]
            ledger.record("production", minted)
            change = Change(delivering(*profiles).deliveries, gone, known)
            with here.locked(), here.stage(change) as staged:
                staged.read_back()
                ledger.claim("production", staged.receipts)
                staged.switch()
            ledger.delivered("production", staged.receipts)
            ledger.removed("production", [held for held in known if held.profile in gone])
            ledger.forget("production", gone)
        sessions = ledger.sessions("production")
    assert env.read_text() == CLINIC + WARD.replace("WARD", "STATION").replace("ward", "station")
    assert {name: session.sinks for name, session in sessions.items()} == {
        "clinic": {("dotenv", ".env.production")},
        "station": {("dotenv", ".env.production")},
    }
    assert b"ek_" not in (project / ".voxmint/ledger.db").read_bytes()


# ── what it holds ────────────────────────────────────────────────────────────────────────────────


def test_a_profile_is_held_when_its_names_are_there(sink: Maker, env: Path) -> None:
    assert sink().holds() == frozenset()
    env.write_text(CLINIC + "WARD_CLIENT_SECRET=x\n# WARD_EXPIRES_AT=1\n")
    assert sink().holds() == {"clinic"}
    sink().write(delivering("ward"))
    assert sink().holds() == {"clinic", "ward"}
    assert sink(path="none/.env.x").holds() == frozenset()


def test_a_session_needs_no_id_to_be_held(sink: Maker) -> None:
    sink().write(Change((Delivery("clinic", Secret("ek_2"), 1700),)))
    assert sink().holds() == {"clinic"}


def test_a_link_is_not_looked_through(sink: Maker, env: Path) -> None:
    env.with_name(".env.other").write_text(CLINIC)
    env.symlink_to(".env.other")
    with pytest.raises(ProblemsError) as error:
        sink().holds()
    assert problem_of(error).code == "file-is-symlink"


# ── what is refused before the first mint ────────────────────────────────────────────────────────


def test_a_sound_sink_passes(sink: Maker, env: Path) -> None:
    assert found(sink()) == []
    env.write_text("X=1\n")
    assert found(sink()) == []
    assert beside(env) == [env.name]


def test_a_file_that_git_tracks_is_refused(sink: Maker, env: Path) -> None:
    env.write_text("X=1\n")
    git(env.parent, "add", "--force", env.name)
    problem = only(sink())
    assert (problem.code, problem.at) == ("sink-file-tracked", AT)
    assert problem.hint == (
        "run `git rm --cached .env.production` and ignore it, or write `allow_tracked: true` for "
        "this sink"
    )
    assert found(sink(allow_unignored=True)) == ["sink-file-tracked"]
    assert found(sink(allow_tracked=True)) == []


def test_a_file_that_git_does_not_ignore_is_refused(sink: Maker) -> None:
    problem = only(sink(path="production.env"))
    assert (problem.code, problem.at) == ("sink-file-unignored", AT)
    assert problem.message == (
        "git does not ignore `production.env`: the next `git add` would take its tokens along"
    )
    assert found(sink(path="production.env", allow_tracked=True)) == ["sink-file-unignored"]
    assert found(sink(path="production.env", allow_unignored=True)) == []


def test_git_is_asked_where_the_file_really_is(sink: Maker, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    repository_in(other, {"README.md": "x\n"})
    assert found(sink(path="../other/.env.x", allowed=str(other))) == ["sink-file-unignored"]


def test_without_git_it_is_said_once(sink: Maker, tmp_path: Path) -> None:
    sinks = [sink(variables={"PATH": str(tmp_path)}, path=f".env.{name}") for name in "ab"]
    problems = ProblemsError(preflight(sinks)).problems
    assert [(problem.severity, problem.message) for problem in problems] == [
        (
            "note",
            "git is not on PATH, so nobody checked that git leaves the files with tokens alone",
        )
    ]


def test_outside_any_repository_it_is_said(sink: Maker, tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    problem = only(sink(path="../run/.env", allowed=str(tmp_path / "run")))
    assert (problem.code, problem.severity) == ("sink-unguarded", "note")


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("../.env.x", "path-outside"),
        ("/tmp/.env.x", "path-outside"),
        (".git/config", "path-reserved"),
        (".git/.env.x", "path-reserved"),
        (".GIT/.env.x", "path-reserved"),
        (".voxmint/.env.x", "path-reserved"),
        ("none/.env.x", "folder-missing"),
        (".git", "path-reserved"),
        (".", "path-outside"),
    ],
)
def test_paths_that_are_refused(sink: Maker, path: str, code: str) -> None:
    problem = only(sink(path=path))
    assert (problem.code, problem.at) == (code, AT)


def test_what_stands_in_the_way_is_refused(sink: Maker, env: Path, project: Path) -> None:
    env.symlink_to("elsewhere")
    assert found(sink()) == ["file-is-symlink"]
    (project / ".env.folder").mkdir()
    assert found(sink(path=".env.folder")) == ["file-not-regular"]
    os.mkfifo(project / ".env.pipe")
    assert found(sink(path=".env.pipe")) == ["file-not-regular"]


def test_a_file_whose_end_is_inside_a_quote_is_refused(sink: Maker, env: Path) -> None:
    env.write_text("X=1\nY='secret\n")
    problem = only(sink())
    assert problem.code == "sink-file-unparsable"
    assert problem.message == (
        "`.env.production` cannot be added to: line 2 opens a quote that is never closed"
    )


def test_all_names_are_checked_at_once(sink: Maker, env: Path) -> None:
    env.write_text("Y='\n")
    profiles = ("3d", "a-b", "a/b", "ld/x", "python", "é", "ward")
    problems = list(sink(*profiles).preflight())
    assert [(problem.code, problem.facts.get("name")) for problem in problems] == [
        *(("sink-name-invalid", f"3D_{end}") for end in ENDS),
        *(("sink-name-refused", f"LD_X_{end}") for end in ENDS),
        *(("sink-name-refused", f"PYTHON_{end}") for end in ENDS),
        *(("sink-name-invalid", f"__{end}") for end in ENDS),
        ("sink-name-clash", "A_B_CLIENT_SECRET"),
        ("sink-file-unparsable", None),
    ]
    clash = problems[-2]
    assert clash.message == (
        "`a-b` and `a/b` would both write A_B_CLIENT_SECRET to `.env.production`"
    )
    assert clash.hint == (
        "name one of them below this sink's `names:`, as with "
        "`names: {profiles: {a/b: SOME_OTHER_NAME}}`"
    )
    assert clash.affects == (("a-b", "production"), ("a/b", "production"))


ENDS = ("CLIENT_SECRET", "EXPIRES_AT", "SESSION_ID")


def test_names_are_the_way_out(sink: Maker) -> None:
    names = {"profiles": {"a/b": "OTHER", "3d": "THREE_D", "ld/x": "X"}}
    assert found(sink("3d", "a-b", "a/b", "ld/x", names=names)) == []
    templates = {end.lower(): "X_{profile}_" + end for end in ENDS}
    assert found(sink("3d", "ld/x", "é", names=templates)) == []


@pytest.mark.parametrize("name", ["PATH", "{profile}", "ek_{profile}", "{profile}_{x}", ""])
def test_a_template_that_gives_no_good_name_is_refused(sink: Maker, name: str) -> None:
    problems = found(sink("ld_preload", names={"client_secret": name}))
    assert "sink-name-refused" in problems or "sink-name-invalid" in problems


def test_a_template_without_the_profile_clashes(sink: Maker) -> None:
    assert found(sink(names={"client_secret": "TOKEN"})) == ["sink-name-clash"]
    assert found(sink("clinic", names={"client_secret": "TOKEN"})) == []


def test_two_sinks_for_one_file_are_refused(sink: Maker) -> None:
    sinks = [sink(), sink(path="./.env.production"), sink(path=".env.other")]
    assert [problem.code for problem in preflight(sinks)] == ["sink-duplicate"]


@pytest.mark.parametrize("group", ["no-such-group", "1"])
def test_a_group_that_is_not_there_is_refused(sink: Maker, group: str) -> None:
    problem = only(sink(group=group))
    assert problem.message == (
        f"`.env.production` cannot be given to the group `{group}`: this machine has no such group"
    )


def test_a_folder_that_this_user_may_not_write_to_is_refused() -> None:
    script = """
import sys
from pathlib import Path
from voxmint.engine.sinks.contract import Surroundings
project = Path(sys.argv[1])
around = Surroundings(project, "production", ("clinic",), state.StateFolder(project / "s", project),
    locks.Locks(project / "l", "voxmint mint", 0), lambda folder: git.Absence.NO_REPOSITORY)
for settings in ({}, {"group": 0}):
    options = dotenv.PlainOptions(path=".env", **settings)
    print([problem.code for problem in dotenv.DotenvSink(options, around).preflight()])
"""
    with ordinary_folder() as folder:
        (folder / ".env").touch()
        folder.chmod(0o555)
        assert run(script, folder, ordinary=True).splitlines() == [
            "['folder-unwritable', 'sink-unguarded']",
            "['sink-group-unknown', 'folder-unwritable', 'sink-unguarded']",
        ]


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"mode": 640}, 'write it in quotes, as in "0640": without them YAML reads a number'),
        ({"mode": 0o640}, 'write it in quotes, as in "0640": without them YAML reads a number'),
        ({"mode": "0646"}, "others at most to read it"),
        ({"mode": "0700"}, "nobody to execute it"),
        ({"mode": "0400"}, "its owner must be able to read and write it"),
        ({"mode": "rw-r-----"}, "write the mode in octal, as in"),
        ({"mode": "4600"}, "write the mode in octal, as in"),
        ({"mode": "o600"}, "write the mode in octal, as in"),
        ({"mode": "064"}, "its owner must be able to read and write it"),
        ({"pth": ".env"}, "Extra inputs are not permitted"),
        ({"names": {"token": "X"}}, "Extra inputs are not permitted"),
        ({"path": ""}, "at least 1 character"),
        ({"path": 1}, "valid string"),
        ({"allow_tracked": "yes"}, "valid boolean"),
    ],
)
def test_settings_that_are_refused(settings: Mapping[str, object], said: str) -> None:
    with pytest.raises(ValidationError) as error:
        DotenvOptions.model_validate({"path": ".env", **settings})
    [found] = error.value.errors()
    assert said in found["msg"]


def test_settings_describe_themselves_to_editors() -> None:
    schema = DotenvOptions.model_json_schema()
    assert schema["properties"]["mode"]["type"] == "string"
    assert schema["additionalProperties"] is False


def test_an_editor_takes_the_very_modes_that_can_be_written() -> None:
    pattern = DotenvOptions.model_json_schema()["properties"]["mode"]["pattern"]
    modes = [f"{begin}{bits:03o}" for bits in range(0o1000) for begin in ("", "0", "0o", "o", "00")]
    taken = [mode for mode in modes if re.search(pattern, mode)]
    refused = [mode for mode in modes if mode not in taken]
    assert {DotenvOptions(path=".env", mode=mode).bits & 0o600 for mode in taken} == {0o600}
    for mode in refused:
        with pytest.raises(ValidationError):
            DotenvOptions(path=".env", mode=mode)


# ── secrets, other processes, failures ───────────────────────────────────────────────────────────


def test_no_token_is_shown(sink: Maker) -> None:
    change = delivering("clinic")
    with sink().stage(change) as staged:
        for thing in (change, staged, staged.receipts, vars(staged)):
            assert "ek_clinic" not in repr(thing)
        staged.switch()
    with sink().stage(delivering("ward")) as staged:
        assert "ek_clinic" not in repr(vars(staged))


WRITE = """
import sys
from pathlib import Path
from voxmint.engine.sinks.contract import Change, Delivery, Surroundings
from voxmint.secret import Secret
project, name = Path(sys.argv[1]), sys.argv[2]
around = Surroundings(project, "production", (name,), state.StateFolder(project / "s", project),
    locks.Locks(project / "l", "voxmint mint", 60), lambda folder: git.Absence.NO_REPOSITORY)
sink = dotenv.DotenvSink(dotenv.PlainOptions(path=".env"), around)
number = 0
while number < int(sys.argv[3]):
    number += 1
    sink.write(Change((Delivery(name, Secret(f"ek_{name}_{number}" + "x" * 9000), number),)))
    if number == 1:
        print("ready", flush=True)
"""


def test_many_writers_of_one_file_lose_nothing(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("# foreign\nX=1\n")
    processes = [started(WRITE, tmp_path.resolve(), f"p{number}", 9) for number in range(4)]
    assert [process.communicate()[1] for process in processes] == [""] * 4
    head, foreign, *lines = (tmp_path / ".env").read_text().splitlines()
    assert (head, foreign) == ("# foreign", "X=1")
    assert sorted(lines) == sorted(
        line
        for number in range(4)
        for line in (
            f"P{number}_CLIENT_SECRET=ek_p{number}_9{'x' * 9000}",
            f"P{number}_EXPIRES_AT=9",
        )
    )


def test_a_writer_killed_at_any_moment_leaves_whole_lines(tmp_path: Path) -> None:
    env = tmp_path / ".env"
    env.write_text("# foreign\n")
    for _ in range(2):
        process = started(WRITE, tmp_path.resolve(), "p", 10**9)
        assert process.stdout
        assert process.stdout.readline() == "ready\n"
        time.sleep(0.05)
        process.send_signal(signal.SIGKILL)
        process.communicate()
        foreign, token, expiry = env.read_text().splitlines()
        number = expiry.removeprefix("P_EXPIRES_AT=")
        assert (foreign, token) == ("# foreign", f"P_CLIENT_SECRET=ek_p_{number}{'x' * 9000}")
    run(WRITE, tmp_path.resolve(), "p", 1)
    assert beside(env) == [".env"]


def test_a_full_disk_leaves_the_file_as_it_was(tmp_path: Path) -> None:
    env = tmp_path / ".env"
    env.write_text("# foreign\n")
    limited = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (500, 500))\n"
    process = started(limited + WRITE, tmp_path.resolve(), "p", 1)
    assert "`.env` cannot be written: file too large" in process.communicate()[1]
    assert (env.read_text(), beside(env)) == ("# foreign\n", [".env"])


def test_the_file_is_read_as_it_was_meant(sink: Maker, env: Path) -> None:
    env.write_text("X='a b'\n")
    sink().write(delivering("clinic"))
    shell = f'set -a; . {env}; printf "%s|%s" "$X" "$CLINIC_CLIENT_SECRET"'
    done = subprocess.run(["bash", "-c", shell], check=True, capture_output=True, text=True)
    assert (done.stdout, done.stderr) == ("a b|ek_clinic", "")
