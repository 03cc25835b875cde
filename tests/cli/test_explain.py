"""What `explain` says, and that it says it of everything there is."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from syrupy.assertion import SnapshotAssertion

from tests.cli.running import Encoded, process, ran, write
from tests.cli.test_completion import completed
from tests.sources import LOCAL, project
from voxmint.cli.topics import everything, topics_of
from voxmint.profiles.bodies import FORMS
from voxmint.profiles.fields import REQUEST, Field
from voxmint.profiles.models import TABLE, Answer
from voxmint.profiles.order import Order
from voxmint.profiles.pipeline import compile_project

TOPICS = everything()
KINDS = [kind for group in TOPICS.groups for kind in group.kinds]


def explained(word: str, *options: str) -> str:
    """What is said of a word; the command needs no project."""
    found = ran(Path("/"), "explain", *options, word)
    assert (found.code, found.err) == (0, "")
    return found.out


def heads(word: str) -> list[str]:
    """What a word was taken for: the first line of each page."""
    return [line for line in explained(word).splitlines() if " · " in line]


def content(*words: str) -> Any:
    found = ran(Path("/"), "explain", "-o", "json", *words)
    assert (found.code, found.err) == (0, "")
    return json.loads(found.out)


# ── pages ────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "word",
    [
        "turn_detection",
        "turn_detection.threshold",
        "input_audio_transcription.delay",
        "modalities",
        "expires_after.seconds",
        "extends",
        "provider.key",
        "mint.timeout",
        "$append",
        "gpt-4o-transcribe",
        "gpt-live-transcribe",
        "model-needs-no-turn-detection",
        "wrong-type",
        "mint-unanswered",
    ],
)
def test_a_page(word: str, snapshot: SnapshotAssertion) -> None:
    assert explained(word) == snapshot


def test_the_list_of_all(snapshot: SnapshotAssertion) -> None:
    found = ran(Path("/"), "explain")
    assert (found.code, found.err) == (0, "")
    # The problems are in a golden result of their own.
    assert found.out.partition("Problems: ")[0] == snapshot


def test_the_list_has_everything() -> None:
    words = set(ran(Path("/"), "explain").out.split())
    assert {name.rpartition(".")[2] for name in TOPICS.names} <= words


def test_everything_that_is_listed_has_a_page() -> None:
    assert [name for name in TOPICS.names if not heads(name)[0].startswith(f"{name} · ")] == []


@pytest.mark.parametrize("columns", [50, 80, 200])
def test_no_line_is_wider_than_the_screen(columns: int) -> None:
    environ = {"COLUMNS": str(columns)}
    for words in ([], ["long-prompt"], ["turn_detection.type"]):
        lines = ran(Path("/"), "explain", *words, environ=environ).out.splitlines()
        # An example stays in one line, so that it can be copied.
        assert max(len(line) for line in lines if "example" not in line) <= columns


def test_on_a_narrow_screen_names_are_whole_and_texts_stand_below() -> None:
    environ = {"COLUMNS": "20"}
    assert "  turn-detection-needs-type\n" in ran(Path("/"), "explain", environ=environ).out
    assert (
        "  hint\n    shorten it by\n"
        in ran(Path("/"), "explain", "long-prompt", environ=environ).out
    )


def test_colours_and_plain_encodings() -> None:
    painted = ran(Path("/"), "--color", "always", "explain", "cycle").out
    assert painted.startswith("\x1b[1mcycle\x1b[0m · \x1b[31;1merror\x1b[0m\n")
    plain = ran(Path("/"), "explain", "cycle", stream=lambda: Encoded("ascii")).out
    assert plain.startswith("cycle - error\n")


# ── what a word is taken for ─────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("word", "head"),
    [
        ("threshold", "turn_detection.threshold · a field"),
        ("session.turn_detection.threshold", "turn_detection.threshold · a field"),
        ("audio.input.turn_detection.threshold", "turn_detection.threshold · a field"),
        ("session.audio.input.turn_detection", "turn_detection · a field"),
        ("audio.input.format.rate", "input_audio_format · a field"),
        ("client_secret.expires_at.seconds", "expires_after.seconds · a field"),
        ("seconds", "expires_after.seconds · a field"),
        ("include.0", "include · a field"),
        ("overlay.0.session.include", "include · a field"),
        ("environments.production.expires_after", "expires_after · a field"),
        ("transcription.prompt", "input_audio_transcription.prompt · a field"),
        ("overlay.where", "overlay.where · a key of an environment"),
        ("overlay.0.where.labels", "overlay.where.labels · a key of an environment"),
        ("provider.key.env", "provider.key.env · a key of an environment"),
        ("environment.extends", "extends · a key of an environment"),
        ("vars", "vars · a key of a profile or an environment"),
        ("version", "version · a key of voxmint.yaml"),
        ("append", "$append · a directive"),
        ("$unset", "$unset · a directive"),
        ("gpt-4o-transcribe-2025-03-20", "gpt-4o-transcribe · a model"),
        ("cycle", "cycle · error"),
        *((api, "provider.api · a key of an environment") for api in FORMS),
    ],
)
def test_a_word_is_taken_for(word: str, head: str) -> None:
    [found] = heads(word)
    assert found.startswith(head)


def test_what_several_files_have_is_told_for_each() -> None:
    assert heads("extends") == [
        "extends · a key of a profile",
        "extends · a key of an environment",
    ]


@pytest.mark.parametrize("api", FORMS)
def test_each_place_in_a_body_leads_to_its_field(api: str) -> None:
    for entry in TOPICS.fields:
        place = entry.places[api]
        if place and place != "session":
            assert entry in topics_of(place).fields


@pytest.mark.parametrize(
    ("word", "error", "hint"),
    [
        ("treshold", "there is no field, model or code `treshold`", "did you mean `threshold`?"),
        ("unknown-kye", "`unknown-kye`", "did you mean `unknown-key`?"),
        ("gpt-4o-transcrib", "`gpt-4o-transcrib`", "did you mean `gpt-4o-transcribe`?"),
        ("turn_detection.treshold", "", "did you mean `turn_detection.threshold`?"),
        ("zzzzzz", "`zzzzzz`", "`voxmint explain` lists all there is"),
        ("", "``", "`voxmint explain` lists all there is"),
        ("kind", "several fields are called `kind`", "name one: `provider.kind`, `sinks.kind`"),
        ("a\x1bb", r"`a\x1bb`", "`voxmint explain` lists all there is"),
    ],
)
def test_what_nothing_is_called(word: str, error: str, hint: str) -> None:
    found = ran(Path("/"), "explain", word)
    assert (found.code, found.out) == (64, "")
    assert error in found.err
    assert hint in found.err


# ── facts ────────────────────────────────────────────────────────────────────────────────────────


def fields(owner: Field) -> list[Field]:
    return [one for field in owner.fields for one in (field, *fields(field))]


def test_every_field_says_what_there_is_to_know() -> None:
    codes = {kind.code for kind in KINDS}
    for field in fields(REQUEST):
        assert field.about.endswith("."), field.name
        assert field.source, field.name
        assert set(field.rules) <= codes, field.name
        assert field.example or field.name == "session", field.name
        if field.name.endswith("_ms"):
            assert field.unit == "milliseconds"


def test_every_rule_belongs_to_a_field() -> None:
    [rules] = [group for group in TOPICS.groups if group.title == "Rules of the API"]
    looked_at = {code for field in fields(REQUEST) for code in field.rules}
    assert looked_at == {kind.code for kind in rules.kinds}


@pytest.mark.parametrize(
    ("word", "said"),
    [
        ("prompt", "long-prompt: the prompt has LENGTH characters; more than 1024 are"),
        ("keywords", "bad-keyword: the keyword VALUE holds `<`, `>` or a line break"),
        ("languages", "field-not-of-model: MODEL takes no `languages`"),
        ("languages", "a list of texts, 1 at least"),
        ("threshold", "`threshold` is not a field of turn detection by semantic_vad"),
        ("eagerness", "`eagerness` is not a field of turn detection by server_vad"),
        ("turn_detection.type", "field-not-of-type: `FIELD` is not a field of OWNER by TYPE"),
        ("modalities", "`modalities` has no place in the body of client_secrets"),
        ("delay", "field-doubted-of-model: whether MODEL takes `delay` is not certain"),
    ],
)
def test_a_field_says_what_its_rules_say_of_it(word: str, said: str) -> None:
    assert said in " ".join(explained(word).split())


def test_every_key_is_explained() -> None:
    assert [key.path for key in TOPICS.keys if not (key.about and key.type and key.example)] == []


@pytest.mark.parametrize(
    "entry", [one for one in TOPICS.fields if one.example], ids=lambda entry: entry.path
)
def test_an_example_can_be_typed(entry: Any) -> None:
    api = next(api for api, place in sorted(entry.places.items()) if place is not None)
    text = entry.example
    if "session" not in text:
        text += "\nsession: {input_audio_transcription: {model: gpt-transcribe}}"
    environment = f"provider: {{kind: emulator, api: {api}}}"
    compilation = compile_project(project({"p": text}, {"e": environment}), Order())
    found = {problem.code for problem in compilation.problems} - {"no-transcription"}
    # A field that is doubted of every model, or of no use, has no example without a warning.
    assert found <= {"turn-detection-left-out", "unused-in-transcription", "field-typed-only"}
    assert compilation.bodies


@pytest.mark.parametrize("name", TOPICS.directives)
def test_a_directive_s_example_can_be_typed(name: str) -> None:
    text = topics_text(name)
    base = "session: {include: [item.input_audio_transcription.logprobs]}"
    files = {"base": f"abstract: true\n{base}", "p": f"extends: base\n{text}"}
    errors = [
        one for one in compile_project(project(files, LOCAL), Order()).problems if one.is_error
    ]
    assert [one.code for one in errors] == []


def topics_text(name: str) -> str:
    [directive] = content(name)["directives"]
    assert directive["name"] == name
    return str(directive["example"])


def test_the_examples_of_keys_can_be_typed(tmp_path: Path) -> None:
    labels = "labels: {tier: gold}\n"
    session = "session: {input_audio_transcription: {model: gpt-transcribe}}\n"
    files = {
        "bases/hands-free": "abstract: true\n",
        "bases/german": "abstract: true\n",
        "call-center/german": labels + session,
    }
    environments = {"staging": "abstract: true\n", "production": "provider: {kind: openai}\n"}
    for number, key in enumerate(TOPICS.keys):
        assert f"{key.name}:" in key.example, key.path
        text = f"{key.example}\n"
        if key.file == "profile":
            files[f"p{number}"] = text + ("" if key.name == "labels" else labels) + session
        if key.file == "environment":
            provider = "" if key.path.startswith("provider") else "provider: {kind: emulator}\n"
            environments[f"e{number}"] = text + provider
    write(
        tmp_path,
        {
            # The project's own keys, all at once.
            "voxmint.yaml": "".join(
                f"{example}\n"
                for example in dict.fromkeys(
                    key.example for key in TOPICS.keys if key.file == "project"
                )
            ),
            **{f"speech/profiles/{name}.yaml": text for name, text in files.items()},
            **{f"speech/environments/{name}.yaml": text for name, text in environments.items()},
        },
    )
    found = ran(tmp_path, "validate", "--all")
    assert (found.out if found.code else "") == ""


def test_a_key_of_some_sinks_names_them_and_its_example_is_of_one() -> None:
    told = [key for key in TOPICS.keys if key.kinds]
    assert {"sinks.kms_key", "sinks.names.profiles"} <= {key.path for key in told}
    for key in told:
        kinds = re.findall(r"kind: ([a-z-]+)", key.example)
        assert set(kinds) <= set(key.kinds), (key.path, key.example)
    everywhere = [key.path for key in TOPICS.keys if key.path == "sinks.where" and not key.kinds]
    assert everywhere == ["sinks.where"]


def test_every_model_is_told_as_the_table_has_it() -> None:
    for told in content()["models"]:
        row = TABLE[told["name"]]
        assert {name: one["answer"] for name, one in told["takes"].items()} == dict(row.takes)


def test_every_doubt_says_why() -> None:
    doubts = {Answer.REPORTED_NO, Answer.UNSURE, Answer.DISPUTED}
    for model in TABLE.values():
        for name, answer in model.takes.items():
            assert answer not in doubts or model.notes[name], (model.name, name)


# ── for programs, and for shells ─────────────────────────────────────────────────────────────────


def test_json_has_one_shape() -> None:
    everything_there = content()
    assert everything_there["version"] == 1
    assert [one["code"] for one in everything_there["problems"]] == [kind.code for kind in KINDS]
    one = content("turn_detection.threshold")
    assert set(one) == set(everything_there)
    [field] = one["fields"]
    assert (field["minimum"], field["maximum"], field["default"]) == (0, 1, "0.5")
    assert field["endpoints"] == {
        "client_secrets": "session.audio.input.turn_detection.threshold",
        "transcription_sessions": "turn_detection.threshold",
    }
    assert field["models"]["gpt-realtime-whisper"] == "no"
    assert {name: found for name, found in one.items() if found} == {
        "version": 1,
        "fields": [field],
    }


@pytest.mark.parametrize("word", ["modalities", "long-prompt", "whisper-1", "vars"])
def test_json(word: str, snapshot: SnapshotAssertion) -> None:
    assert content(word) == snapshot


@pytest.mark.slow
def test_names_are_completed(tmp_path: Path) -> None:
    assert completed(tmp_path, "bash", "explain", "turn_detection.t") == [
        "turn_detection.type",
        "turn_detection.threshold",
    ]
    assert completed(tmp_path, "bash", "explain", "unknown-k") == ["unknown-key"]
    assert completed(tmp_path, "fish", "explain", "app") == ["append"]
    assert "gpt-live-transcribe" in completed(tmp_path, "zsh", "explain", "gpt-l")


def test_it_needs_no_project(tmp_path: Path) -> None:
    assert process(tmp_path, "explain", "cycle").code == 0
