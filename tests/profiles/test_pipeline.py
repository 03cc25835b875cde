"""The compiler as a whole: what is read, what is said once, whom it affects, and that it holds."""

import gc
import json
from collections.abc import Iterator, Mapping
from typing import Any
from unicodedata import normalize

import pytest
from hypothesis import given, settings, strategies as st

from tests.profiles.laws import law
from tests.profiles.sessions import LIFETIMES, SESSIONS
from tests.profiles.writing import as_yaml
from tests.sources import (
    LOCAL,
    Content,
    MemorySource,
    body_of,
    codes,
    compiled,
    layers,
    only,
    project,
    session,
    told,
)
from voxmint.engine.project import Project
from voxmint.profiles.compiled import Compilation
from voxmint.profiles.nodes import plain
from voxmint.profiles.order import EVERYTHING, Order, check_order, relevant_problems
from voxmint.profiles.pipeline import compile_project
from voxmint.profiles.reader import read_document
from voxmint.profiles.source import Listing, SourceError

MODEL = "session: {input_audio_transcription: {model: gpt-transcribe}}\n"
NESTED = "provider: {kind: emulator, api: client_secrets}\n"

# ── reading what is needed ───────────────────────────────────────────────────────────────────────

FLEET: dict[str, Content] = {
    "base": "abstract: true",
    "middle": "extends: base\nabstract: true",
    "folder/p": f"extends: middle\n{MODEL}",
    "other": f"extends: unrelated\n{MODEL}",
    "unrelated": "a: [",
}
PLACES: dict[str, Content] = {**LOCAL, "far": "extends: local", "elsewhere": "b: ["}


def test_one_named_profile_reads_its_lineage_and_its_environment_only() -> None:
    source = project(FLEET, PLACES)
    order = Order(profiles=("folder/p",), environments=("far",))
    compilation = compile_project(source, order)
    assert compilation.errors == ()
    assert list(compilation.bodies) == [("folder/p", "far")]
    assert sorted(source.reads) == sorted(
        [
            "voxmint.yaml",
            "profiles/folder/p.yaml",
            "profiles/middle.yaml",
            "profiles/base.yaml",
            # Two files of one name would clash, so the other ending is always looked for.
            *("profiles/folder/p.yml", "profiles/middle.yml", "profiles/base.yml"),
            "environments/far.yaml",
            "environments/local.yaml",
        ]
    )
    assert source.listings == ["environments"]


def test_all_environments_are_read_where_none_is_named() -> None:
    source = project({"p": MODEL}, {**LOCAL, "far": "extends: local"})
    compile_project(source, Order(profiles=("p",)))
    assert sorted(source.reads) == [
        *("environments/far.yaml", "environments/local.yaml"),
        *("profiles/p.yaml", "profiles/p.yml", "voxmint.yaml"),
    ]


def test_everything_is_read_once() -> None:
    source = project({**FLEET, "unrelated": "{}"}, {**LOCAL, "far": "extends: local"})
    compile_project(source)
    assert sorted(source.reads) == sorted(source.files)
    assert source.listings == ["environments", "profiles"]


def test_the_other_ending_is_found_too() -> None:
    source = MemorySource(
        {
            "voxmint.yaml": "version: 1",
            "profiles/p.yml": f"extends: base\n{MODEL}",
            "profiles/base.yaml": "abstract: true",
            "profiles/notes.txt": "no profile",
            "environments/local.yml": LOCAL["local"],
        }
    )
    for order in (EVERYTHING, Order(profiles=("p",))):
        compilation = compile_project(source, order)
        assert told(compilation.problems) == []
        assert list(compilation.bodies) == [("p", "local")]


@pytest.mark.parametrize(
    "name", ["../p", "/p", "p/", "a//p", "", ".hidden", "a/.b", "..", "a/../p"]
)
def test_a_name_is_no_path_to_somewhere_else(name: str) -> None:
    source = project({"p": f"extends: '{name}'\n{MODEL}"})
    compilation = compile_project(source, Order(profiles=("p",)))
    assert codes(compilation.errors) == ["unknown-profile"]
    asked = ["voxmint.yaml", "profiles/p.yaml", "profiles/p.yml", "environments/local.yaml"]
    assert source.reads == asked


