"""The schemas for editors: what is right must never look wrong, and what is plainly wrong does."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator

from tests.cli.running import ROOT, ran
from voxmint.cli.init import files
from voxmint.cli.schema import FILES, schema_of
from voxmint.profiles import parse
from voxmint.profiles.directives import DIRECTIVES, UNSET
from voxmint.profiles.fields import REQUEST
from voxmint.profiles.nodes import plain
from voxmint.profiles.reader import read_document
from voxmint.profiles.schemas import environment_schema

SCHEMAS = {kind: schema_of(kind) for kind in FILES}
VALIDATORS = {kind: Draft202012Validator(schema) for kind, schema in SCHEMAS.items()}


def fits(value: Any, kind: str) -> bool:
    return VALIDATORS[kind].is_valid(value)


def kind_of(path: str) -> str:
    return next((kind for kind in FILES if f"{kind}s/" in path), "project")


def read(text: str) -> Any:
    root = read_document("file.yaml", text.encode()).root
    assert root is not None
    return plain(root)


def right_files() -> Iterator[tuple[str, str]]:
    """The files of `init`, the examples, the documents, and the scenarios without an error."""
    for file in files():
        if file.path.endswith(".yaml"):
            yield file.path, file.text
    for folder in right_projects():
        for path in sorted([*folder.rglob("*.yaml"), *folder.rglob("*.yml")]):
            # What is for another program stands beside a project.
            if path.relative_to(folder).parts[0] not in OTHERS:
                yield path.relative_to(ROOT).as_posix(), path.read_text()
    for page in (ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))):
        for number, (path, text) in enumerate(_CODE.findall(page.read_text()), 1):
            yield f"{page.name}:{number}:{path}", text


def right_projects() -> Iterator[Path]:
    yield from (folder for folder in (ROOT / "examples").iterdir() if folder.is_dir())
    for problems in (ROOT / "tests/scenarios").glob("*/expected/problems.txt"):
        # In one, folders have other names, so that a file's kind cannot be told from its path.
        if problems.parts[-3] != "file-forms" and not _ERROR.search(problems.read_text()):
            yield problems.parents[1] / "project"


OTHERS = frozenset({"cluster"})
"""Folders of examples whose files are for Kubernetes."""

_ERROR = re.compile("^error ", re.MULTILINE)
_CODE = re.compile(
    r"^<!-- (?:part of )?(\S+\.ya?ml) -->\n```yaml\n(.*?)^```$", re.MULTILINE | re.DOTALL
)
"""A file of a project, or a part of one, in a page."""

RIGHT = dict(right_files())


@pytest.mark.parametrize("kind", FILES)
def test_a_schema_is_one_of_2020_12(kind: str) -> None:
    assert SCHEMAS[kind]["$schema"] == Draft202012Validator.META_SCHEMA["$id"]
    Draft202012Validator.check_schema(SCHEMAS[kind])


@pytest.mark.parametrize("path", RIGHT)
def test_a_file_that_is_right_fits(path: str) -> None:
    assert [
        error.message for error in VALIDATORS[kind_of(path)].iter_errors(read(RIGHT[path]))
    ] == []


def test_every_kind_of_right_file_is_looked_at() -> None:
    assert {"profiles/base.yaml", "voxmint.yaml", "environments/local.yaml"} <= RIGHT.keys()
    assert {"README.md", "examples", "tests"} <= {re.split("[/:]", path)[0] for path in RIGHT}


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
        ("profile", "extends: [a, a]"),
        ("profile", "vars: {a: {$apend: [1]}}"),
        ("profile", "vars: {a: [{$append: [1]}]}"),
        ("profile", "vars: {a: {$append: [1], b: 2}}"),
        ("profile", "vars: {$append: [1]}"),
        ("profile", "labels: {$append: [1]}"),
        ("profile", "labels: {$replace: {tier: [gold]}}"),
        ("profile", "labels: {$unset: true, tier: gold}"),
        ("profile", "session: '{{ vars.session }}'"),
        ("profile", "session: {include: {$append: [1]}}"),
        ("environment", "provider: {key: {env: A, file: b}}"),
        ("environment", "provider: {key: {env: null}}"),
        ("environment", "provider: {url: {$unset: false}}"),
        ("environment", "sinks: [{kind: dotenv, path: .env, names: {$unset: true}}]"),
        ("environment", "sinks: [{kind: dotenv, path: .env, names: {profiles: {$unset: x}}}]"),
        ("project", "version: 2"),
        ("project", "{}"),
    ],
)
def test_what_is_plainly_wrong_does_not_fit(kind: str, text: str) -> None:
    assert not fits(read(text), kind)


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("profile", "session: {turn_detection: {$replace: {type: semantic_vad}}}"),
        ("profile", "session: {turn_detection: {threshold: '{{ vars.x }}'}}"),
        ("profile", "session: {turn_detection: null}"),
        ("profile", "labels: {$unset: true}"),
        ("profile", "labels: {$replace: {tier: gold, team: {$unset: true}}}"),
        ("profile", "session: {include: {$remove: [a], $append: ['{{ vars.b }}']}}"),
        ("profile", "session: {input_audio_transcription: {model: a-new-one}}"),
        ("profile", "session: {input_audio_format: {$unset: true}}"),
        ("profile", "vars: {a: {$replace: {$append: [1]}}, b: {$unset: true}}"),
        ("environment", "provider: {key: {env: {$replace: B}}, headers: {X: {$unset: true}}}"),
        ("environment", "provider: {$replace: {kind: emulator}}\nmint: {burst: {$unset: true}}"),
        ("profile", "extends: [a, b]\nvars: {a: [1, {b: null}]}"),
        ("environment", "extends: a\nprovider: {key: {env: B}, url: {$unset: true}}"),
        ("environment", "overlay: [{where: {labels: {a: [b, true]}, names: 'a*'}, vars: {a: 1}}]"),
    ],
)
def test_what_is_unusual_and_right_fits(kind: str, text: str) -> None:
    assert fits(read(text), kind)


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


def properties(schema: Any) -> Iterator[tuple[str, Any]]:
    """Every property that a schema describes, however deep."""
    for key, inner in schema.items() if isinstance(schema, dict) else enumerate(schema):
        if key == "properties":
            yield from inner.items()
        if isinstance(inner, dict | list):
            yield from properties(inner)


@pytest.mark.parametrize("kind", FILES)
def test_everything_that_can_be_written_is_described(kind: str) -> None:
    bare = {
        name
        for name, schema in properties(SCHEMAS[kind])
        if "description" not in schema and not is_a_way(schema)
    }
    assert bare == set()


def is_a_way(schema: Any) -> bool:
    """Whether it says that a key must not be set, rather than what it is set to."""
    return "not" in schema or set(schema.get("properties", ())) == {UNSET}


def test_defaults_are_given_as_values_where_they_are_values() -> None:
    definitions = SCHEMAS["profile"]["$defs"]
    found = definitions["session.turn_detection"]["anyOf"][0]["properties"]
    defaults = {name: schema["default"] for name, schema in found.items() if "default" in schema}
    assert defaults == {
        "type": "server_vad",
        "threshold": 0.5,
        "prefix_padding_ms": 300,
        "eagerness": "auto",
        "create_response": True,
        "interrupt_response": True,
    }
    for _, schema in properties(SCHEMAS["profile"]):
        if "default" in schema and "$ref" in schema:
            target = {**schema, "$defs": definitions}
            assert Draft202012Validator(target).is_valid(schema["default"])


def test_an_editor_is_offered_words_and_directives() -> None:
    words = {word for schema in offered(SCHEMAS["profile"]) for word in schema.get("enum", ())}
    assert {"server_vad", "semantic_vad", "pcm16", "gpt-transcribe", "near_field"} <= words
    keys = {name for name, _ in properties(SCHEMAS["profile"]["$defs"])}
    assert keys >= DIRECTIVES


def offered(schema: Any) -> Iterator[Any]:
    if isinstance(schema, dict):
        yield schema
    for inner in schema.values() if isinstance(schema, dict) else schema:
        if isinstance(inner, dict | list):
            yield from offered(inner)


def test_a_sink_of_another_package_is_known_by_its_kind_alone() -> None:
    schema = Draft202012Validator(environment_schema({}, ["vault"]))
    assert schema.is_valid({"sinks": [{"kind": "vault", "anything": 1}]})
    assert not schema.is_valid({"sinks": [{"kind": "valut"}]})


@pytest.mark.parametrize(
    ("folder", "taken"),
    [
        ("a", True), ("a/b", True), ("./a", True), ("a/", True), ("...", True), ("a..b", True),
        ("", False), (".", False), ("./", False), ("/a", False), ("..", False), ("a/..", False),
        ("../a", False), ("a/../b", False), ("a\\b", False),
    ],
)  # fmt: skip
def test_a_folder_is_one_inside_the_project(folder: str, taken: bool) -> None:
    text = json.dumps({"version": 1, "profiles": folder})
    _, problems = parse.parse_project(read_document("voxmint.yaml", text.encode()))
    assert (problems == ()) == taken
    assert fits(json.loads(text), "project") == taken


def test_init_wires_the_schemas_into_every_file(tmp_path: Path) -> None:
    assert ran(tmp_path, "init", "speech").code == 0
    written = sorted((tmp_path / "speech").rglob("*.yaml"))
    assert len(written) == len([file for file in files() if file.path.endswith(".yaml")])
    for path in written:
        line, _, _ = path.read_text().partition("\n")
        schema = path.parent / line.removeprefix("# yaml-language-server: $schema=")
        assert json.loads(schema.read_text()) == SCHEMAS[kind_of(path.as_posix())]


@pytest.mark.parametrize("kind", FILES)
def test_the_command_prints_it(kind: str, tmp_path: Path) -> None:
    found = ran(tmp_path, "schema", kind)
    assert (found.code, found.err) == (0, "")
    assert json.loads(found.out) == SCHEMAS[kind]


def test_the_templates_are_the_same_to_readers_of_yaml_1_1() -> None:
    for file in files():
        if file.path.endswith(".yaml"):
            assert yaml.safe_load(file.text) == read(file.text)


@pytest.mark.parametrize("kind", ["profile", "environment"])
def test_each_form_of_directives_has_the_name_by_which_an_editor_offers_it(kind: str) -> None:
    found = [
        (one.get("title"), list(one["properties"]))
        for one in objects_in(SCHEMAS[kind])
        if set(one.get("properties", "x")) <= DIRECTIVES
    ]
    assert {name for _, names in found for name in names} == DIRECTIVES
    assert [title for title, names in found if title != ", ".join(names)] == []


def objects_in(schema: Any) -> Iterator[dict[str, Any]]:
    """Every map in a schema."""
    if isinstance(schema, dict):
        yield schema
    for one in schema.values() if isinstance(schema, dict) else schema:
        if isinstance(one, dict | list):
            yield from objects_in(one)
