"""Abstract profiles and environments without heirs."""

from tests.profiles.idle.finding import base, idle, judged, speaking
from tests.sources import told

EMULATOR = "provider: {kind: emulator}\n"


def test_a_base_without_heirs_is_told() -> None:
    [problem] = judged({"b": base(), "p": speaking()})
    assert told([problem]) == [
        "unused-base profiles/b.yaml:1:1 no concrete profile inherits from `b`"
    ]


def test_a_base_whose_heirs_are_all_abstract_is_unused_as_they_are() -> None:
    profiles = {"b": base(), "c": "extends: b\nabstract: true", "p": speaking()}
    assert idle(profiles) == ["b: abstract unused-base", "c: abstract unused-base"]
    assert idle({**profiles, "q": "extends: c"}) == []


def test_an_heir_that_no_environment_has_is_an_heir() -> None:
    profiles = {"b": base(), "p": speaking(), "q": "extends: b"}
    assert idle(profiles, {"e": f"{EMULATOR}profiles: [p]"}) == []


def test_a_project_of_bases_only_has_no_unused_ones() -> None:
    assert idle({"b": base()}) == []


def test_an_environment_without_heirs_is_told() -> None:
    environments = {"e": EMULATOR, "f": f"abstract: true\n{EMULATOR}"}
    [problem] = judged({"p": speaking()}, environments)
    assert problem.message == "no concrete environment inherits from `f`"
    assert idle({"p": speaking()}, {**environments, "g": "extends: f"}) == []


def test_nothing_is_said_where_an_heir_may_be_lost() -> None:
    assert idle({"b": base(), "p": speaking(), "q": "extends: nobody"}) == []
