"""Two states of one little project: what is written in it, and a few edits of that."""

import json
from collections.abc import Mapping
from typing import Any

from hypothesis import strategies as st

from tests.profiles.diff.projects import SETTINGS, SLOTS, VALUES, Settings, entries, sources
from tests.sources import Content, MemorySource

TRAITS: Mapping[str, st.SearchStrategy[Any]] = {
    "extends of p": st.sampled_from(["mid", ["mid", "side"], ["side", "mid"], ["mid", "gone"]]),
    "extends of mid": st.sampled_from(["base", "side", None]),
    "label of p": st.sampled_from(["gold", "silver", 1, True, None]),
    "description of p": st.sampled_from([None, "Ward {{ vars.word }}", "House"]),
    "name of q": st.sampled_from(["q", "r"]),
    "name of base": st.sampled_from(["base", "root"]),
    "is there": st.sampled_from([("side", "q"), ("q",), ("side",)]),
    "abstract": st.sampled_from([(), ("q",), ("side",)]),
    "selector": st.sampled_from([{"labels": {"tier": "gold"}}, {"names": ["q*"]}, {}]),
    "overlays": st.sampled_from([("labels", "all"), ("all", "labels"), ("labels",), ("all",)]),
    "api": st.sampled_from(["client_secrets", "transcription_sessions"]),
    "profiles": st.sampled_from([None, ["*"], ["!p"], ["p", "gone*"]]),
    "third environment": st.sampled_from([None, "weak", "strong"]),
    "policy": st.sampled_from(
        [None, "{{ value is defined }}", "{{ value == 0.5 }}", "{{ value ( }}"]
    ),
    "folder": st.sampled_from(["profiles", "sessions"]),
    "lines above": st.sampled_from([(), ("base",), ("p", "strong"), ("mid", "q", "weak")]),
    "broken": st.sampled_from([(), (), (), ("side",), ("mid",), ("weak",)]),
    "misspelt": st.sampled_from([(), (), ("q",), ("base",), ("strong",)]),
    "padding": st.sampled_from([300, 310, 300.0]),
    "model": st.sampled_from(["gpt-4o-transcribe", "gpt-transcribe", "{{ vars.model }}"]),
    "prompt": st.sampled_from(
        [None, "{{ profile.name }}: {{ profile.labels.tier }}", "{{ env.name }}"]
    ),
}
Traits = Mapping[str, Any]


USUAL: Traits = {
    "extends of p": ["mid", "side"],
    "extends of mid": "base",
    "label of p": "gold",
    "description of p": None,
    "name of q": "q",
    "name of base": "base",
    "is there": ("side", "q"),
    "abstract": (),
    "selector": {"labels": {"tier": "gold"}},
    "overlays": ("labels", "all"),
    "api": "client_secrets",
    "profiles": None,
    "third environment": None,
    "policy": None,
    "folder": "profiles",
    "lines above": (),
    "broken": (),
    "misspelt": (),
    "padding": 300,
    "model": "gpt-4o-transcribe",
    "prompt": None,
}


@st.composite
def edited(draw: st.DrawFn, given: Traits) -> Traits:
    """The traits with a few others, often none."""
    names = draw(st.lists(st.sampled_from(sorted(TRAITS)), max_size=3, unique=True))
    return {**given, **{name: draw(TRAITS[name]) for name in names}}


State = tuple[Settings, Traits]


@st.composite
def two_states(draw: st.DrawFn) -> tuple[State, State]:
    """A state of the project, and one with a few edits."""
    settings, before = draw(SETTINGS), draw(edited(USUAL))
    changed = dict(draw(st.lists(entries(), max_size=3)))
    unset = draw(st.sets(st.sampled_from(sorted(settings)))) if settings else set()
    after = draw(edited(before))
    kept = {place: value for place, value in settings.items() if place not in unset}
    return (settings, before), ({**kept, **changed}, after)


PLAIN = sorted(path for path in VALUES if not path.endswith((".type", ".prompt", "modalities")))
"""What a project may set and be right."""