def test_the_names_are_listed_only_to_say_which_may_have_been_meant() -> None:
    source = project({"telephony": "abstract: true", "p": f"extends: telefony\n{MODEL}"})
    compilation = compile_project(source, Order(profiles=("p",)))
    assert only(compilation, "unknown-profile").hint == "did you mean `telephony`?"
    assert source.listings == ["environments", "profiles"]
    assert "profiles/telephony.yaml" not in source.reads


# ── names and files ──────────────────────────────────────────────────────────────────────────────


def test_names_are_paths_without_their_endings() -> None:
    profiles = {"call-center/german": MODEL, "日本/é.v2": MODEL, "a b": MODEL}
    compilation = compiled(profiles, {"eu/é": LOCAL["local"]})
    assert list(compilation.bodies) == [(name, "eu/é") for name in sorted(profiles)]


def test_the_folders_can_have_other_names() -> None:
    source = MemorySource(
        {
            "voxmint.yaml": "version: 1\nprofiles: conf/voices\nenvironments: conf/places",
            "conf/voices/a/p.yaml": MODEL,
            "conf/places/local.yaml": LOCAL["local"],
        }
    )
    compilation = compile_project(source)
    assert list(compilation.bodies) == [("a/p", "local")]


@pytest.mark.parametrize("other", ["p.yml", "P.yaml"])
def test_two_files_of_one_name_clash(other: str) -> None:
    source = MemorySource({**project({"p": MODEL}).files, f"profiles/{other}": MODEL})
    problem = only(compile_project(source), "clashing-names")
    files = {problem.facts["file"], problem.facts["other"]}
    assert files == {"profiles/p.yaml", f"profiles/{other}"}


def test_a_named_profile_of_two_files_clashes() -> None:
    source = MemorySource({**project({"p": MODEL}).files, "profiles/p.yml": MODEL})
    order = Order(profiles=("p",), environments=("local",))
    compilation = compile_project(source, order)
    assert codes(relevant_problems(order, compilation)) == ["clashing-names"]


def test_names_that_differ_only_in_case_clash_in_any_script() -> None:
    compilation = compiled({"straße": MODEL, "STRASSE": MODEL, "É": MODEL, "é": MODEL})
    assert codes(compilation.errors) == ["clashing-names", "clashing-names"]


def test_what_extends_a_clashing_name_is_not_said_to_extend_nobody() -> None:
    compilation = compiled({"A": MODEL, "a": MODEL, "p": "extends: a", "q": "extends: A"})
    assert codes(compilation.errors) == ["clashing-names"]
    assert [name for name, _ in compilation.bodies] == ["A", "q"]


COMPOSED, DECOMPOSED = "caf\u00e9/\u00fcber", "cafe\u0301/u\u0308ber"


@pytest.mark.parametrize("file", [COMPOSED, DECOMPOSED])
@pytest.mark.parametrize("written", [COMPOSED, DECOMPOSED])
@pytest.mark.parametrize("asked", [None, COMPOSED, DECOMPOSED])
def test_a_name_may_be_written_in_either_form_of_unicode(
    file: str, written: str, asked: str | None
) -> None:
    environments = {
        "local": f"{LOCAL['local']}profiles: ['{written}', heir]\n"
        f"overlay: [{{where: {{names: ['{written}']}}, vars: {{a: 1}}}}]"
    }
    source = project({file: MODEL, "heir": f"extends: {written}"}, environments)
    order = EVERYTHING if asked is None else Project.order([asked, "heir"])
    compilation = compile_project(source, order)
    assert told(compilation.problems) == []
    assert sorted(name for name, _ in compilation.bodies) == [COMPOSED, "heir"]


