"""The merge law, against a reference implementation of its own; directives; the three states."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

import pytest
from hypothesis import assume, given, strategies as st

from tests.profiles.laws import law
from tests.sources import LOCAL, codes, compiled, layers, only, session, set_to, told
from voxmint.origin import Origin
from voxmint.profiles.cells import Leaf, MapCell, chain, find, origin, value_of
from voxmint.profiles.documents import Layer
from voxmint.profiles.merge import Merger
from voxmint.profiles.order import Order
from voxmint.profiles.parse import parse_profile
from voxmint.profiles.reader import read_document

ABSENT = object()


class ClashError(Exception):
    """A list directive over something that is no list."""


def laid(under: Any, node: Any) -> Any:
    """The merge law in a few lines: a plain value laid over what weaker layers gave."""
    if isinstance(node, list) or not isinstance(node, dict):
        return node
    if "$replace" in node:
        return laid(ABSENT, node["$replace"])
    if "$unset" in node:
        return ABSENT
    if any(key.startswith("$") for key in node):
        if under is not ABSENT and not isinstance(under, list):
            raise ClashError
        removed = list(map(written, node.get("$remove", [])))
        items = under if isinstance(under, list) else []
        kept = [item for item in items if written(item) not in removed]
        return [*node.get("$prepend", []), *kept, *node.get("$append", [])]
    merged = dict(under) if isinstance(under, dict) else {}
    for key, inner in node.items():
        merged[key] = laid(merged.get(key, ABSENT), inner)
    return {key: inner for key, inner in merged.items() if inner is not ABSENT}


def written(value: Any) -> str:
    """A value in a form that tells `1`, `1.0` and `true` apart, and not the order of keys."""
    return json.dumps(value, sort_keys=True)


def layer_of(tree: Any, name: str = "p") -> Layer:
    """A layer whose `vars` are this tree: below `vars` any key will do."""
    text = json.dumps({"vars": tree}, ensure_ascii=False)
    profile, problems = parse_profile(name, read_document(f"{name}.yaml", text.encode()))
    assert problems == (), told(problems)
    return profile.layer


def folded(trees: Sequence[Any]) -> tuple[Any, list[str]]:
    """The merged value of some layers, and the codes of what was wrong on the way."""
    merger = Merger()
    root = merger.fold([layer_of(tree, f"l{index}") for index, tree in enumerate(trees)])
    merged = {} if root is None else value_of(root)
    assert isinstance(merged, Mapping)
    return merged.get("vars", {}), codes(merger.problems)


# ── laws ─────────────────────────────────────────────────────────────────────────────────────────

KEYS = st.sampled_from(["a", "b", "c", ""])
SCALARS = st.sampled_from([None, True, False, 0, 1, 1.0, -2.5, "", "a", "1", "null"])
PLAIN = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=3),
    max_leaves=8,
)
SIMPLE_LISTS = st.lists(SCALARS | st.dictionaries(KEYS, SCALARS, max_size=2), max_size=4)
LIST_DIRECTIVES = st.dictionaries(
    st.sampled_from(["$append", "$prepend", "$remove"]), SIMPLE_LISTS, min_size=1
)
UNSET = st.just({"$unset": True})
NODES = st.recursive(
    SCALARS | SIMPLE_LISTS | LIST_DIRECTIVES | UNSET,
    lambda inner: (
        st.dictionaries(KEYS, inner, max_size=3) | inner.map(lambda node: {"$replace": node})
    ),
    max_leaves=8,
)
TREES = st.dictionaries(KEYS, NODES, max_size=4)
PLAIN_TREES = st.dictionaries(KEYS, PLAIN, max_size=4)


@law(400)
@given(st.lists(TREES, max_size=6))
def test_merging_is_what_the_law_says(trees: list[Any]) -> None:
    expected: Any = {}
    clashes = False
    for tree in trees:
        try:
            expected = laid(expected, tree)
        except ClashError:
            clashes = True
            break
    found, wrong = folded(trees)
    assert ("directive-needs-list" in wrong) == clashes
    if not clashes:
        assert wrong == []
        assert written(found) == written(expected)


@law()
@given(st.lists(PLAIN_TREES, min_size=3, max_size=3))
def test_merging_without_directives_is_associative(trees: list[Any]) -> None:
    one, two, three = trees
    in_turn, _ = folded(trees)
    later_first, _ = folded([two, three])
    assert written(folded([one, later_first])[0]) == written(in_turn)


def composed(first: Any, second: Any) -> Any:
    """The one node that does to whatever is below what the first does, and then the second."""
    if not is_step(second):
        return second
    if not is_step(first):
        fixed = laid(laid(ABSENT, first), second)
        return {"$unset": True} if fixed is ABSENT else {"$replace": fixed}
    if has_list_directives(first) != has_list_directives(second):
        if has_list_directives(second):
            raise ClashError
        return {"$replace": laid(ABSENT, second)}  # a map over a list
    if has_list_directives(first):
        return composed_lists(first, second)
    both = {key: composed(first[key], second[key]) for key in first if key in second}
    return {**first, **second, **both}


def is_step(node: Any) -> bool:
    """Whether what the node gives depends on what is below it."""
    return isinstance(node, dict) and not node.keys() & {"$replace", "$unset"}


def has_list_directives(node: Any) -> bool:
    return any(key.startswith("$") for key in node)


def composed_lists(first: Any, second: Any) -> Any:
    removed = list(map(written, second.get("$remove", [])))
    before, after = (
        [item for item in first.get(directive, []) if written(item) not in removed]
        for directive in ("$prepend", "$append")
    )
    return {
        "$remove": [*first.get("$remove", []), *second.get("$remove", [])],
        "$prepend": [*second.get("$prepend", []), *before],
        "$append": [*after, *second.get("$append", [])],
    }


def clashes(*trees: Any) -> bool:
    return "directive-needs-list" in folded(trees)[1]


@law(300)
@given(TREES, TREES, TREES)
def test_two_layers_can_be_written_as_one(below: Any, first: Any, second: Any) -> None:
    assume(not clashes(below, first, second))
    expected = written(folded([below, first, second])[0])
    assert written(folded([below, composed(first, second)])[0]) == expected


@law(300)
@given(TREES, TREES, TREES, TREES)
def test_how_layers_are_grouped_makes_no_difference(below: Any, a: Any, b: Any, c: Any) -> None:
    assume(not clashes(below, a, b, c))
    expected = folded([below, a, b, c])[0]
    assert written(folded([below, composed(composed(a, b), c)])[0]) == written(expected)
    assert written(folded([below, composed(a, composed(b, c))])[0]) == written(expected)


def test_the_order_of_layers_matters() -> None:
    add, take = {"a": {"$append": [1]}}, {"a": {"$remove": [1]}}
    assert folded([add, take]) == ({"a": []}, [])
    assert folded([take, add]) == ({"a": [1]}, [])


@law()
@given(PLAIN_TREES)
def test_a_layer_over_itself_or_over_nothing_is_itself(tree: Any) -> None:
    assert written(folded([tree])[0]) == written(tree)
    assert written(folded([tree, tree])[0]) == written(tree)
    assert written(folded([tree, {}])[0]) == written(tree)


@law(100)
@given(st.lists(TREES, min_size=1, max_size=5), st.data())
def test_sharing_what_bodies_have_in_common_changes_nothing(
    trees: list[Any], data: st.DataObject
) -> None:
    pool = [layer_of(tree, f"l{index}") for index, tree in enumerate(trees)]
    stack = st.lists(st.integers(0, len(pool) - 1), max_size=5, unique=True)
    stacks = [
        [pool[index] for index in sorted(indexes)]
        for indexes in data.draw(st.lists(stack, max_size=6))
    ]
    together = Merger()
    for layers_of_one in stacks:
        alone = Merger()
        assert together.fold(layers_of_one) == alone.fold(layers_of_one)


@law()
@given(st.lists(TREES, min_size=2, max_size=5))
def test_sharing_finds_the_same_problems(trees: list[Any]) -> None:
    pool = [layer_of(tree, f"l{index}") for index, tree in enumerate(trees)]
    stacks = [pool[:length] for length in range(1, len(pool) + 1)]
    together, found = Merger(), set()
    for stack in stacks:
        together.fold(stack)
        alone = Merger()
        alone.fold(stack)
        found |= {(problem.code, problem.at) for problem in alone.problems}
    assert {(problem.code, problem.at) for problem in together.problems} == found


@law()
@given(st.lists(TREES, min_size=1, max_size=5))
def test_every_leaf_comes_from_the_layer_that_gave_it(trees: list[Any]) -> None:
    pool = [layer_of(tree, f"l{index}") for index, tree in enumerate(trees)]
    root = Merger().fold(pool)
    texts = {f"l{n}.yaml": json.dumps({"vars": t}, ensure_ascii=False) for n, t in enumerate(trees)}
    for leaf in [] if root is None else leaves(root):
        at = origin(leaf)
        assert at.file == f"{leaf.layer.name}.yaml"
        assert repr(json.loads(texts[at.file][at.column - 1 :][: at.length])) == repr(leaf.value)


def leaves(cell: Any) -> list[Leaf]:
    inner = cell.entries.values() if isinstance(cell, MapCell) else getattr(cell, "items", ())
    return [cell] if isinstance(cell, Leaf) else [leaf for one in inner for leaf in leaves(one)]


# ── null, absent and set ─────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("weaker", [ABSENT, None, "text", 0, False, "", [], [1], {}, {"b": 1}])
@pytest.mark.parametrize("stronger", [None, "text", 0, False, "", [], [2]])
def test_null_scalars_and_lists_replace_whatever_was_there(weaker: Any, stronger: Any) -> None:
    under = {} if weaker is ABSENT else {"a": weaker}
    assert written(folded([under, {"a": stronger}])[0]) == written({"a": stronger})


@pytest.mark.parametrize("weaker", [None, "text", 0, False, [], [1]])
def test_a_map_replaces_what_is_no_map(weaker: Any) -> None:
    assert folded([{"a": weaker}, {"a": {"b": None}}]) == ({"a": {"b": None}}, [])


def test_a_map_joins_a_map_however_deep() -> None:
    weaker = {"a": {"b": {"c": 1, "d": None}, "e": []}}
    stronger = {"a": {"b": {"c": None}, "f": {}}}
    assert folded([weaker, stronger])[0] == {"a": {"b": {"c": None, "d": None}, "e": [], "f": {}}}


def test_an_empty_map_takes_nothing_away() -> None:
    assert folded([{"a": {"b": 1}}, {"a": {}}])[0] == {"a": {"b": 1}}
    assert folded([{"a": None}, {"a": {}}])[0] == {"a": {}}


def test_null_unset_and_absent_reach_the_bodies_as_they_are() -> None:
    profiles = layers(
        "session: {turn_detection: {type: server_vad}, input_audio_noise_reduction: null,"
        " input_audio_transcription: {model: whisper-1, language: en, prompt: ''}}",
        "session: {turn_detection: null, input_audio_noise_reduction: {$unset: true},"
        " input_audio_transcription: {language: {$unset: true}}}",
        "description: says nothing of it",
    )
    environments = {
        "flat": "provider: {kind: emulator}",
        "nested": "provider: {kind: emulator, api: client_secrets}\nvars: {x: 1}\noverlay: [{}]",
    }
    compilation = compiled(profiles, environments)
    transcription = {"model": "whisper-1", "prompt": ""}
    flat = {"input_audio_transcription": transcription, "turn_detection": None}
    assert compilation.bodies["p", "flat"].body == flat
    assert compilation.bodies["p", "nested"].body["session"] == {
        "type": "transcription",
        "audio": {"input": {"transcription": transcription, "turn_detection": None}},
    }


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("{$unset: true}", {}),
        ("null", {"a": None}),
        ("", {"a": None}),
        ("''", {"a": ""}),
        ("[]", {"a": []}),
        ("{}", {"a": {}}),
        ("{$replace: null}", {"a": None}),
    ],
)
def test_each_kind_of_nothing_is_its_own(value: str, expected: object) -> None:
    """Over a scalar."""
    profiles = layers("vars: {a: 1}", f"vars:\n  a: {value}\n{MODEL}")
    assert value_of(vars_of(profiles)) == expected


# ── a bare key ───────────────────────────────────────────────────────────────────────────────────

MODEL = "session: {input_audio_transcription: {model: gpt-transcribe}}"


def vars_of(profiles: Mapping[str, str]) -> MapCell:
    compilation = compiled(profiles)
    assert compilation.errors == (), told(compilation.errors)
    found = find(compilation.bodies["p", "local"].root, ["vars"])
    assert isinstance(found, MapCell)
    return found


@pytest.mark.parametrize(
    ("weaker", "place"), [("{}", 11), ("{b: 1}", 11), ("{$replace: {b: 1}}", 22)]
)
def test_a_bare_key_over_a_map_is_an_error_that_asks_what_is_meant(weaker: str, place: int) -> None:
    profiles = layers(f"vars: {{a: {weaker}}}", f"vars:\n  a:\n{MODEL}")
    problem = only(compiled(profiles), "bare-key")
    assert problem.at == Origin("profiles/p.yaml", 2, 3, 1)
    assert problem.message == "`a:` has no value, and would replace an inherited map"
    assert problem.hint == "write `a: null` for null, or `a: {$unset: true}` to take it back"
    assert [str(one.at) for one in problem.related] == [f"profiles/base-1.yaml:1:{place}"]


@pytest.mark.parametrize("weaker", ["1", "null", "x", "[1]", "{$unset: true}"])
def test_a_bare_key_over_anything_else_is_null(weaker: str) -> None:
    profiles = layers(f"vars: {{a: {weaker}}}", f"vars:\n  a:\n{MODEL}")
    assert value_of(vars_of(profiles)) == {"a": None}


def test_a_bare_key_over_nothing_is_null() -> None:
    assert value_of(vars_of({"p": f"vars:\n  a:\n{MODEL}"})) == {"a": None}


def test_a_bare_key_over_a_map_that_was_unset_is_null() -> None:
    profiles = layers("vars: {a: {b: 1}}", "vars: {a: {$unset: true}}", f"vars:\n  a:\n{MODEL}")
    assert value_of(vars_of(profiles)) == {"a": None}


def test_a_bare_key_leaves_the_map_for_the_layers_above() -> None:
    trees = layers("vars: {a: {b: 1}}", "vars:\n  a:", f"vars: {{a: {{c: 2}}}}\n{MODEL}")
    assert codes(compiled(trees).errors) == ["bare-key"]


# ── directives ───────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("directives", "over_absent", "over_list"),
    [
        ({"$append": [3]}, [3], [1, 2, 1, 3]),
        ({"$prepend": [3]}, [3], [3, 1, 2, 1]),
        ({"$remove": [1]}, [], [2]),
        ({"$append": [1], "$remove": [1]}, [1], [2, 1]),
        ({"$prepend": [1], "$remove": [1]}, [1], [1, 2]),
        ({"$append": [4], "$prepend": [3]}, [3, 4], [3, 1, 2, 1, 4]),
        ({"$append": [1], "$prepend": [2], "$remove": [1, 2]}, [2, 1], [2, 1]),
        ({"$append": [3, 3]}, [3, 3], [1, 2, 1, 3, 3]),
        ({"$remove": [7]}, [], [1, 2, 1]),
        ({"$append": []}, [], [1, 2, 1]),
    ],
)
def test_the_list_directives_alone_and_together(
    directives: Any, over_absent: list[int], over_list: list[int]
) -> None:
    for order in (directives, dict(reversed(directives.items()))):
        assert folded([{"a": order}]) == ({"a": over_absent}, [])
        assert folded([{"a": [1, 2, 1]}, {"a": order}]) == ({"a": over_list}, [])
        unset = [{"a": [1]}, {"a": {"$unset": True}}, {"a": order}]
        assert folded(unset) == ({"a": over_absent}, [])


@pytest.mark.parametrize("directive", ["$append", "$prepend", "$remove"])
@pytest.mark.parametrize(
    ("weaker", "found"),
    [
        (None, "null"),
        ("x", 'the text "x"'),
        (1, "the number 1"),
        (False, "false"),
        ({}, "a map"),
        ({"b": 1}, "a map"),
    ],
)
def test_a_list_directive_over_anything_else_is_an_error(
    directive: str, weaker: Any, found: str
) -> None:
    merger = Merger()
    merged = merger.fold([layer_of({"a": weaker}, "w"), layer_of({"a": {directive: [1]}}, "s")])
    [problem] = merger.problems
    assert problem.message == f"`{directive}` works on a list, but here is {found}"
    assert (str(problem.at), str(problem.related[0].at)) == ("s.yaml:1:17", "w.yaml:1:16")
    assert merged is not None
    assert value_of(merged) == {"vars": {"a": weaker}}


@pytest.mark.parametrize("weaker", [ABSENT, None, "x", [1], {"b": 1}])
@pytest.mark.parametrize("value", [None, 1, [2], {"c": 3}, {}, []])
def test_replace_does_not_merge(weaker: Any, value: Any) -> None:
    under = {} if weaker is ABSENT else {"a": weaker}
    assert folded([under, {"a": {"$replace": value}}]) == ({"a": value}, [])


@pytest.mark.parametrize("weaker", [None, "x", [1], {"b": 1}])
def test_unset_makes_it_absent_again(weaker: Any) -> None:
    assert folded([{"a": weaker, "z": 1}, {"a": {"$unset": True}}]) == ({"z": 1}, [])


@pytest.mark.parametrize("again", [None, "x", [1], {"c": 1}])
def test_what_was_unset_can_be_set_again(again: Any) -> None:
    trees = [{"a": {"b": 1}}, {"a": {"$unset": True}}, {"a": again}]
    assert folded(trees) == ({"a": again}, [])


def test_four_layers_append() -> None:
    trees = [{"a": [0]}, *({"a": {"$append": [n]}} for n in range(1, 5))]
    assert folded(trees) == ({"a": [0, 1, 2, 3, 4]}, [])
    assert folded(trees[1:]) == ({"a": [1, 2, 3, 4]}, [])


def test_what_a_layer_removed_a_later_one_may_append_again() -> None:
    trees = [{"a": [1, 2]}, {"a": {"$remove": [1]}}, {"a": {"$append": [1]}}]
    assert folded(trees) == ({"a": [2, 1]}, [])
    assert folded([*trees, {"a": {"$remove": [1]}}]) == ({"a": [2]}, [])


def test_replace_under_append() -> None:
    trees = [{"a": [1]}, {"a": {"$replace": [2]}}, {"a": {"$append": [3]}}]
    assert folded(trees) == ({"a": [2, 3]}, [])
    assert folded([*trees, {"a": [4]}, {"a": {"$prepend": [5]}}]) == ({"a": [5, 4]}, [])


def test_remove_goes_by_value_maps_and_lists_included() -> None:
    items = [{"x": 1, "y": [2]}, {"y": [2], "x": 1}, {"x": 1}, [1], [1, 2], "x"]
    removed = {"a": {"$remove": [{"y": [2], "x": 1}, [1], "x"]}}
    assert folded([{"a": items}, removed]) == ({"a": [{"x": 1}, [1, 2]]}, [])


ALIKE = [1, 1.0, True, "1", None, 0, False, "", "null", [], {}, [1], [True]]


@pytest.mark.parametrize("value", ALIKE, ids=written)
def test_remove_tells_values_of_other_types_apart(value: Any) -> None:
    found, _ = folded([{"a": ALIKE}, {"a": {"$remove": [value]}}])
    left = [written(one) for one in ALIKE if written(one) != written(value)]
    assert [written(one) for one in found["a"]] == left


def test_remove_of_much_from_much_is_little_work() -> None:
    many = [f"word {number}" for number in range(40_000)]
    found, _ = folded([{"a": many}, {"a": {"$remove": [*many[1:], "x"]}}])
    assert found == {"a": ["word 0"]}


def test_directives_hold_below_maps_and_in_what_replaces() -> None:
    trees = [
        {"a": {"b": {"c": [1], "d": 2}}},
        {"a": {"b": {"c": {"$append": [2]}, "d": {"$unset": True}, "e": {"$replace": {"f": 1}}}}},
        {"a": {"$replace": {"b": {"$append": [3]}}}},
    ]
    assert folded(trees[:2]) == ({"a": {"b": {"c": [1, 2], "e": {"f": 1}}}}, [])
    assert folded(trees) == ({"a": {"b": [3]}}, [])


def test_directives_never_reach_a_body() -> None:
    profiles = layers(
        "session: {include: {$append: [item.input_audio_transcription.logprobs]},"
        " modalities: {$prepend: [text]}, turn_detection: {$replace: {type: server_vad}},"
        " input_audio_transcription: {model: {$replace: whisper-1}, language: {$unset: true}}}",
    )
    assert session(profiles) == {
        "modalities": ["text"],
        "input_audio_transcription": {"model": "whisper-1"},
        "turn_detection": {"type": "server_vad"},
        "include": ["item.input_audio_transcription.logprobs"],
    }


# ── what has no effect ───────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("directive", "value", "weaker"),
    [
        ("$unset", "true", "{}"),
        ("$unset", "true", "{a: {$unset: true}}"),
        ("$remove", "[1]", "{a: [2]}"),
        ("$remove", "[]", "{a: [2]}"),
        ("$append", "[]", "{a: [2]}"),
        ("$prepend", "[]", "{a: [2]}"),
    ],
)
def test_a_directive_that_changes_nothing_is_a_warning(
    directive: str, value: str, weaker: str
) -> None:
    profiles = layers(f"vars: {weaker}", f"vars:\n  a: {{{directive}: {value}}}\n{MODEL}")
    problems = compiled(profiles).problems
    [found] = [one for one in problems if one.at and one.at.file == "profiles/p.yaml"]
    assert found.message == f"this `{directive}` changes nothing"
    assert found.at == Origin("profiles/p.yaml", 2, 7, len(directive))
    assert not found.is_error


@pytest.mark.parametrize("weaker", ["{}", "{a: {$unset: true}}"])
@pytest.mark.parametrize("directives", ["$remove: [1]", "$append: []", "$prepend: []"])
def test_a_directive_that_only_makes_an_empty_list_is_another_warning(
    directives: str, weaker: str
) -> None:
    """Without the line the list would be absent: it has an effect, though hardly the one meant."""
    found = compiled(layers(f"vars: {weaker}", f"vars: {{a: {{{directives}}}}}\n{MODEL}"))
    [problem] = [one for one in found.problems if one.at and one.at.file == "profiles/p.yaml"]
    assert problem.code == "directive-makes-empty-list"


def test_beside_one_that_adds_an_item_it_changes_nothing() -> None:
    found = compiled({"p": f"vars: {{a: {{$remove: [1], $append: [2]}}}}\n{MODEL}"})
    assert told(found.problems) == [
        "directive-without-effect profiles/p.yaml:1:12 this `$remove` changes nothing"
    ]


def test_an_unset_that_makes_its_map_has_an_effect() -> None:
    """A template that looks for `vars.m.x | default(1)` needs `vars.m`."""
    profiles = {"p": f"vars: {{m: {{x: {{$unset: true}}}}}}\n{MODEL}"}
    assert value_of(vars_of(profiles)) == {"m": {}}
    assert codes(compiled(profiles).problems) == []


def test_of_a_part_of_the_project_nothing_is_said() -> None:
    """The base's `$remove` does nothing for `p`, which is all that was asked for, but for `q`."""
    profiles = {
        "a": "abstract: true\nvars: {l: [1]}",
        "b": "abstract: true\nvars: {l: {$remove: [1]}}",
        "p": f"extends: b\nvars: {{l: {{$append: [2]}}}}\n{MODEL}",
        "q": f"extends: [a, b]\n{MODEL}",
    }
    assert codes(compiled(profiles, order=Order(profiles=("p",))).problems) == []
    del profiles["q"]
    assert "directive-makes-empty-list" in codes(compiled(profiles).problems)


