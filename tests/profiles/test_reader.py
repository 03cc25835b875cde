"""Reading one file: its values, its places, and what is refused."""

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings, strategies as st

from tests.profiles.laws import law
from tests.profiles.writing import as_yaml
from tests.sources import told
from voxmint.origin import Origin
from voxmint.profiles import reader
from voxmint.profiles.nodes import ListNode, MapNode, Node, ScalarNode, kind_of, plain, texts_in
from voxmint.profiles.reader import Alike, Document, read_document, sharing_reader
from voxmint.profiles.selectors import in_one_form

FILE = "p.yaml"


def read(text: str | bytes) -> Document:
    return read_document(FILE, text.encode() if isinstance(text, str) else text)


def value(text: str | bytes) -> Any:
    document = read(text)
    assert document.problems == (), told(document.problems)
    assert document.root is not None
    return plain(document.root)


def problems(text: str | bytes) -> list[str]:
    return told(read(text).problems)


def leaves(node: Node) -> Iterator[ScalarNode]:
    if isinstance(node, MapNode):
        for inner in node.entries.values():
            yield from leaves(inner)
    elif isinstance(node, ListNode):
        for item in node.items:
            yield from leaves(item)
    else:
        yield node


# ── values ───────────────────────────────────────────────────────────────────────────────────────


def test_the_kinds_of_values_are_kept() -> None:
    text = "{a: 1, b: 1.0, c: true, d: null, e: '1', f: [x, 2], g: {}, h: [], i: ''}"
    assert value(text) == {
        "a": 1,
        "b": 1.0,
        "c": True,
        "d": None,
        "e": "1",
        "f": ["x", 2],
        "g": {},
        "h": [],
        "i": "",
    }
    assert [type(one) for one in value(text).values()][:4] == [int, float, bool, type(None)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("no", "no"),
        ("on", "on"),
        ("1:30", "1:30"),
        ("2024-01-01", "2024-01-01"),
        ("010", 10),
        ("'null'", "null"),
        ('"1"', "1"),
        ("!!str 1", "1"),
        ("! 1", "1"),
        ("!!int 0x1F", 31),
        ("!!float 1", 1.0),
        ("!!bool true", True),
        ("!!null ''", None),
        ("!!null", None),
        ("!!str", ""),
    ],
)
def test_a_scalar_has_the_value_of_yaml_1_2(text: str, expected: object) -> None:
    found = value(f"key: {text}\n")["key"]
    assert (type(found), found) == (type(expected), expected)


def test_tags_of_the_core_schema_may_name_maps_and_lists() -> None:
    assert value("a: !!map {b: !!seq [1]}\nc: ! {d: 1}") == {"a": {"b": [1]}, "c": {"d": 1}}


def test_lines_of_a_block_survive_and_are_folded_as_asked() -> None:
    assert value("a: |\n  one\n   two\n\n  three\nb: >-\n  one\n  two\n") == {
        "a": "one\n two\n\nthree\n",
        "b": "one two",
    }


def test_a_plain_scalar_over_lines_is_one_text() -> None:
    assert value("a: 1\n  2\nb: null\n  x\n") == {"a": "1 2", "b": "null x"}


def test_keys_are_texts_whatever_they_look_like_in_quotes() -> None:
    assert value("{'1': a, \"null\": b, '<<': c, no: d, $unset: e, '': f}") == {
        "1": "a",
        "null": "b",
        "<<": "c",
        "no": "d",
        "$unset": "e",
        "": "f",
    }


def test_an_alias_is_what_it_stands_for() -> None:
    text = "a: &x {b: [1, &y 2]}\nc: *x\nd: *y\n&k e: 1\nf: *k\n"
    assert value(text) == {"a": {"b": [1, 2]}, "c": {"b": [1, 2]}, "d": 2, "e": 1, "f": "e"}


def test_an_anchor_may_be_set_anew() -> None:
    assert value("a: &x 1\nb: *x\nc: &x 2\nd: *x\n") == {"a": 1, "b": 1, "c": 2, "d": 2}


def test_an_alias_may_be_a_key() -> None:
    assert value("a: &x b\n*x : 1\n") == {"a": "b", "b": 1}


