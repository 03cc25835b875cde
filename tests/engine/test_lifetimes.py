"""How long tokens are kept: `--min-remaining`, and a service whose clock is not this machine's."""

from pathlib import Path
from typing import Any

import pytest

from tests.engine.mints import Desk, against, at_clock, desk, only, outcomes
from tests.engine.scripted import Scripted
from voxmint.problems import ProblemsError


@pytest.fixture
def made(tmp_path: Path) -> Desk:
    made = desk(tmp_path, ["clinic", "ward/a"])
    made.write("profiles/clinic.yaml", "extends: base\nexpires_after: {seconds: 3600}\n")
    made.write("profiles/ward/a.yaml", "extends: base\nexpires_after: {seconds: 7200}\n")
    return made


def reasons(desk: Desk, **operator: float) -> dict[str, str]:
    plan = desk.plan(**operator)
    return {entry.profile: f"{entry.action}: {entry.reason}" for entry in plan.entries}


def refusal(desk: Desk, **operator: Any) -> ProblemsError:
    with pytest.raises(ProblemsError) as planned:
        desk.plan(**operator)
    with pytest.raises(ProblemsError) as minted:
        desk.mint(**operator)
    assert planned.value.problems == minted.value.problems
    return planned.value


# ── --min-remaining ──────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(("passed", "action"), [(0, "keep"), (899, "keep"), (900, "renew")])
def test_what_would_not_outlive_the_deploy_is_renewed(
    made: Desk, passed: float, action: str
) -> None:
    made.mint()
    made.now += passed
    found = reasons(made, min_remaining=2700)
    assert found["clinic"].startswith(action)
    assert found["ward/a"].startswith("keep")
    made.mint(min_remaining=2700)
    assert all(session.expires_at - made.now > 2700 for session in made.sessions.values())


def test_the_reason_names_both_lengths(made: Desk) -> None:
    made.mint()
    made.now += 1500
    assert reasons(made, min_remaining=2700)["clinic"] == (
        "renew: expires in 35 min, and must outlive 45 min"
    )


def test_it_takes_the_place_of_the_usual_margin(made: Desk) -> None:
    made.mint()
    made.now += 3500
    assert reasons(made)["clinic"].startswith("renew")
    assert reasons(made, min_remaining=60)["clinic"] == "keep: expires in 1 min 40 s"
    assert reasons(made, min_remaining=0)["clinic"] == "keep: expires in 1 min 40 s"


def test_a_lifetime_that_is_too_short_is_refused_before_the_first_request(made: Desk) -> None:
    (problem,) = refusal(made, min_remaining=3600).problems
    assert (problem.code, str(problem.at)) == ("lifetime-short", "profiles/clinic.yaml:2:26")
    assert problem.message == (
        "tokens live 1 h by what is written here, and every token must outlive 1 h"
    )
    assert problem.hint == (
        "write `expires_after: {seconds: 3601}` or more, or a shorter --min-remaining"
    )
    assert problem.affects == (("clinic", "live"),)
    assert not (made.root / ".voxmint").exists()
    assert set(outcomes(made.mint("ward/*", min_remaining=3600)).values()) == {"minted"}


def test_a_base_that_asks_for_too_little_is_told_once(made: Desk) -> None:
    text = (made.root / "profiles/base.yaml").read_text()
    made.write("profiles/base.yaml", f"{text}expires_after: {{seconds: 1800}}\n")
    for name in ("clinic", "ward/a"):
        made.write(f"profiles/{name}.yaml", "extends: base\n")
    [problem] = refusal(made, min_remaining=2700).problems
    assert str(problem.at) == "profiles/base.yaml:5:26"
    assert problem.affects == (("clinic", "live"), ("ward/a", "live"))


def test_the_lifetime_by_default_is_told_at_the_profile(made: Desk) -> None:
    made.write("profiles/clinic.yaml", "extends: base\n")
    [problem] = refusal(made, min_remaining=600).problems
    assert (str(problem.at), problem.facts["lifetime"]) == ("profiles/clinic.yaml:1:1", "10 min")


