"""Parts taken out of YAML texts: the laws over drawn layouts, and goldens of tricky ones."""

import json
from collections.abc import Iterator, Sequence, Set

import pytest
from hypothesis import assume, given, settings, strategies as st
from syrupy.assertion import SnapshotAssertion

from tests.profiles.fixing.layouts import comments, is_within, layouts
from tests.profiles.laws import law
from voxmint.profiles.fixing.edits import Edited, Reason, Removal, without
from voxmint.profiles.fixing.halving import acceptable
from voxmint.profiles.idle import Unit
from voxmint.profiles.nodes import ListNode, MapNode, Node, ScalarNode
from voxmint.profiles.reader import read_document

# ── laws ─────────────────────────────────────────────────────────────────────────────────────────


def removable(node: Node) -> Iterator[Removal]:
    """Every entry and item of a document, by the places that its reader gives."""
    if isinstance(node, MapNode):
        for key, value in node.entries.items():
            yield Removal(*node.keys[key][:2], Unit.ENTRY)
            yield from removable(value)
    elif isinstance(node, ListNode):
        for item in node.items:
            yield Removal(*item.mark[:2], Unit.ITEM)
            yield from removable(item)


GONE = object()


def pruned(node: Node, removed: Set[Removal]) -> object:
    """The value without what is removed, and without what that leaves empty."""
    if isinstance(node, ScalarNode):
        return node.value
    kept: object
    if isinstance(node, MapNode):
        entries = {
            key: pruned(value, removed)
            for key, value in node.entries.items()
            if Removal(*node.keys[key][:2], Unit.ENTRY) not in removed
        }
        kept = {key: value for key, value in entries.items() if value is not GONE}
        return kept if kept or not node.entries else GONE
    items = [
        pruned(item, removed)
        for item in node.items
        if Removal(*item.mark[:2], Unit.ITEM) not in removed
    ]
    kept = [item for item in items if item is not GONE]
    return kept if kept or not node.items else GONE


def read(text: str) -> Node:
    """The root of a text without problems."""
    document = read_document("f.yaml", text.encode())
    assert document.problems == ()
    assert document.root is not None
    return document.root


def check(text: str, data: st.DataObject) -> Edited:
    """The laws of an edit of this text, with some of its parts to be removed."""
    document = read_document("f.yaml", text.encode())
    assume(document.root is not None and not document.problems)
    root = read(text)
    parts = sorted(set(removable(root)))
    assume(parts)
    removals = data.draw(st.lists(st.sampled_from(parts), min_size=1, unique=True))
    edited = without(text, removals)
    removed = set(removals) - set(edited.left)
    meant = pruned(root, removed)
    after = read(edited.text)
    assert written(pruned(after, set())) == written({} if meant is GONE else meant)
    assert is_within(comments(text), comments(edited.text))
    assert is_within(edited.text, text) or meant is GONE
    assert (edited.text == text) == (not removed)
    return edited


def written(value: object) -> str:
    """A value in which `1`, `1.0` and `true` differ, and the order of keys counts."""
    return json.dumps(value)


@law(200)
@given(layouts(), st.data())
def test_what_is_removed_is_gone_and_nothing_else(text: str, data: st.DataObject) -> None:
    edited = check(text, data)
    assert set(edited.left.values()) <= {Reason.LAYOUT}


@law(200)
@given(layouts(anchors=True), st.data())
def test_what_an_alias_repeats_stays(text: str, data: st.DataObject) -> None:
    check(text, data)


@pytest.mark.slow
@settings(max_examples=5_000, deadline=None)
@given(layouts(anchors=True), st.data())
def test_the_laws_hold_for_many_more(text: str, data: st.DataObject) -> None:
    check(text, data)


# ── goldens ──────────────────────────────────────────────────────────────────────────────────────

GONE_SIGN = "✂"
"""Marks what is to be removed: it stands before a key, or before an item's first character."""

