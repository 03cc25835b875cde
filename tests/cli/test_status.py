"""What `status` says, and plans that go through a file, as a person and a program meet them."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from syrupy.assertion import SnapshotAssertion

from tests.cli.running import NOW, Ran, Terminal, environment, process, ran, write
from tests.engine.worlds import new_repository

FILES = {
    "voxmint.yaml": "version: 1\n",
    ".gitignore": ".env.*\n",
    "profiles/base.yaml": """\
abstract: true
session:
  input_audio_transcription: {model: gpt-transcribe}
  turn_detection: {type: server_vad, threshold: 0.5}
""",
    **{f"profiles/ward-{number}.yaml": "extends: base\n" for number in range(1, 7)},
    "profiles/lobby.yaml": "extends: base\nexpires_after: {seconds: 3600}\n",
    "environments/local.yaml": """\
provider: {kind: emulator}
sinks: [{kind: dotenv, path: .env.local}]
""",
    "environments/production.yaml": """\
provider: {kind: openai, key: {env: OPENAI_API_KEY}}
profiles: [lobby]
sinks: [{kind: dotenv, path: .env.production}]
""",
}


@pytest.fixture
def project(tmp_path: Path) -> Path:
    folder = write(tmp_path / "project", FILES)
    new_repository(folder)
    return folder


def run(folder: Path, *arguments: str, **settings: Any) -> Ran:
    """Runs a command line in a world that has git; what differs from run to run is left out."""
    found = ran(folder, *arguments, environ={"PATH": os.environ["PATH"]}, **settings)
    return Ran(found.code, steady(found.out, folder), steady(found.err, folder))


def steady(text: str, folder: Path) -> str:
    text = re.sub(r"in \d+\.\d s\b", "in N s", text.replace(str(folder.resolve()), "PROJECT"))
    text = re.sub(r'"digest": "[0-9a-f:]+"', '"digest": "…"', text)
    return re.sub(r"\b(sess|req)_\w+", r"\1_ID", text)


def changed(folder: Path) -> None:
    """Some of all that can become of what was minted."""
    text = FILES["profiles/base.yaml"].replace("0.5", "0.6")
    write(
        folder,
        {
            "profiles/loud.yaml": text,
            "profiles/ward-1.yaml": "extends: loud\n",
            "profiles/ward-2.yaml": "extends: loud\n",
            "profiles/ward-3.yaml": "extends: [\n",
            "profiles/ward-7.yaml": "extends: base\n",
        },
    )
    (folder / "profiles/ward-4.yaml").unlink()
    lines = (folder / ".env.local").read_text().splitlines(keepends=True)
    (folder / ".env.local").write_text("".join(one for one in lines if "WARD_5" not in one))


# ── status ───────────────────────────────────────────────────────────────────────────────────────


def test_what_is_in_place_from_the_first_day_on(project: Path, snapshot: SnapshotAssertion) -> None:
    seen = [str(run(project, "status"))]
    run(project, "mint", "-e", "local")
    seen.append(str(run(project, "status", "-e", "local")))
    changed(project)
    seen.append(str(run(project, "status", "-e", "local", now=NOW + 60)))
    seen.append(str(run(project, "status", "-e", "local", "-v", now=NOW + 60)))
    seen.append(str(run(project, "status", now=NOW + 4000)))
    assert seen == snapshot


def test_as_json(project: Path, snapshot: SnapshotAssertion) -> None:
    run(project, "mint", "-e", "local")
    changed(project)
    found = run(project, "status", "-e", "local", "-o", "json", now=NOW + 60)
    assert found.code == 0
    assert found.out == snapshot
    assert json.loads(found.out)["version"] == 1


def test_the_exit_code_says_whether_a_mint_would_change_something(project: Path) -> None:
    status = ("status", "-e", "local", "--detailed-exitcode", "-q")
    assert run(project, *status) == (2, "", "")
    run(project, "mint", "-e", "local")
    assert run(project, *status) == (0, "", "")
    assert run(project, *status, now=NOW + 500) == (2, "", "")
    assert run(project, *status, "--min-remaining", "9m") == (0, "", "")
    assert run(project, *status, "--min-remaining", "15m") == (2, "", "")
    assert run(project, "status", "--detailed-exitcode", "-q").code == 2


def test_no_token_is_read_or_shown(project: Path) -> None:
    run(project, "mint", "-e", "local")
    tokens = re.findall("SECRET=(.*)", (project / ".env.local").read_text())
    for output in ("text", "json"):
        found = ran(project, "status", "-v", "-o", output, environ={"PATH": os.environ["PATH"]})
        assert not [token for token in tokens if token in found.out + found.err]


@pytest.mark.parametrize(
    "arguments",
    ["status -e loca", "status --interval 0", "status --interval 5x", "status local"],
)
def test_wrong_usage(project: Path, arguments: str, snapshot: SnapshotAssertion) -> None:
    found = run(project, *arguments.split())
    assert found.code == 64
    assert str(found) == snapshot


def test_a_ledger_that_cannot_be_read(project: Path, snapshot: SnapshotAssertion) -> None:
    run(project, "mint", "-e", "local")
    ledger = project / ".voxmint/ledger.db"
    whole = ledger.read_bytes()
    seen: list[str] = []
    for content in (b"no ledger " * 100, whole[:5000]):
        ledger.write_bytes(content)
        for command in ("status", "plan", "mint"):
            seen.append(str(run(project, command, "-e", "local")))
            assert ledger.read_bytes() == content
    assert seen == snapshot
    ledger.unlink()
    assert run(project, "status", "-e", "local").out == snapshot
    lost = run(project, "mint", "-e", "local")
    assert lost.code == 0
    assert "holds sessions of 7 profiles that no ledger here knows of" in lost.err


def test_on_a_narrow_terminal_each_session_stands_by_itself(
    project: Path, snapshot: SnapshotAssertion
) -> None:
    run(project, "mint", "-e", "local", "ward-1")
    settings = {"PATH": os.environ["PATH"], "COLUMNS": "60", "NO_COLOR": "1"}
    found = ran(project, "status", "-e", "local", "-v", environ=settings, stream=Terminal)
    assert steady(found.out, project) == snapshot


@pytest.mark.parametrize("output", ["json", pytest.param("text", marks=pytest.mark.slow)])
def test_watching_goes_on_until_it_is_interrupted(
    project: Path, tmp_path: Path, output: str
) -> None:
    out, err = tmp_path / "out", tmp_path / "err"
    with out.open("w") as stdout, err.open("w") as stderr:
        watching = subprocess.Popen(
            [
                *(sys.executable, "-m", "voxmint", "status", "-e", "local"),
                *("--watch", "--interval", "0.1", "-o", output),
            ],
            cwd=project,
            env=environment(project),
            stdout=stdout,
            stderr=stderr,
        )
    try:
        until(out, "never minted")
        # What is half saved is said, and does not end it.
        write(project, {"voxmint.yaml": "version: [\n"})
        until(err, "bad-yaml")
        write(project, {"voxmint.yaml": "version: 1\n"})
        assert process(project, "mint", "-e", "local").code == 0
        until(out, "live" if output == "text" else '"state": "live"')
        watching.send_signal(signal.SIGINT)
        assert watching.wait(120) == 130
    finally:
        watching.kill()
        watching.wait(120)
    if output == "json":
        assert {json.loads(line)["version"] for line in out.read_text().splitlines()} == {1}
    else:
        # Each look says when it was.
        lines = out.read_text().splitlines()
        times = [re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d [+-]\d{4}", one) for one in lines]
        assert times[0]
        assert sum(map(bool, times)) >= sum(line.startswith("local →") for line in lines) > 1


def until(path: Path, word: str) -> None:
    """Waits until a file has the word, two minutes at most."""
    for _ in range(1200):
        if word in path.read_text():
            return
        time.sleep(0.1)
    raise AssertionError(f"{word} never came: {path.read_text()[-1000:]}")


# ── plans in files ───────────────────────────────────────────────────────────────────────────────


def test_a_plan_is_reviewed_and_carried_out_once(
    project: Path, snapshot: SnapshotAssertion
) -> None:
    seen = [str(run(project, "plan", "-e", "local", "ward-*", "--out", "plan.json"))]
    seen.append(str(run(project, "mint", "--plan", "plan.json")))
    seen.append(str(run(project, "mint", "--plan", "plan.json")))
    changed(project)
    write(project, {"profiles/ward-3.yaml": "extends: base\n"})
    seen.append(str(run(project, "plan", "-e", "local", "-q", "--out", "plan.json")))
    write(project, {"profiles/ward-1.yaml": "extends: base\n"})
    seen.append(str(run(project, "mint", "--plan", "plan.json")))
    assert seen == snapshot


def test_the_file_itself(project: Path, snapshot: SnapshotAssertion) -> None:
    run(project, "mint", "-e", "local", "ward-1")
    found = run(
        project,
        *("plan", "-e", "local", "ward-1", "-l", "tier=gold", "--min-remaining", "60"),
        *("--out", "plan.json"),
    )
    assert found.code == 64
    run(project, "plan", "-e", "local", "ward-1", "--min-remaining", "60", "--out", "plan.json")
    text = re.sub(r'"[0-9a-f]{16}"', '"…"', (project / "plan.json").read_text())
    assert steady(text, project) == snapshot


@pytest.mark.parametrize(
    "more",
    ["-e local", "ward-1", "--force", "--min-remaining 1m", "--set session.include=null"],
)
def test_a_plan_and_another_choice_contradict_each_other(project: Path, more: str) -> None:
    run(project, "plan", "-e", "local", "--out", "plan.json")
    found = run(project, "mint", "--plan", "plan.json", *more.split())
    assert found.code == 64
    assert found.err == (
        "error: a plan's file says what is minted, and where\n"
        "  └ give --plan alone; another choice is another plan, made with `voxmint plan --out`\n"
    )
    assert not (project / ".env.local").exists()


@pytest.mark.parametrize("name", ["profiles/lobby.yaml", "notes.json"])
def test_a_plan_takes_the_place_of_nothing_but_a_plan(project: Path, name: str) -> None:
    write(project, {"notes.json": '{"format": "notes"}'})
    before = (project / name).read_text()
    found = run(project, "plan", "-e", "local", "--out", name)
    assert (found.code, (project / name).read_text()) == (64, before)
    assert found.err.startswith(f"error: `{name}` holds something else than a plan")


@pytest.mark.parametrize("text", ["", '{"format": "voxmint plan", "version": 9}'])
def test_a_plan_takes_the_place_of_another(project: Path, text: str) -> None:
    write(project, {"plan.json": text})
    assert run(project, "plan", "-e", "local", "--out", "plan.json").code == 0
    assert run(project, "mint", "--plan", "plan.json").code == 0


def test_a_plan_that_is_none(project: Path, snapshot: SnapshotAssertion) -> None:
    run(project, "plan", "-e", "local", "--out", "plan.json")
    text = (project / "plan.json").read_text()
    write(project, {"plan.json": text.replace('"action": "mint"', '"action": "keep"', 1)})
    seen = [str(run(project, "mint", "--plan", one)) for one in ("plan.json", "no.json")]
    seen.append(str(run(project, "plan", "-e", "local", "-q", "--out", "no/plan.json")))
    assert seen == snapshot


def test_what_cannot_outlive_the_deploy(project: Path, snapshot: SnapshotAssertion) -> None:
    found = run(project, "mint", "-e", "local", "--min-remaining", "45m")
    assert str(found) == snapshot
    assert not (project / ".voxmint").exists()
    found = run(project, "mint", "-e", "local", "lobby", "--min-remaining", "45m")
    assert found.code == 0
    planned = run(project, "plan", "-e", "local", "lobby", "--min-remaining", "45m", now=NOW + 1800)
    assert str(planned) == snapshot