def test_what_no_token_can_outlive_has_another_hint(made: Desk) -> None:
    first, second = refusal(made, min_remaining=7200).problems
    assert first.hint == second.hint
    assert first.hint == (
        "no token lives longer than 2 h: split the deploy, or mint again within it"
    )


def test_a_service_that_grants_less_than_it_was_asked_for_is_an_error(tmp_path: Path) -> None:
    made = desk(tmp_path)
    made.write("profiles/clinic.yaml", "extends: base\nexpires_after: {seconds: 3600}\n")
    with Scripted(at_clock(0, lifetime=600)) as server:
        report = against(server, made).mint(min_remaining=2700)
    assert (only(report).outcome, report.exit_code) == ("minted", 3)
    [problem] = [one for one in report.problems if one.is_error]
    assert problem.code == "token-short-lived"
    assert problem.message == (
        "tokens of `clinic` expire in 10 min, and every token must outlive 45 min"
    )


# ── the clocks ───────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("ahead", "way"),
    [(300, "5 min behind"), (-300, "4 min 59 s ahead of"), (-6000, "1 h 39 min ahead of")],
)
def test_a_token_is_kept_by_the_servers_clock(tmp_path: Path, ahead: float, way: str) -> None:
    made = desk(tmp_path)
    with Scripted(at_clock(ahead)) as server:
        report = against(server, made).mint()
        # Neither expired before it came, nor kept for longer than it lives.
        assert (only(report).outcome, report.exit_code) == ("minted", 0)
        [problem] = report.problems
        assert problem.code == "clock-off"
        assert problem.message == (f"this machine's clock is {way} that of 127.0.0.1:{server.port}")
        made.now += 470
        assert reasons(made)["clinic"].startswith("keep")
        made.now += 15
        assert reasons(made)["clinic"].startswith("renew: expires in 1 min 5")
        assert made.plan().skew == pytest.approx(ahead, abs=1)


def test_clocks_that_agree_are_not_spoken_of(tmp_path: Path) -> None:
    made = desk(tmp_path)
    with Scripted(at_clock(0)) as server:
        assert against(server, made).mint().problems == ()
    assert (made.plan().skew, made.sessions["clinic"].skew) == (0.0, 0.0)


def test_a_clock_that_was_set_back_since_is_believed_again(tmp_path: Path) -> None:
    made = desk(tmp_path)
    with Scripted(at_clock(-6000)) as server:
        against(server, made).mint()
    made.now -= 6000
    assert made.plan().skew == 0.0
    assert reasons(made)["clinic"] == "keep: expires in 10 min"
    made.now += 700
    assert reasons(made)["clinic"].startswith("renew: expired 1 min 40 s ago")


def test_a_token_of_a_moment_to_come_is_renewed(made: Desk) -> None:
    with Scripted(at_clock(0, lifetime=3600)) as server:
        against(server, made).mint()
        made.now -= 86_400
        later = "renew: this machine's clock was set back since it was minted"
        assert reasons(made) == {"clinic": later, "ward/a": later}
        made.mint("clinic")
    # That measured the difference, so it is known again how long the other one lives.
    assert reasons(made) == dict.fromkeys(("clinic", "ward/a"), "keep: expires in 1 h")


@pytest.mark.parametrize(
    ("back", "found"), [(720, "keep: expires in 1 h 12 min"), (721, "renew: ")]
)
def test_clocks_may_differ_by_as_much_as_the_margin(made: Desk, back: float, found: str) -> None:
    with Scripted(at_clock(0, lifetime=3600)) as server:
        against(server, made).mint("clinic")
    made.now -= back
    assert reasons(made)["clinic"].startswith(found)


def test_the_deploys_length_is_counted_by_the_servers_clock(tmp_path: Path) -> None:
    made = desk(tmp_path)
    with Scripted(at_clock(-300)) as server:
        report = against(server, made).mint(min_remaining=400)
        assert report.exit_code == 0
        made.now += 150
        assert reasons(made, min_remaining=400)["clinic"].startswith("keep")
        made.now += 60
        assert reasons(made, min_remaining=400)["clinic"].startswith("renew")
