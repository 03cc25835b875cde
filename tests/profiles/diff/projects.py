"""What the tests of comparing share: projects made of settings, and their comparison."""

import json
from collections.abc import Mapping
from typing import Any

from hypothesis import strategies as st

from tests.sources import Content, project
from voxmint.problems import Body
from voxmint.profiles.compiled import Compilation
from voxmint.profiles.diff.compare import compare
from voxmint.profiles.diff.fates import Compared
from voxmint.profiles.diff.result import Change, Difference, Group
from voxmint.profiles.pipeline import compile_project

Slot = str
Place = tuple[Slot, str]
Settings = Mapping[Place, Any]
"""What each slot of the little project sets at each dotted path."""

SLOTS = ("base", "mid", "p", "q", "weak", "strong", "overlay", "block")
VALUES: Mapping[str, st.SearchStrategy[Any]] = {
    "vars.word": st.sampled_from(["ward", "house", "{{ vars.other }}"]),
    "vars.other": st.sampled_from(["north", "south"]),
    "session.input_audio_transcription.prompt": st.sampled_from(
        [
            "Plain.",
            "In {{ vars.word }}.",
            "{{ super() | default('') }} More.",
            "{{ vars.word if vars.other == 'north' else 'none' }}",
            {"$unset": True},
            None,
        ]
    ),
    "session.turn_detection": st.sampled_from(
        [None, {"$unset": True}, {"$replace": {"type": "semantic_vad"}}]
    ),
    "session.turn_detection.threshold": st.sampled_from([0, 0.0, 0.5, 0.6, 1]),
    "session.turn_detection.type": st.sampled_from(["server_vad", "semantic_vad"]),
    "session.include": st.sampled_from(
        [
            [],
            {"$append": ["item.input_audio_transcription.logprobs"]},
            {"$remove": ["item.input_audio_transcription.logprobs"]},
            {"$unset": True},
        ]
    ),
    "session.input_audio_noise_reduction": st.sampled_from(
        [None, {"type": "far_field"}, {"type": "near_field"}]
    ),
    "session.modalities": st.sampled_from([["text"]]),
    "expires_after.seconds": st.sampled_from([60, 600]),
    "expires_after.anchor": st.just("created_at"),
}


@st.composite
def entries(draw: st.DrawFn) -> tuple[Place, Any]:
    """A place in the little project, and a value for it."""
    path = draw(st.sampled_from(sorted(VALUES)))
    return (draw(st.sampled_from(SLOTS)), path), draw(VALUES[path])


SETTINGS = st.lists(entries(), max_size=8).map(dict)


def sources(settings: Settings) -> tuple[dict[str, Content], dict[str, Content]]:
    """The profiles and environments of the little project."""
    slots: dict[str, dict[str, Any]] = {slot: {} for slot in SLOTS}
    # A whole map first, so that what is set inside of it wins over it.
    for (slot, path), value in sorted(settings.items(), key=lambda one: len(one[0][1])):
        _put(slots[slot], path.split("."), value)
    model = {"input_audio_transcription": {"model": "gpt-4o-transcribe"}}
    base = _merged({"session": model}, slots["base"])
    profiles = {
        "base": {"abstract": True, **base},
        "mid": {"abstract": True, "extends": "base", **slots["mid"]},
        "p": {
            "extends": "mid",
            "labels": {"tier": "gold"},
            "environments": {"strong": slots["block"]},
            **slots["p"],
        },
        "q": {"extends": "base", **slots["q"]},
    }
    flat = {"kind": "emulator", "api": "transcription_sessions"}
    item = {"where": {"labels": {"tier": "gold"}}, **slots["overlay"]}
    environments = {
        "weak": {"provider": flat, **slots["weak"]},
        "strong": {
            "extends": "weak",
            "provider": {"api": "client_secrets"},
            "overlay": [item],
            **slots["strong"],
        },
    }
    return _written(profiles), _written(environments)


def _put(into: dict[str, Any], path: list[str], value: Any) -> None:
    first, *rest = path
    if not rest:
        into[first] = value
        return
    inner = into.get(first)
    if not isinstance(inner, dict) or any(key.startswith("$") for key in inner):
        inner = into[first] = {}
    _put(inner, rest, value)


def _merged(one: dict[str, Any], other: dict[str, Any]) -> dict[str, Any]:
    merged = dict(one)
    for key, given in other.items():
        value, inner = given, merged.get(key)
        if isinstance(inner, dict) and isinstance(value, dict):
            value = _merged(inner, value)
        merged[key] = value
    return merged


def _written(documents: Mapping[str, Any]) -> dict[str, Content]:
    return {name: json.dumps(content) for name, content in documents.items()}


def compiled(settings: Settings) -> Compilation:
    return compile_project(project(*sources(settings)))


def compared(base: Compilation, head: Compilation, *, origins: bool = False) -> Difference:
    """The comparison of two states, all of them asked for."""
    states = (Compared(one, one.problems) for one in (base, head))
    return compare(*states, with_origins=origins)


def difference(
    base: Mapping[str, Content],
    head: Mapping[str, Content],
    environments: Mapping[str, Content] | None = None,
    others: Mapping[str, Content] | None = None,
    *,
    origins: bool = False,
) -> Difference:
    """The comparison of two projects of these profiles; `others` are the head's environments."""
    before = compile_project(project(base, environments))
    after = compile_project(project(head, environments if others is None else others))
    return compared(before, after, origins=origins)


def naive(base: Compilation, head: Compilation) -> set[Body]:
    """The bodies that are sound in both and differ, as written out."""
    return {
        body
        for body in base.bodies.keys() & head.bodies.keys()
        if json.dumps(base.bodies[body].body) != json.dumps(head.bodies[body].body)
    }


def only(found: Difference) -> Group:
    """The one group."""
    [group] = found.groups
    return group


def change(found: Difference) -> Change:
    """The one change."""
    return only(found).change
