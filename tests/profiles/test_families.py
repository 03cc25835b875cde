"""Labels and settings, which are merged over lineages as sessions are: directives in them too."""

import pytest

from tests.sources import LOCAL, codes, compiled, told
from voxmint.profiles.blame import blame
from voxmint.profiles.compiled import Compilation
from voxmint.profiles.order import Order

MODEL = "session: {input_audio_transcription: {model: gpt-transcribe}}\n"
BASE = f"{MODEL}labels: {{tier: gold, team: clinic}}\n"


def labels(given: str) -> dict[str, object]:
    compilation = compiled({"b": BASE, "p": f"extends: b\nlabels: {given}", "q": "extends: p"})
    assert codes(compilation.errors) == []
    assert compilation.profiles["q"].labels == compilation.profiles["p"].labels
    return dict(compilation.profiles["p"].labels)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("{tier: silver}", {"tier": "silver", "team": "clinic"}),
        ("{tier: {$unset: true}}", {"team": "clinic"}),
        ("{tier: {$replace: silver}}", {"tier": "silver", "team": "clinic"}),
        ("{$unset: true}", {}),
        ("{$replace: {room: loud}}", {"room": "loud"}),
        ("{$replace: {$replace: {room: loud}}}", {"room": "loud"}),
        ("{$replace: {}}", {}),
    ],
)
def test_directives_in_labels(given: str, expected: dict[str, object]) -> None:
    assert labels(given) == expected


def test_labels_that_were_unset_can_be_set_again() -> None:
    profiles = {
        "b": BASE,
        "p": "extends: b\nlabels: {$unset: true}",
        "q": "extends: p\nlabels: {a: 1}",
    }
    assert compiled(profiles).profiles["q"].labels == {"a": 1}


def test_an_overlay_goes_by_the_labels_that_directives_leave() -> None:
    overlay = "overlay: [{where: {labels: {tier: gold}}, session: {turn_detection: null}}]"
    profiles = {"b": BASE, "p": "extends: b\nlabels: {$replace: {room: loud}}"}
    bodies = compiled(profiles, {"local": LOCAL["local"] + overlay}).bodies
    assert {name: "turn_detection" in one.session for (name, _), one in bodies.items()} == {
        "b": True,
        "p": False,
    }


def test_the_place_of_a_label_that_took_the_place_of_all() -> None:
    prompt = "session: {input_audio_transcription: {prompt: '{{ profile.labels.room }}'}}"
    profiles = {"b": BASE, "p": f"extends: b\nlabels: {{$replace: {{room: loud}}}}\n{prompt}"}
    assert variables(compiled(profiles)) == [
        ("profile.labels.room", "loud", "profiles/p.yaml:2:27")
    ]


def test_the_place_of_a_description_that_a_template_uses() -> None:
    prompt = "session: {input_audio_transcription: {prompt: 'In {{ profile.description }}'}}"
    profiles = {"b": BASE, "p": f"extends: b\ndescription: The ward\n{prompt}"}
    assert variables(compiled(profiles)) == [
        ("profile.description", "The ward", "profiles/p.yaml:2:14")
    ]


def variables(compilation: Compilation) -> list[tuple[str, object, str]]:
    """What the template of the prompt of `p` looked at."""
    body, profile = compilation.bodies["p", "local"], compilation.profiles["p"]
    traced = {one.path: one for one in blame(body, profile, compilation.texts)}
    used = traced["input_audio_transcription.prompt"].variables
    return [(one.name, one.value, str(one.at)) for one in used]


# ── directives that change nothing ───────────────────────────────────────────────────────────────

IDLE = "directive-without-effect"


