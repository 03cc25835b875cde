"""What `diff` shows: the summary, the edits and what they reach, the exit codes, the pager."""

import json
import os
import pty
import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from syrupy.assertion import SnapshotAssertion

from tests.cli.running import ROOT, Ran, environment, ran, write
from tests.engine.worlds import git, repository_in

PATH = {"PATH": os.environ["PATH"]}

OLD: Mapping[str, str] = {
    "voxmint.yaml": "version: 1\n",
    "profiles/base.yaml": """\
abstract: true
vars: {place: ward}
session:
  input_audio_transcription:
    model: gpt-4o-transcribe
    prompt: "A clinician speaks in the {{ vars.place }}. Expect the names of drugs, and doses."
  turn_detection: {type: server_vad, threshold: 0.5, prefix_padding_ms: 300}
  include: [item.input_audio_transcription.logprobs]
""",
    "profiles/clinic.yaml": "extends: base\nlabels: {tier: gold}\n",
    "profiles/lobby.yaml": "extends: base\n",
    "profiles/kiosk.yaml": "extends: base\nsession: {turn_detection: null}\n",
    "profiles/gone.yaml": "extends: base\n",
    "profiles/ward.yaml": "extends: base\ndescription: The ward\nexpires_after: {seconds: 600}\n",
    "profiles/broken.yaml": "extends: base\nsession: {input_audio_format: mp3}\n",
    "environments/local.yaml": "provider: {kind: emulator}\n",
    "environments/production.yaml": """\
provider: {kind: openai, key: {env: OPENAI_API_KEY}}
overlay:
  - where: {labels: {tier: gold}}
    session: {turn_detection: {threshold: 0.7}}
""",
}

NEW: Mapping[str, str] = {
    **{name: text for name, text in OLD.items() if "gone" not in name and "ward" not in name},
    "profiles/base.yaml": OLD["profiles/base.yaml"]
    .replace("0.5", "0.6")
    .replace(", prefix_padding_ms: 300", "")
    .replace("names of drugs, and doses", "names of drugs and their doses")
    .replace("  include: [item.input_audio_transcription.logprobs]\n", "  include: []\n"),
    "profiles/lobby.yaml": """\
extends: base
session: {input_audio_transcription: {model: whisper}}
""",
    "profiles/fresh.yaml": "extends: base\nvars: {place: yard}\n",
    "profiles/ward-7.yaml": OLD["profiles/ward.yaml"].replace("600", "120"),
    "profiles/kiosk.yaml": "# no turns\n" + OLD["profiles/kiosk.yaml"] + "  # off\n",
    "profiles/clinic.yaml": OLD["profiles/clinic.yaml"]
    + "session: {turn_detection: {threshold: 2, prefix_padding_ms: 1}}\n",
}


FORMS = ("text", "json", "markdown", "html")


@pytest.fixture
def folders(tmp_path: Path) -> Path:
    write(tmp_path / "old", OLD)
    write(tmp_path / "new", NEW)
    return tmp_path


def diff(folder: Path, *arguments: str, **environ: str) -> Ran:
    return ran(folder, "diff", *arguments, environ={**PATH, **environ})


@pytest.mark.parametrize(
    "arguments",
    [
        (),
        ("-v",),
        ("--full",),
        ("--stat",),
        ("--origins",),
        ("-e", "production"),
        ("ward*", "kiosk"),
        ("gone",),
        ("-l", "tier=gold"),
        ("--color", "always", "ward-7"),
        ("--set", "session.turn_detection.threshold=0.4", "clinic"),
        ("-o", "json", "-e", "production", "clinic", "kiosk"),
        ("-o", "markdown", "--base-url", "https://code.example/main/{path}#L{line}"),
        ("-o", "markdown", "--stat"),
        ("-o", "markdown", "--base-url", "code.example"),
        ("-o", "markdown", "-v", "--full", "kiosk", "ward*", "broken"),
        ("-o", "json", "--stat"),
        ("-o", "html", "--stat"),
        ("--full", "--stat"),
        ("--min-remaining", "5m", "--min-remaining", "production=1m", "ward*"),
        ("--min-remaining", "prodction=5m"),
        ("--min-remaining", "=5m"),
        ("--min-remaining", "production=soon"),
        ("nobody",),
        ("-e", "nowhere"),
    ],
    ids=lambda arguments: " ".join(arguments) or "all",
)
def test_two_folders(
    folders: Path, arguments: tuple[str, ...], snapshot: SnapshotAssertion
) -> None:
    assert str(diff(folders, "old", "new", *arguments)) == snapshot


def test_a_narrow_screen(folders: Path, snapshot: SnapshotAssertion) -> None:
    assert diff(folders, "old", "new", COLUMNS="60").out == snapshot