def test_a_bare_key_is_told_from_a_written_null() -> None:
    document = read("a:\nb: null\nc: ~\nd: !!null\ne: &x\nf: ''\n")
    assert isinstance(document.root, MapNode)
    bare = {
        key: node.is_bare
        for key, node in document.root.entries.items()
        if isinstance(node, ScalarNode)
    }
    assert bare == {"a": True, "b": False, "c": False, "d": False, "e": False, "f": False}


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("{}", "a map"),
        ("[]", "a list"),
        ("null", "null"),
        ("", "nothing"),
        ("true", "true"),
        ("False", "false"),
        ("x", "a text"),
        ("1", "a number"),
        ("1.5", "a number"),
    ],
)
def test_what_a_value_is_called(text: str, kind: str) -> None:
    root = read(f"key: {text}\n").root
    assert isinstance(root, MapNode)
    assert kind_of(root.entries["key"]) == kind


def test_the_texts_in_a_value() -> None:
    root = read("a: [x, 1, {b: y, c: null}]\nd: 'z'\n").root
    assert root is not None
    assert [node.value for node in texts_in(root)] == ["x", "y", "z"]


# ── encodings and line ends ──────────────────────────────────────────────────────────────────────


def test_a_byte_order_mark_does_not_count() -> None:
    document = read(b"\xef\xbb\xbfa: 1\n")
    assert document.problems == ()
    assert isinstance(document.root, MapNode)
    assert document.root.keys["a"] == (1, 1, 1)


def test_windows_line_ends_are_line_ends() -> None:
    document = read("a: 1\r\nb: |\r\n  x\r\n  y\r\nc: 2\r\n")
    assert document.root is not None
    assert plain(document.root) == {"a": 1, "b": "x\ny\n", "c": 2}
    assert isinstance(document.root, MapNode)
    assert document.root.keys["c"] == (5, 1, 1)


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-be"])
def test_other_unicode_encodings_are_refused_by_name(encoding: str) -> None:
    assert problems("a: 1\n".encode(encoding)) == [
        "not-utf8 p.yaml:1:1 the file is not UTF-8: here is UTF-16 or UTF-32"
    ]


@pytest.mark.parametrize(
    ("data", "place", "byte"),
    [
        (b"a: \xe9\n", "1:4", "0xe9"),
        (b"\xef\xbb\xbfa: \xe9\n", "1:4", "0xe9"),
        ("# é\nb: ü".encode() + b"\xff", "2:5", "0xff"),
        (b"a: 1\nb: \xc0\xaf", "2:4", "0xc0"),
        (b"a: \xed\xa0\x80", "1:4", "0xed"),
        (b"a: \xe2\x82", "1:4", "0xe2"),
        (b"\x80", "1:1", "0x80"),
    ],
)
def test_what_is_no_utf_8_is_refused_where_it_stands(data: bytes, place: str, byte: str) -> None:
    found = f"not-utf8 p.yaml:{place} the file is not UTF-8: here is the byte {byte}"
    assert problems(data) == [found]
    assert read(data).root is None


@pytest.mark.parametrize("character", ["\r", "\x85", "\u2028", "\u2029"])
@pytest.mark.parametrize(
    "text", ["a: 1 # hidden:{0}session: null\n", "a: 'x{0}y'\n", "a: |\n  x{0}  y\n"]
)
def test_what_ends_a_line_for_some_readers_only_is_refused(text: str, character: str) -> None:
    [problem] = read(text.format(character)).problems
    assert problem.code == "odd-line-break"
    assert f"U+{ord(character):04X} " in problem.message
    before, _, _ = text.partition("{0}")
    line, column = before.count("\n") + 1, len(before) - before.rfind("\n")
    assert problem.at == Origin(FILE, line, column, 1)


def test_they_may_be_written_as_escapes() -> None:
    assert value(r'a: "\r\x85\u2028\u2029"') == {"a": "\r\x85\u2028\u2029"}


@pytest.mark.parametrize("character", ["\0", "\x01", "\x1b", "\x7f", "\x80", "\ufffe", "\uffff"])
def test_a_character_that_yaml_lacks_is_refused_where_it_stands(character: str) -> None:
    [problem] = read(f'# é\na: 1\nb: "ü{character}"\n').problems
    assert problem.code == "bad-yaml"
    assert (
        problem.message == f"this is not YAML: the character U+{ord(character):04X} is not allowed"
    )
    assert problem.at == Origin(FILE, 3, 6, 1)