@pytest.mark.parametrize("one", [COMPOSED, DECOMPOSED])
@pytest.mark.parametrize("other", [COMPOSED, DECOMPOSED])
def test_what_a_team_names_may_be_written_in_either_form_of_unicode(one: str, other: str) -> None:
    name, again = one.replace("/", ""), other.replace("/", "")
    value = f"vars.get('{again}') if '{again}' in vars else 'none'"
    prompt = f"{{{{ {value} }}}} {{{{ vars['{again}'] ~ profile.labels.{again} }}}}"
    profile = f"""
labels: {{'{name}': '{name}'}}
vars: {{'{name}': 1}}
environments: {{'{name}': {{vars: {{'{again}': 2}}}}}}
session: {{input_audio_transcription: {{model: gpt-transcribe, prompt: "{prompt}"}}}}
"""
    where = f"{{where: {{labels: {{'{again}': '{again}'}}}}, expires_after: {{seconds: 60}}}}"
    environments = {again: f"{LOCAL['local']}overlay: [{where}]"}
    order = Project.order(labels={again: again}, overrides=[f"vars.{again}=3"])
    for asked in (EVERYTHING, order):
        compilation = compile_project(project({"p": profile}, environments), asked)
        assert told(compilation.errors) == []
        [body] = compilation.bodies.values()
        number = 2 if asked is EVERYTHING else 3
        prompt = body.body["input_audio_transcription"]["prompt"]
        assert normalize("NFC", prompt) == f"{number} {number}{COMPOSED}".replace("/", "")
        assert body.body["client_secret"]["expires_at"]["seconds"] == 60


def test_two_files_whose_names_look_alike_clash() -> None:
    problem = only(compiled({COMPOSED: MODEL, DECOMPOSED: MODEL}), "clashing-names")
    assert problem.facts["name"] == COMPOSED


@pytest.mark.parametrize("reason", ["not-a-file", "outside", "too-large", "unreadable"])
def test_a_file_that_cannot_be_read_is_told_with_its_reason(reason: str) -> None:
    failure = SourceError(reason, "a reason for people")
    for files, place in [
        ({**project({"p": MODEL}).files, "profiles/bad.yaml": failure}, "profiles/bad.yaml"),
        ({**project({"p": MODEL}).files, "environments/e.yaml": failure}, "environments/e.yaml"),
        ({**project({"p": MODEL}).files, "voxmint.yaml": failure}, "voxmint.yaml"),
    ]:
        compilation = compile_project(MemorySource(files))
        problem = only(compilation, "unreadable-file")
        assert problem.message == f"`{place}` cannot be read: a reason for people"
        assert str(problem.at) == f"{place}:1:1"
        assert ("p", "local") in compilation.bodies
        assert str(failure) == f"{reason}: a reason for people"


def test_a_base_that_cannot_be_read_is_told_once_and_takes_its_heirs_down() -> None:
    failure = SourceError("outside", "it leads out of the project")
    profiles: dict[str, Content] = {
        "base": failure,
        "p": f"extends: base\n{MODEL}",
        "q": f"extends: p\n{MODEL}",
        "fine": MODEL,
    }
    for order in (EVERYTHING, Order(profiles=("q", "fine"))):
        compilation = compiled(profiles, order=order)
        assert codes(compilation.errors) == ["unreadable-file"]
        assert list(compilation.bodies) == [("fine", "local")]


def test_a_file_that_goes_while_it_is_read_is_told() -> None:
    compilation = compiled({"p": MODEL, "gone": SourceError("missing", "no such file")})
    assert told(compilation.errors) == [
        "missing-file profiles/gone.yaml:1:1 there is no file `profiles/gone.yaml`"
    ]


def test_a_project_without_its_file_or_folders_is_told_so() -> None:
    assert codes(compile_project(MemorySource({})).errors) == [
        "missing-file",
        "missing-folder",
        "missing-folder",
    ]
    nothing = MemorySource({"voxmint.yaml": "version: 1", "environments/e.yaml": LOCAL["local"]})
    problem = only(compile_project(nothing), "missing-folder")
    assert problem.facts["folder"] == "profiles"


