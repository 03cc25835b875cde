from pathlib import Path

import pytest

from tests.engine.mints import NOW, Desk, desk, outcomes
from voxmint.engine.plan import Action, Plan


@pytest.fixture
def made(tmp_path: Path) -> Desk:
    return desk(tmp_path, ["clinic", "ward/a"])


def decisions(plan: Plan) -> dict[str, tuple[str, str]]:
    return {entry.profile: (str(entry.action), entry.reason) for entry in plan.entries}


def decision(plan: Plan) -> tuple[str, str]:
    [found] = set(decisions(plan).values())
    return found


def test_at_first_everything_is_minted_and_looking_makes_nothing(made: Desk) -> None:
    before = sorted(made.root.rglob("*"))
    assert decision(made.plan()) == ("mint", "no token yet")
    assert sorted(made.root.rglob("*")) == before


def test_what_is_live_and_written_is_kept(made: Desk) -> None:
    made.mint()
    made.now += 60
    plan = made.plan()
    assert decision(plan) == ("keep", "expires in 9 min")
    assert (plan.to_mint, plan.has_changes) == ((), False)
    assert {entry.record.expires_at for entry in plan.entries if entry.record} == {NOW + 600}


@pytest.mark.parametrize(
    ("passed", "found"),
    [
        (479, ("keep", "expires in 2 min 1 s")),
        (480, ("renew", "expires in 2 min, margin 2 min")),
        (599, ("renew", "expires in 1 s, margin 2 min")),
        (600, ("renew", "expired 0 s ago")),
        (4200, ("renew", "expired 1 h ago")),
    ],
)
def test_what_is_about_to_expire_is_renewed(
    made: Desk, passed: float, found: tuple[str, str]
) -> None:
    made.mint()
    made.now += passed
    assert decision(made.plan()) == found


def test_a_short_token_is_used_too(made: Desk) -> None:
    made.write("profiles/base.yaml", "abstract: true\nexpires_after: {seconds: 60}\n")
    made.mint()
    made.now += 30
    assert decision(made.plan()) == ("keep", "expires in 30 s")
    made.now += 20
    assert decision(made.plan()) == ("renew", "expires in 10 s, margin 12 s")


def test_a_changed_profile_is_renewed(made: Desk) -> None:
    made.mint()
    made.write("profiles/clinic.yaml", "extends: base\nexpires_after: {seconds: 300}\n")
    assert decisions(made.plan()) == {
        "clinic": ("renew", "the profile changed"),
        "ward/a": ("keep", "expires in 10 min"),
    }


def test_a_change_that_alters_no_request_is_none(made: Desk) -> None:
    made.mint()
    made.write("profiles/clinic.yaml", "extends: base\ndescription: In words only\n")
    assert decision(made.plan())[0] == "keep"


def test_what_was_minted_elsewhere_is_never_kept(made: Desk) -> None:
    made.mint()
    environment = made.root / "environments/live.yaml"
    text = environment.read_text()
    for provider in (
        "{kind: emulator, url: 'http://127.0.0.1:9000/v1'}",
        "{kind: emulator, project: proj_other}",
        "{kind: emulator, organization: org-other}",
        "{kind: openai}",
        "{kind: emulator, api: client_secrets}",
    ):
        environment.write_text(text.replace("{kind: emulator}", provider))
        assert decision(made.plan()) == ("renew", "minted elsewhere")


def test_what_a_sink_lacks_is_renewed_since_tokens_are_kept_nowhere_else(made: Desk) -> None:
    made.mint()
    lines = made.env_file.read_text().splitlines(keepends=True)
    made.env_file.write_text("".join(line for line in lines if "CLINIC_CLIENT" not in line))
    assert decisions(made.plan()) == {
        "clinic": ("renew", "`.env.live` lacks it"),
        "ward/a": ("keep", "expires in 10 min"),
    }
    made.env_file.unlink()
    assert decision(made.plan()) == ("renew", "`.env.live` lacks it")


def test_a_new_sink_lacks_everything(made: Desk) -> None:
    made.mint()
    text = (made.root / "environments/live.yaml").read_text()
    more = "sinks: [{kind: dotenv, path: .env.live}, {kind: dotenv, path: .env.more}]\n"
    made.write("environments/live.yaml", text.partition("sinks:")[0] + more)
    assert decision(made.plan()) == ("renew", "`.env.more` lacks it")
    assert set(outcomes(made.mint()).values()) == {"minted"}
    assert decision(made.plan())[0] == "keep"


def test_names_in_a_file_that_the_ledger_does_not_know_are_no_tokens(made: Desk) -> None:
    made.mint()
    (made.root / ".voxmint/ledger.db").unlink()
    assert decision(made.plan()) == ("mint", "no token yet")


def test_force_renews_all(made: Desk) -> None:
    made.mint("clinic")
    assert decisions(made.plan(force=True)) == {
        "clinic": ("renew", "asked for with --force"),
        "ward/a": ("mint", "no token yet"),
    }


def test_only_what_is_asked_for_is_planned(made: Desk) -> None:
    assert set(decisions(made.plan("ward/*"))) == {"ward/a"}
    assert set(decisions(made.plan("clinic"))) == {"clinic"}


def test_what_a_profile_left_behind_is_known_also_when_others_are_asked_for(made: Desk) -> None:
    made.mint()
    (made.root / "profiles/ward/a.yaml").unlink()
    assert made.plan().leftovers == ("ward/a",)
    assert made.plan("clinic").leftovers == ("ward/a",)


def test_a_profile_that_is_not_asked_for_is_no_leftover(made: Desk) -> None:
    made.mint()
    assert made.plan("clinic").leftovers == ()
    made.write("profiles/ward/a.yaml", "extends: [\n")
    assert made.plan("clinic").leftovers == ()


def test_a_profile_that_left_the_environment_is_a_leftover(made: Desk) -> None:
    made.mint()
    text = (made.root / "environments/live.yaml").read_text()
    made.write("environments/live.yaml", text + "profiles: ['*', '!ward/*']\n")
    assert made.plan().leftovers == made.plan("clinic").leftovers == ("ward/a",)


def test_the_plan_as_programs_read_it(made: Desk) -> None:
    made.mint("clinic")
    record = made.sessions["clinic"]
    assert made.plan().to_json() == {
        "version": 1,
        "environment": "live",
        "api": "transcription_sessions",
        "url": None,
        "results": [
            {
                "profile": "clinic",
                "action": "keep",
                "reason": "expires in 10 min",
                "session_id": record.session_id,
                "expires_at": record.expires_at,
                "sinks": [{"kind": "dotenv", "target": ".env.live"}],
            },
            {
                "profile": "ward/a",
                "action": "mint",
                "reason": "no token yet",
                "session_id": None,
                "expires_at": None,
                "sinks": [{"kind": "dotenv", "target": ".env.live"}],
            },
        ],
        "pruned": [],
        "unseen": [],
    }


def test_the_plan_that_is_shown_is_the_plan_that_is_carried_out(made: Desk) -> None:
    made.mint("clinic")
    plan = made.plan()
    report = made.mint()
    assert [(one.profile, one.action, one.reason) for one in report.results] == [
        (entry.profile, entry.action, entry.reason) for entry in plan.entries
    ]
    assert [entry.action for entry in plan.entries] == [Action.KEEP, Action.MINT]
