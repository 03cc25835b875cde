"""What is in place, by the ledger and the names in the sinks."""

from pathlib import Path

import pytest

from tests.engine.mints import NOW, Desk, against, desk
from tests.engine.scripted import Scripted, each, minted
from voxmint.engine.edge import Operator
from voxmint.engine.ledger.ledger import Intent, Ledger
from voxmint.engine.status import Session, Status, status_of
from voxmint.problems import ProblemsError, UsageError


@pytest.fixture
def made(tmp_path: Path) -> Desk:
    return desk(tmp_path, ["clinic", "ward/a"])


def looked(made: Desk, *environments: str, **operator: float) -> Status:
    order = made.project.order((), environments)
    return status_of(made.project, order, Operator(**operator), made.edge())  # type: ignore[arg-type]  # of one kind


def sessions(made: Desk, *environments: str, **operator: float) -> dict[str, Session]:
    found = looked(made, *environments, **operator)
    return {one.profile: one for each in found.environments for one in each.sessions}


def states(made: Desk, *environments: str, **operator: float) -> dict[str, tuple[str, str]]:
    found = sessions(made, *environments, **operator)
    return {name: (str(one.state), one.reason) for name, one in found.items()}


def state(made: Desk, **operator: float) -> tuple[str, str]:
    [found] = set(states(made, **operator).values())
    return found


def files(made: Desk) -> dict[Path, int]:
    return {path: path.stat().st_mtime_ns for path in made.root.rglob("*")}


def test_what_was_never_minted_is_missing_and_looking_makes_nothing(made: Desk) -> None:
    before = files(made)
    assert state(made) == ("missing", "never minted")
    assert looked(made).is_without_ledger
    assert not looked(made).is_live
    assert files(made) == before


def test_what_is_there_is_live_and_nothing_is_touched(made: Desk) -> None:
    made.mint()
    made.now += 60
    before = files(made)
    assert state(made) == ("live", "expires in 9 min")
    found = looked(made)
    assert (found.is_live, found.is_without_ledger, found.at) == (True, False, NOW + 60)
    assert files(made) == before


@pytest.mark.parametrize(
    ("passed", "found"),
    [
        (480, ("expiring", "expires in 2 min, margin 2 min")),
        (600, ("expired", "expired 0 s ago")),
        (4200, ("expired", "expired 1 h ago")),
    ],
)
def test_time_passes(made: Desk, passed: float, found: tuple[str, str]) -> None:
    made.mint()
    made.now += passed
    assert state(made) == found
    assert not looked(made).is_live


def test_what_does_not_outlive_a_deploy_is_expiring(made: Desk) -> None:
    made.mint()
    assert state(made, min_remaining=300)[0] == "live"
    assert state(made, min_remaining=900) == (
        "expiring",
        "expires in 10 min, and must outlive 15 min",
    )


def test_what_was_minted_from_another_profile_is_stale(made: Desk) -> None:
    made.mint()
    made.write("profiles/clinic.yaml", "extends: base\nexpires_after: {seconds: 300}\n")
    found = sessions(made)
    assert (str(found["clinic"].state), found["clinic"].reason) == (
        "stale",
        "the profile changed: expires_after, profiles/clinic.yaml:2",
    )
    assert [change.path for change in found["clinic"].changes] == ["expires_after"]
    assert str(found["ward/a"].state) == "live"


def test_what_was_minted_elsewhere_is_stale(made: Desk) -> None:
    made.mint()
    text = (made.root / "environments/live.yaml").read_text()
    other = text.replace("{kind: emulator}", "{kind: emulator, project: p}")
    made.write("environments/live.yaml", other)
    assert state(made) == ("stale", "minted elsewhere: provider.project, environments/live.yaml:1")