UNMERGED = "a: 1\n<<<<<<< HEAD\nb: 1\n||||||| 1a2b\nb: 0\n=======\nb: 2\n>>>>>>> other\n"


@pytest.mark.parametrize("ends", ["\n", "\r\n"])
def test_each_conflict_of_a_merge_is_told_by_its_lines(ends: str) -> None:
    first, second = read((UNMERGED + UNMERGED).replace("\n", ends)).problems
    assert {first.code, second.code} == {"merge-conflict"}
    assert (first.at, second.at) == (Origin(FILE, 2, 1, 12), Origin(FILE, 10, 1, 12))
    assert [one.at for one in second.related] == [Origin(FILE, 16, 1, 13)]


@pytest.mark.parametrize(
    "text",
    ["a: [\n<<<<<<< HEAD\n", "a: [\n>>>>>>> other\n", "a: [\n>>>>>>> other\n<<<<<<< HEAD\n"],
)
def test_half_a_conflict_is_none(text: str) -> None:
    assert [one.code for one in read(text).problems] == ["bad-yaml"]


def test_of_very_many_conflicts_the_first_are_told() -> None:
    problems = read(UNMERGED * 1100).problems
    assert (len(problems), problems[-1].code) == (1001, "too-many-problems")


def test_a_text_may_hold_what_looks_like_a_conflict() -> None:
    assert value(f"a: |\n  {UNMERGED.replace(chr(10), chr(10) + '  ')}\n") == {"a": UNMERGED}


def test_columns_count_characters_not_bytes() -> None:
    root = read("é: {日本: 1, 👩🏽‍⚕️: x}\n").root
    assert isinstance(root, MapNode)
    inner = root.entries["é"]
    assert isinstance(inner, MapNode)
    assert [node.mark for node in inner.entries.values()] == [(1, 9, 1), (1, 19, 1)]


# ── what is refused ──────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "text", ["", "\n\n", "# nothing\n", "---\n", "---\n...\n", "%YAML 1.2\n---\n"]
)
def test_an_empty_file_is_refused(text: str) -> None:
    [problem] = read(text).problems
    assert problem.code == "empty-file"
    assert read(text).root is None


def test_a_written_null_is_no_empty_file() -> None:
    assert value("null\n") is None


def test_a_second_document_is_refused_and_the_first_is_read() -> None:
    document = read("a: 1\n---\nb: 2\n---\nc: [\n")
    assert told(document.problems) == ["several-documents p.yaml:2:1 a second document begins here"]
    assert document.root is not None
    assert plain(document.root) == {"a": 1}


def test_a_document_may_be_framed() -> None:
    assert value("%YAML 1.2\n---\na: 1\n...\n") == {"a": 1}


def test_duplicate_keys_are_each_refused_with_the_first_place() -> None:
    document = read("a: 1\nb: 2\na: 3\n'a': 4\n")
    assert told(document.problems) == [
        "duplicate-key p.yaml:3:1 `a` stands twice in the same map",
        "duplicate-key p.yaml:4:1 `a` stands twice in the same map",
    ]
    assert {problem.related[0].at for problem in document.problems} == {Origin(FILE, 1, 1, 1)}
    assert document.root is not None
    assert plain(document.root) == {"a": 1, "b": 2}


def test_the_same_key_in_another_map_is_no_duplicate() -> None:
    assert value("a: {a: 1}\nb: {a: 2}\n") == {"a": {"a": 1}, "b": {"a": 2}}


@pytest.mark.parametrize(
    ("key", "found"),
    [
        ("1", "the number 1"),
        ("0x1F", "the number 31"),
        ("true", "true"),
        ("null", "null"),
        ("~", "null"),
        ("1.5", "the number 1.5"),
        ("!!int 1", "the number 1"),
    ],
)
def test_a_key_that_is_no_text_is_refused(key: str, found: str) -> None:
    document = read(f"{{{key}: x, ok: y}}\n")
    [problem] = document.problems
    assert problem.code == "key-not-text"
    assert problem.message == f"a key must be a text, not {found}"
    assert problem.hint == f'write it in quotes: "{key.removeprefix("!!int ")}"'
    assert document.root is not None
    assert plain(document.root) == {"ok": "y"}


