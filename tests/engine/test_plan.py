import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from tests.engine.mints import NOW, Desk, desk, outcomes
from tests.engine.worlds import problem_of
from voxmint.engine.edge import Operator
from voxmint.engine.events import Noted
from voxmint.engine.ledger.ledger import Ledger
from voxmint.engine.mint import plan_profiles
from voxmint.engine.plan import Action, Plan
from voxmint.engine.sinks.contract import Pending, Receipt
from voxmint.problems import ProblemsError

NOT_STORED = "and no token is stored that could be written again"


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
        "clinic": ("renew", "the profile changed: expires_after, profiles/clinic.yaml:2"),
        "ward/a": ("keep", "expires in 10 min"),
    }


def test_the_reason_names_the_fields_that_changed_and_their_lines(made: Desk) -> None:
    made.mint()
    made.write(
        "profiles/clinic.yaml",
        "extends: base\nsession:\n  input_audio_transcription: {language: 'no', prompt: A ward.}\n"
        "  turn_detection: {type: server_vad}\n",
    )
    plan = made.plan("clinic")
    reason = (
        "the profile changed: input_audio_transcription.language, profiles/clinic.yaml:3; "
        "input_audio_transcription.prompt, profiles/clinic.yaml:3; and 1 more"
    )
    assert decision(plan) == ("renew", reason)
    assert plan.to_json()["results"][0]["changes"] == [
        {"path": path, "change": how, "at": {"file": file, "line": line, "column": column}}
        for path, how, file, line, column in (
            ("input_audio_transcription.language", "changed", "profiles/clinic.yaml", 3, 41),
            ("input_audio_transcription.prompt", "added", "profiles/clinic.yaml", 3, 55),
            ("turn_detection", "changed", "profiles/clinic.yaml", 4, 19),
        )
    ]


def test_the_reason_names_the_base_the_environment_and_the_command_line(made: Desk) -> None:
    made.mint()
    text = (made.root / "profiles/base.yaml").read_text()
    made.write("profiles/base.yaml", text.replace("language: en", "language: de"))
    reason = "the profile changed: input_audio_transcription.language, profiles/base.yaml:3"
    assert decision(made.plan()) == ("renew", reason)
    made.write("profiles/base.yaml", text)
    environment = (made.root / "environments/live.yaml").read_text()
    overlay = "overlay: [{session: {input_audio_transcription: {language: de}}}]\n"
    made.write("environments/live.yaml", environment + overlay)
    reason = "the profile changed: input_audio_transcription.language, environments/live.yaml:3"
    assert decision(made.plan()) == ("renew", reason)
    given = ["session.input_audio_transcription.language=fr"]
    order = made.project.order((), ["live"], overrides=given)
    plan = plan_profiles(made.project, order, Operator(), made.edge())
    reason = "the profile changed: input_audio_transcription.language, given with --set"
    assert decision(plan) == ("renew", reason)


def test_the_reason_names_the_vars_that_a_template_uses(made: Desk) -> None:
    text = (made.root / "profiles/base.yaml").read_text()
    prompt = '{prompt: "Words of {{ vars.ward }}.", '
    made.write("profiles/base.yaml", text.replace("{", prompt, 1))
    made.write("profiles/clinic.yaml", "extends: base\nvars: {ward: cardiology}\n")
    made.write("profiles/ward/a.yaml", "extends: base\nvars: {ward: oncology}\n")
    made.mint()
    made.write("profiles/clinic.yaml", "extends: base\nvars: {ward: radiology}\n")
    plan = made.plan("clinic")
    reason = (
        "the profile changed: input_audio_transcription.prompt, profiles/base.yaml:3, with "
        "vars.ward, profiles/clinic.yaml:2"
    )
    assert decision(plan) == ("renew", reason)
    [change] = plan.to_json()["results"][0]["changes"]
    assert change["variables"] == [
        {"name": "vars.ward", "at": {"file": "profiles/clinic.yaml", "line": 2, "column": 14}}
    ]


def test_an_endpoint_that_the_command_line_chose_has_no_line(made: Desk) -> None:
    made.mint()
    order = made.project.order((), ["live"], api="client_secrets")
    plan = plan_profiles(made.project, order, Operator(), made.edge())
    assert decision(plan) == ("renew", "minted elsewhere: provider.api")


