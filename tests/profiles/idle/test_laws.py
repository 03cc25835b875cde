"""What is reported as idle can be removed, each alone and all of it, and no body is another."""

from collections.abc import Mapping
from typing import Any

from hypothesis import given, strategies as st

from tests.profiles.idle.removing import Documents, outcome, removable, texts, without
from tests.profiles.laws import law
from tests.sources import MemorySource
from voxmint.problems import Problem
from voxmint.profiles.compiled import Compilation
from voxmint.profiles.families import trace
from voxmint.profiles.idle.stage import idle_problems
from voxmint.profiles.order import EVERYTHING, Order
from voxmint.profiles.pipeline import (
    compile_project,
    merge,
    overlay,
    parse_all,
    render,
    validate,
)
from voxmint.profiles.reader import sharing_reader
from voxmint.profiles.reading import Wanted, read_sources

_UNSET = {"$unset": True}

_PROMPTS = st.sampled_from((
    "Dictation.",
    "{{ super() }}",
    "{{ super() }} More.",
    "{{ vars.a }}",
    "{{ vars['b'] }} {{ vars.m.x | default('none') }}",
    "{% if vars.a == 1 %}{{ vars.b }}{% endif %}",
    "{{ vars.m.y | default('none') }}",
    "{% for name in vars %}{{ name }} {% endfor %}",
    "{% for name, value in vars.m.items() %}{{ name }}={{ value }} {% endfor %}",
    "{{ vars.get('a') }} {{ profile.labels.tier }}",
))  # fmt: skip
_WORDS = st.sampled_from(("Words.", "{{ vars.a }}", "{{ vars.a }} {{ vars.b }} {{ vars.m.x }}"))
_VALUES = st.sampled_from((1, 1.0, True, 2, "x", "{{ vars.c }}", "{{ super() }}", _UNSET))
_VARS = st.fixed_dictionaries(
    {},
    optional={
        "a": _VALUES,
        "b": _VALUES,
        "c": st.sampled_from((1, 2)),
        "m": st.fixed_dictionaries({}, optional={"x": st.sampled_from((1, 2)), "y": _VALUES}),
    },
)
_SERVER = st.fixed_dictionaries(
    {},
    optional={
        "type": st.sampled_from(("server_vad", "{{ 'server_vad' }}")),
        "threshold": st.sampled_from((0.5, 0.6, _UNSET)),
        "silence_duration_ms": st.sampled_from((200, 300)),
    },
)
_SEMANTIC = st.fixed_dictionaries(
    {"type": st.just("semantic_vad")},
    optional={"eagerness": st.sampled_from(("low", "high"))},
)
_DETECTION = st.one_of(
    _SERVER,
    _SERVER,
    _SEMANTIC,
    st.none(),
    st.just(_UNSET),
    st.fixed_dictionaries({"$replace": st.one_of(_SEMANTIC, st.none())}),
    st.just({"$replace": {"type": "server_vad", "threshold": 0.5}}),
)
_PROBABILITIES = "item.input_audio_transcription.logprobs"
_INCLUDE = st.sampled_from((
    [_PROBABILITIES],
    {"$replace": [_PROBABILITIES]},
    {"$remove": ["other"]},
    {"$append": []},
    _UNSET,
))  # fmt: skip
_SESSION = st.fixed_dictionaries(
    {},
    optional={
        "input_audio_transcription": st.fixed_dictionaries(
            {}, optional={"language": st.sampled_from(("de", "no")), "prompt": _PROMPTS}
        ),
        "turn_detection": _DETECTION,
        "include": _INCLUDE,
        "input_audio_noise_reduction": st.sampled_from((None, {"type": "far_field"}, {})),
    },
)
_LAYER = st.fixed_dictionaries(
    {},
    optional={
        "session": _SESSION,
        "vars": _VARS,
        "expires_after": st.fixed_dictionaries({}, optional={"seconds": st.sampled_from((60, 90))}),
    },
)
_LABELS = st.fixed_dictionaries(
    {}, optional={"tier": st.sampled_from(("gold", "silver", {"$replace": "gold"}))}
)
_WHERE = st.sampled_from((
    {},
    {"where": {"labels": {"tier": "gold"}}},
    {"where": {"names": ["p"]}},
))  # fmt: skip


