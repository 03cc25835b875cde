import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from syrupy.assertion import SnapshotAssertion

from tests.engine.emulator.talking import ask
from tests.engine.mints import KEY, NOW, Desk, desk, only, outcomes
from tests.engine.worlds import git, problem_of, started
from voxmint.engine.edge import Operator
from voxmint.engine.emulator import Emulator, Options
from voxmint.engine.events import (
    Event,
    LockAwaited,
    Noted,
    SessionMinted,
    Started,
    TokenCame,
    Written,
)
from voxmint.engine.locks import Locks
from voxmint.engine.mint import mint, mint_profiles
from voxmint.problems import InterruptedRunError, ProblemsError, UsageError


def at_emulator(made: Desk, emulator: Emulator, **provider: str) -> Desk:
    """The project minting at an emulator that was started before."""
    settings = {"kind": "emulator", "url": f"'{emulator.url}'"} | provider
    said = ", ".join(f"{name}: {value}" for name, value in settings.items())
    text = (made.root / "environments/live.yaml").read_text()
    made.write("environments/live.yaml", text.replace("{kind: emulator}", f"{{{said}}}"))
    return made


def states(folder: Path) -> dict[str, tuple[int, int, bytes]]:
    """What would show that a file was touched."""
    return {
        path.name: (path.stat().st_mtime_ns, path.stat().st_ino, path.read_bytes())
        for path in folder.iterdir()
        if path.is_file()
    }


def plain(report: Any, emulator: Emulator) -> str:
    """A report as programs read it, without what differs from run to run."""
    shape = report.to_json() | {"seconds": 0}
    return json.dumps(shape, indent=2).replace(emulator.url, "http://127.0.0.1:PORT/v1")


def fixed_emulator() -> Emulator:
    numbers = iter(range(1, 1000))
    return Emulator(Options(clock=lambda: NOW, ids=lambda: f"{next(numbers):024x}"))


# ── the main job ─────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("api", ["transcription_sessions", "client_secrets"])
def test_the_application_opens_its_sessions_with_the_tokens(tmp_path: Path, api: str) -> None:
    with fixed_emulator() as emulator:
        made = at_emulator(desk(tmp_path, ["clinic", "call-center/german"]), emulator, api=api)
        report = made.mint()
        assert outcomes(report) == {"clinic": "minted", "call-center/german": "minted"}
        assert report.exit_code == 0
        variables = made.variables
        for name in ("CLINIC", "CALL_CENTER_GERMAN"):
            token = variables[f"{name}_CLIENT_SECRET"]
            answer = ask(emulator, "POST", "/emulator/sessions", key=token)
            assert answer.status == 200
            assert answer.content["id"] == variables[f"{name}_SESSION_ID"]
            assert answer.content["token_expires_at"] == int(variables[f"{name}_EXPIRES_AT"])
            assert answer.content["api"] == api


def test_the_report_as_programs_read_it(tmp_path: Path, snapshot: SnapshotAssertion) -> None:
    with fixed_emulator() as emulator:
        made = at_emulator(
            desk(tmp_path, ["clinic", "ward"], more="mint: {concurrency: 1}\n"), emulator
        )
        made.mint("clinic")
        assert plain(made.mint(), emulator) == snapshot


def test_an_emulator_is_started_where_none_is_named(tmp_path: Path) -> None:
    made = desk(tmp_path)
    result = only(made.mint())
    assert (result.outcome, result.attempts) == ("minted", 1)
    assert result.expires_at == NOW + 600
    assert made.variables["CLINIC_SESSION_ID"] == result.session_id


def test_the_ledger_knows_all_but_the_token(tmp_path: Path) -> None:
    made = desk(tmp_path)
    git(made.root, "add", "--all")
    git(made.root, "commit", "--quiet", "--message", "first")
    result = only(made.mint())
    record = made.sessions["clinic"]
    assert (record.commit, record.dirty) == (git(made.root, "rev-parse", "HEAD"), False)
    assert (record.session_id, record.expires_at) == (result.session_id, result.expires_at)
    assert (record.request_id, record.minted_at) == (result.request_id, NOW)
    assert record.sinks == {("dotenv", ".env.live")}
    token = made.variables["CLINIC_CLIENT_SECRET"]
    assert token.encode() not in (made.root / ".voxmint/ledger.db").read_bytes()
    assert made.open_intents == []
    made.write("profiles/clinic.yaml", "extends: base\nexpires_after: {seconds: 300}\n")
    made.mint()
    assert made.sessions["clinic"].dirty is True


