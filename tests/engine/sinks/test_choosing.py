"""Which profiles go to which sink, and which sinks are written at all."""

import io
import json
from pathlib import Path

import pytest

from tests.engine.mints import Desk, desk, only, outcomes
from tests.engine.worlds import problem_of
from voxmint.engine.checks import settings_problems
from voxmint.engine.edge import Operator
from voxmint.engine.events import Started
from voxmint.engine.mint import mint, plan_profiles
from voxmint.engine.report import Report
from voxmint.engine.sinks.contract import Console
from voxmint.engine.status import status_of
from voxmint.problems import ProblemsError, UsageError
from voxmint.profiles.order import Order


def with_sinks(folder: Path, *sinks: str, profiles: tuple[str, ...] = ("clinic", "ward")) -> Desk:
    made = desk(folder, profiles, more=f"sinks: [{', '.join(sinks)}]\n")
    made.write(".gitignore", ".env.*\n/tokens*\n")
    return made


def label(made: Desk, profile: str, tier: str) -> None:
    made.write(f"profiles/{profile}.yaml", f"extends: base\nlabels: {{tier: {tier}}}\n")


def sinks_in(report: Report) -> dict[str, list[tuple[str, str]]]:
    return {
        one.profile: [(sink.target, str(sink.outcome)) for sink in one.sinks]
        for one in report.results
    }


def minted(made: Desk, *asked: str, stdout: io.StringIO | None = None) -> Report:
    """A mint whose operator asks for sinks by name."""
    console = Console(stdout or io.StringIO(), io.StringIO())
    order = made.project.order((), ["live"])
    return mint(made.project, order, Operator(sinks=asked), made.edge(console=console))


GOLD = "{kind: json, path: tokens.json, where: {labels: {tier: gold}}}"
ALL = "{kind: dotenv, path: .env.live}"


def test_a_sink_takes_the_profiles_that_its_where_selects(tmp_path: Path) -> None:
    made = with_sinks(tmp_path, ALL, GOLD)
    label(made, "ward", "gold")
    report = made.mint()
    assert sinks_in(report) == {
        "clinic": [(".env.live", "written")],
        "ward": [(".env.live", "written"), ("tokens.json", "written")],
    }
    assert list(json.loads((made.root / "tokens.json").read_text())) == ["ward"]
    assert {name: one.sinks for name, one in made.sessions.items()} == {
        "clinic": {("dotenv", ".env.live")},
        "ward": {("dotenv", ".env.live"), ("json", "tokens.json")},
    }
    assert outcomes(made.mint()) == {"clinic": "kept", "ward": "kept"}


def test_labels_count_also_where_one_profile_is_asked_for(tmp_path: Path) -> None:
    made = with_sinks(tmp_path, ALL, GOLD)
    label(made, "ward", "gold")
    made.mint("clinic")
    assert not (made.root / "tokens.json").exists()
    assert sinks_in(made.mint("ward")) == {
        "ward": [(".env.live", "written"), ("tokens.json", "written")]
    }


def test_a_profile_that_a_sink_is_no_longer_for_is_taken_out_of_it_alone(tmp_path: Path) -> None:
    made = with_sinks(tmp_path, ALL, GOLD)
    for name in ("clinic", "ward"):
        label(made, name, "gold")
    made.mint()
    label(made, "ward", "silver")
    assert made.plan().leftovers == ("ward",)
    report = made.mint()
    assert (outcomes(report), report.pruned) == ({"clinic": "kept", "ward": "kept"}, ("ward",))
    assert list(json.loads((made.root / "tokens.json").read_text())) == ["clinic"]
    assert "WARD_CLIENT_SECRET" in made.variables
    assert made.plan().leftovers == ()


def test_a_profile_that_no_sink_is_for_is_not_minted(tmp_path: Path) -> None:
    made = with_sinks(tmp_path, GOLD)
    label(made, "ward", "gold")
    for attempt in (made.mint, made.plan):
        with pytest.raises(ProblemsError) as error:
            attempt()
        problem = problem_of(error)
        assert (problem.code, problem.affects) == ("sink-nothing-takes", (("clinic", "live"),))
    assert made.open_intents == []
    assert outcomes(made.mint("ward")) == {"ward": "minted"}
    found = made.project.compile_all(Order())
    problems = settings_problems(made.root, found.environments.values(), {}, found.profiles)
    assert [problem.code for problem in problems] == ["sink-nothing-takes"]


def test_a_where_that_selects_nothing_is_a_warning(tmp_path: Path) -> None:
    made = with_sinks(tmp_path, ALL, GOLD)
    found = made.project.compile_all(Order())
    [problem] = settings_problems(made.root, found.environments.values(), {}, found.profiles)
    assert (problem.code, problem.severity) == ("sink-unused", "warning")
    assert outcomes(made.mint()) == {"clinic": "minted", "ward": "minted"}