def test_each_sink_is_told_by_itself(made: Desk) -> None:
    made.mint()
    text = (made.root / "environments/live.yaml").read_text()
    more = "sinks: [{kind: dotenv, path: .env.live}, {kind: dotenv, path: .env.more}]\n"
    made.write("environments/live.yaml", text.partition("sinks:")[0] + more)
    made.mint()
    lines = (made.root / ".env.more").read_text().splitlines(keepends=True)
    (made.root / ".env.more").write_text("".join(one for one in lines if "CLINIC" not in one))
    found = sessions(made)
    assert [(one.target, str(one.held)) for one in found["clinic"].sinks] == [
        (".env.live", "held"),
        (".env.more", "lacking"),
    ]
    assert str(found["clinic"].state) == "missing"
    assert [str(one.held) for one in found["ward/a"].sinks] == ["held", "held"]


def test_what_no_ledger_knows_of_is_unknown(made: Desk) -> None:
    made.mint("clinic")
    (made.root / ".voxmint/ledger.db").unlink()
    assert states(made) == {
        "clinic": ("unknown", "`.env.live` has it, and no ledger here knows of it"),
        "ward/a": ("missing", "never minted"),
    }


def test_a_profile_with_errors_is_unknown_and_the_others_are_told(made: Desk) -> None:
    made.mint()
    made.write("profiles/clinic.yaml", "extends: [\n")
    found = states(made)
    assert found["clinic"] == ("unknown", "it has errors: `voxmint validate` says which")
    assert found["ward/a"][0] == "live"
    assert sessions(made)["clinic"].record is not None


def test_what_may_be_in_a_folder_that_cannot_be_looked_into_is_unknown(made: Desk) -> None:
    made.mint()
    (made.root / "profiles/ward").rename(made.root / "ward")
    (made.root / "profiles/ward").symlink_to("nowhere")
    found = states(made)
    assert found["ward/a"] == ("unknown", "it has errors: `voxmint validate` says which")
    assert found["clinic"][0] == "live"


def test_a_profile_that_cannot_be_read_is_told_where_it_is_chosen(made: Desk) -> None:
    text = (made.root / "environments/live.yaml").read_text()
    made.write("environments/other.yaml", f"{text.replace('live', 'other')}profiles: [clinic]\n")
    made.write("profiles/ward/a.yaml", "extends: [\n")
    assert set(states(made, "live")) == {"clinic", "ward/a"}
    assert set(states(made, "other")) == {"clinic"}


@pytest.mark.parametrize(
    "text",
    [
        "provider: {kind: emulator, url: 5}\n",
        "provider: [\n",
        "sinks: [{kind: dotenv, path: .env.live}]\n",
        "provider: {kind: emulator}\nsinks: [{kind: dotenv, pth: .env.live}]\n",
        "provider: {kind: compatible, url: 'https://a.example./v1'}\n",
    ],
)
def test_an_environment_with_errors_is_told_by_the_ledger_alone(made: Desk, text: str) -> None:
    made.mint()
    made.write("environments/other.yaml", "provider: {kind: emulator}\n")
    made.write("environments/live.yaml", text)
    found = states(made, "live")
    why = "the environment has errors: `voxmint validate` says which"
    assert found == {"clinic": ("unknown", why), "ward/a": ("unknown", why)}
    assert not looked(made).is_live
    (made.root / ".voxmint/ledger.db").unlink()
    [environment] = looked(made, "live").environments
    assert (environment.reason, environment.is_live) == (why, False)


def test_what_left_the_environment_is_told_with_its_sinks(made: Desk) -> None:
    made.mint()
    (made.root / "profiles/clinic.yaml").unlink()
    found = sessions(made)["clinic"]
    assert (str(found.state), found.reason) == (
        "unknown",
        "no longer in live; the next mint takes it out of its sinks",
    )
    assert [(one.target, str(one.held)) for one in found.sinks] == [(".env.live", "unknown")]


def test_an_environment_that_is_gone_is_not_forgotten(made: Desk) -> None:
    made.mint()
    made.write("environments/other.yaml", "provider: {kind: emulator}\n")
    (made.root / "environments/live.yaml").unlink()
    found = looked(made)
    assert [one.environment for one in found.environments] == ["other", "live"]
    assert {one.reason for one in found.environments[1].sessions} == {
        "the project no longer has this environment"
    }
    with pytest.raises(UsageError):
        looked(made, "live")