@pytest.mark.parametrize("key", ["[a]", "{a: 1}", "? [a, b]\n: x\n#"])
def test_a_key_that_is_a_list_or_a_map_is_refused(key: str) -> None:
    [problem] = read(key if key.startswith("?") else f"{{{key}: x}}").problems
    assert problem.message == "a key must be a text, not a list or a map"


def test_a_key_may_be_missing_altogether() -> None:
    [problem] = read("?\n: x\n").problems
    assert problem.message == "a key must be a text, not null"
    assert problem.hint is None


def test_merge_keys_are_refused_and_bring_no_duplicates_in() -> None:
    text = "base: &b {a: 1, c: 2}\nx:\n  <<: *b\n  a: 3\ny: {<<: [*b, *b]}\n"
    document = read(text)
    assert told(document.problems) == [
        "merge-key p.yaml:3:3 `<<` is not part of YAML 1.2",
        "merge-key p.yaml:5:5 `<<` is not part of YAML 1.2",
    ]
    assert document.root is not None
    assert plain(document.root) == {"base": {"a": 1, "c": 2}, "x": {"a": 3}, "y": {}}


@pytest.mark.parametrize(
    "scalar",
    [
        "!!python/object/apply:os.system ['true']",
        "!!python/name:os.system",
        "!!binary aGVsbG8=",
        "!!timestamp 2024-01-01",
        "!!set {a: null}",
        "!!omap [a: 1]",
        "!mine x",
        "!!int x",
        "!!int 1.5",
        "!!bool no",
        "!!null x",
        "!!float x",
        "!!map x",
        "!!str [x]",
        "!!seq {a: 1}",
        "!!map [x]",
    ],
)
def test_any_other_tag_is_refused(scalar: str) -> None:
    [problem] = read(f"a: {scalar}\n").problems
    assert problem.code == "unknown-tag"
    assert problem.at is not None
    assert (problem.at.line, problem.at.column) == (1, 4)


def test_a_handle_for_tags_does_not_disguise_one() -> None:
    text = "%TAG !y! tag:yaml.org,2002:\n---\na: !y!binary aGk=\nb: !y!str 1\n"
    [problem] = read(text).problems
    assert problem.at == Origin(FILE, 3, 4, 14)
    assert problem.message == "the tag `!!binary` is not allowed, or does not fit the value"


@pytest.mark.parametrize("number", [".inf", "-.INF", ".nan", "1e400", "9" * 19, "1" * 5000])
def test_a_number_that_json_lacks_is_refused(number: str) -> None:
    [problem] = read(f"a: [{number}]\n").problems
    assert problem.code == "bad-number"
    assert problem.at == Origin(FILE, 1, 5, len(number))
    assert len(problem.message) < 120


def test_the_same_in_quotes_is_a_text() -> None:
    assert value("a: '.inf'\nb: \"1e400\"\n") == {"a": ".inf", "b": "1e400"}


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("a: [1, 2\n", "2:1"),
        ("a: b: c\n", "1:5"),
        ("a: 'x\n", "2:1"),
        ("a: [", "1:5"),
        ("{\n'", "2:2"),
        ("\ta: 1\n", "1:1"),
        ("a:\n\t- 1\n", "2:1"),
        ("a: @x\n", "1:4"),
        ("a: 1\n  b: 2\n", "2:4"),
        ("- 1\na: 2\n", "2:1"),
        ("a: 1\n...\n%", "3:2"),
        ('a: "\\q"\n', "1:5"),
        ('a: "\\ud800"\n', "1:7"),
    ],
)
def test_what_is_no_yaml_is_refused_where_it_was_noticed(text: str, place: str) -> None:
    [problem] = read(text).problems
    assert problem.code == "bad-yaml"
    assert problem.at is not None
    assert f"{problem.at.line}:{problem.at.column}" == place
    assert read(text).root is None


def test_a_tab_is_called_by_its_name() -> None:
    [problem] = read("a:\n\t- 1\n").problems
    assert problem.hint is not None
    assert problem.hint.startswith("a tab cannot stand here")


