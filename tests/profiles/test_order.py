"""What is asked to be compiled, and what of it there is not."""

from typing import Any

import pytest

from tests.sources import LOCAL, compiled
from voxmint.problems import UsageError
from voxmint.profiles.compiled import Compilation
from voxmint.profiles.order import EVERYTHING, Order, check_order

PROFILES = {
    "base": "abstract: true\nlabels: {team: clinic, on: true}",
    "clinic": "extends: base\nlabels: {tier: gold}",
    "call-center/german": "extends: base",
    "lab": "labels: {team: lab, size: 3}",
}
ENVIRONMENTS = {
    **LOCAL,
    "staging": "extends: local\nprofiles: [clinic, call-center/*]",
    "shared": "abstract: true",
    "empty": "extends: local\nprofiles: []",
}


def asked(**order: Any) -> Compilation:
    return compiled(PROFILES, ENVIRONMENTS, Order(**order))


def bodies(**order: Any) -> list[str]:
    compilation = asked(**order)
    assert compilation.errors == ()
    assert list(compilation.bodies) == list(compilation.attempted)
    return [f"{profile} {environment}" for profile, environment in compilation.bodies]


def test_everything_is_every_profile_of_every_environment() -> None:
    assert EVERYTHING.is_everything
    assert bodies() == [
        "call-center/german local",
        "clinic local",
        "lab local",
        "call-center/german staging",
        "clinic staging",
    ]


@pytest.mark.parametrize(
    ("order", "expected"),
    [
        ({"profiles": ("clinic",)}, ["clinic local", "clinic staging"]),
        ({"profiles": ("clinic",), "environments": ("staging",)}, ["clinic staging"]),
        (
            {"environments": ("local",), "profiles": ("c*",)},
            ["call-center/german local", "clinic local"],
        ),
        ({"environments": ("local",), "profiles": ("*", "!c*")}, ["lab local"]),
        ({"labels": (("tier", "gold"),)}, ["clinic local", "clinic staging"]),
        ({"labels": (("on", "true"), ("tier", "gold"))}, ["clinic local", "clinic staging"]),
        ({"labels": (("size", "3"),)}, ["lab local"]),
        ({"labels": (("team", "clinic"),), "profiles": ("lab",)}, []),
        ({"labels": (("team", "nobody"),)}, []),
        ({"profiles": ("lab",), "environments": ("staging",)}, []),
        ({"environments": ("empty",)}, []),
    ],
)
def test_an_order_takes_names_patterns_and_labels(order: Any, expected: list[str]) -> None:
    assert bodies(**order) == expected


def test_the_endpoint_can_be_chosen() -> None:
    for api, key in [("client_secrets", "session"), ("transcription_sessions", "modalities")]:
        compilation = compiled({"p": "session: {modalities: [text]}"}, order=Order(api=api))
        body = compilation.bodies["p", "local"]
        assert (body.api, list(body.body)) == (api, [key])


@pytest.mark.parametrize(
    ("order", "message", "hint"),
    [
        ({"profiles": ("clinik",)}, "there is no profile `clinik`", "did you mean `clinic`?"),
        ({"profiles": ("zzz",)}, "there is no profile `zzz`", None),
        (
            {"profiles": ("",)},
            "there is no profile ``",
            "there is `base`, `call-center/german`, `clinic`, `lab`",
        ),
        (
            {"profiles": ("./profiles/clinic.yaml",)},
            "there is no profile `./profiles/clinic.yaml`",
            "did you mean `clinic`?",
        ),
        (
            {"environments": ("stagin",)},
            "there is no environment `stagin`",
            "did you mean `staging`?",
        ),
        ({"profiles": ("a\x1b7",)}, r"there is no profile `a\x1b7`", None),
    ],
)
def test_a_name_that_there_is_not_gets_its_near_miss(
    order: Any, message: str, hint: str | None
) -> None:
    with pytest.raises(UsageError) as failure:
        check_order(Order(**order), asked(**order))
    assert str(failure.value) == message
    assert failure.value.hint is not None
    assert hint is None or failure.value.hint == hint


def test_the_names_that_there_are_are_told_where_none_is_near() -> None:
    order = Order(profiles=("zzz", "*"))
    with pytest.raises(UsageError) as failure:
        check_order(order, compiled(PROFILES, ENVIRONMENTS, order))
    assert failure.value.hint == "there is `base`, `call-center/german`, `clinic`, `lab`"


@pytest.mark.parametrize(
    "order",
    [
        {"profiles": ("base",)},
        {"profiles": ("lab",), "environments": ("staging",)},
        {"profiles": ("zzz*",)},
        {"labels": (("team", "nobody"),)},
        {"environments": ("empty",)},
    ],
)
def test_an_order_that_selects_nothing_is_wrong_usage(order: Any) -> None:
    with pytest.raises(UsageError) as failure:
        check_order(Order(**order), asked(**order))
    assert failure.value.hint is not None


@pytest.mark.parametrize("order", [{}, {"profiles": ("clinic",)}, {"profiles": ("zzz*", "lab")}])
def test_an_order_that_selects_something_is_right(order: Any) -> None:
    check_order(Order(**order), asked(**order))


def test_what_cannot_be_compiled_is_told_by_its_problems_instead() -> None:
    order = Order(profiles=("broken",))
    compilation = compiled({"broken": "a: [", "p": "{}"}, order=order)
    check_order(order, compilation)
    assert [problem.code for problem in compilation.errors] == ["bad-yaml"]


def test_only_what_is_named_exactly_need_be_read() -> None:
    assert Order(profiles=("a", "b")).wanted.profiles == ("a", "b")
    assert Order(profiles=("a", "b*")).wanted.profiles is None
    assert Order(profiles=("a",), labels=(("x", "y"),)).wanted.profiles is None
    assert Order(environments=("e",)).wanted.environments == ("e",)
    assert EVERYTHING.wanted.profiles is EVERYTHING.wanted.environments is None
