"""Lineages: C3, against Python's own; what has none, and why."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pytest
from hypothesis import given, strategies as st

from tests.profiles.laws import law
from tests.sources import LOCAL, codes, compiled, only, told
from voxmint.profiles import wording
from voxmint.profiles.documents import Reference
from voxmint.profiles.lineage import MAX_LINEAGE, Lineages

Extends = Mapping[str, Sequence[str]]


@dataclass(frozen=True)
class Document:
    """What a file extends; each name stands on a line of its own."""

    name: str
    extends: tuple[Reference, ...]

    @property
    def file(self) -> str:
        return f"{self.name}.yaml"


def documents(extends: Extends) -> dict[str, Document]:
    return {
        name: Document(
            name, tuple(Reference(base, (line, 1, 1)) for line, base in enumerate(bases, start=1))
        )
        for name, bases in extends.items()
    }


def lineages(extends: Extends, *unreadable: str) -> Lineages:
    known = [*extends, *unreadable]
    return Lineages(documents(extends), known, wording.UNKNOWN_PROFILE)


# ── C3 ───────────────────────────────────────────────────────────────────────────────────────────


@st.composite
def hierarchies(draw: st.DrawFn) -> dict[str, list[str]]:
    """Names that each extend some of those before them, in any order."""
    extends: dict[str, list[str]] = {}
    for index in range(draw(st.integers(1, 9))):
        bases = (
            draw(st.lists(st.sampled_from(sorted(extends)), unique=True, max_size=4))
            if extends
            else []
        )
        extends[f"n{index}"] = bases
    return extends


def orders_of_python(extends: Extends) -> dict[str, tuple[str, ...] | None]:
    """The lineages as Python orders classes: the strongest is written first there."""
    classes: dict[str, type | None] = {"object": object}
    for name, bases in extends.items():
        parents = tuple(classes[base] for base in reversed(bases))
        try:
            classes[name] = (
                type(name, tuple(one for one in parents if one), {}) if all(parents) else None
            )
        except TypeError:
            classes[name] = None
    del classes["object"]
    return {
        name: tuple(one.__name__ for one in reversed(found.__mro__[:-1])) if found else None
        for name, found in classes.items()
    }


@law(300)
@given(hierarchies(), st.randoms(use_true_random=False))
def test_lineages_are_those_of_pythons_classes(extends: Extends, random: object) -> None:
    expected = orders_of_python(extends)
    names = sorted(extends)
    random.shuffle(names)  # type: ignore[attr-defined]  # hypothesis gives a Random
    found = lineages(extends)
    assert {name: found.of(name) for name in names} == expected
    broken = {
        name
        for name, lineage in expected.items()
        if lineage is None and all(expected[base] for base in extends[name])
    }
    assert {str(problem.facts["name"]) for problem in found.problems} == broken
    assert set(codes(found.problems)) <= {"inconsistent-order"}


def test_a_diamond_has_its_base_once() -> None:
    extends = {"base": [], "left": ["base"], "right": ["base"], "p": ["left", "right"]}
    assert lineages(extends).of("p") == ("base", "left", "right", "p")


def test_the_later_of_two_parents_is_the_stronger() -> None:
    extends = {"a": [], "b": [], "p": ["a", "b"], "q": ["b", "a"]}
    assert lineages(extends).of("p") == ("a", "b", "p")
    assert lineages(extends).of("q") == ("b", "a", "q")


def test_what_is_asked_for_first_makes_no_difference() -> None:
    extends = {"base": [], "a": ["base"], "b": ["base"], "c": ["a", "b"], "d": ["c", "b"]}
    expected = lineages({**extends, "d": []}).of("c")
    asked_last = lineages(extends)
    assert asked_last.of("d") is None
    assert asked_last.of("c") == expected


# ── what has none ────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("extends", "name", "message", "steps"),
    [
        ({"a": ["a"]}, "a", "`a` extends itself: a → a", []),
        ({"a": ["b"], "b": ["a"]}, "a", "`a` extends itself: a → b → a", ["a.yaml:1:1"]),
        (
            {"a": ["x", "b"], "b": ["c"], "c": ["a"], "x": []},
            "a",
            "`a` extends itself: a → b → c → a",
            ["a.yaml:2:1", "b.yaml:1:1"],
        ),
        (
            {"p": ["a"], "a": ["b"], "b": ["a"]},
            "p",
            "`a` extends itself: a → b → a",
            ["a.yaml:1:1"],
        ),
    ],
)
def test_a_cycle_shows_the_walk(
    extends: Extends, name: str, message: str, steps: list[str]
) -> None:
    found = lineages(extends)
    assert found.of(name) is None
    [problem] = found.problems
    assert problem.message == message
    assert [str(related.at) for related in problem.related] == steps


def test_a_cycle_is_told_once_and_takes_down_only_who_meets_it() -> None:
    extends = {"a": ["b"], "b": ["a"], "c": ["a"], "d": ["c"], "fine": []}
    found = lineages(extends)
    assert {name: found.of(name) for name in extends} == {
        "a": None,
        "b": None,
        "c": None,
        "d": None,
        "fine": ("fine",),
    }
    assert codes(found.problems) == ["cycle"]


def test_an_unknown_base_is_told_with_its_near_miss() -> None:
    found = lineages({"telephony": [], "p": ["telefony", "xyz"]})
    assert found.of("p") is None
    assert [(str(one.at), one.message, one.hint) for one in found.problems] == [
        ("p.yaml:1:1", "there is no profile `telefony`", "did you mean `telephony`?"),
        ("p.yaml:2:1", "there is no profile `xyz`", None),
    ]


@pytest.mark.parametrize(
    "given", ["a/b.yaml", "a/b.yml", "./a/b", "profiles/a/b", "../profiles/a/b.yaml", "a/bb", "A/B"]
)
def test_a_base_given_by_its_file_is_told_its_name(given: str) -> None:
    profiles = {"a/b": "abstract: true", "c": "abstract: true", "p": f"extends: {given}"}
    assert only(compiled(profiles), "unknown-profile").hint == "did you mean `a/b`?"


def test_a_base_that_cannot_be_read_is_told_by_its_reader_alone() -> None:
    found = lineages({"p": ["broken"]}, "broken")
    assert found.of("p") is None
    assert found.problems == []


def test_an_inconsistent_order_shows_the_two_that_clash_and_where() -> None:
    extends = {"a": [], "b": [], "x": ["a", "b"], "y": ["b", "a"], "p": ["x", "y"]}
    found = lineages(extends)
    assert found.of("p") is None
    [problem] = found.problems
    assert problem.message == ("the bases of `p` have no common order: a before b, and b before a")
    assert str(problem.at) == "p.yaml:1:1"
    assert [(str(one.at), one.message) for one in problem.related] == [
        ("x.yaml:1:1", "`a` comes before `b`: in this list"),
        ("y.yaml:1:1", "`b` comes before `a`: in this list"),
    ]


def test_a_base_named_after_its_own_heir_clashes_with_the_heir() -> None:
    found = lineages({"base": [], "heir": ["base"], "p": ["heir", "base"]})
    assert found.of("p") is None
    [problem] = found.problems
    assert problem.message.endswith("base before heir, and heir before base")
    assert [(str(one.at), one.message) for one in problem.related] == [
        ("heir.yaml:1:1", "`base` comes before `heir`: `heir` extends it"),
        ("p.yaml:1:1", "`heir` comes before `base`: in this list"),
    ]


def test_three_orders_that_go_round_in_a_circle_are_all_shown() -> None:
    extends = {
        "a": [],
        "b": [],
        "c": [],
        "x": ["a", "b"],
        "y": ["b", "c"],
        "z": ["c", "a"],
        "p": ["x", "y", "z"],
    }
    found = lineages(extends)
    assert found.of("p") is None
    [problem] = found.problems
    orders = problem.message.partition(": ")[2].replace("and ", "").split(", ")
    assert sorted(orders) == ["a before b", "b before c", "c before a"]
    assert {one.at.file for one in problem.related} == {"x.yaml", "y.yaml", "z.yaml"}


def test_an_order_that_follows_from_other_lists_is_shown_where_they_come_together() -> None:
    extends = {
        "a": [],
        "b": [],
        "over-a": ["a"],
        "over-b": ["b"],
        "x": ["over-a", "over-b"],
        "far": ["x"],
        "y": ["b", "a"],
        "z": ["b", "over-a"],
        "p": ["far", "y"],
        "q": ["far", "z"],
        "r": ["far", "over-a"],
    }
    found = lineages(extends)
    assert not any(map(found.of, "pqr"))
    brought = "in this list, `over-a` brings `a` and `over-b` brings `b`"
    assert [[(str(one.at), one.message) for one in it.related] for it in found.problems] == [
        [
            ("x.yaml:1:1", f"`a` comes before `b`: {brought}"),
            ("y.yaml:1:1", "`b` comes before `a`: in this list"),
        ],
        [
            ("x.yaml:1:1", "`over-a` comes before `b`: in this list, `over-b` brings `b`"),
            ("z.yaml:1:1", "`b` comes before `over-a`: in this list"),
        ],
        [
            ("far.yaml:1:1", "`over-a` comes before `far`: `far` extends it through `x`"),
            ("r.yaml:1:1", "`far` comes before `over-a`: in this list"),
        ],
    ]


@law(100)
@given(hierarchies())
def test_the_orders_that_are_said_to_clash_are_written_by_somebody(extends: Extends) -> None:
    found = lineages(extends)
    before = {
        (weaker, stronger)
        for name in extends
        for lineage in [found.of(name)]
        if lineage
        for index, weaker in enumerate(lineage)
        for stronger in lineage[index + 1 :]
    }
    for problem in found.problems:
        bases = extends[str(problem.facts["name"])]
        own = {(one, other) for index, one in enumerate(bases) for other in bases[index + 1 :]}
        for order in str(problem.facts["orders"]).replace("and ", "").split(", "):
            weaker, _, stronger = order.partition(" before ")
            assert (weaker, stronger) in before | own
            [shown] = [one for one in problem.related if f"`{weaker}` comes" in one.message]
            assert shown.message.startswith(f"`{weaker}` comes before `{stronger}`")


# ── bounds ───────────────────────────────────────────────────────────────────────────────────────


def chain(length: int) -> dict[str, list[str]]:
    return {f"n{index:05}": [f"n{index - 1:05}"] if index else [] for index in range(length)}


@pytest.mark.parametrize("first", ["n00000", "n02999"])
def test_a_chain_of_thousands_ends_at_the_bound_wherever_it_is_begun(first: str) -> None:
    extends = chain(3_000)
    found = lineages(extends)
    found.of(first)
    lengths = {name: len(found.of(name) or ()) for name in extends}
    assert max(lengths.values()) == MAX_LINEAGE
    assert sum(map(bool, lengths.values())) == MAX_LINEAGE
    [problem] = found.problems
    assert problem.message == f"the lineage of `n{MAX_LINEAGE:05}` has more than 200 members"


def test_a_hundred_levels_of_diamonds_are_no_trouble() -> None:
    extends: dict[str, list[str]] = {"n0": []}
    for level in range(1, 60):
        extends |= {f"l{level}": [f"n{level - 1}"], f"r{level}": [f"n{level - 1}"]}
        extends[f"n{level}"] = [f"l{level}", f"r{level}"]
    found = lineages(extends).of("n59")
    assert found is not None
    assert len(found) == len(set(found)) == 178


# ── in a project ─────────────────────────────────────────────────────────────────────────────────


def test_profiles_and_environments_have_lineages_alike() -> None:
    profiles = {
        "base": "abstract: true",
        "a": "extends: base\nabstract: true",
        "b": "extends: base\nabstract: true",
        "p": "extends: [a, b]",
    }
    environments = {**LOCAL, "x": "extends: local", "y": "extends: local", "z": "extends: [x, y]"}
    compilation = compiled(profiles, environments)
    assert [one.name for one in compilation.profiles["p"].lineage] == ["base", "a", "b", "p"]
    assert [one.name for one in compilation.environments["z"].lineage] == ["local", "x", "y", "z"]


def test_clashes_among_environments_are_told_too() -> None:
    environments = {
        "a": LOCAL["local"],
        "b": LOCAL["local"],
        "x": "extends: [a, b]",
        "y": "extends: [b, a]",
        "z": "extends: [x, y]",
        "self": "extends: self",
    }
    compilation = compiled({"p": "{}"}, environments)
    assert only(compilation, "inconsistent-order").facts["name"] == "z"
    assert only(compilation, "cycle").facts["walk"] == "self → self"
    assert sorted(compilation.environments) == ["a", "b", "x", "y"]


def test_a_base_given_twice_is_told_and_laid_once() -> None:
    compilation = compiled({"base": "abstract: true", "p": "extends: [base, base]"})
    assert told(compilation.errors) == [
        "same-base-twice profiles/p.yaml:1:17 `base` is extended twice"
    ]
    assert [one.name for one in compilation.profiles["p"].lineage] == ["base", "p"]
