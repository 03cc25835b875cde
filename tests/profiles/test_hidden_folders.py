"""Folders below profiles and environments that cannot be looked into: what is told, what is not."""

import pytest

from tests.sources import Content, codes, compiled, project, told
from voxmint.problems import UsageError
from voxmint.profiles.order import Order, check_order, relevant_problems
from voxmint.profiles.pipeline import compile_project
from voxmint.profiles.roster import Roster
from voxmint.profiles.source import SourceError

SHUT = SourceError("unreadable", "permission denied")
MODEL = "session: {input_audio_transcription: {model: gpt-transcribe}}\n"
EMULATOR = "provider: {kind: emulator}\n"
REFUSED = "unreadable-file {0} `{1}` cannot be read: permission denied"


def shut(folder: str, profiles: dict[str, Content], environment: str = EMULATOR) -> list[str]:
    """What is told of a project with such a folder."""
    source = project(profiles, {"local": environment})
    source.files = {**source.files, f"{folder}/": SHUT}
    return told(compile_project(source, Order(idle=True)).problems)


def refused(folder: str) -> str:
    return REFUSED.format(f"{folder}:1:1", folder)


def test_the_folder_is_told_and_the_rest_is_checked() -> None:
    profiles: dict[str, Content] = {"p": MODEL, "q": "session: {x: 1}"}
    assert shut("profiles/team", profiles) == [
        "unknown-key profiles/q.yaml:1:11 `x` is not a field of a session",
        refused("profiles/team"),
    ]
    assert shut("environments/eu", profiles) == [
        refused("environments/eu"),
        "unknown-key profiles/q.yaml:1:11 `x` is not a field of a session",
    ]


def test_what_may_be_in_it_is_not_said_to_be_missing() -> None:
    """Neither bases, nor blocks, nor what selects: each may be for what is in the folder."""
    profiles: dict[str, Content] = {"p": f"{MODEL}extends: team/base", "r": MODEL}
    selecting = (
        f"{EMULATOR}profiles: ['*', team/x, '!lost-*']\nvars: {{a: 1}}\n"
        "overlay: [{where: {labels: {room: loud}}, session: {include: null}}]"
    )
    assert shut("profiles/team", profiles, selecting) == [refused("profiles/team")]
    profiles = {"p": f"{MODEL}environments: {{eu/north: {{vars: {{a: 1}}}}}}"}
    assert shut("environments/eu", profiles) == [refused("environments/eu")]
    policy = "version: 1\npolicies: [{name: n, environments: [eu/x, eu/*], field: model, rule: x}]"
    source = project({"p": MODEL}, settings=policy)
    source.files = {**source.files, "environments/eu/": SHUT}
    assert "unknown-environment" not in codes(compile_project(source).problems)


def test_what_extends_something_in_it_is_what_it_affects() -> None:
    source = project({"p": f"{MODEL}extends: team/base", "q": "extends: p", "r": MODEL})
    source.files = {**source.files, "profiles/team/": SHUT}
    compilation = compile_project(source)
    [problem] = compilation.problems
    assert problem.affects == (("p", "local"), ("q", "local"))
    assert [*compilation.bodies] == [("r", "local")]


def test_a_name_outside_of_it_is_still_unknown() -> None:
    assert shut("profiles/team", {"p": "extends: tean/x"}) == [
        "unknown-profile profiles/p.yaml:1:10 there is no profile `tean/x`",
        refused("profiles/team"),
    ]


@pytest.mark.parametrize(
    ("profiles", "labels", "expected"),
    [
        (("p",), (), []),
        (("team/x",), (), ["unreadable-file"]),
        (("p*",), (), ["unreadable-file"]),
        ((), (("tier", "gold"),), ["unreadable-file"]),
        ((), (), ["unreadable-file"]),
    ],
)
def test_it_matters_to_who_may_have_asked_for_what_is_in_it(
    profiles: tuple[str, ...], labels: tuple[tuple[str, str], ...], expected: list[str]
) -> None:
    source = project({"p": f"{MODEL}labels: {{tier: gold}}"})
    source.files = {**source.files, "profiles/team/": SHUT}
    order = Order(profiles, ("local",), labels)
    compilation = compile_project(source, order)
    check_order(order, compilation)
    assert codes(relevant_problems(order, compilation)) == expected


def test_what_cannot_be_in_it_is_asked_for_in_vain() -> None:
    source = project({"p": MODEL})
    source.files = {**source.files, "profiles/team/": SHUT}
    order = Order(("temp/x",), ("local",))
    with pytest.raises(UsageError, match="there is no profile `temp/x`"):
        check_order(order, compile_project(source, order))


def test_one_that_cannot_be_read_may_be_what_is_selected() -> None:
    """A label or a name that only a profile with a mistake in its YAML would have."""
    environment = (
        f"{EMULATOR}profiles: ['*', lost]\noverlay: [{{where: {{labels: {{room: loud}}}}}}]"
    )
    compilation = compiled({"p": MODEL, "lost": "labels: {room: loud"}, {"e": environment})
    assert codes(compilation.problems) == ["bad-yaml"]


@pytest.mark.parametrize("ending", ["YAML", "Yml"])
def test_a_file_with_capitals_in_its_ending_is_told_once_with_what_it_affects(ending: str) -> None:
    source = project({"p": f"{MODEL}extends: base", "r": MODEL})
    file = f"profiles/base.{ending}"
    source.files = {**source.files, file: "abstract: true"}
    for order in (Order(), Order(("p",), ("local",)), Order(("base",), ("local",))):
        compilation = compile_project(source, order)
        check_order(order, compilation)
        [problem] = relevant_problems(order, compilation)
        assert (problem.code, str(problem.at)) == ("ending-in-capitals", f"{file}:1:1")
        assert problem.is_error
        assert "base" in compilation.profile_names
        if "base" not in order.profiles:
            assert problem.affects == (("p", "local"),)


def test_an_environment_in_a_file_with_capitals_in_its_ending_is_not_unknown() -> None:
    source = project({"p": f"{MODEL}environments: {{eu: {{vars: {{a: 1}}}}}}"})
    source.files = {**source.files, "environments/eu.YAML": EMULATOR}
    order = Order(("p",), ("eu",))
    compilation = compile_project(source, order)
    check_order(order, compilation)
    assert codes(relevant_problems(order, compilation)) == ["ending-in-capitals"]


def test_a_roster_is_what_it_says() -> None:
    roster = Roster(["a", "team/x"], ["team/"])
    assert [*roster] == ["a", "team/x"]
    assert [name in roster for name in ("a", "team/y", "b", "team")] == [True, True, False, False]
    assert [roster.hiding(name) for name in ("a", "team/x", "team/y")] == [None, None, "team/"]
    assert (roster | Roster(["b"])) == Roster(["a", "team/x", "b"], ["team/"])
    assert not roster.are_all_in({"a", "team/x"})
    assert Roster(["a"]).are_all_in({"a"})
    assert "anything" in Roster((), [""])
