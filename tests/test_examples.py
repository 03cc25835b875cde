"""The example projects are sound, and between them use all that the service's documents name."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from voxmint.engine.checks import settings_problems
from voxmint.engine.project import open_project
from voxmint.origin import Path as ValuePath, dotted
from voxmint.problems import Severity
from voxmint.profiles.bodies import FORMS
from voxmint.profiles.compiled import Compilation
from voxmint.profiles.fields import REQUEST, Field

EXAMPLES = Path(__file__).resolve().parents[1] / "examples"
CLINIC = EXAMPLES / "clinic"

SPLIT = "session"
"""Below it paths are those of the session; beside it stands the lifetime."""


@pytest.mark.parametrize("name", sorted(one.name for one in EXAMPLES.iterdir() if one.is_dir()))
def test_each_has_no_errors_and_somewhere_for_its_tokens(name: str) -> None:
    project = open_project(EXAMPLES / name)
    compilation = project.compile_all()
    made = compilation.environments.values()
    profiles = {one.name: one for one in compilation.profiles.values()}
    problems = settings_problems(project.root, made, {}, profiles)
    assert [one.code for one in (*compilation.problems, *problems) if one.is_error] == []
    assert compilation.bodies


@pytest.fixture(scope="module")
def clinic() -> Compilation:
    return open_project(CLINIC).compile_all()


def test_it_is_a_project_of_some_size(clinic: Compilation) -> None:
    concrete = {profile for profile, _ in clinic.bodies}
    assert set(clinic.environments) == {"local", "staging", "production"}
    assert len(concrete) >= 12
    assert {body for body in clinic.attempted if body not in clinic.bodies} == set()


def test_its_only_warnings_are_those_that_it_explains(clinic: Compilation) -> None:
    found = {
        (problem.code, str(problem.path), problem.affects)
        for problem in clinic.problems
        if problem.severity is not Severity.NOTE
    }
    assert found == {
        ("unused-in-transcription", path, (("kiosks/entrance", "staging"),))
        for path in ("turn_detection.create_response", "turn_detection.interrupt_response")
    }


def leaves(field: Field, path: ValuePath = ()) -> Iterator[tuple[ValuePath, Field]]:
    """Every field of the table, with its path."""
    for inner in field.fields:
        yield (*path, inner.name), inner
        yield from leaves(inner, (*path, inner.name))


FIELDS = dict(leaves(REQUEST))


def sent(clinic: Compilation) -> Iterator[Mapping[str, Any]]:
    """Every request as its own endpoint gets it, read back into the names of the field table."""
    for body in clinic.bodies.values():
        request = FORMS[body.api].read(body.body)
        yield {"session": request.session, "expires_after": request.expires_after or {}}


def values_at(request: Mapping[str, Any], path: ValuePath) -> Iterator[object]:
    """The value at a path, and the items of a list; nothing where it is absent."""
    value: Any = request
    for part in path:
        if not isinstance(value, Mapping) or part not in value:
            return
        value = value[part]
    yield from value if isinstance(value, Sequence) and not isinstance(value, str) else (value,)


PUBLISHED = [path for path, field in FIELDS.items() if "field-typed-only" not in field.rules]
"""The fields that the published schema has; one that it lacks is a warning, and no example."""


@pytest.mark.parametrize("path", PUBLISHED, ids=dotted)
def test_every_field_and_every_value_is_in_some_body(clinic: Compilation, path: ValuePath) -> None:
    field = FIELDS[path]
    used = [value for request in sent(clinic) for value in values_at(request, path)]
    assert used
    assert {*field.values, *field.known} <= {value for value in used if isinstance(value, str)}


@pytest.mark.parametrize("name", ["input_audio_noise_reduction", "turn_detection"])
def test_null_absent_and_set_are_told_apart(clinic: Compilation, name: str) -> None:
    found = [request["session"].get(name) for request in sent(clinic)]
    assert None in found
    assert any(isinstance(value, Mapping) for value in found)


def test_lifetimes_reach_from_the_shortest_to_the_longest(clinic: Compilation) -> None:
    path = ("expires_after", "seconds")
    used = {value for request in sent(clinic) for value in values_at(request, path)}
    field = FIELDS[path]
    assert {field.minimum, field.maximum, 600} <= used


def test_modalities_with_and_without_audio(clinic: Compilation) -> None:
    found = [request["session"].get("modalities") for request in sent(clinic)]
    assert ["text"] in found
    assert ["text", "audio"] in found
