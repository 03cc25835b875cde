"""The shape of files: keys at every level, types of voxmint's own, and what is kept of the rest."""

from typing import Any

import pytest

from tests.sources import codes, marked
from voxmint.problems import Problem
from voxmint.profiles.documents import Environment, Profile
from voxmint.profiles.nodes import plain
from voxmint.profiles.parse import (
    is_given_up,
    parse_environment,
    parse_profile,
    parse_project,
)
from voxmint.profiles.reader import MAX_PROBLEMS, read_document

EMULATOR = "provider: {kind: emulator}\n"


def profile(text: str) -> tuple[Profile, tuple[Problem, ...]]:
    return parse_profile("p", read_document("p.yaml", text.encode()))


def environment(text: str) -> tuple[Environment, tuple[Problem, ...]]:
    return parse_environment("e", read_document("e.yaml", text.encode()))


def wrong(text: str, parse: Any = profile) -> list[tuple[str, str]]:
    """The code of each problem, and what stands at its place."""
    _, problems = parse(text)
    files = {"p.yaml": text, "e.yaml": text, "voxmint.yaml": text}
    return [(problem.code, marked(files, problem)) for problem in problems]


# ── keys ─────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("text", "key", "near"),
    [
        ("sesion: {}", "sesion", "session"),
        ("Session: {}", "Session", "session"),
        ("extend: base", "extend", "extends"),
        ("zzz: 1", "zzz", None),
        ("session: {turn_detektion: null}", "turn_detektion", "turn_detection"),
        ("session: {turn_detection: {treshold: 1}}", "treshold", "threshold"),
        ("session: {input_audio_transcription: {modle: x}}", "modle", "model"),
        ("session: {input_audio_noise_reduction: {typ: x}}", "typ", "type"),
        ("expires_after: {secs: 1}", "secs", "seconds"),
        ("environments: {e: {sesion: {}}}", "sesion", "session"),
        ("environments: {e: {session: {includ: []}}}", "includ", "include"),
        ("session: {turn_detection: {$replace: {typ: x}}}", "typ", "type"),
    ],
)
def test_a_misspelt_key_of_a_profile_gets_its_near_miss(
    text: str, key: str, near: str | None
) -> None:
    _, [problem] = profile(text)
    assert problem.code == "unknown-key"
    assert marked({"p.yaml": text}, problem) == key
    assert problem.facts.get("nearest") == near


@pytest.mark.parametrize(
    ("text", "key", "near"),
    [
        ("provder: {}", "provder", "provider"),
        ("sink: []", "sink", "sinks"),
        ("session: {includes: []}", "includes", "include"),
        ("overlay: [{wher: {}}]", "wher", "where"),
        ("overlay: [{where: {label: {}}}]", "label", "labels"),
        ("overlay: [{session: {includ: []}}]", "includ", "include"),
        ("overlay: [{expires_after: {second: 1}}]", "second", "seconds"),
    ],
)
def test_a_misspelt_key_of_an_environment_gets_its_near_miss(
    text: str, key: str, near: str | None
) -> None:
    _, [problem] = environment(text)
    assert problem.code == "unknown-key"
    assert marked({"e.yaml": text}, problem) == key
    assert problem.facts.get("nearest") == near


def test_a_key_of_another_level_is_told_where_it_belongs() -> None:
    _, [problem] = profile("session: {language: en}")
    assert problem.hint == "it belongs below `input_audio_transcription`"


@pytest.mark.parametrize(
    ("text", "parse", "field", "at"),
    [
        ("labels: {tier: '{{ vars.tier }}'}", profile, "labels.tier", 16),
        ("labels: {tier: {$replace: 'a {# b #}'}}", profile, "labels.tier", 27),
        ("overlay: [{where: {labels: {tier: [gold, '{{ x }}']}}}]", environment, "labels.tier", 42),
    ],
)
def test_no_template_is_rendered_in_a_label(text: str, parse: Any, field: str, at: int) -> None:
    _, [problem] = parse(text)
    assert problem.message == f"`{field}`: templates are not rendered here: write the value itself"
    assert (problem.at.line, problem.at.column) == (1, at)


@pytest.mark.parametrize("parse", [profile, environment])
def test_nobody_has_a_name(parse: Any) -> None:
    assert wrong("name: x", parse) == [("name-key", "name")]


def test_any_key_will_do_below_vars() -> None:
    found, problems = profile("vars: {anything: {at: {all: 1}}, '': 2, é: 3, session: 4}")
    assert problems == ()
    assert plain(found.layer.tree) == {
        "vars": {"anything": {"at": {"all": 1}}, "": 2, "é": 3, "session": 4}
    }