@pytest.mark.parametrize(
    ("where", "code"),
    [
        ("{label: {tier: gold}}", "unknown-key"),
        ("gold", "wrong-type"),
        ("{labels: {tier: {a: b}}}", "wrong-type"),
        ("{labels: {$unset: true}}", "directive-in-sink"),
    ],
)
def test_a_where_is_read_as_that_of_an_overlay(tmp_path: Path, where: str, code: str) -> None:
    made = with_sinks(tmp_path, f"{{kind: dotenv, path: .env.live, where: {where}}}")
    assert code in {problem.code for problem in made.project.compile_all(Order()).problems}


# ── only by name ─────────────────────────────────────────────────────────────────────────────────


def test_what_prints_is_written_only_where_it_is_asked_for(tmp_path: Path) -> None:
    made = with_sinks(tmp_path, ALL, "{kind: stdout, format: ndjson, where: {names: [ward]}}")
    stdout = io.StringIO()
    assert sinks_in(minted(made, stdout=stdout))["ward"] == [(".env.live", "written")]
    assert stdout.getvalue() == ""
    report = minted(made, "stdout", stdout=stdout)
    assert sinks_in(report)["ward"] == [(".env.live", "written"), ("standard output", "written")]
    [line] = stdout.getvalue().splitlines()
    assert json.loads(line) == {
        "profile": "ward",
        "client_secret": made.variables["WARD_CLIENT_SECRET"],
        "expires_at": int(made.variables["WARD_EXPIRES_AT"]),
        "session_id": made.variables["WARD_SESSION_ID"],
    }
    # What was printed is with somebody else: asked for again, it is minted again.
    assert minted(made, "stdout").requests == 1
    assert minted(made).requests == 0


def test_a_sink_that_is_asked_for_need_not_be_listed(tmp_path: Path) -> None:
    made = with_sinks(tmp_path, ALL, profiles=("clinic",))
    stdout = io.StringIO()
    minted(made, "stdout", stdout=stdout)
    assert stdout.getvalue() == made.env_file.read_text()


def test_sinks_that_are_written_by_name_alone_are_not_enough(tmp_path: Path) -> None:
    made = with_sinks(tmp_path, "{kind: github-env}")
    with pytest.raises(ProblemsError) as error:
        made.mint()
    problem = problem_of(error)
    assert (problem.code, problem.hint) == (
        "sink-not-asked-for",
        "ask for one, as with --sink github-env",
    )


def test_another_kind_cannot_be_asked_for_by_name(tmp_path: Path) -> None:
    made = with_sinks(tmp_path, ALL)
    with pytest.raises(UsageError, match="the environment `live` has no such sink"):
        minted(made, "json")
    with pytest.raises(ProblemsError) as error:
        minted(made, "stdot")
    assert problem_of(error).code == "sink-unknown"


def test_a_terminal_is_refused_before_the_first_request(tmp_path: Path) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    made = with_sinks(tmp_path, ALL)
    with pytest.raises(ProblemsError) as error:
        minted(made, "stdout", stdout=Terminal())
    assert problem_of(error).code == "sink-on-terminal"
    with pytest.raises(ProblemsError) as error:
        made.mint(sinks=("stdout",))
    assert problem_of(error).code == "sink-streamless"
    # What stands against printing does not stand against a plan.
    plan = plan_profiles(
        made.project, made.project.order((), ["live"]), Operator(sinks=("stdout",)), made.edge()
    )
    assert [sink.kind for sink in plan.sinks] == ["dotenv", "stdout"]


def test_outside_a_job_github_s_files_are_refused(tmp_path: Path) -> None:
    made = with_sinks(tmp_path, ALL)
    with pytest.raises(ProblemsError) as error:
        minted(made, "github-output")
    problem = problem_of(error)
    assert (problem.code, problem.facts["variable"]) == ("sink-outside-job", "GITHUB_OUTPUT")
    made.environ |= {"GITHUB_ENV": str(tmp_path / "env"), "GITHUB_ACTIONS": "true"}
    (tmp_path / "env").touch()
    with pytest.raises(ProblemsError) as error:
        made.mint(sinks=("github-env",))
    assert problem_of(error).code == "sink-maskless"


def test_a_log_that_is_a_file_is_refused_since_it_would_keep_the_tokens(tmp_path: Path) -> None:
    made = with_sinks(tmp_path, ALL, profiles=("clinic",))
    (tmp_path / "env").touch()
    made.environ |= {"GITHUB_ENV": str(tmp_path / "env"), "GITHUB_ACTIONS": "true"}
    log, order = tmp_path / "log", made.project.order((), ["live"])
    with log.open("w") as stderr:
        edge = made.edge(console=Console(io.StringIO(), stderr))
        with pytest.raises(ProblemsError) as error:
            mint(made.project, order, Operator(sinks=("github-env",)), edge)
    assert problem_of(error).code == "sink-maskless"
    assert (log.read_text(), (tmp_path / "env").read_text()) == ("", "")


