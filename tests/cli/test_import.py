"""What `import` writes: the profile, what is said of it, and what it refuses to write."""

import io
import json
from pathlib import Path
from typing import Any

import pytest
from syrupy.assertion import SnapshotAssertion

from tests.cli.running import NOW, Encoded, Ran, Terminal, process, ran, write
from voxmint.cli.main import main
from voxmint.cli.new_profile import at_path
from voxmint.cli.world import World
from voxmint.problems import UsageError

URL = "https://api.openai.com/v1/realtime/client_secrets"
KEY = "sk-proj-Zq7canary0123456789"
PROMPT = "It's {{ noted }}: on,\nno, 0123.\n"
TRANSCRIPTION = {"model": "gpt-4o-transcribe", "language": "no", "prompt": PROMPT}
FLAT: dict[str, Any] = {
    "turn_detection": None,
    "input_audio_format": "pcm16",
    "input_audio_transcription": TRANSCRIPTION,
    "client_secret": {"expires_at": {"anchor": "created_at", "seconds": 120}},
}
NESTED: dict[str, Any] = {
    "expires_after": {"anchor": "created_at", "seconds": 120},
    "session": {
        "type": "transcription",
        "audio": {
            "input": {
                "format": {"type": "audio/pcm", "rate": 24000},
                "transcription": TRANSCRIPTION,
                "turn_detection": None,
            }
        },
    },
}
COMMAND = f"""\
curl {URL} \\
  -H "Authorization: Bearer {KEY}" \\
  -d '{{
    "session": {{
      "type": "transcription",
      "audio": {{"input": {{"transcription": {{"model": "gpt-transcribe", "language": "no"}}}}}}
    }}
  }}'
"""
WRONG = """\
{
  "session": {
    "audio": {"input": {"format": "pcm16", "turn_detection": {"type": "server_vat"}}},
    "input_audio_noise_reduction": null
  }
}
"""


def imported(folder: Path, text: str, *arguments: str, **more: Any) -> Ran:
    return ran(folder, "import", *arguments, stdin=text, **more)


# ── what is written ──────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "text", [json.dumps(FLAT), json.dumps(NESTED), COMMAND], ids=["flat", "nested", "curl"]
)
@pytest.mark.parametrize("output", ["yaml", "json"])
def test_each_form(tmp_path: Path, text: str, output: str, snapshot: SnapshotAssertion) -> None:
    assert str(imported(tmp_path, text, "-o", output)) == snapshot


@pytest.mark.parametrize("output", ["yaml", "json"])
def test_what_is_wrong_is_said_with_its_place(
    tmp_path: Path, output: str, snapshot: SnapshotAssertion
) -> None:
    assert str(imported(tmp_path, WRONG, "-o", output)) == snapshot


def test_what_is_wrong_in_a_command(tmp_path: Path, snapshot: SnapshotAssertion) -> None:
    assert str(imported(tmp_path, COMMAND.replace("model", "modle"))) == snapshot


def test_an_answer(tmp_path: Path, snapshot: SnapshotAssertion) -> None:
    answer = {**NESTED["session"], "id": "sess_1", "object": "realtime.transcription_session"}
    given = {"value": "ek_0123456789abcdef", "expires_at": 1756310470, "session": answer}
    assert str(imported(tmp_path, json.dumps(given))) == snapshot


def test_a_file(tmp_path: Path) -> None:
    write(tmp_path, {"body.json": WRONG, "good.yaml": "turn_detection: null\n"})
    assert "┌ body.json:3:35" in ran(tmp_path, "import", "body.json").err
    found = ran(tmp_path, "import", "good.yaml", "-q")
    assert (found.code, found.out, found.err) == (0, "session:\n  turn_detection: null\n", "")


@pytest.mark.parametrize("body", [FLAT, NESTED], ids=["flat", "nested"])
@pytest.mark.parametrize("against", [None, "base", "clinic"])
def test_what_is_imported_renders_to_the_same_body(
    sound: Path, body: dict[str, Any], against: str | None
) -> None:
    more = ["--against", against] if against else []
    found = imported(sound, json.dumps(body), "--name", "new/ward", *more)
    assert (found.code, found.out) == (0, "")
    assert "wrote profiles/new/ward.yaml\nnext  voxmint validate new/ward\n" in found.err
    api = "client_secrets" if "session" in body else "transcription_sessions"
    again = ran(sound, "render", "new/ward", "-e", "local", "--api", api)
    assert json.loads(again.out) == body
    assert ran(sound, "validate", "new/ward").code == 0