def test_a_very_narrow_screen(folders: Path) -> None:
    told = diff(folders, "old", "new", COLUMNS="40").out
    below = """
  turn_detection.prefix_padding_ms
      300 → not set (the server's
      default, 300)
      lobby, ward-7 in local, production
"""
    assert below in told


def edited(tmp_path: Path, old: Mapping[str, str], new: Mapping[str, str]) -> Path:
    write(tmp_path / "old", {**OLD, **old})
    write(tmp_path / "new", {**OLD, **new})
    return tmp_path


def test_nothing_but_layout(tmp_path: Path) -> None:
    clinic = "profiles/clinic.yaml"
    folder = edited(tmp_path, {}, {clinic: f"# a comment\n{OLD[clinic]}"})
    found = diff(folder, "old", "new", "--detailed-exitcode")
    assert found.code == 0
    assert found.out.startswith("No body changes (12 bodies compared)")
    assert f"{clinic} differs in comments and layout alone\n" in found.out


def test_a_dead_line_is_told_with_what_shadows_it(tmp_path: Path) -> None:
    old = {"profiles/clinic.yaml": OLD["profiles/clinic.yaml"] + "vars: {x: 1}\n"}
    new = {"profiles/clinic.yaml": OLD["profiles/clinic.yaml"] + "vars: {x: 2}\n"}
    found = diff(edited(tmp_path, old, new), "old", "new")
    assert "vars.x 1 → 2: no effect, no value there depends on it (clinic in" in found.out


def test_overlay_items_in_another_order_are_told_by_whom_they_select(tmp_path: Path) -> None:
    head = "provider: {kind: emulator}\noverlay:\n"
    items = [
        f"  - {where}session: {{turn_detection: {{silence_duration_ms: {number}00}}}}\n"
        for number, where in enumerate(
            ("where: {names: ['*']}\n    ", "", "where: {labels: {tier: gold}}\n    "), 3
        )
    ]
    local = "environments/local.yaml"
    orders = ({local: head + "".join(items)}, {local: head + items[0] + items[2] + items[1]})
    found = diff(edited(tmp_path, *orders), "old", "new")
    told = "overlay in another order: everybody, where tier=gold → where tier=gold, everybody\n"
    assert f"{local}:5   {told}" in found.out


STATES = {"absent": "", "null": "null", "text": '""', "unset": "{$unset: true}", "word": "x"}


def prompted(state: str) -> dict[str, str]:
    inner = f"{{prompt: {STATES[state]}}}" if STATES[state] else "{}"
    text = f"extends: base\nsession: {{input_audio_transcription: {inner}}}\n"
    return {"profiles/lobby.yaml": text}


def test_each_state_of_a_value_reads_differently(tmp_path: Path) -> None:
    """The inherited text, nothing, an empty text and a word, each turning into each other."""
    lines: dict[tuple[str, str], str] = {}
    for before in ("absent", "text", "unset", "word"):
        for after in ("absent", "text", "unset", "word"):
            folder = edited(tmp_path / before / after, prompted(before), prompted(after))
            found = diff(folder, "old", "new", "-e", "local", "lobby", COLUMNS="300")
            rows = re.findall(
                r"^  input_audio_transcription.prompt   (.*)   lobby", found.out, re.MULTILINE
            )
            wordy = re.findall(
                r"^  input_audio_transcription.prompt   (.*)$", found.out, re.MULTILINE
            )
            assert bool(rows or wordy) == (before != after)
            if before != after:
                lines[before, after] = (rows or wordy)[0]
    assert len(set(lines.values())) == len(lines)
    default = "not set (the server's default, none)"
    assert lines["text", "unset"] == f'"" → {default}'
    assert lines["unset", "word"] == f"{default} → x"


# ── exit codes ───────────────────────────────────────────────────────────────────────────────────


def test_exit_codes(tmp_path: Path) -> None:
    folder = edited(tmp_path, {}, {"profiles/new.yaml": "extends: base\n"})
    # `broken` is wrong in both: that is no reason to fail.
    assert diff(folder, "old", "new").code == 0
    assert diff(folder, "old", "new", "--detailed-exitcode").code == 2
    assert diff(folder, "old", "old", "--detailed-exitcode").code == 0
    assert diff(folder, "new", "old", "--detailed-exitcode").code == 2
    write(folder / "new", {"profiles/new.yaml": "extends: bse\n"})
    assert diff(folder, "old", "new").code == 1
    assert diff(folder, "old", "new", "--detailed-exitcode").code == 1
    assert diff(folder, "old", "neww", "--").code == 64