def test_the_reason_names_what_is_gone(made: Desk) -> None:
    made.write("profiles/clinic.yaml", "extends: base\nexpires_after: {seconds: 300}\n")
    made.mint()
    made.write("profiles/clinic.yaml", "extends: base\n")
    made.write(
        "profiles/ward/a.yaml",
        "extends: base\nsession:\n  input_audio_transcription:\n    language: {$unset: true}\n",
    )
    reason = (
        "the profile changed: input_audio_transcription.language is no longer set, "
        "profiles/ward/a.yaml:4"
    )
    assert decisions(made.plan()) == {
        "clinic": ("renew", "the profile changed: expires_after is no longer set"),
        "ward/a": ("renew", reason),
    }


def test_of_a_token_that_an_older_voxmint_minted_no_field_is_named(made: Desk) -> None:
    made.mint()
    with closing(sqlite3.connect(made.root / ".voxmint/ledger.db")) as database, database:
        database.execute("UPDATE sessions SET traces = NULL")
    assert decision(made.plan())[0] == "keep"
    made.write("profiles/clinic.yaml", "extends: base\nexpires_after: {seconds: 300}\n")
    assert decisions(made.plan())["clinic"] == ("renew", "the profile changed")


def test_a_second_run_keeps_everything_sends_nothing_and_touches_no_file(made: Desk) -> None:
    made.mint()

    def files() -> dict[Path, tuple[int, int]]:
        found = [path for path in made.root.rglob("*") if path.is_file()]
        return {path: (path.stat().st_ino, path.stat().st_mtime_ns) for path in found}

    before = files()
    report = made.mint()
    assert (set(outcomes(report).values()), report.requests) == ({"kept"}, 0)
    after = files()
    # Only the locks say that a run was there.
    assert {
        path for path in before if before[path] != after[path] and "locks" not in path.parts
    } == set()
    assert after.keys() == before.keys()


def test_a_change_that_alters_no_request_is_none(made: Desk) -> None:
    made.mint()
    made.write("profiles/clinic.yaml", "extends: base\ndescription: In words only\n")
    assert decision(made.plan())[0] == "keep"


def test_what_was_minted_elsewhere_is_never_kept(made: Desk) -> None:
    made.mint()
    environment = made.root / "environments/live.yaml"
    text = environment.read_text()
    for provider, named in (
        ("{kind: emulator, url: 'http://127.0.0.1:9000/v1'}", "url"),
        ("{kind: emulator, project: proj_other}", "project"),
        ("{kind: emulator, organization: org-other}", "organization"),
        ("{kind: openai}", "kind"),
        ("{kind: emulator, api: client_secrets}", "api"),
        ("{kind: emulator, deployments: {gpt-live-transcribe: mine}}", "deployments"),
    ):
        environment.write_text(text.replace("{kind: emulator}", provider))
        reason = f"minted elsewhere: provider.{named}, environments/live.yaml:1"
        assert decision(made.plan()) == ("renew", reason)


def test_what_a_sink_lacks_is_renewed_since_tokens_are_kept_nowhere_else(made: Desk) -> None:
    made.mint()
    lines = made.env_file.read_text().splitlines(keepends=True)
    made.env_file.write_text("".join(line for line in lines if "CLINIC_CLIENT" not in line))
    assert decisions(made.plan()) == {
        "clinic": ("renew", f"`.env.live` lacks it, {NOT_STORED}"),
        "ward/a": ("keep", "expires in 10 min"),
    }
    made.env_file.unlink()
    assert decision(made.plan()) == ("renew", f"`.env.live` lacks it, {NOT_STORED}")


def test_a_new_sink_lacks_everything(made: Desk) -> None:
    made.mint()
    text = (made.root / "environments/live.yaml").read_text()
    more = "sinks: [{kind: dotenv, path: .env.live}, {kind: dotenv, path: .env.more}]\n"
    made.write("environments/live.yaml", text.partition("sinks:")[0] + more)
    assert decision(made.plan()) == ("renew", f"`.env.more` is new, or was emptied, {NOT_STORED}")
    assert set(outcomes(made.mint()).values()) == {"minted"}
    assert decision(made.plan())[0] == "keep"
    (made.root / ".env.more").unlink()
    assert decision(made.plan()) == ("renew", f"`.env.more` lacks it, {NOT_STORED}")


def test_names_in_a_file_that_the_ledger_does_not_know_are_no_tokens(made: Desk) -> None:
    made.mint()
    (made.root / ".voxmint/ledger.db").unlink()
    assert decision(made.plan()) == ("mint", "no token yet")