# ── types ────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("text", "code", "at"),
    [
        ("[a]", "wrong-type", "["),
        ("just a text", "wrong-type", "just a text"),
        ("null", "wrong-type", "null"),
        ("abstract: yes", "wrong-type", "yes"),
        ("abstract: 'true'", "wrong-type", "'true'"),
        ("abstract: 1", "wrong-type", "1"),
        ("abstract: null", "wrong-type", "null"),
        ("description: 3", "wrong-type", "3"),
        ("description: [x]", "wrong-type", "["),
        ("extends: 3", "wrong-type", "3"),
        ("extends: {a: b}", "wrong-type", "{"),
        ("extends: [a, [b]]", "wrong-item", "["),
        ("extends: [a, null]", "wrong-item", "null"),
        ("labels: [x]", "wrong-type", "["),
        ("labels: {a: [x]}", "wrong-type", "["),
        ("labels: {a: {b: c}}", "wrong-type", "{"),
        ("labels: {a: null}", "wrong-type", "null"),
        ("labels: {a: {$append: [x]}}", "wrong-type", "{"),
        ("labels: {a: {$replace: [x]}}", "wrong-type", "["),
        ("labels: {a: {$unset: no}}", "directive-value", "$unset"),
        ("labels: {$unset: no}", "directive-value", "$unset"),
        ("labels: {$replace: [x]}", "wrong-type", "["),
        ("labels: {$append: [x]}", "wrong-type", "["),
        ("labels: {$replace: {a: [x]}}", "wrong-type", "["),
        ("labels: {$unset: true, a: b}", "directive-beside-keys", "a"),
        ("labels: {a: {$foo: x}}", "unknown-directive", "$foo"),
        ("session: [x]", "wrong-type", "["),
        ("session: x", "wrong-type", "x"),
        ("session: null", "null-not-taken", "null"),
        ("session:", "wrong-type", "session"),
        ("vars: 3", "wrong-type", "3"),
        ("expires_after: 600", "wrong-type", "600"),
        ("environments: [x]", "wrong-type", "["),
        ("environments: {e: x}", "wrong-type", "x"),
        ("environments: {e: null}", "wrong-type", "null"),
        ("session: {$append: [x]}", "wrong-type", "["),
        ("session: {$replace: x}", "wrong-type", "x"),
        ("session: {$replace: null}", "wrong-type", "null"),
        ("session: {$replace: {$replace: x}}", "wrong-type", "x"),
        ("expires_after: {$replace: 600}", "wrong-type", "600"),
        ("vars: {$replace: {$append: [x]}}", "wrong-type", "["),
    ],
)
def test_a_wrong_type_in_a_profile_is_marked(text: str, code: str, at: str) -> None:
    assert wrong(text) == [(code, at)]


@pytest.mark.parametrize(
    "value", ["{$unset: true}", "{$replace: {}}", "{$replace: {$unset: true}}"]
)
@pytest.mark.parametrize("key", ["session", "vars", "expires_after"])
def test_a_directive_may_stand_for_a_whole_part(key: str, value: str) -> None:
    assert wrong(f"{key}: {value}") == []


@pytest.mark.parametrize(
    ("text", "code", "at"),
    [
        ("provider: emulator", "wrong-type", "emulator"),
        ("mint: [x]", "wrong-type", "["),
        ("sinks: {kind: dotenv}", "wrong-type", "{"),
        ("overlay: {session: {}}", "wrong-type", "{"),
        ("overlay: [x]", "wrong-type", "x"),
        ("overlay: [{where: x}]", "wrong-type", "x"),
        ("overlay: [{where: {labels: [x]}}]", "wrong-type", "["),
        ("overlay: [{where: {labels: {a: {b: c}}}}]", "wrong-type", "{"),
        ("overlay: [{where: {labels: {a: [[b]]}}}]", "wrong-type", "["),
        ("overlay: [{where: {labels: {a: null}}}]", "wrong-type", "null"),
        ("overlay: [{where: {names: 3}}]", "wrong-type", "3"),
        ("overlay: [{where: {names: {a: b}}}]", "wrong-type", "{"),
        ("profiles: {a: b}", "wrong-type", "{"),
        ("profiles: [1]", "wrong-item", "1"),
        ("profiles: null", "wrong-type", "null"),
        ("provider: {$foo: x}", "unknown-directive", "$foo"),
        ("provider: {url: {$unset: 1}}", "directive-value", "$unset"),
        ("provider: {$replace: {kind: emulator}, url: x}", "directive-beside-keys", "url"),
        ("mint: {burst: {$bar: 1}}", "unknown-directive", "$bar"),
    ],
)
def test_a_wrong_type_in_an_environment_is_marked(text: str, code: str, at: str) -> None:
    assert wrong(text, environment) == [(code, at)]


def test_a_list_of_one_may_be_written_as_that_one() -> None:
    found, _ = profile("extends: base")
    assert [base.name for base in found.extends] == ["base"]
    other, _ = environment(f"{EMULATOR}profiles: clinic\noverlay: [{{where: {{names: a*}}}}]")
    assert [one.name for one in other.profiles or ()] == ["clinic"]
    assert other.overlay[0].where.names == ("a*",)