def test_a_folder_that_cannot_be_listed_is_told() -> None:
    class Closed(MemorySource):
        def listing(self, folder: str) -> Listing:
            if folder == "profiles":
                raise SourceError("unreadable", "permission denied")
            return super().listing(folder)

    compilation = compile_project(Closed(project({"p": MODEL}).files))
    assert only(compilation, "unreadable-file").facts["detail"] == "permission denied"


@pytest.mark.parametrize("folder", ["profiles", "environments"])
def test_nothing_is_said_of_files_in_a_folder_that_lets_nobody_look(folder: str) -> None:
    """Neither that there is none of a name that was asked for, nor that there are two."""
    failure = SourceError("unreadable", "permission denied")

    class Closed(MemorySource):
        def listing(self, folder_: str) -> Listing:
            if folder_ == folder:
                raise failure
            return super().listing(folder_)

        def read(self, path: str, limit: int) -> bytes:
            if path.startswith(folder):
                raise failure
            return super().read(path, limit)

    order = Order(("p",), ("local",))
    compilation = compile_project(Closed(project({"p": MODEL}).files), order)
    check_order(order, compilation)
    assert codes(relevant_problems(order, compilation)) == ["unreadable-file"]


def test_a_file_too_large_is_refused_by_the_source() -> None:
    compilation = compiled({"p": MODEL, "large": "# " + "x" * 2_000_000})
    assert "1048576" in only(compilation, "unreadable-file").message


def test_an_empty_project_compiles_to_nothing() -> None:
    compilation = compiled({"base": "abstract: true"}, LOCAL)
    assert compilation.problems == ()
    assert compilation.bodies == {}
    assert compilation.attempted == ()


def test_an_item_for_all_of_an_environment_that_nothing_extends_is_no_further_cause() -> None:
    item = "{session: {turn_detection: null}}"
    overlay = f"abstract: true\noverlay: [{item}, {{where: {{names: [zz]}}, vars: {{a: 1}}}}]"
    compilation = compiled({"p": MODEL}, {**LOCAL, "base": overlay})
    assert codes(compilation.problems) == ["unused-selector"]
    heir = "extends: base\nprovider: {kind: emulator}\nprofiles: []"
    problem = compiled({"p": MODEL}, {**LOCAL, "base": overlay, "heir": heir}).problems[0]
    assert (problem.code, problem.hint) == ("unused-selector", "no profile is in base")


# ── whom a problem affects ───────────────────────────────────────────────────────────────────────


def test_what_a_base_gets_wrong_is_told_once_with_all_it_affects() -> None:
    profiles = {
        "base": "abstract: true\nsession: {input_audio_format: pcm}",
        **dict.fromkeys(("a", "b"), f"extends: base\n{MODEL}"),
        "fine": MODEL,
    }
    environments = {**LOCAL, "far": LOCAL["local"]}
    compilation = compiled(profiles, environments)
    problem = only(compilation, "bad-value")
    assert problem.affects == (("a", "far"), ("a", "local"), ("b", "far"), ("b", "local"))
    assert list(compilation.bodies) == [("fine", "far"), ("fine", "local")]


def test_an_environments_mistake_takes_down_its_own_bodies_alone() -> None:
    environments = {**LOCAL, "bad": f"{LOCAL['local']}session: {{turn_detektion: null}}"}
    compilation = compiled({"p": MODEL}, environments)
    assert only(compilation, "unknown-key").affects == (("p", "bad"),)
    assert list(compilation.bodies) == [("p", "local")]


def test_a_clash_of_layers_takes_down_only_the_bodies_in_which_they_clash() -> None:
    profiles = {
        "mixin": "abstract: true\nvars:\n  m:\n",
        "maps": "abstract: true\nvars: {m: {x: 1}}",
        "clashes": f"extends: [maps, mixin]\n{MODEL}",
        "heir": "extends: clashes",
        "fine": f"extends: mixin\n{MODEL}",
    }
    compilation = compiled(profiles)
    assert only(compilation, "bare-key").affects == (("clashes", "local"), ("heir", "local"))
    assert list(compilation.bodies) == [("fine", "local")]