LAYOUTS = {
    "a line with its comment": """\
a: 1
✂b: 2   # and why
c: 3
""",
    "a comment above stays": """\
a: 1
# why b is so
✂b: 2
c: 3
""",
    "blank lines do not add up": """\
a: 1

✂b: 2

c: 3
""",
    "no blank line is left at the end": "a: 1\n\n✂b: 2\n",
    "the last line without its end": "a: 1\n✂b: 2",
    "a parent that is left empty goes, its comments move to its margin": """\
session:
  # why
  turn_detection:
      # and how
    ✂threshold: 0.5
    # below
vars: {a: 1}
""",
    "a document that is left empty": """\
# A header.

session:
  ✂a: 1
# A footer.
""",
    "a flow document that is left empty": "{ ✂a: 1 }  # all\n",
    "flow: first": "k: {✂a: 1, b: 2, c: 3}\n",
    "flow: middle": "k: {a: 1, ✂b: 2, c: 3}\n",
    "flow: last": "k: {a: 1, b: 2, ✂c: 3}\n",
    "flow: two at the end": "k: { a: 1, ✂b: 2, ✂c: 3 }\n",
    "flow: only": "a: 1\nk: {✂a: [1, 2]}\n",
    "flow: a comma at the end": "k: [a, ✂b,]\n",
    "flow: over lines": """\
k: {
  a: 1,   # one
  ✂b: [2,
    # stays
    2],   # two
  c: 3    # three
}
""",
    "flow: the last of several lines": """\
k: [
  1,   # one
  # about two
  ✂2   # two
]
""",
    "flow: the end of a line": """\
k: {a: 1, ✂b: 2,
    c: 3}
""",
    "flow: the last behind a break": """\
k: {a: 1,
    ✂b: 2}
""",
    "flow: a pair in a list": "k: [a, ✂b: 1, c]\n",
    "items": """\
overlay:
  # about the first
  - ✂where: {names: [a]}
    session: {x: 1}
  - session: {y: 1}
""",
    "the last item takes its list along": """\
overlay:
  # about the first
  - ✂session: {x: 1}   # here
sinks: []
""",
    "items of items": """\
- - ✂x
  - y
-
  - ✂- z
  - - w
- ✂"q"
""",
    "keys of all kinds": """\
✂"q r": 1
✂'s': 2
✂語: 3
? ✂complex
: value
✂!!str tagged: 4
é: 語 # wide
rest: {語: 1, ✂é: 2, b: 3}
""",
    "block scalars": """\
a: |
  # no comment

  text

✂b: >-   # folded
  one
  # no comment
  two

c: 1
""",
    "a plain scalar of several lines": """\
✂a: one
  two
    three  # end
b: 1
""",
    "blank lines that belong to a value stay": """\
a: |+
  text

✂b: 1

c: 2
""",
    "a blank line at the end that belongs to a value stays": "a: |+\n  x\n\n✂b: 1\n",
    "what would hand its blank lines to another value stays": """\
a:
  - |+
    x
  - ✂|+
    y

b: 1
""",
    "CRLF": "a: 1\r\n✂b: 2 # x\r\n\r\nc: {d: 1,\r\n  ✂e: 2}\r\n",
    "markers of the document": "---\na: 1\n✂b: 2\n...\n# after\n",
    "an alias goes": "a: &x {b: 1}\n✂c: *x\nd: 1\n",
    "an anchor with its alias": "✂a: &x 1\n✂b: *x\nc: 1\n",
    "an anchor stays while an alias does": "✂a: &x 1\nb: *x\n✂c: 1\n",
    "what would be emptied stays for an alias, too": "a: &x\n  ✂b: 1\nc: *x\n",
    "a comment below moves out, where it would become text": """\
a: |
  text
✂b: 1
    # of b
c: 2
""",
}


def marked(text: str) -> tuple[str, list[Removal]]:
    """A text without its signs, and the removals that they stand for."""
    removals: list[Removal] = []
    while GONE_SIGN in text:
        before, _, after = text.partition(GONE_SIGN)
        text = before + after
        place = before.count("\n") + 1, len(before) - before.rfind("\n")
        removals += [Removal(*place, unit) for unit in Unit if Removal(*place, unit) in parts(text)]
    return text, removals


def parts(text: str) -> set[Removal]:
    return set(removable(read(text.replace(GONE_SIGN, ""))))


@pytest.mark.parametrize("name", LAYOUTS)
def test_layouts(name: str, snapshot: SnapshotAssertion) -> None:
    text, removals = marked(LAYOUTS[name])
    assert removals
    edited = without(text, removals)
    left = "".join(
        f"\nleft {one.line}:{one.column}: {why}" for one, why in sorted(edited.left.items())
    )
    shown = edited.text.replace("\r", "␍")
    assert f"{LAYOUTS[name].replace(chr(13), '␍')}── becomes\n{shown}── end{left}" == snapshot


def test_what_is_not_there_is_said() -> None:
    text = "a: [1, 2]\n"
    wrong = [Removal(1, 4), Removal(1, 1, Unit.ITEM), Removal(7, 1)]
    edited = without(text, wrong)
    assert edited.text == text
    assert dict(edited.left) == dict.fromkeys(wrong, Reason.NOT_THERE)


def test_nothing_is_removed_from_a_text_that_nothing_is_asked_of() -> None:
    assert without("a: 1", []) == Edited("a: 1", {}, "a: 1", ((0, 4),))


@law(60)
@given(layouts(), st.data())
def test_places_are_found_again_in_the_text_before(text: str, data: st.DataObject) -> None:
    edited = check(text, data)
    before, after = text.split("\n"), edited.text.split("\n")
    for part in removable(read(edited.text)):
        line, column = edited.place_before(part.line, part.column)
        assert before[line - 1][column - 1] == after[part.line - 1][part.column - 1]
        reasons = without(text, [Removal(line, column, part.unit)]).left.values()
        assert Reason.NOT_THERE not in reasons


@law()
@given(st.lists(st.integers(0, 99), unique=True, max_size=30), st.sets(st.integers(0, 99)))
def test_halving_accepts_all_but_the_bad(candidates: list[int], bad: set[int]) -> None:
    asked: list[Sequence[int]] = []

    def holds(some: Sequence[int]) -> bool:
        asked.append(some)
        return not bad & set(some)

    accepted = acceptable(candidates, holds)
    assert accepted == [one for one in candidates if one not in bad]
    count = len(bad & set(candidates))
    assert len(asked) <= 1 + 2 * count * (len(candidates).bit_length() + 1)
    held = [some for some in asked if not bad & set(some)]
    assert not candidates or (list(held[-1]) if held else []) == accepted