@pytest.mark.parametrize("environment", ["local", "production"])
def test_what_render_prints_for_curl_is_imported_again(sound: Path, environment: str) -> None:
    command = ran(sound, "render", "clinic", "-e", environment, "-o", "curl").out
    found = imported(sound, command, "--name", "again", "-q")
    assert (found.code, found.out, found.err) == (0, "", "")
    bodies = [
        json.loads(ran(sound, "render", name, "-e", environment, "--api", "client_secrets").out)
        for name in ("clinic", "again")
    ]
    assert bodies[0] == bodies[1]


def test_only_what_differs(sound: Path, snapshot: SnapshotAssertion) -> None:
    body = {
        "input_audio_transcription": {"model": "gpt-transcribe", "language": "de"},
        "turn_detection": {"type": "server_vad"},
    }
    assert str(imported(sound, json.dumps(body), "--against", "base")) == snapshot


def test_what_is_printed_can_be_put_in_a_file(sound: Path) -> None:
    printed = imported(sound, json.dumps(FLAT), "--against", "base").out
    imported(sound, json.dumps(FLAT), "--against", "base", "--name", "a")
    imported(sound, json.dumps(FLAT), "--against", "base", "-O", "b.yaml")
    assert (sound / "profiles/a.yaml").read_text(encoding="utf-8") == printed
    assert (sound / "b.yaml").read_text(encoding="utf-8") == printed


def test_no_project_is_needed(tmp_path: Path) -> None:
    assert imported(tmp_path, "{}").out == "{}\n"
    for needed in ("--name", "--against"):
        found = imported(tmp_path, "{}", needed, "a")
        assert (found.code, found.out) == (64, "")
        assert "there is no voxmint.yaml in" in found.err


def test_a_terminal_that_lacks_letters(tmp_path: Path) -> None:
    body = {"input_audio_transcription": {"model": "m", "prompt": "Grüße 😀"}}
    found = ran(
        tmp_path,
        *("import", "-q"),
        stdin=json.dumps(body),
        stream=lambda: Encoded("ascii"),
    )
    assert 'prompt: "Gr\\u00fc\\u00dfe \\U0001f600"' in found.out


def test_a_person_is_told_to_paste(tmp_path: Path) -> None:
    out, err = io.StringIO(), io.StringIO()
    world = World(Terminal("{}"), out, err, {}, tmp_path, lambda: NOW)
    assert main(["import"], world) == 0
    assert err.getvalue().startswith("paste a body or a curl command, then end it with Ctrl-D\n")


def test_bytes_of_a_real_input(tmp_path: Path) -> None:
    write(tmp_path, {"body.json": ""})
    (tmp_path / "body.json").write_bytes(b'{"include": ["\xe9"]}')
    found = process(tmp_path, "import", "body.json")
    assert found.code == 1
    assert "not-utf8" in found.err


# ── what is refused ──────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--name", "clinic"], "`profiles/clinic.yaml` is there already"),
        (["--name", "CLINIC"], "`profiles/CLINIC.yaml` is there already"),
        (["-O", "voxmint.yaml"], "`voxmint.yaml` is there already"),
        (["-O", "loose"], "`loose` is there already"),
        (["--name", "a", "-O", "b"], "`--name` and `--output-file` both say"),
        (["--name", "a.yaml"], "`--name` takes a profile's name, not `a.yaml`"),
        (["--name", ""], "`` cannot be a profile's name"),
        (["--name", "../a"], "`../a` cannot be a profile's name"),
        (["--name", "/etc/a"], "`/etc/a` cannot be a profile's name"),
        (["--name", "a//b"], "`a//b` cannot be a profile's name"),
        (["--name", ".a"], "`.a` cannot be a profile's name"),
        (["--name", "a\\b"], "`a\\b` cannot be a profile's name"),
        (["--name", "a\nb"], "`a\\nb` cannot be a profile's name"),
        (["--against", "bsae"], "there is no profile `bsae`"),
        (["--against", ""], "there is no profile ``"),
        (["profiles"], "`profiles` is a folder"),
    ],
)
def test_what_cannot_be_asked_for(sound: Path, arguments: list[str], said: str) -> None:
    (sound / "loose").symlink_to("nowhere")
    before = files(sound)
    found = imported(sound, "{}", *arguments)
    assert (found.code, found.out) == (64, "")
    assert said in found.err
    assert files(sound) == before