def test_what_does_not_belong_to_a_body_leaves_them_alone() -> None:
    compilation = compiled({"p": MODEL, "broken": "a: ["})
    assert only(compilation, "bad-yaml").affects == ()
    assert list(compilation.bodies) == [("p", "local")]


def test_what_was_left_out_is_not_missed() -> None:
    """The model is misspelt: that none is there follows from it, and is not said again."""
    text = "session: {input_audio_transcription: {modle: gpt-transcribe}}"
    assert codes(compiled({"p": text}).problems) == ["unknown-key"]
    text = "session: {input_audio_transcripton: {model: gpt-transcribe}}"
    assert codes(compiled({"p": text}).problems) == ["unknown-key"]


def test_all_mistakes_of_all_files_are_told_in_one_run() -> None:
    profiles = {
        "p": "session: {turn_detektion: null, modalities: [video]}\nextends: nowhere",
        "q": "session: {input_audio_format: pcm}\nvars: {a: {$foo: 1}}",
        "r": "a: [",
    }
    environments = {"e": "provider: {kind: opnai}\nmint: {burst: 0}", "f": "sink: []"}
    assert sorted(codes(compiled(profiles, environments).errors)) == [
        "bad-setting",
        "bad-value",
        "bad-value",
        "bad-yaml",
        "unknown-directive",
        "unknown-key",
        "unknown-key",
        "unknown-profile",
    ]


def test_values_are_checked_though_the_provider_is_wrong() -> None:
    text = "session: {input_audio_format: pcm}"
    for order in (EVERYTHING, Order(api="client_secrets")):
        compilation = compiled({"p": text}, {"e": "provider: {kind: opnai}"}, order)
        assert codes(compilation.errors) == ["bad-value", "bad-value"]
        assert compilation.bodies == {}


def test_an_environment_without_profiles_by_mistake_is_told_so_and_not_item_by_item() -> None:
    overlay = "overlay: [{vars: {b: 1}}, {where: {names: [p]}, vars: {b: 1}}]"
    for profiles, expected in {
        "[clinik]": ["unused-pattern"],
        "[base]": ["unused-pattern"],
        "[clinik, '!p']": ["unused-pattern"],
        "['!p']": ["unused-selector"] * 2,
        "[]": ["unused-selector"] * 2,
    }.items():
        environments = {"e": f"{LOCAL['local']}profiles: {profiles}\n{overlay}"}
        found = compiled({"p": f"extends: base\n{MODEL}", "base": "abstract: true"}, environments)
        assert codes(found.problems) == expected


def test_selectors_and_patterns_that_select_nothing_are_warnings() -> None:
    environments = {
        "e": f"{LOCAL['local']}profiles: [p, q-*, clinik, '!x*']\n"
        "overlay: [{where: {labels: {tier: gold}}, vars: {a: 1}}, {vars: {b: 1}}]"
    }
    compilation = compiled({"p": MODEL, "clinic": MODEL}, environments)
    assert told(compilation.problems) == [
        "unused-pattern environments/e.yaml:2:15 `q-*` matches no profile",
        "unused-pattern environments/e.yaml:2:20 `clinik` matches no profile",
        "unused-pattern environments/e.yaml:2:28 `!x*` matches no profile",
        "unused-selector environments/e.yaml:3:29 this overlay item selects no profile",
    ]
    assert not compilation.errors
    part = compiled({"p": MODEL}, environments, Order(profiles=("p",)))
    assert codes(part.problems) == []


def test_blocks_for_environments_that_there_are_not_are_errors() -> None:
    compilation = compiled({"p": f"{MODEL}environments: {{locl: {{}}, local: {{}}}}"})
    problem = only(compilation, "unknown-environment")
    assert (problem.message, problem.hint) == (
        "there is no environment `locl`",
        "did you mean `local`?",
    )


# ── abstract ─────────────────────────────────────────────────────────────────────────────────────


def test_an_abstract_profile_has_no_body_and_its_heirs_do() -> None:
    profiles = {"base": f"abstract: true\n{MODEL}", "p": "extends: base"}
    assert list(compiled(profiles).bodies) == [("p", "local")]


