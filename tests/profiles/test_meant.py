"""What a hint says to write instead of a value of the wrong type, or to do with a misplaced key."""

import pytest

from tests.sources import compiled, project
from voxmint.profiles.meant import spaced
from voxmint.profiles.pipeline import compile_project

SAID = "session: {input_audio_transcription: {model: gpt-transcribe, %s}}"
DETECTED = "session: {input_audio_transcription: {model: gpt-transcribe}, turn_detection: {%s}}"
IN_BASE = 'vars: {n: 3}\nsession: {input_audio_transcription: {prompt: "{{ vars.n }}"}}'


def hints(profile: str = "{}", environment: str = "provider: {kind: emulator}") -> list[str | None]:
    problems = compiled({"p": profile}, {"e": environment}).problems
    return [one.hint for one in problems if one.is_error]


@pytest.mark.parametrize(
    ("written", "hint"),
    [
        ("threshold: '0.5'", "write it without quotes: 0.5"),
        ("threshold: ' 0.5 '", "write it without quotes: 0.5"),
        ("threshold: '0,5'", "write 0.5"),
        ("threshold: half", None),
        ("silence_duration_ms: 1_000", "write 1000"),
        ("silence_duration_ms: 300ms", "write 300"),
        ("silence_duration_ms: 300 ms", "write 300"),
        ("silence_duration_ms: 0.5s", "write 500"),
        ("silence_duration_ms: 2 s", "write 2000"),
        ("silence_duration_ms: 300.0", "write 300"),
        ("silence_duration_ms: 300px", None),
        ("silence_duration_ms: 1:30", None),
        ("silence_duration_ms: 2024-01-01", None),
        ("create_response: yes", "write `true`: in YAML 1.2 only true and false are"),
        ("create_response: OFF", "write `false`: in YAML 1.2 only true and false are"),
        ("create_response: 1", "write `true`: in YAML 1.2 only true and false are"),
        ("create_response: 2", None),
        ("create_response: 'true'", "write it without quotes: true"),
    ],
)
def test_a_scalar_of_the_wrong_type(written: str, hint: str | None) -> None:
    assert hints(DETECTED % f"type: server_vad, {written}") == [hint]


NORWEGIAN = "write `no` if Norwegian is meant: YAML 1.1 reads that as false"


@pytest.mark.parametrize(
    ("written", "hint"),
    [
        ("language: false", NORWEGIAN),
        ("languages: [en, False]", NORWEGIAN),
        ("language: true", 'write it in quotes: "true"'),
        ("prompt: false", 'write it in quotes: "false"'),
        ("keywords: [false]", 'write it in quotes: "false"'),
    ],
)
def test_a_language_that_another_yaml_read_as_false(written: str, hint: str) -> None:
    assert hints(SAID % written) == [hint]


@pytest.mark.parametrize(
    ("written", "hint"),
    [
        ("turn_detection: server_vad", "write a map: `{type: server_vad}`"),
        ("turn_detection: semantic-vad", "write a map: `{type: semantic_vad}`"),
        ("turn_detection: None", "write `null` to turn it off"),
        ("turn_detection: Off", "write `null` to turn it off"),
        ("turn_detection: NaN", None),
        ("input_audio_transcription: our-model", "write a map: `{model: our-model}`"),
    ],
)
def test_a_text_where_a_map_belongs(written: str, hint: str | None) -> None:
    assert hints(f"session: {{{written}}}") == [hint]


@pytest.mark.parametrize(
    ("written", "quoted"),
    [
        ("1e3", '"1e3"'),
        ("010", '"010"'),
        ("0o17", '"0o17"'),
        ("1.50", '"1.50"'),
        ("true", '"true"'),
    ],
)
def test_quotes_stand_round_what_is_written_not_round_the_number(written: str, quoted: str) -> None:
    hint = f"write it in quotes: {quoted}"
    assert hints(SAID % f"prompt: {written}") == [hint]
    assert hints(f"description: {written}") == [hint]
    assert hints(SAID % f"languages: [{written}]") == [hint]
    assert hints(environment=f"provider: {{kind: emulator, organization: {written}}}") == [hint]