def test_a_directive_that_works_in_one_body_is_no_warning() -> None:
    environments = {
        "one": f"{LOCAL['local']}vars: {{a: [1]}}\noverlay: [{{vars: {{a: {{$remove: [1]}}}}}}]",
        "two": "extends: one\nvars: {a: [2]}",
    }
    assert codes(compiled({"p": MODEL}, environments).problems) == []
    still = {**environments, "one": environments["one"].replace("[1]}\n", "[3]}\n")}
    assert codes(compiled({"p": MODEL}, still).problems) == ["directive-without-effect"]


def test_an_empty_list_appended_beside_one_that_works_is_told_by_itself() -> None:
    profiles = {"p": f"vars: {{a: {{$append: [], $prepend: [1]}}}}\n{MODEL}"}
    assert told(compiled(profiles).problems) == [
        "directive-without-effect profiles/p.yaml:1:12 this `$append` changes nothing"
    ]


# ── provenance ───────────────────────────────────────────────────────────────────────────────────


def test_the_chain_under_a_value_is_all_that_it_overrode() -> None:
    profiles = layers(
        "vars: {a: 1}", "vars: {a: {$unset: true}}", "vars: {a: null}", f"vars: {{a: 2}}\n{MODEL}"
    )
    cell = find(vars_of(profiles), ["a"])
    assert [(str(one.layer), str(origin(one))) for one in chain(cell)] == [
        ("profile p", "profiles/p.yaml:1:11"),
        ("profile base-3", "profiles/base-3.yaml:1:11"),
        ("profile base-2", "profiles/base-2.yaml:1:11"),
        ("profile base-1", "profiles/base-1.yaml:1:11"),
    ]


