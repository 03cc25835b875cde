"""JSON is read as Python's own reader reads it, and every value keeps its place."""

import json
from typing import Any

import pytest
from hypothesis import given, strategies as st

from tests.profiles.importing.pasting import exactly
from tests.profiles.laws import law
from voxmint.problems import Problem
from voxmint.profiles.importing.json_nodes import read_json
from voxmint.profiles.importing.pasted import Pasted, whole
from voxmint.profiles.nodes import MapNode, Node, ScalarNode, plain

SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(codec="utf-8"), max_size=6)
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text(st.characters(codec="utf-8"), max_size=4), inner, max_size=3)
    ),
    max_leaves=8,
)


def node_of(text: str) -> tuple[Node | None, tuple[Problem, ...]]:
    return read_json(whole(Pasted("f", text)))


@st.composite
def written(draw: st.DrawFn) -> tuple[str, Any]:
    value = draw(VALUES)
    indent = draw(st.sampled_from([None, 0, 2, "\t"]))
    text = json.dumps(value, indent=indent, ensure_ascii=draw(st.booleans()))
    blank = draw(st.sampled_from(["", " ", "\r\n"]))
    return f"{blank}{text}{blank}", value


@law(200)
@given(written())
def test_what_python_writes_is_read(given: tuple[str, Any]) -> None:
    text, value = given
    node, problems = node_of(text)
    assert problems == ()
    assert node is not None
    assert exactly(plain(node)) == exactly(value)


def python_reads(text: str) -> bool:
    def refuse(_: str) -> None:
        raise ValueError("none that JSON has")

    try:
        json.loads(text, parse_constant=refuse)
    except (ValueError, RecursionError):
        return False
    return True


@law(300)
@given(written(), st.integers(0, 200), st.sampled_from(['"', ",", "}", "1", "\\", "x", "\n", ""]))
def test_it_refuses_what_python_refuses(given: tuple[str, Any], at: int, sign: str) -> None:
    text = given[0][:at] + sign + given[0][at + 1 :]
    node, problems = node_of(text)
    named = {problem.code for problem in problems}
    if python_reads(text):
        assert named <= {"duplicate-key", "bad-number", "bad-json"}
        assert node is not None or "half of a surrogate pair" in problems[0].message
    else:
        assert node is None
        assert named >= {"bad-json"}


def test_each_value_keeps_its_place() -> None:
    text = '{\n  "a": [1, "é\\n😀"],\n\t"b": null }'
    root, _ = node_of(text)
    assert isinstance(root, MapNode)
    assert (root.mark, root.keys) == ((1, 1, len(text)), {"a": (2, 3, 3), "b": (3, 2, 3)})
    inner = root.entries["a"]
    assert not isinstance(inner, MapNode | ScalarNode)
    assert [item.mark for item in inner.items] == [(2, 9, 1), (2, 12, 6)]
    assert root.entries["b"].mark == (3, 7, 4)


@pytest.mark.parametrize(
    ("text", "said", "hint", "place"),
    [
        ("", "it ends too early", None, (1, 1)),
        ('{"a": 1', "it ends too early", None, (1, 7)),
        ('{"a": 1; "b": 2}', "a comma or `}` is wanted here, in a map", None, (1, 8)),
        ("[1 2]", "a comma or `]` is wanted here, in a list", None, (1, 4)),
        ('{"a": 1,}', "`}` follows a comma", "take out the `,` before it", (1, 9)),
        ("[1,\n]", "`]` follows a comma", "take out the `,` before it", (2, 1)),
        ("{a: 1}", "a key is wanted here, in double quotes", "the word in double", (1, 2)),
        ("{'a': 1}", "a key is wanted here, in double quotes", "the word in double", (1, 2)),
        ('{"a" 1}', "a `:` is wanted after the key", None, (1, 6)),
        ('{"a": True}', "a value is wanted here", "the word in double quotes", (1, 7)),
        ('{"a": "b', "a text begins here and does not end", None, (1, 7)),
        ('{"a": "b\nc"}', "a text goes over the end of its line", "write it as \\n", (1, 9)),
        ('{"a": "b\x07"}', "a text goes over the end", "write it as \\u0007", (1, 9)),
        ('{"a": "\\x41"}', "this escape is none that JSON has", None, (1, 8)),
        ('{"a": "\\ud83d"}', "half of a surrogate pair is no character", None, (1, 7)),
        ('{"a": 01}', "this number is none that JSON has", None, (1, 7)),
        ('{"a": .5}', "a value is wanted here", None, (1, 7)),
        ('{"a": NaN}', "a value is wanted here", "the word in double quotes", (1, 7)),
        ('{"a": 1} x', "something follows its end", None, (1, 10)),
    ],
)
def test_what_is_no_json(text: str, said: str, hint: str | None, place: tuple[int, int]) -> None:
    node, [problem] = node_of(text)
    assert node is None
    assert problem.code == "bad-json"
    assert said in problem.message
    assert (hint or "check the quotes") in str(problem.hint)
    assert problem.at is not None
    assert (problem.at.line, problem.at.column) == place


def test_a_bracket_that_is_not_closed() -> None:
    _, [problem] = node_of('{"a": {\n  "b": [1, 2]\n')
    assert [(str(one.at), one.message) for one in problem.related] == [
        ("f:1:7", "its `}` is missing")
    ]


def test_a_key_that_is_there_twice() -> None:
    node, [problem] = node_of('{"a": 1,\n "a": 2}')
    assert isinstance(node, MapNode)
    assert plain(node) == {"a": 1}
    assert (problem.code, str(problem.at)) == ("duplicate-key", "f:2:2")
    assert [str(related.at) for related in problem.related] == ["f:1:2"]


def test_a_number_that_no_reader_holds() -> None:
    _, [problem] = node_of('{"a": 1e999}')
    assert (problem.code, str(problem.at)) == ("bad-number", "f:1:7")


@pytest.mark.parametrize(
    ("text", "code"),
    [("[" * 5000, "too-deep"), ("[" + "1," * 200_000 + "1]", "too-many-values")],
)
def test_its_size_is_bounded(text: str, code: str) -> None:
    node, [problem] = node_of(text)
    assert node is None
    assert problem.code == code