@st.composite
def settings_of_values(draw: st.DrawFn) -> Settings:
    """A few settings without templates, of which most are right."""
    paths = [path for path in PLAIN if not path.startswith("vars.")]
    places = st.tuples(st.sampled_from(SLOTS), st.sampled_from(paths))
    drawn = draw(st.lists(places, max_size=3, unique=True))
    return {(slot, path): draw(VALUES[path]) for slot, path in drawn}


@st.composite
def two_plain_states(draw: st.DrawFn) -> tuple[State, State]:
    """Two states in which most bodies are right, and that differ in a few values."""
    before, after = draw(settings_of_values()), draw(settings_of_values())
    lines, padding = draw(TRAITS["lines above"]), draw(TRAITS["padding"])
    has = {**USUAL, "lines above": lines, "padding": padding}
    return (before, USUAL), ({**before, **after}, has)


TEMPLATED: Mapping[str, st.SearchStrategy[Any]] = {
    "vars.word": st.sampled_from(
        ["ward", "house", "{{ vars.other }}", 3, None, {"$unset": True}, {"deep": "x"}]
    ),
    "vars.other": st.sampled_from(["north", "south", "{{ vars.word }}", "{{ super() }}, left"]),
    "vars.number": st.sampled_from([0.5, 0.6, 1, 60, "0.6", "{{ vars.word }}", True]),
    "vars.kind": st.sampled_from(["server_vad", "semantic_vad"]),
    "session.input_audio_transcription.prompt": st.sampled_from(
        [
            "Plain.",
            "In {{ vars.word }}.",
            "{{ super() }} More.",
            "{{ super() }} In {{ vars.other }}.",
            "{{ profile.labels.tier }} of {{ profile.name }}, {{ env.name }}",
            "{{ vars.word if vars.other == 'north' else 'none' }}",
            "{{ super() | default('') }} Else.",
            "{{ vars.word.deep }}",
            "{{ vars.gone }}",
            "{{ vars.number }}",
            "many words " * 100,
            {"$unset": True},
            None,
        ]
    ),
    "session.input_audio_transcription.language": st.sampled_from(["en", "no", "{{ vars.word }}"]),
    "session.turn_detection.threshold": st.sampled_from([0.5, 1, 7, "{{ vars.number }}"]),
    "session.turn_detection.type": st.sampled_from(["server_vad", "{{ vars.kind }}"]),
    "session.turn_detection.eagerness": st.sampled_from(["low", "{{ super() }}"]),
    "session.turn_detection": st.sampled_from([None, {"$replace": {"type": "semantic_vad"}}]),
    "session.include": st.sampled_from([["{{ vars.word }}"], {"$append": ["{{ vars.word }}"]}]),
    "expires_after.seconds": st.sampled_from([60, 600, "{{ vars.number }}"]),
}


@st.composite
def _templated(draw: st.DrawFn) -> tuple[tuple[str, str], Any]:
    path = draw(st.sampled_from(sorted(TEMPLATED)))
    return (draw(st.sampled_from(SLOTS)), path), draw(TEMPLATED[path])


@st.composite
def two_templated_states(draw: st.DrawFn) -> tuple[State, State]:
    """Two states with templates and vars, of which an edit changes a value or two."""
    start = {
        ("base", "vars.word"): "ward",
        ("base", "vars.other"): "north",
        ("base", "vars.number"): 0.5,
        ("base", "vars.kind"): "server_vad",
        ("base", "session.input_audio_transcription.prompt"): "In {{ vars.word }}.",
    }
    before = {**start, **dict(draw(st.lists(_templated(), max_size=4)))}
    places = draw(st.lists(st.sampled_from(sorted(before)), min_size=1, max_size=2, unique=True))
    after = {**before, **{place: draw(TEMPLATED[place[1]]) for place in places}}
    after |= dict(draw(st.lists(_templated(), max_size=1)))
    model = draw(TRAITS["model"].filter(lambda name: "{" not in name))
    has = {**USUAL, "model": model}
    return (before, has), (after, {**has, "lines above": draw(TRAITS["lines above"])})


