"""What differs between two bodies, where parts are shared by many of them."""

from collections.abc import Mapping
from typing import Any, cast

from voxmint.profiles.bodies import FORMS
from voxmint.profiles.cells import MapCell
from voxmint.profiles.compiled import CompiledBody
from voxmint.profiles.diff.deltas import Delta, Deltas
from voxmint.profiles.diff.result import ABSENT
from voxmint.profiles.values import Plain

DETECTION: Plain = {"type": "server_vad", "threshold": 0.5}
LOUDER: Plain = {"type": "server_vad", "threshold": 0.6}


def body(
    session: Mapping[str, Any],
    expires_after: Mapping[str, Any] | None = None,
    api: str = "client_secrets",
) -> CompiledBody:
    """A body of which nobody asks where it came from."""
    built = FORMS[api].build(session, expires_after)
    return CompiledBody("p", "local", api, session, expires_after, built, cast(MapCell, None), ())


def test_parts_that_bodies_share_are_compared_once() -> None:
    deltas = Deltas()
    found = [
        deltas.of(
            body({"turn_detection": DETECTION, "include": [name]}),
            body({"turn_detection": LOUDER, "include": [name]}),
        )
        for name in ("one", "other")
    ]
    assert found[0] == [Delta(("session", "turn_detection", "threshold"), 0.5, 0.6)]
    assert found[1] == found[0]
    assert found[1][0] is found[0][0]


def test_a_part_is_told_by_both_its_values() -> None:
    deltas = Deltas()
    one, other = body({"turn_detection": DETECTION}), body({"turn_detection": LOUDER})
    path = ("session", "turn_detection", "threshold")
    assert deltas.of(one, other) == [Delta(path, 0.5, 0.6)]
    assert deltas.of(other, one) == [Delta(path, 0.6, 0.5)]
    assert deltas.of(one, body({})) == [Delta(path[:2], DETECTION, ABSENT)]
    assert deltas.of(body({}), one) == [Delta(path[:2], ABSENT, DETECTION)]


def test_what_has_no_place_in_either_body_is_no_difference() -> None:
    deltas = Deltas()
    apis = ("client_secrets", "transcription_sessions")
    parts: list[Plain] = [["text"], ["audio", "text"]]
    found = {
        api: deltas.of(*(body({"modalities": part}, api=api) for part in parts)) for api in apis
    }
    assert found == {
        "client_secrets": [],
        "transcription_sessions": [Delta(("session", "modalities"), *parts)],
    }


def test_a_lifetime_comes_with_its_anchor() -> None:
    deltas = Deltas()
    anchored: Plain = {"anchor": "created_at", "seconds": 60}
    assert deltas.of(body({}), body({}, {"seconds": 60})) == [
        Delta(("expires_after",), ABSENT, anchored)
    ]
    longer = deltas.of(body({}, {"seconds": 60}), body({}, {"seconds": 90}))
    assert longer == [Delta(("expires_after", "seconds"), 60, 90)]