@pytest.mark.parametrize(
    "stronger",
    [
        "2",
        "{$replace: 2}",
        "{$unset: true}",
        "[2]",
        "{b: 2}",
        "{$replace: [2]}",
        "{$replace: {b: 2}}",
    ],
)
@pytest.mark.parametrize("weaker", ["1", "null", "[1]", "{$unset: true}"])
def test_whatever_overrides_keeps_what_it_overrode(weaker: str, stronger: str) -> None:
    found = vars_of(layers(f"vars: {{a: {weaker}}}", f"vars: {{a: {stronger}}}\n{MODEL}"))
    files = [origin(one).file for one in chain(find(found, ["a"]))]
    assert files == ["profiles/p.yaml", "profiles/base-1.yaml"]


def test_each_item_of_a_list_knows_its_layer() -> None:
    profiles = layers("vars: {a: [1, 2]}", f"vars: {{a: {{$prepend: [0], $remove: [1]}}}}\n{MODEL}")
    found = vars_of(profiles)
    files = [str(origin(cell)) for n in range(2) if (cell := find(found, ["a", n]))]
    assert files == ["profiles/p.yaml:1:23", "profiles/base-1.yaml:1:15"]


def test_set_is_laid_over_all() -> None:
    profiles = {"p": "session: {turn_detection: {type: server_vad, threshold: 0.1}}"}
    order = set_to("session.turn_detection.threshold=0.2", "session.turn_detection=null")
    assert session(profiles, order=order) == {"turn_detection": None}
    order = set_to("session.turn_detection.threshold=0.2")
    assert session(profiles, order=order)["turn_detection"]["threshold"] == 0.2