def test_a_second_run_keeps_everything_sends_nothing_and_touches_no_file(tmp_path: Path) -> None:
    with fixed_emulator() as emulator:
        made = at_emulator(desk(tmp_path, ["clinic", "ward"]), emulator)
        made.mint()
        before, ledger = states(made.root), states(made.root / ".voxmint")
        report = made.mint()
        assert outcomes(report) == {"clinic": "kept", "ward": "kept"}
        assert (report.exit_code, report.requests) == (0, 0)
        assert (states(made.root), states(made.root / ".voxmint")) == (before, ledger)
        [tally] = ask(emulator, "GET", "/emulator").content["requests"].values()
        assert tally == {"200": 2}


def test_a_run_that_finds_no_ledger_mints_again_and_says_so(tmp_path: Path) -> None:
    made = desk(tmp_path)
    made.mint()
    shutil.rmtree(made.root / ".voxmint")
    assert outcomes(made.mint()) == {"clinic": "minted"}
    [noted] = made.told(Noted)
    assert noted.problem.code == "ledger-fresh"
    assert noted.problem.message.startswith("`.env.live` holds a session that no ledger here knows")


def test_force_renews_what_could_be_kept(tmp_path: Path) -> None:
    made = desk(tmp_path)
    first = only(made.mint())
    second = only(made.mint(force=True))
    assert (second.outcome, second.reason) == ("minted", "asked for with --force")
    assert made.variables["CLINIC_SESSION_ID"] == second.session_id != first.session_id


def test_what_stands_beside_the_tokens_stays(tmp_path: Path) -> None:
    made = desk(tmp_path)
    made.env_file.write_bytes(b"# mine\nOTHER='a b'\r\n")
    made.mint()
    assert made.env_file.read_bytes().startswith(b"# mine\nOTHER='a b'\r\n")


def test_several_sinks_get_the_same_tokens(tmp_path: Path) -> None:
    sinks = "sinks: [{kind: dotenv, path: .env.live}, {kind: dotenv, path: .env.more}]\n"
    made = desk(tmp_path, more=sinks)
    result = only(made.mint())
    assert [(sink.target, sink.outcome) for sink in result.sinks] == [
        (".env.live", "written"),
        (".env.more", "written"),
    ]
    assert (made.root / ".env.more").read_bytes() == made.env_file.read_bytes()


def test_what_a_deleted_profile_left_is_pruned(tmp_path: Path) -> None:
    made = desk(tmp_path, ["clinic", "ward"])
    made.mint()
    (made.root / "profiles/ward.yaml").unlink()
    report = made.mint("clinic")
    assert (report.pruned, outcomes(report)) == (("ward",), {"clinic": "kept"})
    assert {name.partition("_")[0] for name in made.variables} == {"CLINIC"}
    assert made.mint().pruned == ()


def test_what_may_be_in_a_folder_that_cannot_be_looked_into_stays(tmp_path: Path) -> None:
    made = desk(tmp_path, ["clinic", "team/ward"])
    made.mint()
    before = made.variables
    (made.root / "profiles/team").rename(tmp_path / "team")
    (made.root / "profiles/team").symlink_to(tmp_path / "team")
    report = made.mint("clinic")
    assert (report.pruned, outcomes(report)) == ((), {"clinic": "kept"})
    assert made.variables == before


def test_what_is_in_a_file_that_is_not_read_stays(tmp_path: Path) -> None:
    made = desk(tmp_path, ["clinic", "ward"])
    made.mint()
    before = made.variables
    (made.root / "profiles/ward.yaml").rename(made.root / "profiles/ward.YAML")
    report = made.mint("clinic")
    assert (report.pruned, outcomes(report)) == ((), {"clinic": "kept"})
    assert made.variables == before


def test_a_renamed_profile_takes_its_old_name_along(tmp_path: Path) -> None:
    made = desk(tmp_path)
    made.mint()
    (made.root / "profiles/clinic.yaml").rename(made.root / "profiles/hospital.yaml")
    report = made.mint()
    assert (report.pruned, outcomes(report)) == (("clinic",), {"hospital": "minted"})
    assert {name.partition("_")[0] for name in made.variables} == {"HOSPITAL"}