def test_all_that_is_wrong_in_a_file_is_found_in_one_run() -> None:
    text = "1: a\n<<: b\nc: .nan\nd: !!binary x\nc: 2\n"
    assert [line.split()[0] for line in problems(text)] == [
        "key-not-text",
        "merge-key",
        "bad-number",
        "unknown-tag",
        "duplicate-key",
    ]


# ── bounds ───────────────────────────────────────────────────────────────────────────────────────


def nested(levels: int, inner: str = "1") -> str:
    return "[" * levels + inner + "]" * levels


def test_values_may_be_nested_up_to_the_bound() -> None:
    assert read(nested(reader.MAX_DEPTH)).problems == ()
    [problem] = read(nested(reader.MAX_DEPTH + 1)).problems
    assert problem.message == "maps and lists are nested more than 48 deep"
    assert problem.at == Origin(FILE, 1, reader.MAX_DEPTH + 1, 1)


@pytest.mark.parametrize("unit", ["[", "{a: ", "- ", "? ", "a:\n"])
def test_ten_thousand_levels_end_at_the_bound(unit: str) -> None:
    text = unit * 10_000
    if unit == "a:\n":
        text = "".join(f"{' ' * level}a:\n" for level in range(1000))
    [problem] = read(text).problems
    assert problem.code == "too-deep"


def test_an_alias_counts_as_deep_as_what_it_stands_for() -> None:
    half = reader.MAX_DEPTH // 2 - 1
    text = "a: &a {0}\nb: {1}\n"
    fits = text.format(nested(half), nested(half, "*a"))
    assert read(fits).problems == ()
    [problem] = read(text.format(nested(half + 1), nested(half + 2, "*a"))).problems
    assert problem.code == "too-deep"


def test_aliases_in_a_chain_do_not_add_up_to_any_depth() -> None:
    lines = ["a0: &a0 1", *(f"a{n}: &a{n} {nested(40, f'*a{n - 1}')}" for n in range(1, 30))]
    [problem] = read("\n".join(lines)).problems
    assert problem.code == "too-deep"
    assert problem.at is not None
    assert problem.at.line == 3


def test_an_anchor_deep_inside_is_as_deep_as_it_is_itself() -> None:
    text = f"a: {nested(40, '&deep [[1]]')}\nb: {nested(45, '*deep')}\nc: {nested(46, '*deep')}\n"
    [problem] = read(text).problems
    assert (problem.code, problem.at and problem.at.line) == ("too-deep", 3)


@pytest.mark.parametrize("items", [f"{nested(20)}, &y [1]", f"[1], &y {nested(20)}"])
def test_an_anchor_is_as_deep_as_the_deepest_in_it(items: str) -> None:
    text = f"a: &x [{items}]\nb: {nested(25, '*x')}\nc: {nested(28, '*x')}\n"
    [problem] = read(text).problems
    assert (problem.code, problem.at and problem.at.line) == ("too-deep", 3)