# ── directives as they are written ───────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("node", "code", "at"),
    [
        ("{$apend: [1]}", "unknown-directive", "$apend"),
        ("{$: 1}", "unknown-directive", "$"),
        ("{$Append: [1]}", "unknown-directive", "$Append"),
        ("{$append: [1], x: 2}", "directive-beside-keys", "x"),
        ("{x: 2, $append: [1]}", "directive-beside-keys", "x"),
        ("{$replace: 1, $append: [1]}", "directive-beside-keys", "$append"),
        ("{$unset: true, $remove: [1]}", "directive-beside-keys", "$remove"),
        ("{$unset: true, $replace: 1}", "directive-beside-keys", "$replace"),
        ("{$append: 1}", "directive-value", "$append"),
        ("{$prepend: {a: 1}}", "directive-value", "$prepend"),
        ("{$remove: null}", "directive-value", "$remove"),
        ("{$remove: }", "directive-value", "$remove"),
        ("{$unset: false}", "directive-value", "$unset"),
        ("{$unset: 'true'}", "directive-value", "$unset"),
        ("{$unset: }", "directive-value", "$unset"),
        ("{$replace: }", "directive-value", "$replace"),
        ("[{$append: [1]}]", "directive-in-list", "$append"),
        ("[[{$unset: true}]]", "directive-in-list", "$unset"),
        ("{$append: [{$unset: true}]}", "directive-in-list", "$unset"),
        ("{$replace: [{$foo: 1}]}", "directive-in-list", "$foo"),
        ("{a: {b: {$foo: 1}}}", "unknown-directive", "$foo"),
        ("{$replace: {$foo: 1}}", "unknown-directive", "$foo"),
        ("[{a: {$foo: 1}}]", "unknown-directive", "$foo"),
    ],
)
def test_a_directive_that_is_wrong_is_left_out_and_marked(node: str, code: str, at: str) -> None:
    text = f"vars: {{x: {node}, fine: 1}}"
    assert wrong(text) == [(code, at)]
    found, _ = profile(text)
    assert found.layer.incomplete
    assert "$" not in str(plain(found.layer.tree))
    entries = plain(found.layer.tree)
    assert isinstance(entries, dict)
    assert entries["vars"]["fine"] == 1


@pytest.mark.parametrize(
    "text",
    [
        "session: {include: [{$append: [x]}]}",
        "session: {input_audio_transcription: {keywords: {$prepend: [{$unset: true}]}}}",
    ],
)
def test_directives_in_the_lists_of_a_session_are_marked_too(text: str) -> None:
    assert [code for code, _ in wrong(text)] == ["directive-in-list"]


def test_all_that_is_wrong_in_a_file_is_told_and_the_rest_is_kept() -> None:
    text = (
        "abstract: maybe\n"
        "sesion: {}\n"
        "labels: {a: [1], b: fine}\n"
        "extends: [1, base]\n"
        "session: {includ: [], modalities: [text], turn_detection: {$foo: 1}}\n"
        "environments: {e: 3, f: {vars: {x: 1}}}\n"
    )
    found, problems = profile(text)
    assert sorted(codes(problems)) == [
        "unknown-directive",
        "unknown-key",
        "unknown-key",
        "wrong-item",
        "wrong-type",
        "wrong-type",
        "wrong-type",
    ]
    assert plain(found.layer.tree) == {"session": {"modalities": ["text"]}}
    assert [base.name for base in found.extends] == ["base"]
    assert found.labels is not None
    assert plain(found.labels) == {"b": "fine"}
    assert list(found.blocks) == ["f"]


def test_a_sound_file_is_all_there() -> None:
    text = (
        "extends: [a, b]\nabstract: true\ndescription: D\nlabels: {x: 1, y: {$unset: true}}\n"
        "vars: {v: 1}\nsession: {modalities: [text]}\nexpires_after: {seconds: 60}\n"
        "environments: {e: {session: {turn_detection: null}}, f: {}}\n"
    )
    found, problems = profile(text)
    assert problems == ()
    assert not found.layer.incomplete
    assert (found.abstract, found.description) == (True, "D")
    assert [str(base.mark) for base in found.extends] == ["(1, 11, 1)", "(1, 14, 1)"]
    assert plain(found.layer.tree) == {
        "session": {"modalities": ["text"]},
        "vars": {"v": 1},
        "expires_after": {"seconds": 60},
    }
    assert {name: plain(block.tree) for name, block in found.blocks.items()} == {
        "e": {"session": {"turn_detection": None}},
        "f": {},
    }


