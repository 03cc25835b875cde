"""`purge`: it asks first, says until when tokens live, and shows none."""

import io
import json
import os
import re
from datetime import UTC
from pathlib import Path

import pytest
from syrupy.assertion import SnapshotAssertion

from tests.cli.running import NOW, Ran, Terminal, ran, write
from tests.engine.worlds import new_repository, no_file_above
from voxmint.cli.main import main
from voxmint.cli.world import World

FILES = {
    "voxmint.yaml": "version: 1\n",
    ".gitignore": ".env.*\n",
    "profiles/base.yaml": "abstract: true\n"
    "session: {input_audio_transcription: {model: gpt-transcribe}}\n",
    "profiles/ward-1.yaml": "extends: base\n",
    "profiles/ward-2.yaml": "extends: base\nexpires_after: {seconds: 60}\n",
    "environments/local.yaml": "provider: {kind: emulator}\n"
    "sinks: [{kind: dotenv, path: .env.local}]\n",
}
MINE = "# mine\nMINE=1\n"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    folder = write(tmp_path / "project", {**FILES, ".env.local": MINE})
    new_repository(folder)
    assert at(folder, NOW, "mint", "-e", "local").code == 0
    return folder


def at(folder: Path, now: float, *arguments: str, typed: str | None = None) -> Ran:
    """Runs a command line at a moment; on a terminal, where something is typed."""
    stream = io.StringIO if typed is None else Terminal
    out, err = stream(), stream()
    environ = {"PATH": os.environ["PATH"], "NO_COLOR": "1"}
    world = World(stream(typed or ""), out, err, environ, folder, lambda: now, UTC)
    code = main(arguments, world)
    texts = (re.sub(r"\bsess_\w+", "sess_ID", one.getvalue()) for one in (out, err))
    return Ran(code, *texts)


def text_of(project: Path) -> str:
    return (project / ".env.local").read_text()


def test_on_a_terminal_it_asks_first(project: Path, snapshot: SnapshotAssertion) -> None:
    before = text_of(project)
    for answer in ("n\n", "\n", "", "no way\n"):
        found = at(project, NOW + 100, "purge", "-e", "local", typed=answer)
        assert found.code == 1
        assert text_of(project) == before
    assert str(found) == snapshot
    assert str(at(project, NOW + 100, "purge", "-e", "local", typed="y\n")) == snapshot
    assert text_of(project) == MINE


def test_elsewhere_it_wants_to_be_told(project: Path, snapshot: SnapshotAssertion) -> None:
    before = text_of(project)
    assert str(at(project, NOW, "purge", "-e", "local")) == snapshot
    assert at(project, NOW, "purge", "-e", "local", "-o", "json", typed="y\n").code == 64
    assert text_of(project) == before
    assert str(at(project, NOW + 100, "purge", "-e", "local", "--yes")) == snapshot
    assert text_of(project) == MINE
    again = at(project, NOW + 100, "purge", "-e", "local")
    assert again.code == 0
    assert again.out == snapshot


def test_without_room_for_the_ledger_what_is_out_is_said_to_be_out(
    project: Path, snapshot: SnapshotAssertion
) -> None:
    with no_file_above(100):
        full = at(project, NOW + 100, "purge", "-e", "local", "--yes")
    assert text_of(project) == MINE
    assert full.code == 3
    assert str(full).replace(str(project), "PROJECT") == snapshot
    with no_file_above(100):
        again = at(project, NOW + 100, "purge", "-e", "local", "--yes", "-o", "json")
        quiet = at(project, NOW + 100, "-q", "purge", "-e", "local", "--yes")
    told = json.loads(again.out)
    assert [(one["outcome"], one["error"]) for one in told["results"]] == [("removed", None)] * 2
    assert [one["code"] for one in told["problems"]] == ["ledger-behind"]
    assert (quiet.code, quiet.out, quiet.err.split()[0]) == (3, "", "unnoted")
    assert at(project, NOW + 100, "purge", "-e", "local", "--yes").code == 0
    assert at(project, NOW + 100, "purge", "-e", "local", "--yes").out == snapshot


def test_a_dry_run_changes_nothing(project: Path, snapshot: SnapshotAssertion) -> None:
    before = text_of(project)
    assert str(at(project, NOW + 1, "purge", "-e", "local", "-n")) == snapshot
    assert at(project, NOW + 1, "purge", "-e", "local", "-n", "-o", "json").out == snapshot
    assert text_of(project) == before


def test_json(project: Path, snapshot: SnapshotAssertion) -> None:
    found = at(project, NOW + 1, "purge", "-e", "local", "ward-2", "--yes", "-o", "json")
    assert (found.code, found.err) == (0, "")
    assert found.out == snapshot
    assert json.loads(found.out)["results"][0]["outcome"] == "removed"


def test_a_sink_that_cannot_be_asked(project: Path, snapshot: SnapshotAssertion) -> None:
    (project / ".voxmint/ledger.db").unlink()
    (project / ".env.local").rename(project / ".env.real")
    (project / ".env.local").symlink_to(".env.real")
    assert str(at(project, NOW + 100, "purge", "-e", "local", "--yes")) == snapshot


def test_quiet_says_only_what_went_wrong(project: Path, snapshot: SnapshotAssertion) -> None:
    (project / ".env.local").rename(project / ".env.real")
    (project / ".env.local").symlink_to(".env.real")
    found = at(project, NOW, "-q", "purge", "-e", "local", "--yes")
    assert (found.code, found.out) == (1, "")
    assert found.err == snapshot
    assert at(project, NOW, "purge", "-e", "local", "--yes").out == snapshot
    (project / ".env.local").unlink()
    (project / ".env.real").rename(project / ".env.local")
    assert at(project, NOW, "-q", "purge", "-e", "local", "--yes") == Ran(0, "", "")


def test_no_token_is_shown(project: Path) -> None:
    tokens = re.findall("SECRET=(.*)", text_of(project))
    for arguments in (("-n",), ("-n", "-o", "json"), ("--yes", "-o", "json", "-v")):
        found = at(project, NOW, "purge", "-e", "local", *arguments)
        assert tokens
        assert not [token for token in tokens if token in found.out + found.err]


@pytest.mark.parametrize(
    "arguments",
    ["purge", "purge -e loca", "purge -e local -e local", "purge -e local ward-3 --yes"],
)
def test_wrong_usage(project: Path, arguments: str, snapshot: SnapshotAssertion) -> None:
    found = ran(project, *arguments.split(), environ={"PATH": os.environ["PATH"]})
    assert found.code == 64
    assert found.err == snapshot
