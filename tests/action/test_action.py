"""The GitHub Action: its real steps run for an event, against a server that plays GitHub's API."""

import subprocess
import sys
from functools import partial
from pathlib import Path
from typing import Protocol

import pytest
from syrupy.assertion import SnapshotAssertion

from tests.action.conftest import CLINIC, committed
from tests.action.github import Api, Done, Refusal, Runner
from tests.cli.running import ROOT, write
from tests.engine.worlds import git

MARK = "<!-- voxmint: review of . -->"
WRONG = "extends: base\nsession: {turn_detektion: null}\n"
FORK: Refusal = (403, {}, "Resource not accessible by integration")


class Run(Protocol):
    """Runs the action with these inputs."""

    def __call__(self, **given: str) -> Done: ...


@pytest.fixture
def run(review: Runner, voxmint: Path) -> Run:
    return partial(review.run, voxmint=str(voxmint))


@pytest.fixture
def comment(review: Runner, tmp_path: Path) -> Run:
    """Runs the step that comments, after a review that found this."""
    report = tmp_path / "report.md"
    report.write_text("1 edit changes 2 bodies\n")

    def run(changes: str = "true", **given: str) -> Done:
        found = {"report": str(report), "changes": changes}
        return review.run_one("comment", found, python=sys.executable, **given)

    return run


# ── what a pull request gets ─────────────────────────────────────────────────────────────────────


def test_a_pull_request(run: Run, api: Api, review: Runner, snapshot: SnapshotAssertion) -> None:
    done = run()
    assert done.code == 0
    told = done.summary
    for commit in ("HEAD", "HEAD^1"):
        name = git(review.workspace, "rev-parse", commit)
        told = told.replace(name, f"[{commit}]").replace(name[:10], f"[{commit}]")
    assert told == snapshot
    [comment] = api.comments
    report = Path(done.outputs["report"]).read_text()
    assert comment["body"] == f"{MARK}\n{report.rstrip()}\n"
    assert report in done.summary
    assert (done.outputs["errors"], done.outputs["new-errors"]) == ("false", "false")
    assert done.outputs["changes"] == "true"
    assert done.outputs["comment"] == "https://github.example/comment/100"
    assert {one.token for one in api.asked} == {"Bearer ghs_made_up"}
    assert "ghs_made_up" not in done.log + done.summary + report


@pytest.mark.slow
def test_a_page_among_the_artifacts(run: Run, api: Api, review: Runner) -> None:
    done = run(artifact="what this changes", min_remaining="production=9s, 1h")
    assert done.outputs["new-errors"] == "false"
    page = review.artifacts["what this changes"]
    assert page.startswith("<!doctype html>")
    assert page == Path(done.outputs["page"]).read_text()
    assert "https://github.example/clinic/speech/blob/" in page
    assert api.comments[0]["body"].endswith(
        "\n[The same as a page](https://github.example/artifacts/1), to download\n"
    )


@pytest.mark.slow
def test_a_lifetime_that_is_too_short_is_an_error_of_the_change(run: Run, review: Runner) -> None:
    committed(review.workspace, CLINIC, "extends: base\nexpires_after: {seconds: 60}\n")
    assert run(base="HEAD~1", comment="false").outputs["new-errors"] == "false"
    done = run(base="HEAD~1", comment="false", min_remaining="2m", fail_on="new-errors")
    assert (done.code, done.outputs["new-errors"]) == (1, "true")
    assert "lifetime-short" in done.summary
    done = run(base="HEAD~1", comment="false", min_remaining="soon")
    assert done.code == 1
    assert "takes a length of time, not `soon`" in done.log


@pytest.mark.slow
def test_only_what_the_branch_brings_is_told(run: Run) -> None:
    assert "elsewhere" not in run().summary


def test_the_one_comment_is_brought_up_to_date(comment: Run, api: Api) -> None:
    for number in range(250):
        api.add(f"another {number}")
    comment()
    assert api.methods() == ["GET", "GET", "GET", "POST"]
    api.comments[250]["body"] = f"{MARK}\nold"
    done = comment()
    assert api.methods()[4:] == ["GET", "GET", "GET", "PATCH"]
    assert api.comments[250]["body"] == f"{MARK}\n1 edit changes 2 bodies\n"
    assert done.outputs["comment"] == "https://github.example/comment/350"


@pytest.mark.slow
def test_each_project_has_a_comment_of_its_own(comment: Run, api: Api) -> None:
    for project in ("apps/a --> b/", "./apps//c", ".", "./"):
        comment(project=project)
    assert [one["body"].split("\n")[0] for one in api.comments] == [
        "<!-- voxmint: review of apps/a%20--%3E%20b -->",
        "<!-- voxmint: review of apps/c -->",
        MARK,
    ]