# ── the table of the three states ────────────────────────────────────────────────────────────────

NOTHINGS: Mapping[str, Mapping[str, Any]] = {
    # what is written: what comes of it over nothing, a text, a list and a map
    "": {"absent": None, "text": None, "list": None, "map": "bare-key"},
    "{$unset: true}": {"absent": ABSENT, "text": ABSENT, "list": ABSENT, "map": ABSENT},
    "null": {"absent": None, "text": None, "list": None, "map": None},
    "''": {"absent": "", "text": "", "list": "", "map": ""},
    "[]": {"absent": [], "text": [], "list": [], "map": []},
    "{}": {"absent": {}, "text": {}, "list": {}, "map": {"b": 1}},
}
UNDER = {"absent": "", "text": "a: x", "list": "a: [1]", "map": "a: {b: 1}"}


@pytest.mark.parametrize("written_as", NOTHINGS)
@pytest.mark.parametrize("under", UNDER)
def test_the_table_of_nothings(written_as: str, under: str) -> None:
    expected = NOTHINGS[written_as][under]
    profiles = layers(f"vars: {{{UNDER[under]}}}", f"vars:\n  a: {written_as}\n{MODEL}")
    compilation = compiled(profiles)
    if expected == "bare-key":
        assert codes(compilation.errors) == ["bare-key"]
        return
    found = value_of(vars_of(profiles))
    assert found == ({} if expected is ABSENT else {"a": expected})
    idle = written_as == "{$unset: true}" and under == "absent"
    assert codes(compilation.problems) == (["directive-without-effect"] if idle else [])


