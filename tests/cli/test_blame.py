"""What `blame` shows."""

import json
from pathlib import Path
from typing import Any

import pytest
from syrupy.assertion import SnapshotAssertion

from tests.cli.running import ran, write
from voxmint.profiles.fields import SESSION

LAYERS = {
    "voxmint.yaml": "version: 1\n",
    "profiles/base.yaml": """\
abstract: true
vars: {place: the ward}
session:
  input_audio_transcription: {model: gpt-transcribe, prompt: Spoken in {{ vars.place }}.}
  turn_detection: {type: server_vad, threshold: 0.5, silence_duration_ms: 500}
  include: [item.input_audio_transcription.logprobs]
""".replace("Spoken in {{ vars.place }}.", '"Spoken in {{ vars.place }}."'),
    "profiles/clinic.yaml": """\
extends: base
labels: {tier: gold}
session:
  input_audio_transcription:
    prompt: "{{ super() }} Slowly."
    keywords: {$append: [troponin]}
  input_audio_noise_reduction: null
  include: {$unset: true}
""",
    "profiles/talk.yaml": "extends: base\nsession: {turn_detection: {type: semantic_vad}}\n",
    "profiles/words.yaml": """\
abstract: true
extends: base
session:
  input_audio_transcription: {keywords: [ampulle, statin], languages: [de]}
""",
    "profiles/many.yaml": """\
extends: words
session:
  input_audio_transcription:
    keywords: {$remove: [statin], $prepend: [stent], $append: [troponin]}
    languages: {$replace: [no]}
  turn_detection: {$replace: {type: semantic_vad}}
expires_after: {seconds: 60}
environments:
  production:
    session: {input_audio_transcription: {keywords: {$append: [metoprolol]}}}
""",
    # The type goes there and back: what fell away is set again.
    "profiles/back.yaml": """\
extends: there
session: {turn_detection: {type: server_vad, threshold: 0.9}}
""",
    "profiles/there.yaml": """\
abstract: true
extends: base
session: {turn_detection: {type: semantic_vad, eagerness: low}}
""",
    "profiles/labelled.yaml": """\
extends: named
labels: {tier: silver}
session:
  input_audio_transcription:
    prompt: "{{ super() }} {{ profile.labels.tier }} {{ profile['labels']['room'] | upper }}"
""",
    "profiles/named.yaml": """\
abstract: true
extends: base
labels: {room: {$replace: loud}, tier: bronze, unused: x}
""",
    "environments/production.yaml": """\
provider: {kind: openai}
vars: {place: the house}
overlay:
  - where: {labels: {tier: gold}}
    session: {turn_detection: {threshold: 0.7}}
""",
}


@pytest.fixture
def layered(tmp_path: Path) -> Path:
    return write(tmp_path / "layered", LAYERS)


@pytest.mark.parametrize(
    "arguments",
    [
        ("clinic",),
        ("clinic", "--all"),
        ("clinic", "turn_detection"),
        ("clinic", "session.include"),
        ("clinic", "--set", "session.turn_detection=null", "turn_detection"),
        ("talk", "turn_detection"),
        ("talk", "turn_detection", "--all"),
        ("many", "--all"),
        ("many", "-o", "json"),
        ("clinic", "-o", "json"),
        ("clinic", "session"),
        ("clinic", "turn_detction"),
        ("clinic", "turn_detection.eagerness"),
        ("clinic", "input_audio_noise_reduction.type"),
        ("many", "include.0.x"),
        ("back", "turn_detection", "--all"),
        ("back", "turn_detection"),
        ("labelled", "input_audio_transcription.prompt"),
        ("labelled", "input_audio_transcription.prompt", "-o", "json"),
        ("clinc",),
        ("base",),
        ("many", "expires_after"),
        ("many", "session.audio.input.turn_detection", "--all"),
        ("clinic", "session.audio.input.turn_detection.eagerness"),
        ("clinic", "expires_after.seconds"),
        ("clinic", "session.type"),
        ("clinic", "session.audio.input.transcription.modle"),
    ],
    ids=" ".join,
)
def test_blame(layered: Path, arguments: tuple[str, ...], snapshot: SnapshotAssertion) -> None:
    assert str(ran(layered, "blame", *arguments, "-e", "production")) == snapshot