def test_a_comment_of_somebody_else_is_left_alone(comment: Run, api: Api) -> None:
    api.add(f"{MARK}\nnot by the action", login="mallory")
    comment()
    assert api.methods() == ["GET", "POST"]
    assert api.comments[0]["body"] == f"{MARK}\nnot by the action"
    comment(author="mallory")
    assert api.methods()[2:] == ["GET", "PATCH"]


def test_nothing_to_tell_is_no_comment(run: Run, api: Api, review: Runner) -> None:
    committed(review.workspace, "README.md", "hello\n")
    done = run(base="HEAD~1")
    assert (done.code, api.methods()) == (0, ["GET"])
    assert "No body changes" in done.summary
    assert done.outputs["changes"] == "false"


def test_a_comment_is_not_left_to_say_what_is_no_longer_so(comment: Run, api: Api) -> None:
    api.add(f"{MARK}\n1 edit changes all")
    comment(changes="false")
    assert api.methods() == ["GET", "PATCH"]


@pytest.mark.slow
def test_without_comments(run: Run, api: Api) -> None:
    assert run(comment="false").code == 0
    assert api.asked == []


def test_a_comment_that_is_too_long_says_where_to_look(
    comment: Run, api: Api, tmp_path: Path
) -> None:
    # The report itself keeps to less; so this is for what else may come to stand in a comment.
    (tmp_path / "report.md").write_text("é" * 65_600)
    comment()
    assert api.comments[0]["body"] == (
        f"{MARK}\nThis is longer than a comment can be: "
        "[the job's summary](https://github.example/clinic/speech/actions/runs/17) has it.\n"
    )


# ── where the API says no ────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("refusals", "said", "methods"),
    [
        ({"POST": [FORK]}, "::notice title=voxmint::no comment, since the token", ["GET", "POST"]),
        ({"GET": [(401, {}, "Bad credentials")]}, "(401 Bad credentials)", ["GET"]),
        ({"POST": [(422, {}, "Validation\nFailed")]}, "422 Validation%0AFailed", ["GET", "POST"]),
        ({"POST": [(502, {}, "")]}, "::warning title=voxmint::no comment", ["GET", "POST"]),
        ({"GET": [(301, {"Location": "/repos/x"}, "Moved")]}, "301 Moved", ["GET"]),
    ],
)
def test_a_refusal_is_told_and_fails_nothing(
    comment: Run,
    api: Api,
    refusals: dict[str, list[Refusal]],
    said: str,
    methods: list[str],
) -> None:
    api.refusals = refusals
    done = comment()
    assert done.code == 0
    assert said in done.log
    assert api.methods() == methods
    assert api.comments == []


def test_a_busy_api_is_asked_again(comment: Run, api: Api) -> None:
    wait = {"Retry-After": "0"}
    api.refusals = {"GET": [(429, wait, "slow down")], "POST": [(403, wait, "secondary limit")]}
    assert comment().code == 0
    assert api.methods() == ["GET", "GET", "POST", "POST"]
    assert len(api.comments) == 1


def test_a_comment_that_was_just_deleted_is_made_anew(comment: Run, api: Api) -> None:
    api.add(MARK)
    api.refusals = {"PATCH": [(404, {}, "Not Found")]}
    comment()
    assert api.methods() == ["GET", "PATCH", "POST"]


def test_no_api_at_all(comment: Run, review: Runner) -> None:
    review.environ = {**review.environ, "GITHUB_API_URL": "http://127.0.0.1:9"}
    done = comment()
    assert done.code == 0
    assert "::warning title=voxmint::no comment" in done.log


# ── what fails ───────────────────────────────────────────────────────────────────────────────────


def test_a_change_that_brings_an_error(run: Run, review: Runner, api: Api) -> None:
    committed(review.workspace, CLINIC, WRONG)
    done = run(base="HEAD~1", fail_on="new-errors")
    assert done.code == 1
    assert [done.outputs[name] for name in ("errors", "new-errors", "changes")] == ["true"] * 3
    assert "::error file=profiles/clinic.yaml,line=2" in done.log
    assert "turn_detektion" in api.comments[0]["body"]


@pytest.mark.slow
def test_an_error_that_was_there_before(run: Run, review: Runner) -> None:
    committed(review.workspace, CLINIC, WRONG)
    committed(review.workspace, "README.md", "hello\n")
    done = run(base="HEAD~1", fail_on="new-errors, changes")
    assert done.code == 0
    assert [done.outputs[name] for name in ("errors", "new-errors", "changes")] == [
        "true",
        "false",
        "false",
    ]