@pytest.mark.slow
def test_the_same_input_gives_the_same_bytes(folders: Path) -> None:
    for output in FORMS:
        arguments = ("old", "new", "--full", "--origins", "-o", output)
        runs = {
            subprocess.run(
                [sys.executable, "-m", "voxmint", "diff", *arguments],
                cwd=folders,
                env=environment(folders, PYTHONHASHSEED=seed),
                capture_output=True,
                check=False,
            ).stdout
            for seed in ("1", "2")
        }
        assert len(runs) == 1


def test_what_a_file_could_do_to_a_terminal_is_escaped(tmp_path: Path) -> None:
    prompt = '"{% raw %}\\e[31m\\u202e{% endraw %}"'
    text = f"extends: base\nsession: {{input_audio_transcription: {{prompt: {prompt}}}}}\n"
    folder = edited(tmp_path, {}, {"profiles/lobby.yaml": text})
    for output in FORMS:
        found = diff(folder, "old", "new", "-o", output)
        assert "\x1b" not in found.out
        assert "\u202e" not in found.out


KEY = "sk-proj-Ab12Cd34Ef56Gh78Ij90Kl12"


@pytest.mark.parametrize("states", [("old", "new"), ("new", "old")])
@pytest.mark.parametrize("place", ["prompt", "vars", "header"])
def test_a_key_in_either_state_is_not_shown(
    tmp_path: Path, states: tuple[str, str], place: str
) -> None:
    long = f"A long prompt, of more than a few words, with {KEY} in it"
    text = {
        "prompt": f"extends: base\nsession: {{input_audio_transcription: {{prompt: {long!r}}}}}\n",
        "vars": f"extends: base\nvars: {{x: {KEY}}}\n",
        "header": "extends: base\n",
    }[place]
    provider = "provider: {kind: emulator, headers: {x-key: %s}}\n"
    files = {
        "profiles/lobby.yaml": text,
        "environments/local.yaml": provider % (KEY if place == "header" else "none"),
    }
    clean = {name: content.replace(KEY, "nothing") for name, content in files.items()}
    folder = edited(tmp_path, clean, files)
    for output in (("-v",), ("--full",), *(("-o", form) for form in FORMS[1:])):
        found = diff(folder, *states, "--origins", *output)
        assert KEY[10:] not in found.out + found.err
        assert "sk-" in found.out or place == "header"


def test_half_of_a_key_is_not_shown_where_two_are_compared_word_by_word(tmp_path: Path) -> None:
    prompts = [
        f"A prompt of several words, and sk-proj-{end}" for end in ("Ab12Cd34Ef56", "Zz98Yx76Wv54")
    ]
    text = "extends: base\nsession: {input_audio_transcription: {prompt: '%s'}}\n"
    old, new = ({"profiles/lobby.yaml": text % prompt} for prompt in prompts)
    found = diff(edited(tmp_path, old, new), "old", "new", "-v")
    assert "only in bodies that are or were invalid" in found.out
    assert not re.search("Ab12|Zz98", found.out + found.err)


def test_quiet_says_nothing_but_errors(folders: Path) -> None:
    assert diff(folders, "old", "old", "-q").out == ""
    assert "new error[out-of-range]" in diff(folders, "old", "new", "-q").out


# ── git ──────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    project = write(tmp_path / "repository/voice", OLD).parent
    git(project, "init", "--quiet", "--initial-branch=main")
    repository_in(project, {})
    (project / "voice/profiles/base.yaml").write_text(NEW["profiles/base.yaml"])
    return project / "voice"


def test_the_work_tree_against_where_the_branch_left_main(repository: Path) -> None:
    found = diff(repository)
    assert found.code == 0
    first, second, *_ = found.out.splitlines()
    assert first == "4 edits change 10 of 12 bodies."
    assert re.fullmatch(r"[0-9a-f]{10} \(where it left main\) → the working tree", second)
    assert diff(repository / "profiles").out == found.out
    same = diff(repository, "HEAD", "main")
    assert same.out.startswith("Nothing changed: both have the same files.\nHEAD (")
    assert diff(repository, "--staged").out.startswith(
        "No body changes (12 bodies compared).\nHEAD"
    )


def test_no_project_before(repository: Path) -> None:
    git(repository, "checkout", "--quiet", "--orphan", "empty")
    git(repository, "rm", "-r", "--cached", "--quiet", "--force", ".")
    git(repository, "commit", "--quiet", "--allow-empty", "--message", "nothing")
    found = diff(repository, "empty", "main")
    assert "12 bodies are new" in found.out
    assert ", without a project → main" in found.out


