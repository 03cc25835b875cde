"""JSON and YAML as bytes: what others wrote stays, whatever its form."""

import json
from typing import Any

import pytest
import yaml
from hypothesis import given, strategies as st

from tests.profiles.laws import law
from voxmint.engine.sinks.jsonfile import FlawError, merge_json, parsed
from voxmint.engine.sinks.yamlfile import items, merge_yaml

ONE: dict[str, str | int] = {"client_secret": "ek_1", "expires_at": 5}
OURS: dict[str, Any] = {"clinic": ONE, "ward/7": {**ONE, "client_secret": "ek_2"}}
GONE = frozenset(OURS)


@pytest.mark.parametrize(
    ("existing", "merged"),
    [
        ("", '{\n  "a": 1\n}\n'),
        ("{}", '{\n  "a": 1\n}'),
        ("{ }\n", '{\n  "a": 1\n}\n'),
        ('{"x": 1.50}', '{"x": 1.50, "a": 1}'),
        ('{"x":1,"a":0}\n', '{"x":1,"a": 1}\n'),
        ('{\n    "x": [1,\n2]\n}', '{\n    "x": [1,\n2],\n    "a": 1\n}'),
        ('{"a": 1 ,"x":"}"}', '{"a": 1 ,"x":"}"}'),
        ('{"\\u0061": 1}', '{"\\u0061": 1}'),
    ],
)
def test_a_member_is_set_where_it_stands_or_at_the_end(existing: str, merged: str) -> None:
    assert merge_json(existing.encode(), {"a": 1}, frozenset()).decode() == merged


@pytest.mark.parametrize(
    ("existing", "left"),
    [
        ('{"a": 1}', "{}"),
        ('{"x": 1, "a": 1}\n', '{"x": 1}\n'),
        ('{"a": 1, "x": 1}\n', '{ "x": 1}\n'),
        ('{\n  "x": 1,\n  "a": 1\n}\n', '{\n  "x": 1\n}\n'),
        ("", ""),
    ],
)
def test_a_member_is_taken_out_with_its_comma(existing: str, left: str) -> None:
    assert merge_json(existing.encode(), {}, {"a"}).decode() == left


def test_a_profile_s_member_is_laid_out_as_those_beside_it() -> None:
    assert merge_json(b'{\n\t"x": 1\n}\n', {"clinic": ONE}, frozenset()).decode() == (
        '{\n\t"x": 1,\n\t"clinic": {\n\t\t"client_secret": "ek_1",\n\t\t"expires_at": 5\n\t}\n}\n'
    )


@pytest.mark.parametrize(
    ("existing", "line", "found"),
    [
        (b"[]", 1, "is not an object"),
        (b"\xef\xbb\xbf{}", 1, "begins with a byte order mark"),
        (b'{"x": 1,\n"x": 2}', 2, "has a name twice in one object"),
        (b'{"x": 1\n"y": 2}', 2, "is not JSON"),
        (b"{x: 1}", 1, "is not JSON"),
        (b'{"x": NaN}', 1, "is not JSON"),
        (b'{"x": 1,}', 1, "is not JSON"),
        (b'{"x": 1', 1, "is not JSON"),
        (b'{"x": 1}\n{}', 2, "has more after the object"),
        (b'{"x": "\xff"}', 1, "is not UTF-8"),
        (b'{"x": ' + b"[" * 100_000, 1, "is nested too deeply"),
    ],
)
def test_what_is_no_object_is_left_alone(existing: bytes, line: int, found: str) -> None:
    with pytest.raises(FlawError) as error:
        merge_json(existing, OURS, frozenset())
    assert (error.value.line, error.value.found) == (line, found)


PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.text('a}",\\é \n', max_size=4),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("ab", max_size=2), inner),
    max_leaves=6,
)
OBJECTS = st.dictionaries(st.sampled_from(["x", "clinic", "ward/7", "é", ""]), PLAIN, max_size=4)
LAYOUTS = st.sampled_from([{}, {"indent": 2}, {"indent": "\t"}, {"separators": (",", ":")}])


@law(300)
@given(OBJECTS, LAYOUTS)
def test_json_of_others_survives(theirs: dict[str, Any], layout: dict[str, Any]) -> None:
    existing = json.dumps(theirs, **layout).encode()
    merged = merge_json(existing, OURS, frozenset())
    assert json.loads(merged) == {**theirs, **OURS}
    assert merge_json(merged, OURS, frozenset()) == merged
    kept = {name: value for name, value in theirs.items() if name not in OURS}
    assert json.loads(merge_json(merged, {}, GONE)) == kept
    raws = {one.name: one.raw for one in parsed(existing).members}
    assert all(raws[one.name] == one.raw for one in parsed(merged).members if one.name not in OURS)