def test_what_a_template_gives_is_not_to_be_quoted() -> None:
    text = IN_BASE.replace("{prompt", "{model: gpt-transcribe, prompt")
    assert hints(text) == [None]


@pytest.mark.parametrize(
    ("environment", "hint"),
    [
        ("provider: emulator", "write a map: `{kind: emulator}`"),
        ("provider: {kind: openai, key: CLINIC_KEY}", "write a map: `{env: CLINIC_KEY}`"),
        ("provider: {kind: openai, key: [pass, x]}", 'write a map: `{command: ["pass", "x"]}`'),
        ("provider: {kind: openai, key: {environment: X}}", "did you mean `env`?"),
        ("provider: {knd: emulator}", "did you mean `kind`?"),
        ("provdier: {kind: emulator}", "did you mean `provider`?"),
        ("mint: {timeout: 2m}\nprovider: {kind: emulator}", "write 120"),
        ("mint: {burst: '3'}\nprovider: {kind: emulator}", "write it without quotes: 3"),
        ("provider:", "write `provider: {kind: emulator}`, or delete the line"),
        (
            "overlay: [{where: {labels: {tier: }}, vars: {}}]\nprovider: {kind: emulator}",
            "give `labels.tier` a value, or delete the line",
        ),
        ("mint:\nprovider: {kind: emulator}", "write `mint: {}`, or delete the line"),
        ("overlay:\nprovider: {kind: emulator}", "write `overlay: []`, or delete the line"),
        ("profiles:\nprovider: {kind: emulator}", "give `profiles` a value, or delete the line"),
        (
            "overlay: {session: {}}\nprovider: {kind: emulator}",
            "write `- ` before the first key of each item",
        ),
        ("labels: {}\nprovider: {kind: emulator}", "it belongs in a profile's file"),
        (
            "overlay: [{labels: {a: b}}]\nprovider: {kind: emulator}",
            "it belongs below `where`",
        ),
        ("overlay: [{where: x}]\nprovider: {kind: emulator}", "write a map: `{names: x}`"),
    ],
)
def test_settings(environment: str, hint: str) -> None:
    """One hint each: a key that is missing because it is misspelt is not said to be missing."""
    assert hints(environment=environment) == [hint]


@pytest.mark.parametrize(
    ("profile", "hint"),
    [
        ("turn_detection: null", "it belongs below `session`"),
        ("model: x", "it belongs below `session.input_audio_transcription`"),
        ("overlay: []", "it belongs in an environment's file"),
        ("environments: {e: {sinks: []}}", "it belongs in an environment's file"),
        ("labels: {tier: }", "give `labels.tier` a value, or delete the line"),
        ("session: {vars: {}}", "it belongs beside `session`, not below it"),
        ("session: {threshold: 1}", "it belongs below `turn_detection`"),
        (
            "session: {type: server_vad}",
            "it belongs below `input_audio_noise_reduction` or `turn_detection`",
        ),
        (
            "session: {audio: {input: {}}}",
            "it belongs in the body of client_secrets, which `voxmint import` turns into a profile",
        ),
        ("expires_after: 60", "write a map: `{seconds: 60}`"),
        ("environments: {e: {model: x}}", "it belongs below `session.input_audio_transcription`"),
    ],
)
def test_a_key_at_the_wrong_place(profile: str, hint: str) -> None:
    assert hints(profile) == [hint]


@pytest.mark.parametrize(
    ("key", "whose"),
    [
        ("session", "a profile's or an environment's"),
        ("extends", "a profile's or an environment's"),
        ("labels", "a profile's"),
        ("provider", "an environment's"),
    ],
)
def test_a_key_that_is_not_the_projects(key: str, whose: str) -> None:
    found = compile_project(project({"p": "{}"}, settings=f"version: 1\n{key}: {{}}\n")).errors
    assert [one.hint for one in found] == [f"it belongs in {whose} file"]