@pytest.mark.parametrize(
    ("words", "found", "code"),
    [
        ("errors", "errors", 1),
        ("errors", "new-errors changes", 0),
        ("new-errors", "errors changes", 0),
        ("changes,new-errors", "changes", 1),
        ("new-errors changes", "errors", 0),
        ("never", "errors new-errors changes", 0),
        ("", "errors new-errors changes", 0),
        ("error", "", 1),
        ("errors *", "", 1),
    ],
)
def test_what_fails_is_chosen(review: Runner, words: str, found: str, code: int) -> None:
    names = ("errors", "new-errors", "changes")
    outputs = {name: str(name in found.split()).lower() for name in names}
    assert review.run_one("verdict", outputs, fail_on=words).code == code


@pytest.mark.slow
def test_warnings_fail_where_it_is_strict(run: Run, review: Runner) -> None:
    committed(review.workspace, "profiles/kiosk.yaml", "extends: base\nvars: {unused: 1}\n")
    assert run(comment="false").code == 0
    assert run(comment="false", strict="true").code == 1


@pytest.mark.parametrize("words", ["errors;id", "$(id)"])
def test_a_choice_that_is_no_word_fails_at_once(run: Run, words: str) -> None:
    done = run(fail_on=words)
    assert done.code == 1
    assert "the input 'fail-on' takes words" in done.log
    assert done.summary == ""


# ── other events ─────────────────────────────────────────────────────────────────────────────────


@pytest.mark.slow
def test_a_branch_that_is_checked_out_itself(run: Run, review: Runner) -> None:
    git(review.workspace, "switch", "--quiet", "topic")
    done = run()
    assert done.code == 0
    assert "noise_reduction" in done.summary
    assert "elsewhere" not in done.summary


@pytest.mark.slow
def test_a_push(run: Run, review: Runner, api: Api) -> None:
    review.event = {"before": git(review.workspace, "rev-parse", "HEAD^1")}
    done = run()
    assert (done.code, done.outputs["changes"]) == (0, "true")
    assert "this run is of no open pull request" in done.log
    assert api.asked == []


@pytest.mark.parametrize("before", ["", pytest.param("0" * 40, marks=pytest.mark.slow)])
def test_nothing_to_compare_with(run: Run, review: Runner, before: str) -> None:
    review.event = {"before": before}
    done = run()
    assert done.code == 0
    assert "there is no base to compare with" in done.log
    assert done.outputs["report"] == ""


@pytest.mark.slow
def test_a_shallow_clone_says_what_to_fetch(run: Run, review: Runner, tmp_path: Path) -> None:
    shallow = tmp_path / "shallow"
    source = f"file://{review.workspace}"
    git(tmp_path, "clone", "--quiet", "--depth", "1", "--branch", "topic", source, str(shallow))
    review.workspace = shallow
    done = run()
    assert done.code == 1
    assert "'fetch-depth: 0'" in done.log


def test_a_comparison_that_fails_is_no_change(review: Runner, tmp_path: Path, api: Api) -> None:
    program = tmp_path / "voxmint"
    program.write_text(
        '#!/bin/sh\ncase $* in *" diff "*) echo "not all is here" >&2; exit 1 ;; esac\n'
    )
    program.chmod(0o755)
    done = review.run(voxmint=str(program))
    assert done.code == 1
    assert "nothing could be compared, and the log says why" in done.log
    assert "not all is here" in done.log
    assert api.asked == []


@pytest.mark.slow
def test_a_fork_is_commented_on_by_a_run_that_follows(run: Run, review: Runner, api: Api) -> None:
    workspace = review.workspace
    head = git(workspace, "rev-parse", "topic")
    git(workspace, "switch", "--quiet", "main")
    # What the fork has is in git's objects alone.
    git(workspace, "branch", "--delete", "--force", "topic")
    ran_before = {
        "event": "pull_request",
        "head_sha": head,
        "head_branch": "topic",
        "head_repository": {"owner": {"login": "stranger"}},
        "pull_requests": [],
    }
    review.event = {"workflow_run": ran_before}
    review.environ = {**review.environ, "GITHUB_SHA": git(workspace, "rev-parse", "main")}
    for number, sha, label in (
        (5, head, "somebody:topic"),
        (6, "0" * 40, "stranger:topic"),
        (7, head, "stranger:topic"),
    ):
        api.pulls.append({"number": number, "label": label, "head": {"sha": sha}})
    done = run(head=head)
    assert done.code == 0
    assert "noise_reduction" in api.comments[0]["body"]
    assert done.outputs["errors"] == "false"
    api.pulls.clear()
    assert "this run is of no open pull request" in run(head=head).log


# ── strangers ────────────────────────────────────────────────────────────────────────────────────

RUNS = "import pathlib; pathlib.Path({place!r}).touch()\n"