@st.composite
def _profile(draw: st.DrawFn, /, **more: Any) -> Mapping[str, Any]:
    blocks = draw(st.dictionaries(st.sampled_from(("e", "f")), _LAYER, max_size=1))
    there = {"labels": draw(_LABELS), "environments": blocks}
    return {**more, **draw(_LAYER), **{key: value for key, value in there.items() if value}}


@st.composite
def _environment(draw: st.DrawFn, /, **more: Any) -> Mapping[str, Any]:
    items = draw(st.lists(st.tuples(_WHERE, _LAYER), max_size=2))
    overlay = [{**where, **layer} for where, layer in items]
    return {**more, **draw(_LAYER), **({"overlay": overlay} if overlay else {})}


@st.composite
def _projects(draw: st.DrawFn) -> Documents:
    """A diamond of profiles over a base that has everything, in two environments and their base."""
    root = {
        "abstract": True,
        "labels": {"tier": "silver"},
        "vars": {"a": 1, "b": 2, "c": 1, "m": {"x": 1}},
        "session": {
            "input_audio_transcription": {
                "model": "gpt-4o-transcribe",
                "prompt": draw(_WORDS),
            },
            "turn_detection": {"type": "server_vad", "threshold": 0.5},
        },
    }
    emulator = {"kind": "emulator", "api": "client_secrets"}
    return {
        "voxmint.yaml": {"version": 1},
        "profiles/root.yaml": root,
        "profiles/left.yaml": draw(_profile(extends="root", abstract=draw(st.booleans()))),
        "profiles/right.yaml": draw(_profile(extends="root", abstract=True)),
        "profiles/p.yaml": draw(_profile(extends=["left", "right"])),
        "profiles/q.yaml": draw(_profile(extends=draw(st.sampled_from(("left", "right"))))),
        "environments/e.yaml": draw(_environment(provider=emulator)),
        "environments/f.yaml": draw(_environment(extends="e")),
    }


def compiled(documents: Documents) -> Compilation:
    return compile_project(MemorySource(texts(documents)), Order(idle=True))


@law(40)
@given(_projects())
def test_removing_what_is_idle_changes_no_body_and_makes_no_error(documents: Documents) -> None:
    before = compiled(documents)
    problems = removable(before)
    for some in ([problems] if problems else []) + [[one] for one in problems]:
        after = compiled(without(documents, some))
        assert outcome(after) == outcome(before), [f"{one.at} {one.message}" for one in some]


@law(40)
@given(_projects())
def test_what_merge_and_rendering_notice_in_passing_hides_nothing(documents: Documents) -> None:
    noticing, searching = _found_both_ways(documents)
    assert noticing == searching


def _found_both_ways(documents: Documents) -> tuple[list[Problem], list[Problem]]:
    """What is idle by what was noticed, and by a search through everything."""
    sources = read_sources(MemorySource(texts(documents)), Wanted(), sharing_reader())
    parsed = parse_all(sources)
    families = trace(sources, parsed)
    merged = merge(overlay(families, EVERYTHING), EVERYTHING)
    rendered = render(merged, sources.texts, notes_vars=True)
    checked = validate(rendered)
    every = {layer for body in merged.bodies for layer in body.stack.layers}
    unaided = merged._replace(restating=every), rendered._replace(used_vars=frozenset())
    noticing = idle_problems(sources, parsed, families, merged, rendered, checked)
    searching = idle_problems(sources, parsed, families, *unaided, checked)
    return list(noticing), list(searching)