@pytest.mark.parametrize("key", ["0123456789abcdef" * 2, "hunter2 hunter2", "ABCDEFGH12345678"])
def test_a_key_without_a_form_of_its_own_is_taken_for_one(key: str) -> None:
    """An Azure key is 32 hexadecimal digits: where a key's source belongs, any text may be one."""
    [problem] = compiled({"p": "{}"}, {"e": f"provider: {{kind: openai, key: {key}}}"}).errors
    assert problem.code == "literal-key"
    assert key[:6] not in f"{problem.message} {problem.hint}"


@pytest.mark.parametrize(
    ("profile", "written"),
    [
        ("session: {turn_detection: {type:server_vad}}", "type: server_vad"),
        ("session: {input_audio_transcription: model:gpt-transcribe}", "model: gpt-transcribe"),
        ("session:\n  input_audio_transcription:\n    model:a\n    language:b", "model: a"),
        ("labels: {tier:gold}", "tier: gold"),
        ("expires_after:\n  seconds:60", "seconds: 60"),
        ("abstract:true", "abstract: true"),
        ("session: {speech: 'a::b'}", None),
    ],
)
def test_a_colon_without_its_blank(profile: str, written: str | None) -> None:
    said = f"put a blank after the colon: `{written}`"
    found = hints(profile)
    assert (said in found) is (written is not None)


def test_a_colon_without_its_blank_in_an_environment() -> None:
    assert hints("{}", "provider: {kind:emulator}") == [
        "put a blank after the colon: `kind: emulator`"
    ]


@pytest.mark.parametrize("text", ["http://x", "C:\\x", "a::b", "1:30", "a: b", "a:", ":a", "a b:c"])
def test_other_colons_mean_nothing(text: str) -> None:
    assert spaced(text) == {}


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("extends:a\nlabels: {}\n", 1),
        ("session:\n  a:b\n  c: d\n", 2),
        ("labels: {}\nextends:a\n", 2),
        ("labels: {a:, b: c}\n", 1),
        ("labels: {}\nvars: a: b\n", None),
        ("extends:\n- a\n-b\n", None),
        ("labels: {}\n  vars: a\n", None),
    ],
)
def test_a_line_without_its_blank_is_named(text: str, line: int | None) -> None:
    [hint] = hints(text)
    assert (hint == f"put a blank after the colon in line {line}") is (line is not None)


@pytest.mark.parametrize(
    ("written", "hint"),
    [
        ("expires_after: 60", "write a map: `{seconds: 60}`"),
        ("expires_after: 60.0", "write a map: `{seconds: 60}`"),
        ("expires_after: '5 m'", "write a map: `{seconds: 300}`"),
        ("expires_after: soon", None),
        ("expires_after: '{{ vars.x }}'", 'write a map: `{seconds: "{{ vars.x }}"}`'),
        ("provider: azure", "write a map: `{kind: azure}`"),
        ("provider: 5", None),
        ("provider: '{{ vars.x }}'", None),
        ("overlay: [{where: clinic}]", "write a map: `{names: clinic}`"),
        ("overlay: [{where: '*-test'}]", 'write a map: `{names: "*-test"}`'),
        ("overlay: [{where: '5'}]", 'write a map: `{names: "5"}`'),
        ("overlay: [{where: ''}]", 'write a map: `{names: ""}`'),
        ("overlay: {}", "write `overlay: []`, or delete the line"),
        ("overlay: {session: {}}", "write `- ` before the first key of each item"),
        ("overlay: null", "write `overlay: []`, or delete the line"),
        ("overlay: [null]", None),
        ("profiles: null", "give `profiles` a value, or delete the line"),
        ("profiles: {$append: [a]}", "`$append` does not work here: write the value itself"),
    ],
)
def test_what_to_write_in_an_environment(written: str, hint: str | None) -> None:
    given = (
        written if written.startswith("provider") else f"provider: {{kind: emulator}}\n{written}"
    )
    assert hints("{}", given) == [hint]


@pytest.mark.parametrize("version", ["'1'", "one", "null", "[1]"])
def test_which_version_to_write(version: str) -> None:
    problems = compile_project(project({"p": "{}"}, settings=f"version: {version}\n")).problems
    assert [one.hint for one in problems if one.is_error] == ["write 1"]