def test_nothing_of_the_repository_is_run(run: Run, review: Runner, tmp_path: Path) -> None:
    touched = tmp_path / "touched"
    modules = ("voxmint/__init__", "json", "sitecustomize", "usercustomize", "venv", "yaml", "pip")
    shells = ("voxmint.sh", "git", "python3", "install.sh", "review.sh", "sh")
    files = dict.fromkeys((f"{name}.py" for name in modules), RUNS.format(place=str(touched)))
    files |= dict.fromkeys(shells, f"#!/bin/sh\ntouch {touched}\n")
    write(review.workspace, files)
    for name in shells:
        (review.workspace / name).chmod(0o755)
    committed(review.workspace, "README.md", "hello\n")
    # As workflows do that run tests of their own.
    review.environ = {**review.environ, "PYTHONPATH": "."}
    assert run(base="HEAD~2").code == 0
    assert not touched.exists()


@pytest.mark.parametrize(
    "name",
    [
        "project",
        *(
            pytest.param(name, marks=pytest.mark.slow)
            for name in ("base", "head", "min_remaining", "artifact")
        ),
    ],
)
def test_an_input_is_no_program(run: Run, tmp_path: Path, name: str) -> None:
    touched = tmp_path / "touched"
    run(**{name: f"\"; touch {touched}; $(touch {touched}) `touch {touched}` '"})
    assert not touched.exists()


def test_a_text_is_no_command_to_the_runner(run: Run, review: Runner, api: Api) -> None:
    prompt = "::error::x\n::set-env name=PATH::/tmp\n<!-- -->\n@everyone ![i](http://x)"
    text = f"session: {{input_audio_transcription: {{prompt: {prompt!r}, language: x}}}}\n"
    committed(review.workspace, "profiles/x.yaml", text.replace("'", '"'))
    done = run(base="HEAD~1", fail_on="never")
    stopped = False
    for line in done.log.splitlines():
        if line.startswith("::stop-commands::"):
            stopped = True
        elif stopped and line.startswith("::voxmint-"):
            stopped = False
        elif not stopped and line.startswith("::"):
            assert line.startswith(("::error file=", "::error title=", "::warning file="))
    assert not stopped
    assert "\n@everyone" not in api.comments[0]["body"]


# ── installing ───────────────────────────────────────────────────────────────────────────────────


def test_a_program_of_the_workspace_is_refused(review: Runner, voxmint: Path) -> None:
    write(review.workspace, {"voxmint.sh": "#!/bin/sh\n"})
    done = review.run(voxmint="./voxmint.sh")
    assert done.code == 1
    assert "a program of the workspace is not run" in done.log
    assert review.run(voxmint=str(voxmint) + "x").code == 1


def interpreter(folder: Path, body: str) -> Path:
    path = folder / "python"
    path.write_text(f"#!/bin/sh\n{body}\n")
    path.chmod(0o755)
    return path


def test_an_interpreter_that_is_too_old(review: Runner, tmp_path: Path) -> None:
    done = review.run(python=str(interpreter(tmp_path, "exit 1")))
    assert done.code == 1
    assert "voxmint needs Python 3.11 or later" in done.log


@pytest.mark.slow
def test_it_is_installed_once_and_away_from_the_workspace(
    review: Runner, tmp_path: Path, voxmint: Path
) -> None:
    """The interpreter makes an environment whose own interpreter only notes what is installed."""
    noted = tmp_path / "noted"
    body = f"""\
[ "$1" = -I ] || exit 9
echo "$PWD: $*" >>{noted}
case $2 in
-m)
    [ "$3" = venv ] || {{ cp {voxmint} "$(dirname "$0")/voxmint"; exit; }}
    mkdir -p "$4/bin"
    cp "$0" "$4/bin/python"
    ;;
*) exec {sys.executable} "$@" ;;
esac"""
    python = str(interpreter(tmp_path, body))
    for _ in range(2):
        done = review.run(python=python)
        assert done.code == 0, done.log
    lines = [line for line in noted.read_text().splitlines() if " -m " in line]
    home = f"{review.home}/voxmint-{ROOT.name}"
    assert lines == [
        f"{review.home}: -I -m venv {home}",
        (
            f"{review.home}: -I -m pip install --quiet --disable-pip-version-check "
            f"--constraint {ROOT}/constraints.txt {ROOT}"
        ),
    ]
    assert done.outputs["voxmint"] == f"{home}/bin/voxmint"


def test_the_scripts_can_be_run() -> None:
    for name in ("install", "review", "verdict"):
        path = ROOT / "action" / f"{name}.sh"
        assert path.stat().st_mode & 0o111
        subprocess.run(["sh", "-n", str(path)], check=True)