@pytest.mark.parametrize(
    ("given", "place"),
    [
        ("{room: {$unset: true}}", "2:17"),
        ("{tier: {$unset: true}}", None),
        ("{$unset: true}", None),
    ],
)
def test_a_directive_in_labels_that_changes_nothing_is_told(given: str, place: str | None) -> None:
    found = compiled({"b": BASE, "p": f"extends: b\nlabels: {given}"}).problems
    expected = [] if place is None else [f"profiles/p.yaml:{place}"]
    assert [str(one.at) for one in found if one.code == IDLE] == expected


def test_labels_of_no_base_have_nothing_to_unset() -> None:
    for given, column in (("{tier: {$unset: true}}", 17), ("{$unset: true}", 10)):
        found = compiled({"p": f"{MODEL}labels: {given}"}).problems
        [problem] = [one for one in found if one.code == IDLE]
        assert str(problem.at) == f"profiles/p.yaml:2:{column}"


def test_a_directive_in_settings_that_changes_nothing_is_told() -> None:
    environments = {
        "e": "provider: {kind: emulator, headers: {A: b}}\nmint: {burst: 5, concurrency: 2}",
        "f": "extends: e\n"
        "provider: {project: {$unset: true}, headers: {$unset: true}}\n"
        "mint: {timeout: {$unset: true}, burst: {$unset: true}}",
        "g": "extends: f\nprovider: {headers: {$unset: true}}",
    }
    found = compiled({"p": MODEL}, environments).problems
    assert [str(one.at) for one in found if one.code == IDLE] == [
        "environments/f.yaml:2:22",
        "environments/f.yaml:3:18",
        "environments/g.yaml:2:22",
    ]


def test_a_key_that_is_unset_or_replaced_changes_something() -> None:
    environments = {
        "e": "provider: {kind: openai, key: {env: OPENAI_KEY}}",
        "f": "extends: e\nprovider: {key: {$unset: true}}",
        "g": "extends: e\nprovider: {key: {$replace: {file: /run/key}}}",
        "h": "extends: e\nprovider: {key: {file: /run/key}}",
    }
    compilation = compiled({"p": MODEL}, environments)
    assert codes([one for one in compilation.problems if one.code == IDLE]) == []
    keys = {
        name: one.provider and one.provider.key for name, one in compilation.environments.items()
    }
    assert keys["f"] is None
    assert keys["g"] == keys["h"] != keys["e"]


@pytest.mark.parametrize(
    ("base", "heir"),
    [
        (f"{MODEL}labels: {{tier: [x]}}", "labels: {tier: {$unset: true}}"),
        (
            "session: {input_audio_transcription: {model: gpt-transcribe, keywords: {$append: x}}}",
            "session: {input_audio_transcription: {keywords: {$unset: true}}}",
        ),
    ],
)
def test_nothing_is_said_over_what_was_left_out_because_it_is_wrong(base: str, heir: str) -> None:
    found = compiled({"b": base, "p": f"extends: b\n{heir}"}).problems
    assert len([one for one in found if one.is_error]) == 1
    assert [one for one in found if one.code == IDLE] == []


# ── what is extended, and cannot be made out ─────────────────────────────────────────────────────


@pytest.mark.parametrize("extends", ["extends: null", "extends:", "extends: [7]", "extend: b"])
def test_a_wrong_extends_is_the_only_thing_told(extends: str) -> None:
    profiles = {"b": f"abstract: true\n{MODEL}", "p": f"{extends}\nvars: {{}}", "q": MODEL}
    found = compiled(profiles, order=Order(idle=True)).problems
    assert len(found) == 1, told(found)
    assert found[0].is_error
    assert found[0].affects == (("p", "local"),)


def test_a_wrong_extends_of_an_environment_is_the_only_thing_told() -> None:
    environments = {
        "b": f"abstract: true\n{LOCAL['local']}",
        "e": "extends: null",
        "f": LOCAL["local"],
    }
    found = compiled({"p": MODEL}, environments, Order(idle=True)).problems
    assert [problem.message for problem in found if problem.is_error] == [
        "`extends` takes a text, or a list of texts, not null"
    ]
    assert codes(found) == ["wrong-type"]