# ── keys that must not be there ──────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "text",
    [
        "provider: {kind: openai, key: {env: X}, headers: {a: sk-0123456789abcdef}}",
        "# the old one: sk-0123456789abcdef\nprovider: {kind: emulator}",
        "vars: {token: ek_68af296e8e408191}",
    ],
)
def test_a_key_in_a_file_is_told_wherever_it_stands(text: str) -> None:
    _, problems = environment(text)
    [problem] = [one for one in problems if one.code == "literal-key"]
    assert marked({"e.yaml": text}, problem)[:3] in ("sk-", "ek_")
    assert not any("0123456789" in str(one.message) + str(one.hint) for one in problems)


# ── the project's own file ───────────────────────────────────────────────────────────────────────


def folders(text: str) -> tuple[str, str, list[str]]:
    found, problems = parse_project(read_document("voxmint.yaml", text.encode()))
    return found.profiles, found.environments, codes(problems)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("version: 1", ("profiles", "environments", [])),
        ("version: 1\nprofiles: a/b", ("a/b", "environments", [])),
        ("version: 1\nprofiles: ./a//b/", ("a/b", "environments", [])),
        ("version: 1\nenvironments: é", ("profiles", "é", [])),
        ("{}", ("profiles", "environments", ["missing-key"])),
        ("verison: 1", ("profiles", "environments", ["unknown-key"])),
        ("version: 2", ("profiles", "environments", ["bad-setting"])),
        ("version: '1'", ("profiles", "environments", ["wrong-type"])),
        ("version: 1.0", ("profiles", "environments", ["wrong-type"])),
        ("version: true", ("profiles", "environments", ["wrong-type"])),
        ("version: 0x1", ("profiles", "environments", [])),
        ("version: [1]", ("profiles", "environments", ["wrong-type"])),
        ("version: 1\nprofiles: ../a", ("profiles", "environments", ["bad-setting"])),
        ("version: 1\nprofiles: a/../b", ("profiles", "environments", ["bad-setting"])),
        ("version: 1\nprofiles: /a", ("profiles", "environments", ["bad-setting"])),
        ("version: 1\nprofiles: a\\b", ("profiles", "environments", ["bad-setting"])),
        ("version: 1\nprofiles: .", ("profiles", "environments", ["bad-setting"])),
        ("version: 1\nprofiles: ''", ("profiles", "environments", ["bad-setting"])),
        ("version: 1\nprofiles: [a]", ("profiles", "environments", ["wrong-type"])),
        ("version: 1\nprofiles: environments", ("profiles", "environments", ["bad-setting"])),
        ("version: 1\nenvironments: profiles", ("profiles", "environments", ["bad-setting"])),
        ("version: 1\nenvironments: profiles/a", ("profiles", "environments", ["bad-setting"])),
        (
            "version: 1\nenvironments: a\nprofiles: a/b",
            ("a/b", "environments", ["bad-setting"]),
        ),
        (
            "version: 1\nenvironments: [a]\nprofiles: environments/b",
            ("profiles", "environments", ["wrong-type"]),
        ),
        ("version: 1\nenvironments: profiles-2", ("profiles", "profiles-2", [])),
        ("version: 1\nprofile: a", ("profiles", "environments", ["unknown-key"])),
        ("[1]", ("profiles", "environments", ["wrong-type"])),
    ],
)
def test_the_projects_own_file(text: str, expected: object) -> None:
    assert folders(text) == expected


# ── more mistakes than are told ──────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("parse", [profile, environment])
def test_after_a_thousand_mistakes_nothing_is_taken_from_a_file(parse: Any) -> None:
    mistakes = "".join(f"zz{number}: 1\n" for number in range(5 * MAX_PROBLEMS))
    found, problems = parse("extends: x\n" + mistakes)
    assert len(problems) == MAX_PROBLEMS + 1
    assert codes(problems[-1:]) == ["too-many-problems"]
    assert is_given_up(problems)
    assert found.extends == ()


def test_a_thousand_mistakes_are_told() -> None:
    text = "extends: x\n" + "".join(f"zz{number}: 1\n" for number in range(MAX_PROBLEMS))
    found, problems = profile(text)
    assert (len(problems), is_given_up(problems)) == (MAX_PROBLEMS, False)
    assert [base.name for base in found.extends] == ["x"]


def test_keys_beyond_a_thousand_are_not_looked_for() -> None:
    _, problems = profile("# sk-0123456789abcdefghij\n" * 5 * MAX_PROBLEMS + "zz: 1\n")
    assert len(problems) == MAX_PROBLEMS + 1


def test_after_a_thousand_mistakes_the_project_has_its_usual_folders() -> None:
    mistakes = "".join(f"zz{number}: 1\n" for number in range(MAX_PROBLEMS + 1))
    found = folders("version: 1\nprofiles: p\n" + mistakes)
    assert (found[0], found[2][-1]) == ("profiles", "too-many-problems")
