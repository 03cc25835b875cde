"""Plans in files: exactly what was reviewed is carried out, or nothing is."""

import io
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.engine.mints import KEY, Desk, against, desk, outcomes
from tests.engine.scripted import Scripted, each, minted
from tests.engine.worlds import problem_of
from voxmint.engine.edge import Operator
from voxmint.engine.mint import mint, planned
from voxmint.engine.planfile import Asked, may_replace, read_plan, words_of, write_plan
from voxmint.engine.report import Report
from voxmint.engine.reviewing import Review
from voxmint.engine.sinks.contract import Console
from voxmint.problems import ProblemsError


@pytest.fixture
def made(tmp_path: Path) -> Desk:
    return desk(tmp_path, ["clinic", "lobby", "ward/a"])


def operator_of(asked: Asked, **others: Any) -> Operator:
    said = {"force": asked.force, "min_remaining": asked.min_remaining, "sinks": asked.sinks}
    return Operator(**said, **others)  # type: ignore[arg-type]  # each is what its name says


def reviewed(made: Desk, *profiles: str, name: str = "plan.json", **asked: Any) -> Path:
    """Writes the plan of this moment."""
    given = Asked(environment="live", profiles=profiles, **asked)
    order = made.project.order(profiles, ["live"], overrides=given.overrides)
    plan, selection = planned(made.project, order, operator_of(given), made.edge())
    path = made.root.parent / name
    write_plan(path, plan, given, selection)
    return path


def applied(made: Desk, path: Path, **edge: Any) -> Report:
    review = Review(path.name, read_plan(path.parent, path.name))
    asked = review.file.asked
    order = made.project.order(asked.profiles, [asked.environment], overrides=asked.overrides)
    operator = operator_of(asked, lock_timeout=60)
    return mint(made.project, order, operator, made.edge(**edge), review)


def refused(made: Desk, path: Path) -> list[str]:
    """What is said when the plan is not carried out; nothing was."""
    sessions, variables = made.sessions, made.variables
    with pytest.raises(ProblemsError) as error:
        applied(made, path)
    assert (made.sessions, made.variables) == (sessions, variables)
    return [one.message for one in error.value.problems]


def test_what_was_reviewed_is_carried_out(made: Desk) -> None:
    made.mint("clinic")
    path = reviewed(made)
    report = applied(made, path)
    assert outcomes(report) == {"clinic": "kept", "lobby": "minted", "ward/a": "minted"}
    file = read_plan(path.parent, path.name)
    assert [(one.profile, one.action, one.reason) for one in file.results] == [
        (one.profile, str(one.action), one.reason) for one in report.results
    ]


def test_a_sink_that_was_asked_for_by_name_is_written_as_it_was_reviewed(made: Desk) -> None:
    made.write("environments/live.yaml", "provider: {kind: emulator}\nsinks: [{kind: stdout}]\n")
    path = reviewed(made, "clinic", sinks=("stdout",))
    assert words_of(read_plan(path.parent, path.name).asked)[-2:] == ["--sink", "stdout"]
    console = Console(io.StringIO(), io.StringIO())
    report = applied(made, path, console=console)
    assert outcomes(report) == {"clinic": "minted"}
    assert "CLINIC_CLIENT_SECRET=" in console.stdout.getvalue()  # type: ignore[attr-defined]  # see above


def test_time_alone_makes_no_plan_outdated_as_long_as_it_says_the_same(made: Desk) -> None:
    made.mint("clinic")
    path = reviewed(made)
    made.now += 400
    report = applied(made, path)
    assert [one.reason for one in report.results if one.profile == "clinic"] == [
        "expires in 10 min"
    ]


def test_what_was_to_be_kept_and_no_longer_lives_long_enough_is_said(made: Desk) -> None:
    made.mint()
    path = reviewed(made)
    made.now += 500
    assert refused(made, path)[0] == (
        "what is to be done for `clinic` changed since the plan was made: keep (expires in "
        "10 min) became renew (expires in 1 min 40 s, margin 2 min)"
    )


def change_profile(made: Desk) -> None:
    for name in ("clinic", "lobby"):
        made.write(f"profiles/{name}.yaml", "extends: base\nexpires_after: {seconds: 300}\n")


def change_environment(made: Desk) -> None:
    text = (made.root / "environments/live.yaml").read_text()
    made.write(
        "environments/live.yaml", text.replace("{kind: emulator}", "{kind: emulator, project: p}")
    )


def change_sinks(made: Desk) -> None:
    text = (made.root / "environments/live.yaml").read_text()
    made.write("environments/live.yaml", text.replace(".env.live", ".env.other"))


def change_ledger(made: Desk) -> None:
    made.mint("clinic", "ward/a", force=True)