def source(state: State) -> MemorySource:
    """The files of a state."""
    settings, has = state
    profiles, environments = (
        {name: json.loads(str(text)) for name, text in part.items()} for part in sources(settings)
    )
    _edit_profiles(profiles, has)
    _edit_environments(environments, has)
    name = has["name of q"]
    if "q" in profiles:
        profiles[name] = profiles.pop("q")
    profiles[has["name of base"]] = profiles.pop("base")
    files: dict[str, Content] = {"voxmint.yaml": json.dumps(_settings(has))}
    files |= {
        f"{has['folder']}/{one}.yaml": _text(one, what, has) for one, what in profiles.items()
    }
    files |= {
        f"environments/{one}.yaml": _text(one, what, has) for one, what in environments.items()
    }
    return MemorySource(files)


def _edit_profiles(profiles: dict[str, Any], has: Traits) -> None:
    base = has["name of base"]
    transcription: dict[str, Any] = {"model": "gpt-transcribe", "language": "en"}
    session: dict[str, Any] = {"input_audio_transcription": transcription}
    profiles["side"] = {"session": session, "labels": {"tier": "silver"}}
    _update(profiles["p"], extends=has["extends of p"], description=has["description of p"])
    tier = has["label of p"]
    profiles["p"]["labels"] = {} if tier is None else {"tier": tier}
    above = has["extends of mid"]
    _update(profiles["mid"], extends=base if above == "base" else above)
    profiles["q"]["extends"] = base
    transcription = profiles["base"]["session"]["input_audio_transcription"]
    transcription["model"] = has["model"]
    detection = {"type": "server_vad", "prefix_padding_ms": has["padding"], "threshold": 0.4}
    profiles["base"]["session"].setdefault("turn_detection", detection)
    if "vars" in has["model"]:
        profiles["base"].setdefault("vars", {}).setdefault("model", "gpt-4o-mini-transcribe")
    if has["prompt"] is not None:
        session = profiles["mid"].setdefault("session", {})
        inner = session.setdefault("input_audio_transcription", {})
        inner.setdefault("prompt", has["prompt"])
    for name in ("side", "q"):
        if name not in has["is there"]:
            del profiles[name]
        elif name in has["abstract"]:
            profiles[name]["abstract"] = True
    _spoil(profiles, has)


def _edit_environments(environments: dict[str, Any], has: Traits) -> None:
    strong = environments["strong"]
    strong["provider"]["api"] = has["api"]
    items = {
        "labels": {**strong["overlay"][0], "where": has["selector"]},
        "all": {"session": {"input_audio_format": "pcm16"}},
    }
    strong["overlay"] = [items[name] for name in has["overlays"]]
    _update(strong, profiles=has["profiles"])
    if has["third environment"] is not None:
        environments["third"] = {"extends": has["third environment"]}
    _spoil(environments, has)


def _spoil(documents: dict[str, Any], has: Traits) -> None:
    for name in has["misspelt"]:
        if name in documents:
            documents[name]["misspelt"] = 1


def _update(document: dict[str, Any], **given: Any) -> None:
    for name, value in given.items():
        if value is None:
            document.pop(name, None)
        else:
            document[name] = value


def _settings(has: Traits) -> dict[str, Any]:
    settings: dict[str, Any] = {"version": 1, "profiles": has["folder"]}
    if has["policy"] is not None:
        settings["policies"] = [
            {
                "name": "threshold",
                "path": "turn_detection.threshold",
                "rule": has["policy"],
                "message": "as agreed",
            }
        ]
    return settings


def _text(name: str, document: Any, has: Traits) -> str:
    above = "# a line\n" * 2 if name in has["lines above"] else ""
    below = "}" if name in has["broken"] else ""
    return above + json.dumps(document, indent=1) + below
