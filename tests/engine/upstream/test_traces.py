import json
from collections.abc import Mapping
from functools import cache
from typing import Any

import pytest
from hypothesis import given, strategies as st

from tests.sources import LOCAL, project
from voxmint.engine.upstream.request import Sent
from voxmint.engine.upstream.target import Target
from voxmint.engine.upstream.traces import differences, text_of, traces_in, traces_of
from voxmint.profiles.compiled import CompiledBody
from voxmint.profiles.order import Order
from voxmint.profiles.pipeline import compile_project

TARGET = Target("openai", "client_secrets", "https://h/x", "h")


@cache
def compiled(text: str = "") -> CompiledBody:
    given = f"session: {{input_audio_transcription: {{model: gpt-transcribe}}}}\n{text}"
    [body] = compile_project(project({"p": given}, LOCAL), Order()).bodies.values()
    return body


def traced(session: Mapping[str, Any], salt: str = "s") -> Mapping[str, str]:
    body = compiled()._replace(session=session)
    return traces_of(body, Sent({}, None), TARGET, salt)


def told(before: Mapping[str, Any], now: Mapping[str, Any]) -> list[tuple[str, str]]:
    return [(path, str(how)) for path, how in differences(traced(before), traced(now))]


VAD = {"type": "server_vad", "threshold": 0.5}


@pytest.mark.parametrize(
    ("before", "now", "found"),
    [
        ({"a": 1}, {"a": 1}, []),
        ({"a": 1}, {"a": 2}, [("a", "changed")]),
        ({"a": None}, {}, [("a", "removed")]),
        ({}, {"a": None}, [("a", "added")]),
        ({"a": 1}, {"a": "1"}, [("a", "changed")]),
        ({"a": 1}, {"a": True}, [("a", "changed")]),
        ({"a": ["x"]}, {"a": ["x", "y"]}, [("a", "changed")]),
        ({"t": VAD}, {"t": VAD | {"threshold": 0.6}}, [("t.threshold", "changed")]),
        ({"t": VAD}, {"t": None}, [("t", "changed")]),
        ({"t": None}, {"t": VAD}, [("t", "changed")]),
        ({"t": {}}, {"t": VAD}, [("t", "changed")]),
        ({}, {"t": VAD}, [("t", "added")]),
        ({"t": VAD}, {}, [("t", "removed")]),
        (
            {"t": VAD, "u": 1},
            {"t": {"type": "semantic_vad", "eagerness": "low"}, "v": 1},
            [
                ("t.type", "changed"),
                ("t.eagerness", "added"),
                ("v", "added"),
                ("t.threshold", "removed"),
                ("u", "removed"),
            ],
        ),
        # No path is taken for the beginning of another.
        ({"a": 1, "ab": 1}, {"ab": 1}, [("a", "removed")]),
    ],
)
def test_what_differs(
    before: Mapping[str, Any], now: Mapping[str, Any], found: list[tuple[str, str]]
) -> None:
    assert told(before, now) == found


leaves = st.none() | st.booleans() | st.integers(-2, 2) | st.lists(st.integers(0, 1), max_size=2)
names = st.sampled_from("abc")
sessions = st.dictionaries(
    names, leaves | st.dictionaries(names, leaves | st.dictionaries(names, leaves, max_size=2))
)


@given(before=sessions, now=sessions)
def test_two_requests_differ_just_where_their_traces_do(
    before: Mapping[str, Any], now: Mapping[str, Any]
) -> None:
    is_same = json.dumps(before, sort_keys=True) == json.dumps(now, sort_keys=True)
    assert (told(before, now) == []) == is_same
    # Each path is named once, and none beside one that it lies below.
    paths = [path for path, _ in told(before, now)]
    assert len(set(paths)) == len(paths)
    assert not [one for one in paths for other in paths if one.startswith(other + ".")]


def test_traces_hold_nothing_of_the_values_and_differ_with_the_salt() -> None:
    traces = traced({"prompt": "blodtrykk"})
    assert "blodtrykk" not in text_of(traces)
    assert traces["prompt"] != traced({"prompt": "blodtrykk"}, "other")["prompt"]
    # Nor can it be seen that two fields have the same value.
    same = traced({"a": "x", "b": "x"})
    assert same["a"] != same["b"]


def test_the_place_and_the_lifetime_have_traces_too() -> None:
    body = compiled("expires_after: {seconds: 60}")
    traces = traces_of(body, Sent({}, "ward"), TARGET, "s")
    assert {"provider.kind", "provider.deployments", "expires_after.seconds"} <= set(traces)
    assert "provider.project" not in traces


def test_what_the_ledger_holds_is_read_back() -> None:
    assert traces_in(text_of({"a": "1"})) == {"a": "1"}
    for text in (None, "", "[]", "{", '{"a": 1}', "[" * 100_000):
        assert traces_in(text) is None