def test_a_billion_laughs_end_at_the_bound() -> None:
    lines = ["a0: &a0 [lol]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 12)]
    [problem] = read("\n".join(lines)).problems
    assert problem.code == "too-many-values"
    assert problem.at is not None
    assert problem.at.line == 6


def test_a_billion_laughs_through_merge_keys_come_to_nothing() -> None:
    lines = ["a0: &a0 {lol: 1}"]
    lines += [f"a{n}: &a{n} {{<<: [{', '.join([f'*a{n - 1}'] * 9)}]}}" for n in range(1, 5)]
    assert {line.split()[0] for line in problems("\n".join(lines))} == {"merge-key"}


@pytest.mark.parametrize("item", [".inf", "!x a", "{1: x}", "{<<: x}", "{a: 1, a: 2}"])
def test_after_a_thousand_mistakes_a_file_is_not_read_any_further(item: str) -> None:
    assert len(read("[" + f"{item}," * reader.MAX_PROBLEMS + "]").problems) == 1000
    found = read("[" + f"{item}," * 5 * reader.MAX_PROBLEMS + "]")
    assert found.root is None
    assert len(found.problems) == reader.MAX_PROBLEMS + 1
    assert found.problems[-1].code == "too-many-problems"


@pytest.mark.parametrize("key", [".inf", "1e400", "9" * 5000])
def test_a_key_that_is_no_number_either_is_told_once(key: str) -> None:
    assert [problem.code for problem in read(f"? {key}\n: x\n").problems] == ["bad-number"]


@pytest.mark.slow
def test_as_many_values_as_the_bound_are_read() -> None:
    assert read("[" + "1," * (reader.MAX_VALUES - 1) + "]").problems == ()


def test_many_values_without_aliases_are_bounded_too() -> None:
    [problem] = read("[" + "1," * reader.MAX_VALUES + "]").problems
    assert problem.message == (
        "the file holds more than 100000 values, aliases counted as what they stand for"
    )


def test_a_long_text_repeated_by_aliases_is_bounded() -> None:
    text = f"a: &a {'x' * 100_000}\nb: [{', '.join(['*a'] * 70)}]\n"
    [problem] = read(text).problems
    assert problem.code == "too-many-values"
    assert read(text.replace("x" * 100_000, "x")).problems == ()


def test_a_list_of_long_texts_counts_them_where_it_is_repeated() -> None:
    text = f"a: &a [{'x' * 100_000}]\nb: [{', '.join(['*a'] * 70)}]\n"
    [problem] = read(text).problems
    assert problem.code == "too-many-values"


def test_an_alias_to_nothing_is_refused() -> None:
    assert problems("a: *nothing\nb: &nothing 1\n") == [
        "unknown-alias p.yaml:1:4 `*nothing` stands for nothing: there is no `&nothing` before it"
    ]


@pytest.mark.parametrize("text", ["a: &x [*x]", "&x {a: *x}", "a: &x {b: {c: [*x]}}", "&x [[*x]]"])
def test_a_value_that_holds_itself_is_refused(text: str) -> None:
    [problem] = read(text).problems
    assert problem.message == "`*x` stands inside what it stands for"
    assert problem.at is not None
    assert problem.at.column == text.index("*x") + 1


# ── laws ─────────────────────────────────────────────────────────────────────────────────────────

TEXTS = st.text(
    st.characters(codec="utf-8", exclude_categories=["Cc", "Cs", "Zl", "Zp"]) | st.just("\n"),
    max_size=40,
)
# They are read in one form of Unicode.
KEYS = TEXTS.map(in_one_form)
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | TEXTS
    | st.sampled_from(["no", "1:30", "0x1F", "~", "{{ vars.x }}", "a: b # c", "- x", "|", "  x  "])
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=4),
    max_leaves=12,
)


@st.composite
def files(draw: st.DrawFn) -> tuple[Any, str]:
    """A value, and a text of YAML that says it."""
    content = draw(st.dictionaries(KEYS, VALUES, min_size=1, max_size=4))
    return content, draw(as_yaml(content))


@law(150)
@given(files())
def test_a_file_says_what_was_written(content: tuple[Any, str]) -> None:
    expected, text = content
    assert repr(value(text)) == repr(expected)


PLAIN = st.sampled_from(
    ["", "~", "null", "no", "True", "TRUE", "0.5", "010", "0x1F", "1e3", "-3"]
) | (st.text("+-.0123456789eExXoO_:anNtTfFull~<", max_size=6))
QUOTED = st.text("a1~ é", max_size=90).map(lambda text: f'"{text}"') | PLAIN.map("'{}'".format)


@law(200)
@given(PLAIN | QUOTED, PLAIN | QUOTED)
def test_the_quick_way_to_a_scalar_is_the_long_one(key: str, written: str) -> None:
    """What bears an anchor is read the long way; but for that nothing may differ."""
    quick, long = read(f"? {key}\n: {written}"), read(f"? &a {key}\n: &b {written}")
    assert kinds_of(quick) == kinds_of(long)
    if quick.root is not None and long.root is not None:
        assert repr(plain(quick.root)) == repr(plain(long.root))
        assert [one.style for one in leaves(quick.root)] == [one.style for one in leaves(long.root)]


def kinds_of(document: Document) -> list[str]:
    return [problem.code for problem in document.problems]


def slice_of(text: str, mark: tuple[int, int, int]) -> str:
    line, column, length = mark
    start = sum(len(one) + 1 for one in text.split("\n")[: line - 1]) + column - 1
    return text[start : start + length]