# ── three states, and places ─────────────────────────────────────────────────────────────────────


def test_null_reaches_both_bodies_through_all_layers() -> None:
    profiles = layers(
        "session: {turn_detection: {type: server_vad}, input_audio_noise_reduction: {}}",
        f"{MODEL[:-2]}, turn_detection: null, input_audio_noise_reduction: null}}",
        "vars: {x: 1}\nenvironments: {flat: {vars: {y: 1}}}",
    )
    environments = {
        "flat": f"{LOCAL['local']}vars: {{z: 1}}\noverlay: [{{expires_after: {{seconds: 60}}}}]",
        "nested": f"extends: flat\n{NESTED}",
    }
    compilation = compiled(profiles, environments)
    assert compilation.bodies["p", "flat"].body["turn_detection"] is None
    inner = compilation.bodies["p", "nested"].body["session"]["audio"]["input"]
    assert inner["turn_detection"] is inner["noise_reduction"] is None


def test_where_a_value_was_set() -> None:
    profiles = layers(
        "session:\n  input_audio_transcription:\n    model: whisper-1\n    language: no\n",
        "session:\n  input_audio_transcription: {model: gpt-transcribe}\n\n"
        "  include:\n  - item.input_audio_transcription.logprobs\n"
        "expires_after: {seconds: 60}\nvars: {a: {b: 1}}",
    )
    body = body_of(compiled(profiles))
    assert {
        path: str(body.origin(path))
        for path in (
            "input_audio_transcription.model",
            "session.input_audio_transcription.language",
            "input_audio_transcription",
            "include.0",
            "expires_after.seconds",
            "vars.a.b",
        )
    } == {
        "input_audio_transcription.model": "profiles/p.yaml:2:38",
        "session.input_audio_transcription.language": "profiles/base-1.yaml:4:15",
        "input_audio_transcription": "profiles/p.yaml:2:30",
        "include.0": "profiles/p.yaml:5:5",
        "expires_after.seconds": "profiles/p.yaml:6:26",
        "vars.a.b": "profiles/p.yaml:7:15",
    }
    for path in ("turn_detection", "turn_detection.threshold", "include.1", "nonsense", "vars.c"):
        assert body.origin(path) is None


# ── what a compile leaves behind ─────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("is_on", [True, False])
def test_the_garbage_collector_is_left_as_it_was(is_on: bool) -> None:
    before, frozen = gc.isenabled(), gc.get_freeze_count()
    try:
        (gc.enable if is_on else gc.disable)()
        compiled({"p": MODEL})
        assert gc.isenabled() is is_on
        assert gc.get_freeze_count() == frozen
    finally:
        (gc.enable if before else gc.disable)()


def test_a_source_that_fails_badly_leaves_the_collector_on() -> None:
    class Broken(MemorySource):
        def read(self, path: str, limit: int) -> bytes:
            raise RuntimeError(f"{path}, {limit}")

    with pytest.raises(RuntimeError):
        compile_project(Broken({}))
    assert gc.isenabled()


def test_a_compilation_cannot_be_changed() -> None:
    compilation = compiled({"p": MODEL})
    with pytest.raises(AttributeError):
        compilation.bodies = {}  # type: ignore[misc]  # what must not be done
    with pytest.raises(TypeError):
        compilation.bodies["p", "x"] = None  # type: ignore[index]  # what must not be done


# ── laws ─────────────────────────────────────────────────────────────────────────────────────────


@st.composite
def projects(draw: st.DrawFn) -> tuple[dict[str, Content], dict[str, Content]]:
    """Profiles and environments with sound sessions in all kinds of layer."""

    def part(**rest: Any) -> dict[str, Any]:
        lifetime = draw(LIFETIMES)
        own = {"session": draw(SESSIONS)} if draw(st.booleans()) else {}
        return {**rest, **own, **({"expires_after": lifetime} if lifetime else {})}

    profiles = {
        "base": part(abstract=True),
        "p": part(extends="base", environments={"far": part()}),
        "q": part(extends=["base"]),
    }
    environments = {
        "local": {"provider": {"kind": "emulator"}, "overlay": [part(), part()]},
        "far": part(extends="local"),
    }
    return (
        {name: draw(as_yaml(content)) for name, content in profiles.items()},
        {name: draw(as_yaml(content)) for name, content in environments.items()},
    )


