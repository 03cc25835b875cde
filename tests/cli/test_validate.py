"""What `validate` says, in each of its forms."""

import json
from pathlib import Path
from typing import Any

import pytest
from syrupy.assertion import SnapshotAssertion

from tests.cli.running import Encoded, Terminal, ran, write
from voxmint import __version__


def test_nothing_wrong(sound: Path, snapshot: SnapshotAssertion) -> None:
    assert str(ran(sound, "validate")) == snapshot


def test_quiet_says_nothing_when_nothing_is_wrong(sound: Path) -> None:
    assert ran(sound, "-q", "validate") == (0, "", "")
    assert ran(sound, "validate", "-q") == (0, "", "")


@pytest.mark.parametrize("output", ["text", "json", "sarif", "github"])
def test_each_form(broken: Path, output: str, snapshot: SnapshotAssertion) -> None:
    found = str(ran(broken, "validate", "-o", output))
    assert found.replace(f'"{__version__}"', '"VERSION"') == snapshot


def test_notes_and_names_with_v(broken: Path, snapshot: SnapshotAssertion) -> None:
    write(
        broken, {"profiles/old.yaml": "session: {input_audio_transcription: {model: whisper-1}}\n"}
    )
    assert str(ran(broken, "validate", "-v", "old", "live")) == snapshot


def test_colours(broken: Path, snapshot: SnapshotAssertion) -> None:
    assert str(ran(broken, "--color", "always", "validate", "clinic")) == snapshot


def test_an_encoding_without_lines(broken: Path, snapshot: SnapshotAssertion) -> None:
    write(broken, {"profiles/clinic.yaml": "extends: base\nsession: {prompt: 語 é, modell: 1}\n"})
    found = ran(broken, "validate", "clinic", stream=lambda: Encoded("ascii"))
    assert str(found) == snapshot


def test_what_is_selected_decides(broken: Path) -> None:
    assert ran(broken, "validate", "call-center/german").code == 0
    assert ran(broken, "validate", "clinic").code == 1
    assert ran(broken, "validate", "*", "!clinic", "!live").code == 0
    assert ran(broken, "validate", "-l", "tier=gold").code == 64
    assert ran(broken, "validate", "live", "--set", "session.turn_detection=null").code == 0


def test_a_broken_base_fails_whoever_needs_it(sound: Path) -> None:
    write(sound, {"profiles/base.yaml": "abstract: true\n  session: {"})
    write(sound, {"profiles/alone.yaml": "session: {input_audio_transcription: {model: m}}\n"})
    assert ran(sound, "validate", "alone").code == 0
    assert ran(sound, "validate", "al*").code == 0
    for selected in (["clinic"], ["cl*"], []):
        found = ran(sound, "validate", *selected)
        assert found.code == 1
        assert "profiles/base.yaml:2:" in found.out


def test_a_file_that_cannot_be_read_counts_for_its_profile(sound: Path) -> None:
    write(sound, {"profiles/torn.yaml": "session: {", "profiles/child.yaml": "extends: torn\n"})
    [summary, more] = ran(sound, "validate").out.splitlines()[-2:]
    assert more.startswith("`voxmint explain ")
    assert summary == "1 error in 2 of 4 profiles (3 bodies compiled)"


def test_what_takes_a_base_down_affects_all_its_heirs(sound: Path) -> None:
    heirs = {f"profiles/p{number}.yaml": "extends: mid\n" for number in range(3)}
    write(sound, {**heirs, "profiles/mid.yaml": "abstract: true\nextends: top\n"})
    bases = {
        "abstract: true\nextends: nobody\n": "unknown-profile",
        "session: {": "bad-yaml",
        "abstract: true\nextends: mid\n": "cycle",
    }
    for text, code in bases.items():
        write(sound, {"profiles/top.yaml": text})
        content: Any = json.loads(ran(sound, "validate", "-o", "json").out)
        [problem] = [one for one in content["problems"] if one["severity"] == "error"]
        assert problem["code"] == code
        assert problem["affects"] == [
            [f"p{number}", name] for number in range(3) for name in ("local", "production")
        ]


def test_what_takes_an_environment_down_affects_all_its_bodies(sound: Path) -> None:
    text = "extends: basis\nprofiles: [clinic]\n"
    write(sound, {"environments/basis.yaml": "provider: {", "environments/staging.yaml": text})
    content: Any = json.loads(ran(sound, "validate", "-o", "json").out)
    [problem] = content["problems"]
    assert (problem["code"], problem["affects"]) == ("bad-yaml", [["clinic", "staging"]])


def test_a_mistake_in_a_sink_affects_the_profiles_of_its_environments(sound: Path) -> None:
    basis = "provider: {kind: emulator}\nsinks: [{kind: dotnev, path: .env}]\n"
    heirs = {f"environments/{name}.yaml": "extends: basis\n" for name in ("staging", "test")}
    write(sound, {**heirs, "environments/basis.yaml": f"abstract: true\n{basis}"})
    content: Any = json.loads(ran(sound, "validate", "-o", "json").out)
    [problem] = content["problems"]
    assert problem["code"] == "sink-unknown"
    names = ("call-center/german", "clinic")
    assert problem["affects"] == [[one, where] for one in names for where in ("staging", "test")]
    content = json.loads(ran(sound, "validate", "clinic", "-e", "test", "-o", "json").out)
    assert content["problems"][0]["affects"] == [["clinic", "test"]]