def reading_of(written: str) -> Any:
    """The value of what stands at a scalar's place, read by itself."""
    return value(f"k: {written}\n")["k"]


@law(150)
@given(files())
def test_each_leaf_stands_where_it_says(content: tuple[Any, str]) -> None:
    _, text = content
    root = read(text).root
    assert root is not None
    for leaf in leaves(root):
        written = slice_of(text, leaf.mark)
        assert repr(reading_of(written)) == repr(leaf.value)


@law(100)
@given(files())
def test_each_key_stands_where_it_says(content: tuple[Any, str]) -> None:
    _, text = content
    root = read(text).root
    assert isinstance(root, MapNode)
    for key, mark in root.keys.items():
        assert reading_of(slice_of(text, mark)) == key


SEEDS = [
    b"a: {b: [1, 'x', \"y\"], c: |\n  block\n}\n",
    b"extends: base\nsession:\n  include: {$append: [x]}\n  turn_detection: null\n",
    b"&a [*a, <<, ? x : y, !!int 1, %, @, `, \t, \r\n, ---, ..., #c\n]",
    "é: \u2028 'ü'\n".encode(),
]
SIGNS = rb"""* &a !! <<: - : ? | > { } [ ] " ' # % --- 1e999 \ @ ` ,""".split()
SPACES = [b"\t", b"\r", b"\n", b"\n  ", b"\0", b"\xff", b"\xc2\x85", b": ", b"- ", b"? ", b"|\n"]
FRAGMENTS = st.sampled_from([*SIGNS, *SPACES])


@st.composite
def mutations(draw: st.DrawFn, seeds: list[bytes] = SEEDS) -> bytes:
    """One of the seeds, with parts cut out, doubled, moved and put in."""
    data = draw(st.sampled_from(seeds))
    for _ in range(draw(st.integers(1, 5))):
        start = draw(st.integers(0, len(data)))
        end = min(len(data), start + draw(st.integers(0, 12)))
        put = draw(FRAGMENTS | st.binary(max_size=3) | st.just(data[start:end] * 2))
        data = data[:start] + put + data[draw(st.sampled_from([start, end])) :]
    return data


def check_that_reading_tells(data: bytes) -> None:
    document = read(data)
    assert document.root is not None or document.problems
    lines = document.text.split("\n")
    for problem in document.problems:
        assert problem.at is not None
        assert problem.at.file == FILE
        assert 1 <= problem.at.line <= len(lines)
        assert 1 <= problem.at.column <= len(lines[problem.at.line - 1]) + 1
        assert problem.message
    if document.root is not None:
        plain(document.root)


@law(250)
@given(st.binary(max_size=60) | mutations())
def test_reading_anything_gives_a_value_or_says_where_it_is_wrong(data: bytes) -> None:
    check_that_reading_tells(data)


@pytest.mark.slow
@settings(max_examples=20_000, deadline=None)
@given(st.binary(max_size=300) | mutations())
def test_reading_anything_at_length(data: bytes) -> None:
    check_that_reading_tells(data)


# ── many files ───────────────────────────────────────────────────────────────────────────────────


ALIKE = b"session:\n  silence: [200, {seconds: %d}]\n"


def test_files_that_are_alike_share_their_marks_and_keys() -> None:
    read = sharing_reader()
    one, other = (read(f"{number}.yaml", ALIKE % number).root for number in (1, 2))
    assert isinstance(one, MapNode)
    assert isinstance(other, MapNode)
    assert one.mark is other.mark
    for key, again in zip(one.entries, other.entries, strict=True):
        assert key is again
        assert one.keys[key] is other.keys[key]
        assert one.entries[key].mark is other.entries[key].mark


def test_what_is_shared_changes_nothing() -> None:
    read = sharing_reader()
    for number in (1, 2):
        assert read(FILE, ALIKE % number) == read_document(FILE, ALIKE % number)


def test_of_files_that_are_not_alike_little_is_remembered() -> None:
    alike = Alike({(line, 1, 1): (line, 1, 1) for line in range(10_001)}, {"kept": "kept"})
    assert read_document(FILE, ALIKE % 1, alike).root is not None
    assert len(alike.marks) < 20
    assert "kept" in alike.keys