@pytest.mark.parametrize(
    ("existing", "merged"),
    [
        ("", "a: 1\n"),
        ("# only this", "# only this\na: 1\n"),
        ("---\n", "---\na: 1\n"),
        ("x: 1 # y\n\n# end\n", "x: 1 # y\na: 1\n\n# end\n"),
        ("a: 0\nx: 1\n", "a: 1\nx: 1\n"),
        ("a:\n  b: 1\n# c\nx: 1\n", "a: 1\n# c\nx: 1\n"),
        ("x:\n  - 1\n  - 2", "x:\n  - 1\n  - 2\na: 1\n"),
        ("  x: 1\n  y: 2\n", "  x: 1\n  y: 2\n  a: 1\n"),
        ("x: &n {b: 1}\ny: *n\n...\n", "x: &n {b: 1}\ny: *n\na: 1\n...\n"),
        ("x: |\n  # text\n\ny: 2\n", "x: |\n  # text\n\ny: 2\na: 1\n"),
        ("\ufeffx: 1\n", "\ufeffx: 1\na: 1\n"),
    ],
)
def test_an_entry_is_set_where_it_stands_or_at_the_end(existing: str, merged: str) -> None:
    assert merge_yaml(existing.encode(), {"a": 1}, frozenset()).decode() == merged
    assert merge_yaml(merged.encode(), {"a": 1}, frozenset()).decode() == merged


@pytest.mark.parametrize("name", ["clinic", "call-center/german", "no", "24h", "a: b", "é", "~"])
def test_every_name_is_read_back_by_readers_of_yaml_1_1(name: str) -> None:
    merged = merge_yaml(b"", {name: {"client_secret": "0o7", "expires_at": 7}}, frozenset())
    assert yaml.safe_load(merged) == {name: {"client_secret": "0o7", "expires_at": 7}}


@pytest.mark.parametrize(
    ("existing", "line", "found"),
    [
        (b"- a\n", 1, "is not a map with a line for each key"),
        (b"{x: 1}\n", 1, "is not a map with a line for each key"),
        (b"text\n", 1, "is not a map with a line for each key"),
        (b"x: 1\n---\ny: 2\n", 2, "is not one YAML document"),
        (b"x: 1\nx: 2\n", 1, "begins a map that has a key twice"),
        (b"x: [\n", 2, "is not one YAML document"),
        (b"x: \xff\n", 1, "is not UTF-8"),
        (b"x: 1\n--- {y: 1}", 2, "is not one YAML document"),
        (b"? x\n: 1\n", 1, "has a key that is not alone on its line"),
    ],
)
def test_what_is_no_map_of_lines_is_left_alone(existing: bytes, line: int, found: str) -> None:
    with pytest.raises(FlawError) as error:
        merge_yaml(existing, OURS, frozenset())
    assert (error.value.line, error.value.found) == (line, found)


LINES = st.sampled_from(
    [
        *("x: 1", "y: [a, b]", "z:", "  - a", "  k: v", "# c", "", "clinic: {a: b}", "ward/7:"),
        *("w: |", "  # in text", "'q': \"s\"", "v: &n {b: 1}", "u: *n", "  - *n", "t: >-", "  f"),
    ]
)


def read(text: bytes) -> dict[str, Any] | None:
    """What stands in the file, all scalars as texts; `None` of what is no map."""
    try:
        found = yaml.load(text, yaml.BaseLoader)
    except yaml.YAMLError:
        return None
    return {} if found is None else found if isinstance(found, dict) else None


@law(500)
@given(st.lists(LINES, max_size=9).map(lambda lines: "".join(f"{one}\n" for one in lines)))
def test_yaml_of_others_survives(text: str) -> None:
    existing = text.encode()
    theirs = read(existing)
    if theirs is None:
        return
    try:
        merged = merge_yaml(existing, OURS, frozenset())
    except FlawError:
        return
    ours = {
        name: {key: str(value) for key, value in values.items()} for name, values in OURS.items()
    }
    kept = {name: value for name, value in theirs.items() if name not in OURS}
    assert read(merged) == {**kept, **ours}
    assert merge_yaml(merged, OURS, frozenset()) == merged
    _, before = items(existing)
    _, after = items(merged)
    assert [text[one.start : one.end] for one in before if one.name not in OURS] == [
        merged.decode()[one.start : one.end] for one in after if one.name not in OURS
    ]
