"""The schemas and the compiler refuse the same, in both directions, but for what is listed here.

Every value of a few right documents is changed in every way that matters to a schema. What the
schema refuses, compiling must refuse; what compiling refuses for a mistake of structure, the schema
must refuse, unless `DIFFERENCES` says why it cannot.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from hypothesis import assume, given, strategies as st
from jsonschema import Draft202012Validator

from tests.cli.mutations import Mutation, mutations
from tests.profiles.laws import law
from tests.sources import MemorySource, project
from voxmint.cli.schema import FILES, schema_of
from voxmint.engine.checks import settings_problems
from voxmint.problems import Problem
from voxmint.profiles.pipeline import compile_project

VALIDATORS = {kind: Draft202012Validator(schema_of(kind)) for kind in FILES}
LOGPROBS = "item.input_audio_transcription.logprobs"

RIGHT: Mapping[str, tuple[str, Any]] = {
    "everything of a profile": (
        "profile",
        {
            "extends": ["base", "other"],
            "abstract": False,
            "description": "x",
            "labels": {"tier": "gold", "n": 1, "b": True, "r": {"$replace": "x"}},
            "vars": {"x": "y", "deep": {"a": [1, {"b": None}]}, "l": {"$append": [1]}},
            "session": {
                "modalities": ["text"],
                "input_audio_format": "pcm16",
                "input_audio_transcription": {
                    "model": "gpt-transcribe",
                    "languages": ["en"],
                    "prompt": "x",
                    "keywords": ["a"],
                },
                "input_audio_noise_reduction": {"type": "near_field"},
                "turn_detection": {
                    "type": "server_vad",
                    "threshold": 0.5,
                    "prefix_padding_ms": 300,
                    "silence_duration_ms": 200,
                    "create_response": True,
                    "interrupt_response": False,
                },
                "include": [LOGPROBS],
            },
            "expires_after": {"anchor": "created_at", "seconds": 600},
        },
    ),
    "what other models take": (
        "profile",
        {
            "session": {
                "input_audio_transcription": {
                    "model": "gpt-realtime-whisper",
                    "language": "en",
                    "delay": "low",
                },
                "turn_detection": None,
            }
        },
    ),
    "semantic detection": (
        "profile",
        {
            "session": {
                "input_audio_transcription": {"model": "gpt-transcribe"},
                "turn_detection": {"type": "semantic_vad", "eagerness": "low"},
            }
        },
    ),
    "an idle timeout": (
        "profile",
        {
            "session": {
                "input_audio_transcription": {"model": "gpt-transcribe"},
                "turn_detection": {"type": "server_vad", "idle_timeout_ms": 6000},
            },
        },
    ),
    "a block for an environment": (
        "profile",
        {
            "session": {"input_audio_transcription": {"model": "gpt-transcribe"}},
            "environments": {
                "local": {
                    "vars": {"a": 1},
                    "session": {"include": {"$append": [LOGPROBS]}, "turn_detection": None},
                    "expires_after": {"seconds": 60},
                }
            },
        },
    ),
    "everything of an environment": (
        "environment",
        {
            "extends": ["base"],
            "abstract": False,
            "description": "x",
            "provider": {
                "kind": "compatible",
                "api": "transcription_sessions",
                "url": "https://gateway.example/v1",
                "key": {"env": "X"},
                "organization": "o",
                "project": "p",
                "safety_identifier": "s",
                "deployments": {"a": "b"},
                "headers": {"X-A": "b"},
                "ca_file": "ca.pem",
            },
            "mint": {"concurrency": 8, "requests_per_minute": 60, "burst": 5, "timeout": 120},
            "profiles": ["*"],
            "vars": {"x": "y"},
            "session": {"turn_detection": {"type": "server_vad"}},
            "expires_after": {"seconds": 60},
            "sinks": [
                {
                    "kind": "dotenv",
                    "path": ".env",
                    "mode": "0640",
                    "group": "root",
                    "names": {
                        "client_secret": "{profile}_A",
                        "expires_at": "{profile}_B",
                        "session_id": "{profile}_C",
                        "profiles": {"p": "P"},
                    },
                    "values": ["client_secret", "expires_at", "session_id"],
                    "prefix": "V_",
                    "constants": {"V_X": "1"},
                    "allow_tracked": True,
                    "allow_unignored": True,
                },
                {
                    "kind": "json",
                    "path": "tokens.json",
                    "where": {"labels": {"x": "y"}, "names": ["*"]},
                    "names": {"client_secret": "token", "profiles": {"p": "q"}},
                },
                {"kind": "directory", "path": "tokens", "values": ["client_secret"]},
                {"kind": "stdout", "format": "ndjson"},
            ],
        },
    ),
    "an overlay": (
        "environment",
        {
            "provider": {"kind": "emulator"},
            "overlay": [
                {"where": {"labels": {"tier": ["gold", "x"], "a": "b"}, "names": ["p", "!x"]}},
                {
                    "session": {"include": [LOGPROBS]},
                    "vars": {"a": 1},
                    "expires_after": {"seconds": 60},
                },
            ],
        },
    ),
    "a key by a command": (
        "environment",
        {"provider": {"kind": "openai", "key": {"command": ["pass", "key"]}}},
    ),
    "a key in a file": ("environment", {"provider": {"kind": "openai", "key": {"file": "key"}}}),
    "a project": (
        "project",
        {"version": 1, "profiles": "profiles", "environments": "environments"},
    ),
    "a short project": ("project", {"version": 1}),
    "policies": (
        "project",
        {
            "version": 1,
            "policies": [
                {
                    "name": "quiet rooms",
                    "where": {"labels": {"tier": ["gold", "x"], "a": "b"}, "names": ["p", "!x"]},
                    "environments": ["local", "!x*"],
                    "path": "session.turn_detection",
                    "rule": "{{ value is undefined }}",
                    "message": "a reason",
                    "severity": "warning",
                },
                {
                    "name": "words",
                    "environments": "local",
                    "path": "input_audio_transcription.keywords.*",
                    "rule": "{{ value != 'zzz' }}",
                    "message": "a reason",
                },
            ],
        },
    ),
}
"""Documents without an error; every kind of value stands in one of them."""

_PROFILE = "labels: {tier: gold}\nvars: {x: y}\nsession: {input_audio_transcription: {model: m}}"
_ABSTRACT = "abstract: true"
_NESTED = "provider: {kind: emulator, api: client_secrets}"


class Difference(NamedTuple):
    """What compiling refuses and the schema takes, and why that is right."""

    why: str
    fits: Callable[[str, Problem], bool]


def of_codes(*codes: str) -> Callable[[str, Problem], bool]:
    return lambda _, problem: problem.code in codes


DIFFERENCES = (
    Difference(
        "A template is a text until it is rendered; what comes out may be of another type.",
        lambda change, _: "a template" in change,
    ),
    Difference(
        "To JSON Schema 7.0 is a whole number.",
        lambda change, problem: "a whole fraction" in change and problem.code == "wrong-type",
    ),
    Difference("What a template names may be set elsewhere.", of_codes("undefined-name")),
    Difference(
        "What one file lacks, a base may have.",
        lambda _, problem: problem.code == "missing-key" or "needs `url`" in problem.message,
    ),
    Difference(
        "What a directive comes to depends on what is inherited.",
        lambda change, problem: (
            ("$" in change or "directive" in change)
            and (
                problem.code in ("empty-list", "directive-needs-list")
                or "needs at least 1 item" in problem.message
                or "give exactly one of" in problem.message
            )
        ),
    ),
    Difference(
        "What belongs to a model or a type is asked of the merged whole.",
        of_codes("field-not-of-type", "turn-detection-needs-type", "model-needs-no-turn-detection"),
    ),
    Difference(
        "The schema of one file does not know the names of the others.",
        of_codes("unknown-profile", "unknown-environment", "missing-folder"),
    ),
    Difference(
        "JSON Schema cannot ask that a key differs from item to item, as the names of policies do.",
        lambda _, problem: "another policy is called" in problem.message,
    ),
    Difference(
        "How a URL, a header, a variable or a language is spelt is no matter of structure.",
        lambda _, problem: (
            problem.code in ("header-refused", "sink-name-invalid", "bad-language")
            or problem.facts.get("field") == "provider.url"
        ),
    ),
)


def source(kind: str, document: Any) -> MemorySource:
    """A project in which the document is compiled into bodies."""
    text = json.dumps(document)
    bases = dict.fromkeys(("base", "other", "zzz"), _ABSTRACT)
    match kind:
        case "profile":
            local = {"local": _NESTED} if "idle_timeout_ms" in text else None
            return project({"p": text, **bases}, local)
        case "environment":
            return project({"p": _PROFILE}, {"e": text, **bases})
        case _:
            return project({"p": _PROFILE}, settings=text)


def refusals(kind: str, document: Any, folder: Path) -> list[Problem]:
    """The errors that validating gives."""
    compilation = compile_project(source(kind, document))
    more = settings_problems(folder, compilation.environments.values(), {})
    return [problem for problem in (*compilation.problems, *more) if problem.is_error]


def disagreements(kind: str, mutation: Mutation, folder: Path) -> Iterator[str]:
    """What only one of the two refuses, without an explanation."""
    errors = refusals(kind, mutation.document, folder)
    if not VALIDATORS[kind].is_valid(mutation.document):
        if not errors:
            yield f"{mutation}: only the schema refuses it"
        return
    for error in errors:
        if not any(one.fits(mutation.change, error) for one in DIFFERENCES):
            yield f"{mutation}: only compiling refuses it: {error.message}"


@pytest.mark.parametrize("name", RIGHT)
def test_the_documents_are_right(name: str, tmp_path: Path) -> None:
    kind, document = RIGHT[name]
    assert [error.message for error in VALIDATORS[kind].iter_errors(document)] == []
    assert [problem.message for problem in refusals(kind, document, tmp_path)] == []


@cache
def changes(name: str) -> tuple[Mutation, ...]:
    return tuple(mutations(RIGHT[name][1]))


def check(name: str, folder: Path, chosen: tuple[Mutation, ...]) -> None:
    kind = RIGHT[name][0]
    assert [one for mutation in chosen for one in disagreements(kind, mutation, folder)] == []


@pytest.mark.parametrize("name", RIGHT)
def test_they_refuse_the_same(name: str, tmp_path: Path) -> None:
    # One of thirteen or more, so that each kind of change is tried at many places, and none of the
    # documents takes long; the slow test tries all.
    every = changes(name)
    check(name, tmp_path, every[:: max(13, len(every) // 100 | 1)])


_POLICY = {"name": "n", "path": "session.include", "rule": "{{ value }}", "message": "m"}
_VAULT = {"kind": "azure-keyvault", "name": "{environment}-{profile}"}
_GITHUB = {"kind": "github-secrets", "name": "{profile}"}
EMPTY: list[tuple[str, dict[str, Any]]] = [
    ("profile", {"extends": ""}),
    ("profile", {"extends": ["base", ""]}),
    ("profile", {"session": {"input_audio_transcription": {"model": "whisper-1", "language": ""}}}),
    ("profile", {"session": {"input_audio_transcription": {"languages": ["en", ""]}}}),
    ("environment", {"extends": ""}),
    *(
        ("environment", {"provider": {"kind": "compatible", "url": "https://a.example/v1", **one}})
        for one in (
            {"url": ""},
            {"organization": ""},
            {"project": ""},
            {"safety_identifier": ""},
            {"headers": {"X-A": ""}},
        )
    ),
    *(
        ("environment", {"provider": {"kind": "emulator"}, "sinks": [sink]})
        for sink in (
            {**_VAULT, "vault": ""},
            {**_GITHUB, "repository": ""},
            {**_GITHUB, "organization": ""},
            {**_GITHUB, "organization": "a", "visibility": "selected", "repositories": [""]},
        )
    ),
    *(
        ("project", {"version": 1, "policies": [{**_POLICY, "environments": names}]})
        for names in ("", ["local", ""])
    ),
]
"""Documents that an empty text alone makes wrong."""


@pytest.mark.parametrize(("kind", "document"), EMPTY)
def test_an_empty_text_is_no_name_and_no_word(
    kind: str, document: dict[str, Any], tmp_path: Path
) -> None:
    assert not VALIDATORS[kind].is_valid(document)
    assert [one.message for one in refusals(kind, document, tmp_path)] != []
    full = json.loads(json.dumps(document).replace('""', '"zz"'))
    assert VALIDATORS[kind].is_valid(full)


@pytest.mark.slow
@pytest.mark.parametrize("name", RIGHT)
def test_they_refuse_the_same_for_every_change(name: str, tmp_path: Path) -> None:
    check(name, tmp_path, changes(name))


@pytest.mark.slow
def test_each_difference_is_one(tmp_path: Path) -> None:
    """A difference that no change shows would be an excuse."""
    unseen = set(DIFFERENCES)
    for name in ("everything of an environment", "a block for an environment", *RIGHT):
        kind, _ = RIGHT[name]
        for mutation in changes(name):
            if VALIDATORS[kind].is_valid(mutation.document):
                errors = refusals(kind, mutation.document, tmp_path)
                change = mutation.change
                unseen -= {one for one in unseen for error in errors if one.fits(change, error)}
            if not unseen:
                return
    assert [one.why for one in unseen] == []


# Where these change, other values of the file may have no body to be in, and are not checked.
_DECIDES = ("abstract", "profiles", "where", "extends", "labels")


@st.composite
def doubly_changed(draw: st.DrawFn) -> tuple[str, Mutation]:
    """A document with two changes, and what they are called together."""
    name = draw(st.sampled_from(sorted(RIGHT)))
    first = draw(st.sampled_from(changes(name)))
    assume(first.path and first.path[0] not in _DECIDES and "where" not in first.path)
    assume(isinstance(first.document, dict))
    second = draw(st.sampled_from(tuple(mutations(first.document))))
    assume(second.path and second.path[0] not in _DECIDES and "where" not in second.path)
    both = Mutation(second.path, f"{first.change} and {second.change}", second.document)
    return RIGHT[name][0], both


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("project")


@pytest.mark.slow
@law(150)
@given(doubly_changed())
def test_they_refuse_the_same_where_two_things_are_wrong(
    folder: Path, changed: tuple[str, Mutation]
) -> None:
    assert list(disagreements(*changed, folder)) == []
