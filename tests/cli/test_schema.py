"""The schemas for editors: what is right must never look wrong, and what is plainly wrong does."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.cli.json_schema import fits
from tests.cli.running import ROOT, ran
from voxmint.cli.init import files
from voxmint.cli.schema import FILES, schema_of
from voxmint.profiles import parse
from voxmint.profiles.fields import REQUEST
from voxmint.profiles.nodes import plain
from voxmint.profiles.reader import read_document

SCHEMAS = {kind: schema_of(kind) for kind in FILES}


def kind_of(path: str) -> str:
    return next((kind for kind in FILES if f"{kind}s/" in path), "project")


def read(text: str) -> Any:
    root = read_document("file.yaml", text.encode()).root
    assert root is not None
    return plain(root)


def right_files() -> Iterator[tuple[str, str]]:
    """The files of `init`, of the examples, and of the scenarios without an error."""
    for file in files():
        if file.path.endswith(".yaml"):
            yield file.path, file.text
    folders = [folder for folder in (ROOT / "examples").iterdir() if folder.is_dir()]
    for problems in (ROOT / "tests/scenarios").glob("*/expected/problems.txt"):
        if "error" not in problems.read_text() and "file-forms" not in problems.parts:
            folders += [problems.parents[1] / "project"]
    for folder in folders:
        for path in sorted(folder.rglob("*.yaml")):
            yield path.relative_to(ROOT).as_posix(), path.read_text()


RIGHT = dict(right_files())


@pytest.mark.parametrize("path", RIGHT)
def test_a_file_that_is_right_fits(path: str) -> None:
    assert fits(read(RIGHT[path]), SCHEMAS[kind_of(path)])


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("profile", "session: {turn_detektion: null}"),
        ("profile", "session: {turn_detection: {threshold: 3}}"),
        ("profile", "session: {turn_detection: {type: vad}}"),
        ("profile", "session: {input_audio_format: null}"),
        ("profile", "session: {include: {$ap: [a]}}"),
        ("profile", "session: {include: {$unset: false}}"),
        ("profile", "name: clinic"),
        ("profile", "abstract: maybe"),
        ("profile", "expires_after: {seconds: 1}"),
        ("profile", "environments: {production: {labels: {a: b}}}"),
        ("environment", "provider: {kind: openia}"),
        ("environment", "provider: {key: {env: A-B}}"),
        ("environment", "mint: {concurrency: 0}"),
        ("environment", "overlay: [{where: {label: {a: b}}}]"),
        ("environment", "sinks: [{kind: dotenv}]"),
        ("environment", "sinks: [{kind: dotenv, path: .env, color: red}]"),
        ("project", "version: 2"),
        ("project", "{}"),
    ],
)
def test_what_is_plainly_wrong_does_not_fit(kind: str, text: str) -> None:
    assert not fits(read(text), SCHEMAS[kind])


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("profile", "session: {turn_detection: {$replace: {type: semantic_vad}}}"),
        ("profile", "session: {turn_detection: {threshold: '{{ vars.x }}'}}"),
        ("profile", "session: {turn_detection: null}"),
        ("profile", "session: {include: {$remove: [a], $append: [b]}}"),
        ("profile", "session: {input_audio_transcription: {model: a-new-one}}"),
        ("profile", "session: {input_audio_format: {$unset: true}}"),
        ("profile", "extends: [a, b]\nvars: {a: [1, {b: null}]}"),
        ("environment", "extends: a\nprovider: {key: {env: B}, url: {$unset: true}}"),
        ("environment", "overlay: [{where: {labels: {a: [b, true]}, names: 'a*'}, vars: {a: 1}}]"),
    ],
)
def test_what_is_unusual_and_right_fits(kind: str, text: str) -> None:
    assert fits(read(text), SCHEMAS[kind])


def test_the_keys_are_those_that_compiling_knows() -> None:
    for kind, known in (
        ("profile", parse._PROFILE_KEYS),
        ("environment", parse._ENVIRONMENT_KEYS),
        ("project", parse._PROJECT_KEYS),
    ):
        assert set(SCHEMAS[kind]["properties"]) == set(known)


def test_every_field_is_described() -> None:
    session = SCHEMAS["profile"]["$defs"]["session"]["anyOf"][0]["properties"]
    about = {field.name: field.about for field in REQUEST.by_name["session"].fields}
    assert {name: about[name] in schema["description"] for name, schema in session.items()} == (
        dict.fromkeys(about, True)
    )


@pytest.mark.parametrize("kind", FILES)
def test_the_command_prints_it(kind: str, tmp_path: Path) -> None:
    found = ran(tmp_path, "schema", kind)
    assert (found.code, found.err) == (0, "")
    assert json.loads(found.out) == SCHEMAS[kind]


def test_the_templates_are_the_same_to_readers_of_yaml_1_1() -> None:
    for file in files():
        if file.path.endswith(".yaml"):
            assert yaml.safe_load(file.text) == read(file.text)
