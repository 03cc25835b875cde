"""The changes of what stands around bodies: where they are sent, and by which deployment."""

from collections.abc import Iterator, Mapping

from voxmint.origin import Path
from voxmint.problems import Body
from voxmint.profiles.cells import value_of
from voxmint.profiles.compiled import Compilation, CompiledEnvironment
from voxmint.profiles.diff.causes import Causes
from voxmint.profiles.diff.groups import Groups
from voxmint.profiles.diff.matching import Matching
from voxmint.profiles.diff.pairs import Pair
from voxmint.profiles.diff.result import ABSENT, Change, State as Value
from voxmint.profiles.diff.values import is_same, shown_path
from voxmint.profiles.values import Plain

_IDENTITY = ("kind", "url", "organization", "project")
"""The settings of a provider that say where a token was minted, besides the endpoint."""


def group_settings(
    states: tuple[Compilation, Compilation],
    pairs: Mapping[Body, Pair],
    matching: Matching,
    causes: Causes,
    groups: Groups,
) -> None:
    """Groups the changes of where bodies are sent, and of which deployment stands in them."""
    by_environment: dict[str, list[Body]] = {}
    for body in pairs:
        by_environment.setdefault(body[1], []).append(body)
    for name, other in matching.environments.items():
        base, head = states[0].environments[name], states[1].environments[other]
        bodies = by_environment.get(other, [])
        for path, change in _settings(base, head):
            found = causes.of_setting(base, head, path)
            for body in bodies:
                if _is_set_for(pairs[body], path):
                    groups.add(found, change, body)


def _settings(
    base: CompiledEnvironment, head: CompiledEnvironment
) -> Iterator[tuple[Path, Change]]:
    before, after = _provider(base), _provider(head)
    if base.api != head.api:
        path: Path = ("provider", "api" if "api" in {*before, *after} else "kind")
        yield path, Change("provider.api", base.api, head.api)
    for name in _IDENTITY:
        one: Value = before.get(name, ABSENT)
        other: Value = after.get(name, ABSENT)
        if not is_same(one, other):
            yield ("provider", name), Change(f"provider.{name}", one, other)
    for model, one, other in _deployments(before, after):
        path = ("provider", "deployments", model)
        yield path, Change(shown_path(path), one, other)


def _provider(environment: CompiledEnvironment) -> Mapping[str, Plain]:
    cell = environment.provider_cell
    value = None if cell is None else value_of(cell)
    return value if isinstance(value, Mapping) else {}


def _deployments(
    before: Mapping[str, Plain], after: Mapping[str, Plain]
) -> Iterator[tuple[str, Value, Value]]:
    one, other = before.get("deployments"), after.get("deployments")
    old = one if isinstance(one, Mapping) else {}
    new = other if isinstance(other, Mapping) else {}
    for model in dict.fromkeys((*old, *new)):
        was: Value = old.get(model, ABSENT)
        now: Value = new.get(model, ABSENT)
        if not is_same(was, now):
            yield model, was, now


def _is_set_for(pair: Pair, path: Path) -> bool:
    """Whether a setting has a part in the body: a deployment only has where its model is asked."""
    if path[:2] != ("provider", "deployments"):
        return True
    parts = (one.session.get("input_audio_transcription") for one in (pair.before, pair.after))
    return any(isinstance(part, Mapping) and part.get("model") == path[2] for part in parts)