def leaf_paths(value: Any, at: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    if isinstance(value, Mapping) and value:
        for key, inner in value.items():
            yield from leaf_paths(inner, (*at, key))
    elif isinstance(value, list) and value:
        for index, inner in enumerate(value):
            yield from leaf_paths(inner, (*at, str(index)))
    else:
        yield at, value


def text_at(source: Mapping[str, str], at: Any) -> str:
    lines = source[at.file].split("\n")
    start = sum(len(line) + 1 for line in lines[: at.line - 1]) + at.column - 1
    return source[at.file][start : start + at.length]


@law(60)
@given(projects())
def test_each_value_of_each_body_stands_where_it_says(given_project: Any) -> None:
    profiles, environments = given_project
    compilation = compiled(profiles, environments)
    source = compilation.texts
    for body in compilation.bodies.values():
        request = {"session": body.session, "expires_after": body.expires_after or {}}
        for path, value in leaf_paths(request):
            at = body.origin(".".join(path))
            if at is None or value in ({}, []) or is_template(value):
                continue
            root = read_document("x", f"k: {text_at(source, at)}\n".encode()).root
            assert root is not None
            assert plain(root) == {"k": value}


def is_template(value: Any) -> bool:
    return isinstance(value, str) and any(sign in value for sign in ("{{", "{%", "{#"))


@law(40)
@given(projects())
def test_compiling_one_profile_gives_what_compiling_all_gives(given_project: Any) -> None:
    profiles, environments = given_project
    everything = compiled(profiles, environments)
    for name in ("p", "q"):
        for environment in ("local", "far"):
            order = Order(profiles=(name,), environments=(environment,))
            alone = compiled(profiles, environments, order)
            body = (name, environment)
            assert written(alone, body) == written(everything, body)


# ── whatever stands in the files ─────────────────────────────────────────────────────────────────

WHOLE: dict[str, str] = {
    "voxmint.yaml": "version: 1\nprofiles: profiles\n",
    "profiles/base.yaml": (
        "abstract: true\nlabels: {tier: silver, n: 3}\nvars: {a: x, b: '{{ vars.a }}', l: [1, 2]}\n"
        "session:\n  input_audio_format: pcm16\n  input_audio_transcription:\n"
        "    model: gpt-4o-transcribe\n    prompt: |\n      Base of {{ profile.name }}.\n"
        "  turn_detection: {type: server_vad, threshold: 0.5}\n"
    ),
    "profiles/mixin.yaml": "abstract: true\nextends: base\nvars: {l: {$append: [3]}}\n",
    "profiles/p.yaml": (
        "extends: [base, mixin]\ndescription: D\nlabels: {tier: {$unset: true}}\n"
        "session:\n  input_audio_transcription:\n    prompt: '{{ super() }} {{ vars.b | upper }}'\n"
        "    language: no\n  turn_detection: {type: semantic_vad, eagerness: low}\n"
        "  include: {$append: [item.input_audio_transcription.logprobs]}\n"
        "expires_after: {seconds: 600}\nenvironments: {far: {session: {turn_detection: null}}}\n"
    ),
    "environments/local.yaml": (
        "provider: {kind: emulator}\nmint: {concurrency: 4}\nprofiles: ['*', '!x*']\n"
        "overlay:\n- where: {labels: {n: 3}, names: p}\n  session: {modalities: [text]}\n"
        "sinks: [{kind: dotenv, path: .env}]\n"
    ),
    "environments/far.yaml": "extends: local\nprovider: {api: client_secrets, key: {env: X}}\n",
}
PIECES = st.sampled_from(
    [
        *(
            "{",
            "}",
            "[",
            "]",
            ": ",
            "- ",
            "\n",
            "  ",
            "\t",
            "'",
            '"',
            "|",
            "&a ",
            "*a",
            "#",
            "!!x ",
            "? ",
        ),
        *("null", "true", "1", ".nan", "''", "{}", "[]", "x", "$unset: true", "$append: [1]"),
        *("$replace: ", "$remove: []", "$foo: 1", "{{ vars.b }}", "{{ super() }}", "{{ 1/0 }}"),
        *("{% for a in vars.l %}", "extends: p", "extends: base", "type: ", "session: ", "vars: "),
        *(
            "labels: ",
            "model: gpt-realtime-whisper",
            "abstract: true",
            "environments: ",
            "overlay: ",
        ),
        *("\r", "\0", "\u2028", "é", "\ud7ff", "<<: *a", "---\n", "prompt:", "keywords: [a, <b>]"),
    ]
)


@st.composite
def mutated(draw: st.DrawFn) -> dict[str, Content]:
    """The project above, with parts cut out, put in, doubled, moved and taken from elsewhere."""
    files: dict[str, str] = dict(WHOLE)
    for _ in range(draw(st.integers(1, 4))):
        name = draw(st.sampled_from(sorted(files)))
        text = files[name]
        start = draw(st.integers(0, len(text)))
        end = min(len(text), start + draw(st.sampled_from([0, 0, 1, 2, 5, 20, 80])))
        other = files[draw(st.sampled_from(sorted(files)))]
        stolen = other[draw(st.integers(0, len(other))) :][:40]
        put = draw(PIECES | st.just("") | st.just(stolen) | st.just(text[start:end] * 2))
        files[name] = text[:start] + put + text[end:]
    gone = draw(st.sampled_from([None, None, None, *sorted(files)]))
    return {name: text for name, text in files.items() if name != gone}


def check_that_it_compiles_or_tells(files: Mapping[str, Content]) -> None:
    compilation = compile_project(MemorySource(files))
    assert_told(compilation, files)
    for body in compilation.bodies.values():
        json.dumps(body.body, allow_nan=False).encode()
        assert '"$' not in json.dumps(body.body)
    for attempted in compilation.attempted:
        order = Order(profiles=attempted[:1], environments=attempted[1:])
        alone = compile_project(MemorySource(files), order)
        assert written(alone, attempted) == written(compilation, attempted)


def written(compilation: Compilation, name: tuple[str, str]) -> str:
    body = compilation.bodies.get(name)
    return "" if body is None else json.dumps(body.body)


def assert_told(compilation: Compilation, files: Mapping[str, Content]) -> None:
    assert compilation.bodies or compilation.problems or not compilation.attempted
    for problem in compilation.problems:
        assert problem.message.encode()
        assert problem.hint is None or problem.hint.encode()
        for at in (problem.at, *(one.at for one in problem.related)):
            assert at is not None
            content = files.get(at.file, "")
            lines = str(content).removeprefix("\ufeff").split("\n")
            assert 1 <= at.line <= len(lines)
            assert 1 <= at.column <= len(lines[at.line - 1]) + 1


@law(150)
@given(mutated())
def test_compiling_a_mutated_project_gives_bodies_or_says_what_is_wrong(
    files: dict[str, Content],
) -> None:
    check_that_it_compiles_or_tells(files)


@pytest.mark.slow
@settings(max_examples=10_000, deadline=None)
@given(mutated())
def test_compiling_mutated_projects_at_length(files: dict[str, Content]) -> None:
    check_that_it_compiles_or_tells(files)


def test_the_project_that_is_mutated_is_sound() -> None:
    compilation = compile_project(MemorySource(WHOLE))
    assert codes(compilation.errors) == ["bad-setting"]
    sound = {**WHOLE, "environments/far.yaml": "extends: local\nprovider: {api: client_secrets}"}
    compilation = compile_project(MemorySource(sound))
    assert compilation.errors == ()
    assert compilation.bodies["p", "local"].session["input_audio_transcription"]["prompt"] == (
        "Base of p.\n X"
    )
    assert session({"p": MODEL}) == {"input_audio_transcription": {"model": "gpt-transcribe"}}