def files(folder: Path) -> dict[str, bytes | None]:
    """All that is there."""
    return {str(path): path.read_bytes() if path.is_file() else None for path in folder.rglob("*")}


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    found = ran(tmp_path, "import", "nothing.json")
    assert (found.code, found.out) == (1, "")
    assert "`" in found.err
    assert "nothing.json`: no such file or directory" in found.err


def test_more_than_a_body_can_have(tmp_path: Path) -> None:
    found = imported(tmp_path, " " * (256 * 1024 + 1))
    assert (found.code, found.out) == (64, "")
    assert "`<stdin>` has more than 262144 bytes" in found.err


def test_a_folder_that_leads_out_of_the_project(sound: Path, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (sound / "profiles/out").symlink_to(outside)
    found = imported(sound, "{}", "--name", "out/a")
    assert (found.code, found.out) == (64, "")
    assert "`profiles/out/a.yaml` is not inside the project" in found.err
    assert "VOXMINT_ALLOW_PATHS" not in found.err
    assert list(outside.iterdir()) == []


def test_a_file_that_came_meanwhile_is_left_alone(tmp_path: Path) -> None:
    destination = at_path(tmp_path, "a.yaml")
    write(tmp_path, {"a.yaml": "theirs"})
    with pytest.raises(UsageError, match=r"`a\.yaml` is there already"):
        destination.write("ours")
    assert (tmp_path / "a.yaml").read_text(encoding="utf-8") == "theirs"


def test_a_base_that_is_wrong(broken: Path, snapshot: SnapshotAssertion) -> None:
    write(broken, {"profiles/odd.yaml": "extends: nobody\n"})
    assert str(imported(broken, "{}", "--against", "odd", "--name", "a")) == snapshot
    assert not (broken / "profiles/a.yaml").exists()


def test_nothing_is_written_where_something_is_wrong(sound: Path) -> None:
    before = files(sound)
    found = imported(sound, WRONG, "--name", "a")
    assert (found.code, found.out) == (1, "")
    assert files(sound) == before


# ── secrets ──────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("options", [[], ["-o", "json"], ["--name", "a"]])
@pytest.mark.parametrize(
    "command",
    [
        COMMAND,
        COMMAND.replace('"no"', f'"{KEY}"'),
        COMMAND.replace("model", "modle"),
        COMMAND.replace("'{", "'["),
        COMMAND.replace("\\\n", "\n"),
        COMMAND[:-3],
        f"export KEY={KEY}\n{COMMAND}",
        COMMAND.replace(URL, f"https://me:{KEY}@gw.example/v1/realtime/{KEY}?{KEY}={KEY}"),
    ],
)
def test_a_key_is_neither_written_nor_shown(sound: Path, command: str, options: list[str]) -> None:
    found = ran(sound, "import", *options, stdin=command)
    written = b"".join(content or b"" for content in files(sound).values()).decode()
    assert KEY[-8:] not in found.out + found.err + written


def test_a_key_stays_out_of_a_process_too(tmp_path: Path) -> None:
    write(tmp_path, {"curl.txt": COMMAND})
    found = process(tmp_path, "import", "curl.txt", "-o", "json", VOXMINT_TRACEBACK="1")
    assert found.code == 0
    assert KEY[-8:] not in found.out + found.err
    assert json.loads(found.out)["host"] == "api.openai.com"


# ── help ─────────────────────────────────────────────────────────────────────────────────────────


def test_the_help(tmp_path: Path, snapshot: SnapshotAssertion) -> None:
    assert ran(tmp_path, "import", "--help").out == snapshot