STORES = """provider: {kind: emulator}
sinks: [{kind: dotenv, path: .env.live}, {kind: keyring}, {kind: kubernetes, namespace: speech}]
"""


@pytest.mark.parametrize(
    ("cut_short", "said"),
    [
        (("keyring",), "missing from `keyring X`: staged there"),
        (("kubernetes",), "not known to be in `kubernetes X`: a mint looks first"),
        (
            ("keyring", "kubernetes"),
            (
                "missing from `keyring X`: staged there; not known to be in `kubernetes X`: a mint "
                "looks first"
            ),
        ),
    ],
)
def test_of_a_store_that_keeps_nothing_staged_it_is_not_said_to(
    made: Desk, cut_short: tuple[str, ...], said: str
) -> None:
    made.mint("clinic")
    made.write("environments/live.yaml", STORES)
    stores = [sink for sink in made.plan("clinic").sinks if sink.kind != "dotenv"]
    receipts = [Receipt("clinic", *sink.key, ("x",)) for sink in stores]
    pending = [Pending("clinic", *sink.key, "1") for sink in stores if sink.kind in cut_short]
    with Ledger.open(made.root / ".voxmint/ledger.db") as ledger:
        ledger.claim("live", receipts, pending)
        ledger.delivered("live", [one for one in receipts if one.kind not in cut_short])
    [entry] = made.plan("clinic").entries
    named = entry.reason
    for sink in stores:
        for called in (f"{sink.kind} {sink.target}", sink.target):
            named = named.replace(f"`{called}`", f"`{sink.kind} X`")
    assert (str(entry.action), named) == ("rewrite", said)
    anew = entry.minted_anew().reason
    is_gone = "keyring" in cut_short
    assert anew.endswith(", and what was staged there is gone" if is_gone else f", {NOT_STORED}")


def test_force_renews_all(made: Desk) -> None:
    made.mint("clinic")
    assert decisions(made.plan(force=True)) == {
        "clinic": ("renew", "asked for with --force"),
        "ward/a": ("mint", "no token yet"),
    }


@pytest.mark.parametrize(
    ("sinks", "code"), [("[]", "sinks-missing"), ("[{kind: stdout}]", "sink-not-asked-for")]
)
def test_without_a_sink_it_fails_as_a_mint_does(made: Desk, sinks: str, code: str) -> None:
    made.write("environments/live.yaml", f"provider: {{kind: emulator}}\nsinks: {sinks}\n")
    for attempt in (made.plan, made.mint):
        with pytest.raises(ProblemsError) as error:
            attempt()
        assert problem_of(error).code == code


def test_who_may_not_write_there_sees_the_plan_and_is_told(made: Desk) -> None:
    before = made.plan()
    sinks = "[{kind: dotenv, path: .env.live, group: none-of-this-name}]"
    made.write("environments/live.yaml", f"provider: {{kind: emulator}}\nsinks: {sinks}\n")
    assert decisions(made.plan()) == decisions(before)
    [noted] = made.told(Noted)
    assert noted.problem.message == (
        "a mint could not do this from here: `.env.live` cannot be given to the group "
        "`none-of-this-name`: this machine has no such group"
    )
    with pytest.raises(ProblemsError) as error:
        made.mint()
    assert problem_of(error).code == "sink-group-unknown"


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
                "cause": "live",
                "changes": [],
                "session_id": record.session_id,
                "expires_at": record.expires_at,
                "sinks": [{"kind": "dotenv", "target": ".env.live"}],
            },
            {
                "profile": "ward/a",
                "action": "mint",
                "reason": "no token yet",
                "cause": "no-token",
                "changes": [],
                "session_id": None,
                "expires_at": None,
                "sinks": [{"kind": "dotenv", "target": ".env.live"}],
            },
        ],
        "pruned": [],
        "misplaced": [],
        "unseen": [],
        "clock_skew": 0.0,
    }


def test_the_plan_that_is_shown_is_the_plan_that_is_carried_out(made: Desk) -> None:
    made.mint("clinic")
    plan = made.plan()
    report = made.mint()
    assert [(one.profile, one.action, one.reason) for one in report.results] == [
        (entry.profile, entry.action, entry.reason) for entry in plan.entries
    ]
    assert [entry.action for entry in plan.entries] == [Action.KEEP, Action.MINT]