def test_abstract_environments_are_left_out(made: Desk) -> None:
    made.write("environments/base.yaml", "abstract: true\n")
    assert [one.environment for one in looked(made).environments] == ["live"]


def test_a_sink_that_cannot_be_read_is_unknown_with_its_reason(made: Desk) -> None:
    made.mint()
    made.env_file.unlink()
    made.env_file.mkdir()
    found = looked(made)
    assert state(made) == ("unknown", "`.env.live` cannot be asked")
    [environment] = found.environments
    assert [one.code for one in environment.problems] == ["file-not-regular"]
    assert not found.is_live


def test_a_token_of_a_moment_to_come_is_unknown(made: Desk) -> None:
    made.mint()
    made.now -= 3600
    assert state(made) == ("unknown", "this machine's clock was set back since it was minted")


def test_a_token_that_may_live_unseen_is_told(made: Desk) -> None:
    made.mint("clinic")
    with Ledger.open(made.root / ".voxmint/ledger.db") as ledger:
        ledger.intend("live", [Intent("ward/a", "d", NOW, int(NOW) + 700)])
    [environment] = looked(made).environments
    assert [one.to_json() for one in environment.unseen] == [
        {"profile": "ward/a", "last_expiry": int(NOW) + 700}
    ]


def test_no_key_is_needed_and_no_host_must_be_allowed(tmp_path: Path) -> None:
    made = desk(tmp_path)
    with Scripted(each(minted())) as server:
        against(server, made).mint()
        made.environ.clear()
        assert state(made)[0] == "live"
        assert len(server.asked) == 1


@pytest.mark.parametrize(
    ("content", "code"),
    [(b"not a database, but long enough" * 10, "ledger-corrupt"), (None, "ledger-unusable")],
)
def test_a_ledger_that_cannot_be_read_is_an_error_and_left_alone(
    made: Desk, content: bytes | None, code: str
) -> None:
    made.mint()
    path = made.root / ".voxmint/ledger.db"
    path.unlink()
    path.mkdir() if content is None else path.write_bytes(content)
    with pytest.raises(ProblemsError) as error:
        looked(made)
    assert [one.code for one in error.value.problems] == [code]
    assert content is None or path.read_bytes() == content


def test_as_programs_read_it(made: Desk) -> None:
    made.mint("clinic")
    made.now += 5
    record = made.sessions["clinic"]
    found = looked(made).to_json()
    assert found["sessions"][0] == {
        "profile": "clinic",
        "environment": "live",
        "state": "live",
        "reason": "expires in 9 min 55 s",
        "changes": [],
        "expires_at": int(NOW) + 600,
        "minted_at": NOW,
        "age": 5.0,
        "session_id": record.session_id,
        "request_id": record.request_id,
        "digest": record.digest,
        "commit": None,
        "dirty": None,
        "sinks": [{"kind": "dotenv", "target": ".env.live", "state": "held"}],
    }
    assert {name: found["sessions"][1][name] for name in ("profile", "state", "expires_at")} == {
        "profile": "ward/a",
        "state": "missing",
        "expires_at": None,
    }
    assert (found["version"], found["at"]) == (1, NOW + 5)
    assert found["environments"] == [
        {
            "environment": "live",
            "reason": None,
            "targets": [".env.live"],
            "sinks": [{"kind": "dotenv", "target": ".env.live"}],
            "misplaced": [],
            "unseen": [],
            "clock_skew": 0.0,
            "problems": [],
        }
    ]


def test_what_a_status_calls_live_is_what_a_mint_keeps(made: Desk) -> None:
    made.mint()
    made.now += 400
    made.write("profiles/clinic.yaml", "extends: base\nexpires_after: {seconds: 300}\n")
    kept = {entry.profile for entry in made.plan().entries if entry.is_kept}
    assert {name for name, one in states(made).items() if one[0] == "live"} == kept == {"ward/a"}