def test_the_library_needs_a_project_and_an_environment(tmp_path: Path) -> None:
    made = desk(tmp_path, ["clinic", "ward"])
    report = mint_profiles(made.project, "live", ["w*"], environ=made.edge().environ)
    assert outcomes(report) == {"ward": "minted"}


def test_what_happens_is_told_as_it_happens(tmp_path: Path) -> None:
    made = desk(tmp_path, ["clinic", "ward"])
    made.mint("clinic")
    made.mint()
    kinds = [type(event) for event in made.events]
    # A log is told to hide each token before anything else can have it. One at a time: whether
    # several are written together is the machine's affair.
    assert kinds == [Started, TokenCame, SessionMinted, Written] * 2
    planned = [[entry.profile for entry in one.plan.to_mint] for one in made.told(Started)]
    assert planned == [["clinic"], ["ward"]]
    assert made.told(Written) == [Written(".env.live", 1)] * 2


# ── nothing is minted that cannot be kept ────────────────────────────────────────────────────────


def refusal(made: Desk) -> str:
    with pytest.raises(ProblemsError) as error:
        made.mint()
    assert made.told(Started) == []
    found = problem_of(error)
    at = found.at or ""
    return f"{found.code} {at}".strip()


def test_a_mistake_in_a_profile_stops_the_run(tmp_path: Path) -> None:
    made = desk(tmp_path, ["clinic", "ward"])
    made.write("profiles/ward.yaml", "extends: base\nsession: {turn_detektion: null}\n")
    assert refusal(made) == "unknown-key profiles/ward.yaml:2:11"
    assert outcomes(made.mint("clinic")) == {"clinic": "minted"}


@pytest.mark.parametrize(
    ("sinks", "found"),
    [
        ("", "sinks-missing environments/live.yaml:1:1"),
        ("sinks: []\n", "sinks-missing environments/live.yaml:1:1"),
        ("sinks: [text]\n", "sink-malformed environments/live.yaml:2:9"),
        ("sinks: [{path: .env.live}]\n", "sink-malformed environments/live.yaml:2:9"),
        ("sinks: [{kind: 7}]\n", "sink-malformed environments/live.yaml:2:16"),
        ("sinks: [{kind: dotenw, path: a}]\n", "sink-unknown environments/live.yaml:2:16"),
        ("sinks: [{kind: dotenv}]\n", "missing-key environments/live.yaml:2:9"),
        (
            "sinks: [{kind: dotenv, path: .env.a, pfad: b}]\n",
            "unknown-key environments/live.yaml:2:38",
        ),
        (
            "sinks: [{kind: dotenv, path: tokens}]\n",
            "sink-file-unignored environments/live.yaml:2:16",
        ),
        (
            "sinks: [{kind: dotenv, path: ../tokens}]\n",
            "path-outside environments/live.yaml:2:16",
        ),
        (
            "sinks: [{kind: dotenv, path: .env.a}, {kind: dotenv, path: ./.env.a}]\n",
            "sink-duplicate environments/live.yaml:2:46",
        ),
    ],
)
def test_a_sink_that_cannot_be_written_stops_the_run(
    tmp_path: Path, sinks: str, found: str
) -> None:
    made = desk(tmp_path)
    made.write("environments/live.yaml", "provider: {kind: emulator}\n" + sinks)
    assert refusal(made) == found


def test_two_profiles_of_one_name_stop_the_run_also_where_one_is_asked_for(tmp_path: Path) -> None:
    made = desk(tmp_path, ["ward-a", "ward/a"])
    for profiles in ((), ("ward-a",)):
        with pytest.raises(ProblemsError) as error:
            made.mint(*profiles)
        assert {problem.code for problem in error.value.problems} == {"sink-name-clash"}
    assert not made.env_file.exists()


def test_without_a_key_nothing_is_sent(tmp_path: Path) -> None:
    made = desk(tmp_path, provider="{kind: openai}")
    assert refusal(made).startswith("key-missing environments/live.yaml:1:")