ON = (
    "session: {input_audio_transcription: {model: gpt-transcribe}, "
    "turn_detection: {type: server_vad}, input_audio_noise_reduction: {type: near_field}}"
)
NESTED_FIELDS = {
    "turn_detection": ("audio", "input", "turn_detection"),
    "input_audio_noise_reduction": ("audio", "input", "noise_reduction"),
}


@pytest.mark.parametrize("field", NESTED_FIELDS)
@pytest.mark.parametrize("layer", ["profile", "environment", "overlay", "block", "set"])
@pytest.mark.parametrize("above", ["", "vars: {z: 1}", "session: {include: []}"])
def test_an_explicit_null_of_any_layer_survives_to_both_bodies(
    field: str, layer: str, above: str
) -> None:
    null = f"session: {{{field}: null}}"
    said = {layer: null}
    block = said.get("block", "")
    profiles = {
        "base": f"abstract: true\n{ON}",
        "p": f"extends: base\n{said.get('profile', '')}\n"
        f"environments: {{flat: {{{block}}}, nested: {{{block}}}}}",
        "heir": f"extends: p\n{above}",
    }
    environments = {
        name: f"provider: {{kind: emulator, api: {api}}}\n{said.get('environment', '')}\n"
        f"overlay: [{{{said.get('overlay', '')}}}]"
        for name, api in (("flat", "transcription_sessions"), ("nested", "client_secrets"))
    }
    order = set_to(f"session.{field}=null") if layer == "set" else set_to()
    compilation = compiled(profiles, environments, order=order)
    assert compilation.errors == (), told(compilation.errors)
    for name in ("p", "heir"):
        assert compilation.bodies[name, "flat"].body[field] is None
        value: Any = compilation.bodies[name, "nested"].body["session"]
        for part in NESTED_FIELDS[field]:
            value = value[part]
        assert value is None