@pytest.mark.parametrize(
    ("word", "said"),
    [
        ("mian", "there is no revision and no profile `mian`\n  └ did you mean `main`?"),
        ("clinc", "there is no revision and no profile `clinc`\n  └ did you mean `clinic`?"),
    ],
)
def test_a_near_miss(repository: Path, word: str, said: str) -> None:
    found = diff(repository, word)
    assert (found.code, said in found.err) == (64, True)


def test_a_label_that_no_profile_has(repository: Path) -> None:
    found = diff(repository, "-l", "tire=gold", "--detailed-exitcode")
    assert found.code == 64
    assert "no profile in any environment is selected by `-l tire=gold`" in found.err


def test_completion_knows_branches_and_profiles(repository: Path) -> None:
    asked = {
        **environment(repository.parent),
        "_VOXMINT_COMPLETE": "bash_complete",
        "COMP_WORDS": "voxmint diff ",
        "COMP_CWORD": "2",
    }
    done = subprocess.run(
        [sys.executable, "-m", "voxmint"],
        cwd=repository,
        env=asked,
        capture_output=True,
        text=True,
        check=False,
    )
    assert {"plain,main", "plain,clinic"} <= set(done.stdout.split())


# ── the pager ────────────────────────────────────────────────────────────────────────────────────


def on_a_terminal(folder: Path, *arguments: str, **environ: str) -> str:
    """What a terminal shows of a run."""
    leader, follower = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "voxmint", "diff", *arguments],
        cwd=folder,
        env=environment(folder, TERM="xterm", NO_COLOR="1", **environ),
        stdin=follower,
        stdout=follower,
        stderr=subprocess.DEVNULL,
    )
    os.close(follower)
    shown = b""
    while True:
        try:
            chunk = os.read(leader, 65536)
        except OSError:
            break
        if not chunk:
            break
        shown += chunk
    process.wait(timeout=120)
    os.close(leader)
    return shown.decode().replace("\r\n", "\n")


@pytest.fixture
def pager(tmp_path: Path) -> str:
    program = tmp_path / "pager"
    program.write_text('#!/bin/sh\necho "paged $* LESS=$LESS"\ncat\n')
    program.chmod(0o755)
    return str(program)


@pytest.mark.slow
def test_a_terminal_gets_a_pager(folders: Path, pager: str) -> None:
    arguments = ("old", "new", "ward*")
    shown = on_a_terminal(folders, *arguments, PAGER=f"{pager} -x 'y z'")
    assert shown.startswith("paged -x y z LESS=FRX\n")
    plain = on_a_terminal(folders, *arguments, "--no-pager", PAGER=pager)
    assert plain == shown.partition("\n")[2]
    for name in ("", "cat", "/no/such/pager"):
        assert on_a_terminal(folders, *arguments, PAGER=name) == plain
    assert on_a_terminal(folders, *arguments, PAGER="cat", GIT_PAGER=pager).startswith("paged")
    assert "paged" not in on_a_terminal(folders, *arguments, "-o", "json", PAGER=pager)


def test_the_repository_has_no_say_in_the_pager(repository: Path, pager: str) -> None:
    git(repository, "config", "core.pager", pager)
    git(repository, "config", "pager.diff", pager)
    assert "paged" not in on_a_terminal(repository, PAGER="cat")


def test_what_is_no_terminal_gets_none(folders: Path, pager: str) -> None:
    assert "paged" not in diff(folders, "old", "new", PAGER=pager).out


# ── the page in docs ─────────────────────────────────────────────────────────────────────────────

PAGE = ROOT / "docs/diff.md"


def test_the_page_shows_what_is_there(tmp_path: Path) -> None:
    """The example of docs/diff.md is a project, its edit and both outputs, each as it is."""
    text = PAGE.read_text(encoding="utf-8")
    blocks = re.findall(r"<!-- (\S+) -->\n```\w+\n(.*?)^```\n", text, re.DOTALL | re.MULTILINE)
    files = {name: content for name, content in blocks if name.startswith("old/")}
    assert files
    write(tmp_path, files)
    write(tmp_path, {name.replace("old/", "new/", 1): content for name, content in files.items()})
    write(tmp_path, {name: content for name, content in blocks if name.startswith("new/")})
    shown = dict(blocks)
    found = diff(tmp_path, "old", "new")
    assert shown["text"] == "$ voxmint diff old new\n" + found.out
    arguments = (
        "-o",
        "markdown",
        "--base-url",
        "https://github.com/nordlys/voice/blob/main/{path}#L{line}",
    )
    found = diff(tmp_path, "old", "new", *arguments)
    assert shown["markdown"] == found.out
    content: Any = json.loads(diff(tmp_path, "old", "new", "-o", "json").out)
    example: Any = json.loads(shown["json"])
    assert example == {**content, "shadowed": content["shadowed"][:1]}
    assert all(f"`{key}`" in text for key in content)