def empty_sink(made: Desk) -> None:
    made.env_file.write_text("")


def add_profile(made: Desk) -> None:
    made.write("profiles/new.yaml", "extends: base\n")


def remove_profile(made: Desk) -> None:
    (made.root / "profiles/lobby.yaml").unlink()


NOT_STORED = "and no token is stored that could be written again"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (
            change_profile,
            [
                "the request of `clinic` changed {}: expires_after, profiles/clinic.yaml:2",
                "the request of `lobby` changed {}: expires_after, profiles/lobby.yaml:2",
            ],
        ),
        (change_environment, ["the environment `live` changed {}: it mints elsewhere"]),
        (
            change_ledger,
            ["the ledger's entry of `clinic`, `ward/a` changed {}: another run minted it"],
        ),
        (
            empty_sink,
            [
                (
                    "what is to be done for `clinic`, `lobby`, `ward/a` changed {}: keep (expires "
                    f"in 10 min) became renew (`.env.live` lacks it, {NOT_STORED})"
                )
            ],
        ),
        (add_profile, ["the choice of `new` changed {}: it is selected now"]),
        (
            remove_profile,
            [
                "the choice of `lobby` changed {}: it is no longer selected",
                "the environment `live` changed {}: other profiles left it",
            ],
        ),
    ],
)
def test_what_changed_since_is_named_and_nothing_is_done(
    made: Desk, change: Callable[[Desk], None], said: list[str]
) -> None:
    made.mint()
    path = reviewed(made)
    change(made)
    assert refused(made, path) == [one.format("since the plan was made") for one in said]


def test_sinks_that_take_other_profiles_or_write_otherwise_are_said(made: Desk) -> None:
    changed = "the environment `live` changed since the plan was made: "
    path, file = reviewed(made), made.root / "environments/live.yaml"
    text = file.read_text()
    for more, said in (
        ("where: {names: [clinic, lobby, ward/*]}", "`.env.live` is for other profiles"),
        ("prefix: MY_", "its sinks have other settings"),
        ("mode: '0640'", "its sinks have other settings"),
    ):
        file.write_text(text.replace("path: .env.live", f"path: .env.live, {more}"))
        assert refused(made, path) == [changed + said]
    file.write_text(text)
    assert outcomes(applied(made, path)) == dict.fromkeys(("clinic", "lobby", "ward/a"), "minted")


def test_other_sinks_are_said_beside_what_follows_from_them(made: Desk) -> None:
    made.mint()
    path = reviewed(made)
    change_sinks(made)
    assert "the environment `live` changed since the plan was made: it has other sinks" in refused(
        made, path
    )


def test_a_plan_is_carried_out_once(made: Desk) -> None:
    path = reviewed(made)
    applied(made, path)
    [message] = refused(made, path)
    assert message == (
        "the ledger's entry of `clinic`, `lobby`, `ward/a` changed since the plan was made: "
        "another run minted it"
    )


def test_a_lost_or_another_ledger_is_foreign(made: Desk, tmp_path: Path) -> None:
    made.mint()
    path = reviewed(made)
    (made.root / ".voxmint/ledger.db").unlink()
    [message] = refused(made, path)
    ledger = made.root / ".voxmint/ledger.db"
    assert message == f"`plan.json` was made from another ledger than the one here, `{ledger}`"
    # Also that of another project which is the same to the letter.
    other = desk(tmp_path / "other", ["clinic", "lobby", "ward/a"])
    other.mint()
    [message] = refused(other, path)
    assert message.startswith("`plan.json` was made from another ledger")


def test_what_was_asked_for_goes_along(made: Desk) -> None:
    made.mint()
    overrides = ("expires_after.seconds=90",)
    asked: dict[str, Any] = {"force": True, "min_remaining": 60.0, "overrides": overrides}
    path = reviewed(made, "ward/*", **asked)
    file = read_plan(path.parent, path.name)
    assert " ".join(words_of(file.asked)) == (
        "-e live ward/* --set expires_after.seconds=90 --min-remaining 1m --force"
    )
    assert outcomes(applied(made, path)) == {"ward/a": "minted"}


def test_the_hint_is_the_command_that_makes_it_again(made: Desk) -> None:
    made.mint()
    path = reviewed(made, "clinic", force=True)
    change_profile(made)
    with pytest.raises(ProblemsError) as error:
        applied(made, path)
    [problem] = error.value.problems
    assert problem.hint == (
        "review it again: `voxmint plan -e live clinic --force --out plan.json`"
    )
    assert str(problem.at) == "profiles/clinic.yaml:2:16"


# ── the file ─────────────────────────────────────────────────────────────────────────────────────


