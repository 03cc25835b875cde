"""What `render` writes: each form, files, and what it says where a body cannot be made."""

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, strategies as st
from syrupy.assertion import SnapshotAssertion

from tests.cli.running import Encoded, environment, ran, write
from voxmint.cli.formats.json_text import in_a_line, indented
from voxmint.cli.formats.yaml_text import as_yaml
from voxmint.profiles.nodes import plain
from voxmint.profiles.reader import read_document
from voxmint.profiles.selectors import in_one_form


@pytest.mark.parametrize("output", ["json", "yaml", "curl", "ndjson"])
@pytest.mark.parametrize("name", ["local", "production"])
def test_each_form(sound: Path, name: str, output: str, snapshot: SnapshotAssertion) -> None:
    assert str(ran(sound, "render", "clinic", "-e", name, "-o", output)) == snapshot


def test_the_other_endpoint(sound: Path) -> None:
    given = ran(sound, "render", "clinic", "-e", "local", "--api", "client_secrets")
    assert json.loads(given.out)["session"]["audio"]["input"]["turn_detection"] is None


def test_a_value_for_this_run(sound: Path) -> None:
    more = ("--set", "session.turn_detection={{ vars.x }}", "--set", "vars.x=1")
    assert ran(sound, "render", "clinic", "-e", "local", *more).code == 1
    language = "session.input_audio_transcription.language=nb"
    found = ran(sound, "render", "clinic", "-e", "local", "--set", language)
    assert json.loads(found.out)["input_audio_transcription"]["language"] == "nb"


def test_a_line_for_each_body(sound: Path, snapshot: SnapshotAssertion) -> None:
    arguments = ["render", "*", "-e", "production", "-e", "local", "-o", "ndjson"]
    assert str(ran(sound, *arguments)) == snapshot


def test_a_deployment_stands_where_the_model_was(sound: Path) -> None:
    write(
        sound,
        {
            "environments/azure.yaml": "provider: {kind: azure, url: 'https://x.openai.azure.com', "
            "deployments: {gpt-transcribe: ours}}\n"
        },
    )
    found = ran(sound, "render", "clinic", "-e", "azure", "-o", "curl")
    assert '"model": "ours"' in found.out
    assert '-H "api-key: $AZURE_OPENAI_API_KEY"' in found.out
    # The key is not read, so that it may be a token, which goes otherwise.
    first = found.out.splitlines()[0]
    assert first.startswith("#")
    assert '-H "Authorization: Bearer $AZURE_OPENAI_API_KEY"' in first
    write(sound, {"environments/token.yaml": "extends: azure\nprovider: {key: {command: [az]}}\n"})
    found = ran(sound, "render", "clinic", "-e", "token", "-o", "curl")
    assert '\n  -H "Authorization: Bearer $AZURE_OPENAI_API_KEY"' in found.out
    assert '-H "api-key: $AZURE_OPENAI_API_KEY"' in found.out.splitlines()[0]


# ── what cannot be made ──────────────────────────────────────────────────────────────────────────


def test_what_is_wrong_with_the_selected_is_said(broken: Path, snapshot: SnapshotAssertion) -> None:
    assert str(ran(broken, "render", "clinic", "-e", "local")) == snapshot


def test_what_is_wrong_with_others_does_not_matter(broken: Path) -> None:
    for selected in ("call-center/german", "call-center/*"):
        found = ran(broken, "render", selected, "-e", "local")
        assert (found.code, found.err) == (0, "")


def test_one_that_cannot_be_made_stops_all(broken: Path, tmp_path: Path) -> None:
    folder = tmp_path / "out"
    found = ran(broken, "render", "*", "-e", "local", "--output-dir", str(folder))
    assert (found.code, found.out) == (1, "")
    assert not folder.exists()


# ── the same values, however they are written ────────────────────────────────────────────────────

SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=20)
    | st.text("yesnotruefalseonoff~<>=0123456789.:-+_xe \n\t#'\"%@`&*!|{}[],?", max_size=20)
)
# Keys are read in one form of Unicode.
KEYS = st.text(max_size=8).map(in_one_form)
BODIES = st.dictionaries(
    KEYS,
    st.recursive(
        SCALARS,
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3),
        max_leaves=8,
    ),
    max_size=4,
)
AWKWARD = """
    no yes on off y n NO True null Null ~ 010 0o17 0x1F 1e3 1:30 1_000 2024-01-01 .5 -.inf .nan = <<
    - -- --- ... ? : :a a: a:b #a a#b !a &a *a @a `a %a |a >a [ ] { } , 'a "a a'b é 語 audio/pcm
    item.input_audio_transcription.logprobs gpt-4o-transcribe 1.2.3 +1 0b1 0. 1e+20 Infinity
""".split()
LINES = [
    "a\n",
    "a\nb",
    "a\nb\n",
    "a\n\nb\n\n",
    " a\nb",
    "a\n b",
    "a\tb\nc",
    "\na",
    "a \nb",
    "#a\nb",
]


def read_by_1_2(text: str) -> Any:
    document = read_document("body.yaml", text.encode())
    assert document.problems == ()
    assert document.root is not None
    return plain(document.root)


