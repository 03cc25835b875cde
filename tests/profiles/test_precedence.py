"""Law 1: which layer wins, what environments inherit, and which profiles an overlay is laid on."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import pytest
from hypothesis import given, strategies as st

from tests.profiles.laws import law
from tests.sources import LOCAL, Content, compiled, session, set_to
from voxmint.profiles.cells import value_of
from voxmint.profiles.compiled import Compilation, CompiledBody, CompiledEnvironment
from voxmint.profiles.nodes import plain
from voxmint.profiles.order import EVERYTHING

LAYERS = (
    "remotest base",
    "weaker of two bases",
    "stronger of two bases",
    "profile",
    "base of the environment",
    "environment",
    "overlay of the environment's base",
    "overlay",
    "later overlay",
    "base's block for the environment's base",
    "base's block for the environment",
    "profile's block for the environment's base",
    "profile's block for the environment",
    "--set",
    "later --set",
)
"""The order of law 1, the weakest first: written here a second time, by hand."""
(
    REMOTE, WEAK, STRONG, PROFILE, ENVIRONMENT_BASE, ENVIRONMENT, BASE_OVERLAY, OVERLAY,
    LATER_OVERLAY, OLD_BLOCK, BLOCK, OWN_OLD_BLOCK, OWN_BLOCK, SET, LATER_SET,
) = range(len(LAYERS))  # fmt: skip


def body_with(there: Collection[int]) -> CompiledBody:
    """The body of a profile in whose project the layers of these numbers say something."""

    def root(layer: int, *rest: str) -> str:
        own = (
            f"session: {{input_audio_transcription: {{model: m, prompt: l{layer}}}}}",
            f"vars: {{word: l{layer}}}",
            f"expires_after: {{seconds: {100 + layer}}}",
        )
        return "{" + ", ".join([*(own if layer in there else ()), *rest]) + "}"

    old, new = (OLD_BLOCK, OWN_OLD_BLOCK), (BLOCK, OWN_BLOCK)
    blocks = [
        f"environments: {{old: {root(o)}, new: {root(n)}}}" for o, n in zip(old, new, strict=True)
    ]
    profiles = {
        "remote": root(REMOTE, "abstract: true"),
        "weak": root(WEAK, "abstract: true", "extends: remote"),
        "strong": root(STRONG, "abstract: true", "extends: remote", blocks[0]),
        "p": root(PROFILE, "extends: [weak, strong]", blocks[1]),
    }
    environments = {
        "new": root(
            ENVIRONMENT, "extends: old", f"overlay: [{root(OVERLAY)}, {root(LATER_OVERLAY)}]"
        ),
        "old": root(
            ENVIRONMENT_BASE, "provider: {kind: emulator}", f"overlay: [{root(BASE_OVERLAY)}]"
        ),
    }
    order = set_to(
        *(setting for layer in (SET, LATER_SET) if layer in there for setting in settings_of(layer))
    )
    compilation = compiled(profiles, environments, order)
    assert compilation.errors == ()
    return compilation.bodies["p", "new"]


def settings_of(layer: int) -> Sequence[str]:
    return (
        f"session.input_audio_transcription.prompt=l{layer}",
        f"vars.word=l{layer}",
        f"expires_after.seconds={100 + layer}",
    )


def check_that_it_is_from(body: CompiledBody, layer: int) -> None:
    assert body.session["input_audio_transcription"]["prompt"] == f"l{layer}"
    assert body.expires_after == {"seconds": 100 + layer}
    assert value_of(body.root.entries["vars"]) == {"word": f"l{layer}"}


@pytest.mark.parametrize("strongest", range(len(LAYERS)), ids=lambda layer: LAYERS[layer])
def test_with_the_strongest_gone_the_next_one_shows(strongest: int) -> None:
    check_that_it_is_from(body_with(range(strongest + 1)), strongest)


@law(30)
@given(st.sets(st.integers(0, len(LAYERS) - 1), min_size=1))
def test_the_strongest_that_is_there_wins(there: set[int]) -> None:
    check_that_it_is_from(body_with(there), max(there))


def test_the_layers_of_a_body_are_named_in_their_order() -> None:
    body = body_with(range(SET))
    assert [str(layer) for layer in body.layers] == [
        "profile remote",
        "profile weak",
        "profile strong",
        "profile p",
        "environment old",
        "environment new",
        "overlay of old",
        "overlay of new",
        "overlay of new",
        "profile strong, for old",
        "profile strong, for new",
        "profile p, for old",
        "profile p, for new",
    ]


def test_a_block_for_another_environment_says_nothing_here() -> None:
    block = "environments: {other: {session: {turn_detection: null}}}"
    environments = {**LOCAL, "other": "extends: local"}
    assert session({"p": block}, environments) == {}
    assert compiled({"p": block}, environments).bodies["p", "other"].session == {
        "turn_detection": None
    }


# ── what environments inherit ────────────────────────────────────────────────────────────────────


def environment(texts: Mapping[str, Content], name: str = "e") -> CompiledEnvironment:
    compilation = compiled({"p": "{}", "q": "{}"}, texts)
    assert compilation.errors == ()
    return compilation.environments[name]


def settings(found: CompiledEnvironment) -> tuple[dict[str, Any], dict[str, Any]]:
    assert found.provider is not None
    assert found.mint is not None
    return (
        found.provider.model_dump(exclude_unset=True),
        found.mint.model_dump(exclude_unset=True),
    )


def test_provider_and_mint_are_merged() -> None:
    base = (
        "provider: {kind: compatible, url: https://a.example/v1, headers: {x: a, y: b}}\n"
        "mint: {concurrency: 4, timeout: 60}"
    )
    own = "extends: base\nprovider: {headers: {y: c}, project: z}\nmint: {timeout: 30, burst: 2}"
    assert settings(environment({"base": base, "e": own})) == (
        {
            "kind": "compatible",
            "url": "https://a.example/v1",
            "headers": {"x": "a", "y": "c"},
            "project": "z",
        },
        {"concurrency": 4, "timeout": 30.0, "burst": 2},
    )


def test_a_key_takes_the_place_of_an_inherited_one() -> None:
    base = "provider: {kind: openai, key: {env: OLD}}"
    for own, expected in [
        ("{file: key.txt}", {"file": "key.txt"}),
        ("{env: NEW}", {"env": "NEW"}),
        ("{$replace: {env: NEW}}", {"env": "NEW"}),
    ]:
        found = environment({"base": base, "e": f"extends: base\nprovider: {{key: {own}}}"})
        assert settings(found)[0]["key"] == expected


def test_directives_work_on_settings_too() -> None:
    base = "provider: {kind: compatible, url: https://a.example, headers: {x: a}, project: p}"
    own = "extends: base\nprovider: {headers: {$replace: {y: b}}, project: {$unset: true}}"
    assert settings(environment({"base": base, "e": own}))[0] == {
        "kind": "compatible",
        "url": "https://a.example",
        "headers": {"y": "b"},
    }
    anew = "extends: base\nprovider: {$replace: {kind: emulator}}\nmint: {$unset: true}"
    found = environment({"base": f"{base}\nmint: {{burst: 3}}", "e": anew})
    assert settings(found) == ({"kind": "emulator"}, {})


def test_sinks_and_profiles_replace() -> None:
    base = "provider: {kind: emulator}\nprofiles: [p]\nsinks: [{kind: a}, {kind: b}]"
    inherits = environment({"base": base, "e": "extends: base"})
    assert inherits.profiles == ("p",)
    assert inherits.sinks_of is not None
    assert inherits.sinks_of.name == "base"
    replaces = environment({"base": base, "e": "extends: base\nprofiles: q\nsinks: [{kind: c}]"})
    assert replaces.profiles == ("q",)
    assert replaces.sinks_of is not None
    assert replaces.sinks_of.sinks is not None
    assert plain(replaces.sinks_of.sinks) == [{"kind": "c"}]
    none = environment({"base": base, "e": "extends: base\nprofiles: []\nsinks: []"})
    assert none.profiles == ()
    assert none.sinks_of is not None
    assert none.sinks_of.name == "e"


def test_overlay_items_add_up_base_first() -> None:
    base = "provider: {kind: emulator}\noverlay: [{vars: {l: {$append: [1]}}}]"
    own = "extends: base\noverlay: [{vars: {l: {$append: [2]}}}, {vars: {l: {$append: [3]}}}]"
    compilation = compiled({"p": "{}"}, {"base": base, "e": own})
    found = compilation.bodies["p", "e"].root.entries["vars"]
    assert value_of(found) == {"l": [1, 2, 3]}


# ── labels and selectors ─────────────────────────────────────────────────────────────────────────

FAMILY: Mapping[str, Content] = {
    "base": "abstract: true\nlabels: {tier: silver, team: clinic, on: true, size: 3}",
    "gold": "extends: base\nlabels: {tier: gold}",
    "plain": "extends: base",
    "folder/bare": "extends: base\nlabels: {tier: {$unset: true}, team: {$replace: lab}}",
}


def selected(where: str) -> list[str]:
    """The profiles of the family that such an overlay item is laid on."""
    item = f"overlay: [{{where: {where}, vars: {{hit: true}}}}]"
    compilation: Compilation = compiled(FAMILY, {"local": f"{LOCAL['local']}{item}"}, EVERYTHING)
    assert compilation.errors == ()
    return [name for (name, _), body in compilation.bodies.items() if "vars" in body.root.entries]


@pytest.mark.parametrize(
    ("where", "expected"),
    [
        ("{}", ["folder/bare", "gold", "plain"]),
        ("{labels: {tier: gold}}", ["gold"]),
        ("{labels: {tier: silver}}", ["plain"]),
        ("{labels: {tier: [gold, silver]}}", ["gold", "plain"]),
        ("{labels: {team: clinic, tier: gold}}", ["gold"]),
        ("{labels: {team: lab}}", ["folder/bare"]),
        ("{labels: {tier: []}}", []),
        ("{labels: {on: true}}", ["folder/bare", "gold", "plain"]),
        ("{labels: {on: 'true'}}", ["folder/bare", "gold", "plain"]),
        ("{labels: {size: 3}}", ["folder/bare", "gold", "plain"]),
        ("{labels: {size: 4}}", []),
        ("{labels: {nowhere: x}}", []),
        ("{names: gold}", ["gold"]),
        ("{names: ['*', '!gold']}", ["folder/bare", "plain"]),
        ("{names: '!gold'}", ["folder/bare", "plain"]),
        ("{names: folder/*}", ["folder/bare"]),
        ("{names: [plain, gold], labels: {tier: silver}}", ["plain"]),
        ("{names: base}", []),
        ("{names: []}", []),
    ],
)
def test_where_selects_by_labels_and_names(where: str, expected: list[str]) -> None:
    assert selected(where) == expected


def test_labels_are_those_of_the_lineage_merged() -> None:
    compilation = compiled(FAMILY)
    assert compilation.profiles["gold"].labels == {
        "tier": "gold",
        "team": "clinic",
        "on": True,
        "size": 3,
    }
    assert compilation.profiles["folder/bare"].labels == {"team": "lab", "on": True, "size": 3}