def test_with_everything_kept_no_key_is_read(tmp_path: Path) -> None:
    with fixed_emulator() as emulator:
        made = desk(
            tmp_path, provider=f"{{kind: compatible, url: '{emulator.url}', key: {{env: K}}}}"
        )
        made.environ |= {"K": KEY, "VOXMINT_ALLOW_HOSTS": "127.0.0.1"}
        assert outcomes(made.mint()) == {"clinic": "minted"}
        del made.environ["K"]
        assert outcomes(made.mint()) == {"clinic": "kept"}


def test_an_unknown_environment_or_profile_gets_a_near_miss(tmp_path: Path) -> None:
    made = desk(tmp_path)
    with pytest.raises(UsageError) as error:
        made.mint("klinic")
    assert error.value.hint == "did you mean `clinic`?"
    with pytest.raises(UsageError) as error:
        mint_profiles(made.project, "life")
    assert error.value.hint == "did you mean `live`?"


def test_what_is_worth_knowing_is_noted(tmp_path: Path) -> None:
    made = desk(tmp_path)
    made.write("profiles/clinic.yaml", "session: {input_audio_transcription: {model: new}}\n")
    made.mint()
    assert [event.problem.code for event in made.told(Noted)] == ["unknown-model"]


# ── one run at a time ────────────────────────────────────────────────────────────────────────────


def test_the_second_of_two_runs_finds_everything_kept(tmp_path: Path) -> None:
    with Emulator(Options(latency_ms=300, clock=lambda: NOW)) as emulator:
        made = at_emulator(desk(tmp_path, ["clinic", "ward"]), emulator)
        script = """
import sys
from pathlib import Path
from tests.engine.mints import Desk, outcomes
print(*set(outcomes(Desk(Path(sys.argv[1])).mint()).values()))
"""
        runs = [started(script, made.root) for _ in range(2)]
        said = sorted(process.communicate(timeout=120)[0].strip() for process in runs)
        assert said == ["kept", "minted"]
        [tally] = ask(emulator, "GET", "/emulator").content["requests"].values()
        assert tally == {"200": 2}


def test_a_run_that_waits_in_vain_says_for_whom(tmp_path: Path) -> None:
    made = desk(tmp_path)
    made.mint()
    locks = Locks(made.root / ".voxmint/locks", "voxmint mint -e live, elsewhere", 0)
    order = made.project.order([], ["live"])
    with locks.held("the environment live"), pytest.raises(ProblemsError) as error:
        mint(made.project, order, Operator(lock_timeout=0.05), made.edge())
    assert problem_of(error).code == "lock-timeout"
    assert "voxmint mint -e live, elsewhere" in problem_of(error).message
    [waited] = {event.what for event in made.told(LockAwaited)}
    assert waited == "the environment live"


def test_a_run_that_waits_can_be_stopped(tmp_path: Path) -> None:
    made = desk(tmp_path)
    made.mint()
    locks = Locks(made.root / ".voxmint/locks", "voxmint mint -e live, elsewhere", 0)

    def on_event(event: Event) -> None:
        if isinstance(event, LockAwaited):
            made.stop.ask()

    order = made.project.order([], ["live"])
    edge = replace(made.edge(), on_event=on_event)
    with locks.held("the environment live"), pytest.raises(InterruptedRunError):
        mint(made.project, order, Operator(), edge)


@pytest.mark.parametrize(
    "spoilt", ["CLINIC_CLIENT_SECRET=", "CLINIC_CLIENT_SECRET=a\nCLINIC_CLIENT_SECRET=b"]
)
def test_a_token_that_is_gone_from_its_line_is_minted_again(tmp_path: Path, spoilt: str) -> None:
    made = desk(tmp_path)
    made.mint()
    lines = made.env_file.read_text().splitlines()
    made.env_file.write_text("\n".join([spoilt, *lines[1:]]) + "\n")
    assert only(made.mint()).outcome == "minted"
    assert made.variables["CLINIC_CLIENT_SECRET"].startswith("ek_")


def test_a_plan_says_what_a_mint_would_refuse(tmp_path: Path) -> None:
    made = desk(tmp_path, ["a-b", "a_b"])
    with pytest.raises(ProblemsError) as error:
        made.plan()
    assert {problem.code for problem in error.value.problems} == {"sink-name-clash"}