def test_the_log_hides_a_token_before_it_is_written(tmp_path: Path) -> None:
    made = with_sinks(tmp_path, ALL, profiles=("clinic",))
    handed_on = tmp_path / "env"
    handed_on.touch()
    made.environ |= {"GITHUB_ENV": str(handed_on), "GITHUB_ACTIONS": "true"}
    written: list[str] = []

    class Log(io.StringIO):
        def write(self, text: str) -> int:
            written.append(handed_on.read_text())
            return super().write(text)

    log = Log()
    order = made.project.order((), ["live"])
    edge = made.edge(console=Console(io.StringIO(), log))
    only(mint(made.project, order, Operator(sinks=("github-env",)), edge))
    token = made.variables["CLINIC_CLIENT_SECRET"]
    assert (log.getvalue(), written) == (f"::add-mask::{token}\n", [""])
    assert token in handed_on.read_text()


# ── several sinks at once ────────────────────────────────────────────────────────────────────────

EVERY_FILE = (
    "{kind: dotenv, path: .env.live}",
    "{kind: dotenv, path: '.env.own.{profile}'}",
    "{kind: json, path: tokens.json}",
    "{kind: directory, path: tokens}",
    "{kind: yaml, path: tokens.yaml}",
)


def contents(made: Desk) -> dict[str, bytes]:
    files = [*made.root.glob(".env.*"), *made.root.glob("tokens*"), *made.root.glob("tokens/*")]
    return {path.name: path.read_bytes() for path in files if path.is_file()}


def test_all_sinks_get_the_same_token(tmp_path: Path) -> None:
    made = with_sinks(tmp_path, *EVERY_FILE)
    made.mint()
    token = made.variables["WARD_CLIENT_SECRET"].encode()
    holding = {name for name, data in contents(made).items() if token in data}
    assert holding == {
        ".env.live",
        ".env.own.ward",
        "tokens.json",
        "tokens.yaml",
        "WARD_CLIENT_SECRET",
    }
    assert outcomes(made.mint()) == {"clinic": "kept", "ward": "kept"}


def test_if_one_cannot_be_staged_none_is_switched(tmp_path: Path) -> None:
    made = with_sinks(tmp_path, *EVERY_FILE)
    made.mint()
    before = contents(made)
    # The last in their order; it is found sound before the first request, and then is not.
    link = made.root / "tokens.yaml"

    def spoil(event: object) -> None:
        if isinstance(event, Started):
            link.unlink()
            link.symlink_to("elsewhere")

    order = made.project.order((), ["live"])
    edge = made.edge()
    report = mint(
        made.project,
        order,
        Operator(force=True),
        type(edge)(edge.environ, now=edge.now, patience=edge.patience, on_event=spoil),
    )
    assert outcomes(report) == {"clinic": "unwritten", "ward": "unwritten"}
    assert {one.problem.code for one in report.results if one.problem} == {"file-is-symlink"}
    after = contents(made)
    assert {name: data for name, data in before.items() if name != "tokens.yaml"} == after


def test_two_sinks_never_write_one_file(tmp_path: Path) -> None:
    made = with_sinks(
        tmp_path,
        "{kind: dotenv, path: '.env.{profile}'}",
        "{kind: json, path: .env.ward}",
    )
    with pytest.raises(ProblemsError) as error:
        made.mint()
    assert problem_of(error).code == "sink-duplicate"


def test_a_sink_does_not_write_where_the_project_s_files_are(tmp_path: Path) -> None:
    for path in ("profiles/tokens.yaml", "voxmint.yaml", "environments/x.yaml"):
        made = with_sinks(tmp_path / path.replace("/", "-"), f"{{kind: yaml, path: {path}}}")
        with pytest.raises(ProblemsError) as error:
            made.mint()
        assert problem_of(error).code == "path-reserved"


@pytest.mark.parametrize("asked", [(), ("stdout",)])
def test_the_status_does_not_miss_what_no_sink_of_the_environment_holds(
    tmp_path: Path, asked: tuple[str, ...]
) -> None:
    lines = ["{kind: dotenv, path: .env.live}", "{kind: json, path: tokens.json}"]
    made = with_sinks(tmp_path, *lines)
    minted(made, *asked)
    # What was printed, or handed to a sink that is gone, is kept by a mint and so it is live.
    text = (made.root / "environments/live.yaml").read_text()
    made.write("environments/live.yaml", text.replace(f", {lines[1]}", ""))
    assert {str(one.action) for one in made.plan().entries} == {"keep"}
    status = status_of(made.project, made.project.order((), ["live"]), Operator(), made.edge())
    assert {str(one.state) for one in status.environments[0].sessions} == {"live"}
    assert status.is_live