@given(BODIES)
def test_yaml_reads_back_as_the_same_by_both_versions(body: dict[str, Any]) -> None:
    for is_unicode in (True, False):
        text = as_yaml({"body": body}, is_unicode=is_unicode)
        assert text.isascii() or is_unicode
        assert repr(yaml.safe_load(text)) == repr({"body": body})
        assert repr(read_by_1_2(text)) == repr({"body": body})


@pytest.mark.parametrize("value", [*AWKWARD, *LINES, 1e21, 1e-7, -0.0, 10, "\x85", "\ufeff"])
def test_awkward_values_stay_what_they_are(value: Any) -> None:
    text = as_yaml({"a": value, "b": [value, {"c": value}]})
    expected = {"a": value, "b": [value, {"c": value}]}
    assert repr(yaml.safe_load(text)) == repr(expected) == repr(read_by_1_2(text))


def test_lines_are_a_block_where_that_is_safe() -> None:
    assert as_yaml({"a": "one: 1\n\ntwo\n"}) == "a: |\n  one: 1\n\n  two\n"
    assert as_yaml({"a": "one\ntwo"}) == "a: |-\n  one\n  two\n"


@given(BODIES)
def test_json_holds_the_same_values(body: dict[str, Any]) -> None:
    for is_unicode in (True, False):
        assert repr(json.loads(indented(body, is_unicode=is_unicode))) == repr(body)
        line = in_a_line(body, is_unicode=is_unicode)
        assert repr(json.loads(line)) == repr(body)
        assert len(line.splitlines()) == 1


def test_what_a_terminal_would_act_on_is_escaped_in_every_form(sound: Path) -> None:
    write(
        sound,
        {"profiles/odd.yaml": 'session: {input_audio_transcription: {prompt: "\\u202e\\e[31m"}}\n'},
    )
    for output in ("json", "yaml", "curl", "ndjson"):
        found = ran(sound, "render", "odd", "-e", "local", "-o", output)
        assert found.code == 0
        assert "\\u202e\\u001b[31m" in found.out


def test_an_output_that_lacks_characters(sound: Path) -> None:
    arguments = ("render", "call-center/german", "-e", "local", "-o")
    plain_text = ran(sound, *arguments, "json").out
    for output in ("json", "yaml", "ndjson"):
        found = ran(sound, *arguments, output, stream=lambda: Encoded("ascii")).out
        assert found.isascii()
        content = yaml.safe_load(found)
        assert content.get("body", content) == json.loads(plain_text)


# ── curl ─────────────────────────────────────────────────────────────────────────────────────────

QUOTES = """\
session:
  input_audio_transcription:
    model: gpt-transcribe
    prompt: |
      it's "quoted" \\ $HOME `id` $(id) !! \\n é 語
"""


@pytest.mark.parametrize("shell", ["sh", "bash"])
def test_a_shell_hands_curl_the_very_body(sound: Path, tmp_path: Path, shell: str) -> None:
    write(sound, {"profiles/quotes.yaml": QUOTES})
    arguments = tmp_path / "arguments"
    fake = tmp_path / "curl"
    fake.write_text(f'#!/bin/sh\nprintf "%s\\0" "$@" > {arguments}\n')
    fake.chmod(0o755)
    command = ran(sound, "render", "quotes", "-e", "production", "-o", "curl").out
    environ = environment(tmp_path, OPENAI_API_KEY="a key'; id")
    environ["PATH"] = f"{tmp_path}{os.pathsep}{environ['PATH']}"
    subprocess.run([shell, "-c", command], env=environ, check=True)
    given = arguments.read_text().split("\0")
    assert given[2] == "https://api.openai.com/v1/realtime/client_secrets"
    assert "Authorization: Bearer a key'; id" in given
    assert "OpenAI-Project: proj_1" in given
    body = json.loads(ran(sound, "render", "quotes", "-e", "production").out)
    assert json.loads(given[given.index("--data-raw") + 1]) == body


# ── files ────────────────────────────────────────────────────────────────────────────────────────


def test_a_file_for_each_body(sound: Path, snapshot: SnapshotAssertion) -> None:
    arguments = ("render", "*", "-e", "local", "-e", "production", "--output-dir", "out")
    first = ran(sound, *arguments)
    found = sorted(path for path in (sound / "out").rglob("*") if path.is_file())
    assert [path.relative_to(sound / "out").as_posix() for path in found] == [
        ".voxmint-rendered",
        "local/call-center/german.json",
        "local/clinic.json",
        "production/clinic.json",
    ]
    assert found[2].read_text() == ran(sound, "render", "clinic", "-e", "local").out
    before = [path.stat().st_mtime_ns for path in found]
    again = ran(sound, *arguments)
    assert [path.stat().st_mtime_ns for path in found] == before
    found[1].write_text("else")
    assert [str(first), str(again), str(ran(sound, "-v", *arguments))] == snapshot
    assert ran(sound, "-q", *arguments) == (0, "", "")


def test_files_of_yaml(sound: Path) -> None:
    ran(sound, "render", "clinic", "-e", "local", "-o", "yaml", "--output-dir", "out")
    text = (sound / "out/local/clinic.yaml").read_text()
    assert text == ran(sound, "render", "clinic", "-e", "local", "-o", "yaml").out