def test_every_place_is_where_the_value_stands(layered: Path) -> None:
    content: Any = json.loads(ran(layered, "blame", "clinic", "-e", "production", "-o", "json").out)
    for one in content["values"]:
        for setting in (one, *one["overrode"]):
            if not isinstance(setting.get("value"), int | float) or one["template"]:
                continue
            at = setting["at"]
            line = (layered / at["file"]).read_text().splitlines()[at["line"] - 1]
            assert line[at["column"] - 1 :].startswith(json.dumps(setting["value"]))


@pytest.mark.parametrize(
    ("api", "first", "last", "lacking"),
    [
        ("client_secrets", "expires_after", "include", {"modalities"}),
        ("transcription_sessions", "modalities", "expires_after", set()),
    ],
)
def test_the_order_and_the_fields_are_those_of_the_request(
    layered: Path, api: str, first: str, last: str, lacking: set[str]
) -> None:
    write(layered, {"environments/production.yaml": f"provider: {{kind: emulator, api: {api}}}\n"})
    told = ran(layered, "blame", "many", "-e", "production")
    assert told.code == 0, told.err
    parts = [line.split()[0] for line in told.out.splitlines() if line[0] != " "]
    assert (parts[0], parts[-1]) == (first, last)
    assert {*SESSION.by_name, "expires_after"} - set(parts) == lacking
    content = json.loads(ran(layered, "blame", "many", "-e", "production", "-o", "json").out)
    for some in (content["values"], content["absent"]):
        paths = [parts.index(one["path"].partition(".")[0]) for one in some]
        assert paths == sorted(paths)


def test_every_value_of_the_body_is_told_also_where_all_of_a_map_is_unset(layered: Path) -> None:
    emptied = """\
extends: many
session:
  turn_detection: {type: {$unset: true}}
  input_audio_noise_reduction: {type: {$unset: true}}
expires_after: {seconds: {$unset: true}}
"""
    api = "provider: {kind: emulator, api: transcription_sessions}\n"
    write(layered, {"profiles/emptied.yaml": emptied, "environments/production.yaml": api})
    content = json.loads(ran(layered, "blame", "emptied", "-e", "production", "-o", "json").out)
    told = {one["path"]: one.get("value", "nothing") for one in content["values"]}
    for name in ("turn_detection", "input_audio_noise_reduction", "expires_after"):
        assert told[name] == {}
    assert told["expires_after.seconds"] == "nothing"
    assert {"path": "expires_after.seconds", "default": "600"} in content["absent"]
    assert "expires_after.anchor" not in {one["path"] for one in content["absent"]}


def test_what_was_overridden_is_struck_out_where_there_is_colour(layered: Path) -> None:
    command = ("blame", "clinic", "-e", "production", "turn_detection.threshold", "--all")
    plain, colored = ran(layered, *command).out, ran(layered, "--color", "always", *command).out
    [line] = [line for line in plain.splitlines() if "overridden" in line]
    before, value, after = line.partition("0.5")
    assert f"\x1b[2m{before}\x1b[0m\x1b[2;9m{value}\x1b[0m\x1b[2m{after}\x1b[0m" in colored


def test_what_super_takes_is_not_struck_out(layered: Path) -> None:
    """As far down as each layer takes the one below; a text that only speaks of it takes none."""
    texts = {
        "a": "super (A) {{ vars.place }}",
        "b": "B {{ super() }}",
        "c": "C {% if 1 %}{{ super ( ) }}{% endif %}",
    }
    for above, (name, text) in zip(("base", "a", "b"), texts.items(), strict=True):
        session = f"session: {{input_audio_transcription: {{prompt: '{text}'}}}}"
        write(layered, {f"profiles/{name}.yaml": f"extends: {above}\n{session}\n"})
    command = ("blame", "c", "-e", "production", "input_audio_transcription.prompt", "--all")
    _, first, *rest = ran(layered, "--color", "always", *command).out.splitlines()
    assert "C B super (A) the house" in first
    assert [("used by super()" in line, "\x1b[2;9m" in line) for line in rest] == [
        (True, False),
        (True, False),
        (False, True),
    ]


def test_a_body_with_an_error_is_not_blamed(layered: Path) -> None:
    write(layered, {"profiles/clinic.yaml": "extends: base\nsession: {turn_detektion: null}\n"})
    found = ran(layered, "blame", "clinic", "-e", "production")
    assert (found.code, found.out) == (1, "")
    assert "error[unknown-key]" in found.err