def test_the_file_is_private_and_holds_no_secret(tmp_path: Path) -> None:
    made = desk(tmp_path)
    made.write("profiles/clinic.yaml", "extends: base\nexpires_after: {seconds: 100}\n")
    with Scripted(each(minted())) as server:
        against(server, made).mint()
        text = reviewed(made).read_text()
    assert (made.root.parent / "plan.json").stat().st_mode & 0o777 == 0o600
    assert KEY not in text
    assert "ek_" not in text
    assert "gpt-live-transcribe" not in text


def edited(path: Path, edit: Callable[[dict[str, Any]], None]) -> None:
    found = json.loads(path.read_text())
    edit(found)
    path.write_text(json.dumps(found))


@pytest.mark.parametrize(
    "edit",
    [
        lambda found: found["results"][0].update(action="keep"),
        lambda found: found["asked"].update(force=True),
        lambda found: found.update(made_at=1),
        lambda found: found.update(more=1),
        lambda found: found.pop("digest"),
    ],
    ids=["action", "force", "moment", "more", "no-digest"],
)
def test_a_file_that_was_edited_is_refused(
    made: Desk, edit: Callable[[dict[str, Any]], None]
) -> None:
    path = reviewed(made)
    edited(path, edit)
    [message] = damage(path)
    assert message.endswith("it does not fit the digest at its end")


def damage(path: Path) -> list[str]:
    with pytest.raises(ProblemsError) as error:
        read_plan(path.parent, path.name)
    return [f"{one.code}: {one.message}" for one in error.value.problems]


def sealed(content: dict[str, Any]) -> str:
    """The content with a digest that fits, as somebody makes it who means harm."""
    import hashlib

    content.pop("digest", None)
    text = json.dumps(content, sort_keys=True, separators=(",", ":"))
    return json.dumps({**content, "digest": hashlib.sha256(text.encode()).hexdigest()})


@pytest.mark.parametrize(
    "edit",
    [
        lambda found: found["results"][1].update(action="keep"),
        lambda found: found["results"].pop(),
        lambda found: found["results"][0].update(digest="d:d"),
        lambda found: found.update(pruned=["clinic"]),
        lambda found: found["sinks"].clear(),
        lambda found: found["asked"].update(overrides=["expires_after.seconds=90"]),
    ],
    ids=["action", "fewer", "digest", "pruned", "sinks", "overrides"],
)
def test_a_file_that_was_forged_has_nothing_done(
    made: Desk, edit: Callable[[dict[str, Any]], None]
) -> None:
    made.mint("clinic")
    path = reviewed(made)
    content = json.loads(path.read_text())
    edit(content)
    path.write_text(sealed(content))
    assert refused(made, path)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "plan-damaged: `plan.json` is not a plan as voxmint wrote it: it is not JSON"),
        ("[" * 100_000, "it is not JSON"),
        ("[]", "it is JSON, but not an object"),
        ("{}", "it does not fit the digest at its end"),
        (sealed({}), "`format` is not as it should be"),
        (sealed({"format": "voxmint plan", "version": True}), "`version` is not as it should be"),
        (
            sealed({"format": "voxmint plan", "version": 2}),
            "plan-newer: `plan.json` is a plan of version 2, and this voxmint knows 1",
        ),
    ],
)
def test_what_is_no_plan(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "plan.json"
    path.write_text(text)
    [message] = damage(path)
    assert message.endswith(said)


def test_what_cannot_be_read(tmp_path: Path) -> None:
    [message] = damage(tmp_path / "plan.json")
    assert message == "plan-unreadable: the plan `plan.json` cannot be read: there is no such file"
    (tmp_path / "plan.json").mkdir()
    assert "is a folder" in damage(tmp_path / "plan.json")[0]
    [message] = damage(tmp_path / "no/plan.json")
    assert message.startswith("plan-unreadable: ")


def test_a_link_is_told_by_what_it_leads_to(tmp_path: Path) -> None:
    """A plan is no secret, and /dev/stdout no file that could be named in a link's place."""
    (tmp_path / "real.json").write_text("{}")
    os.mkfifo(tmp_path / "pipe")
    for leads_to, said in {
        "real.json": "is a symlink, and only real files are read and written here",
        "nowhere": "is a symlink, and only real files are read and written here",
        "pipe": "is a named pipe, not a file",
        "/dev/null": "is a device, not a file",
    }.items():
        path = tmp_path / "plan.json"
        path.symlink_to(leads_to)
        with pytest.raises(ProblemsError) as raised:
            may_replace(path)
        assert problem_of(raised).message == f"`{path}` {said}"
        assert damage(path)[0].endswith(said)
        path.unlink()