def test_warnings_fail_only_a_strict_run(sound: Path) -> None:
    write(sound, {"profiles/new.yaml": "extends: base\nsession: {include: {$remove: [x]}}\n"})
    relaxed, strict = ran(sound, "validate"), ran(sound, "validate", "--strict")
    assert (relaxed.code, strict.code) == (0, 1)
    assert relaxed.out == strict.out
    assert "warning[directive-makes-empty-list]" in relaxed.out


def test_of_many_problems_the_first_are_shown_and_the_rest_counted(
    sound: Path, snapshot: SnapshotAssertion
) -> None:
    for number in range(30):
        write(sound, {f"profiles/p{number:02}.yaml": "extends: base\nsession: {x: 1}\n"})
    found = ran(sound, "validate")
    assert found.out.count("error[unknown-key]") == 20
    assert found.out.splitlines()[-4:] == snapshot
    assert ran(sound, "validate", "--all").out.count("error[unknown-key]") == 30


def test_errors_come_before_warnings(broken: Path) -> None:
    severities = [
        line.split("[")[0]
        for line in ran(broken, "validate").out.splitlines()
        if line.startswith(("error[", "warning["))
    ]
    assert severities == sorted(severities)
    assert set(severities) == {"error", "warning"}


def test_the_last_line_says_where_to_read_more(sound: Path) -> None:
    write(sound, {"profiles/a.yaml": "extends: base\nsession: {x: 1}\n"})
    assert ran(sound, "validate").out.endswith("\n`voxmint explain unknown-key` says more\n")
    write(sound, {"profiles/b.yaml": "extends: zzz\n"})
    assert ran(sound, "validate").out.endswith("\n`voxmint explain CODE` says more\n")
    assert "explain" not in ran(sound, "validate", "clinic").out


def test_json_names_every_body_and_both_places(broken: Path) -> None:
    content: Any = json.loads(ran(broken, "validate", "-o", "json").out)
    found = {one["code"]: one for one in content["problems"]}
    clash = found["model-needs-no-turn-detection"]
    assert clash["affects"] == [["live", "local"], ["live", "production"]]
    assert (clash["profile"], clash["environment"]) == ("live", "local")
    assert {clash["at"]["file"], clash["related"][0]["file"]} == {
        "profiles/base.yaml",
        "profiles/live.yaml",
    }


def test_sarif_explains_each_rule(broken: Path) -> None:
    [run] = json.loads(ran(broken, "validate", "-o", "sarif").out)["runs"]
    for rule in run["tool"]["driver"]["rules"]:
        about = rule["fullDescription"]["text"]
        assert rule["help"]["text"].startswith(f"{about}\n\n")
        assert rule["help"]["text"].endswith(f"`voxmint explain {rule['id']}` says more.")
        assert "{" not in rule["shortDescription"]["text"]


def test_places_are_counted_from_the_current_folder(broken: Path) -> None:
    assert "┌ clinic.yaml:3:3" in ran(broken / "profiles", "validate", "clinic").out
    assert "┌ ../profiles/clinic.yaml:3:3" in ran(broken / "environments", "validate").out


def test_github_counts_paths_from_the_repository(broken: Path) -> None:
    (broken.parent / ".git").mkdir()
    assert "file=project/profiles/clinic.yaml," in ran(broken, "validate", "-o", "github").out
    environ = {"GITHUB_WORKSPACE": str(broken)}
    found = ran(broken, "validate", "-o", "github", environ=environ)
    assert "file=profiles/clinic.yaml," in found.out


def test_github_escapes_what_would_end_a_command(sound: Path) -> None:
    write(sound, {"profiles/100%,a:b.yaml": "session: {'%0A::error::x': 1}\n"})
    [line] = [
        line
        for line in ran(sound, "validate", "-o", "github").out.splitlines()
        if "::error" in line
    ]
    assert line.startswith("::error file=profiles/100%25%2Ca%3Ab.yaml,line=1,")
    assert "`%250A::error::x` is not a field" in line


def test_a_key_in_a_file_is_never_shown(sound: Path) -> None:
    key = "sk-" + "proj-Ab1.cdefghijklmnop~qrstuvwxyz"
    text = f"extends: base\nvars: {{a: {key}}} # of {key[:20]}\nsession: {{x: {key}, b: [}}\n"
    write(sound, {"profiles/leak.yaml": text})
    for output in ("text", "json", "sarif", "github"):
        found = ran(sound, "validate", "-v", "-o", output)
        assert found.code == 1
        assert "literal-key" in found.out
        assert not {part for part in ("Ab1", "cdefgh", "qrstu") if part in found.out + found.err}


def test_what_a_file_holds_cannot_steer_a_terminal(sound: Path) -> None:
    write(sound, {"profiles/evil.yaml": 'session: {"\u202ea\x9b31m": 1}\n'})
    for output in ("text", "json", "sarif", "github"):
        found = ran(sound, "validate", "-o", output, stream=Terminal)
        assert not {sign for sign in ("\u202e", "\x9b") if sign in found.out}


def test_set_is_drawn_as_it_was_given(sound: Path, snapshot: SnapshotAssertion) -> None:
    arguments = ("--set", "session.modalities=x", "--set", "session.turn_detection.treshold=1")
    assert str(ran(sound, "validate", *arguments)) == snapshot
    value = "session.input_audio_format=mp3"
    assert str(ran(sound, "validate", "clinic", "-e", "local", "--set", value)) == snapshot


def test_providers_and_sinks_are_looked_at_too(sound: Path) -> None:
    text = "provider: {kind: emulator}\nsinks: [{kind: dotnev, path: .env}]\n"
    write(sound, {"environments/local.yaml": text})
    found = ran(sound, "validate")
    assert found.code == 1
    assert "error[sink-unknown]" in found.out
    assert "environments/local.yaml:2:16" in found.out
