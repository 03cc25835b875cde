"""`--set PATH=VALUE`."""

from typing import Any

import pytest
from hypothesis import given, strategies as st

from tests.profiles.laws import law
from tests.sources import codes
from voxmint.origin import Origin
from voxmint.profiles.nodes import plain
from voxmint.profiles.overrides import parse_overrides
from voxmint.profiles.reader import MAX_DEPTH


def tree(given_text: str) -> Any:
    [override], problems = parse_overrides((given_text,))
    assert problems == ()
    return plain(override.layer.tree)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("no", "no"),
        ("null", None),
        ("~", None),
        ("true", True),
        ("010", 10),
        ("0.5", 0.5),
        ("1:30", "1:30"),
        ("'null'", "null"),
        ('"1"', "1"),
        (r'"a\nb"', "a\nb"),
        ("'it''s'", "it's"),
        ("'", "'"),
        ("'a", "'a"),
        ("'a' and 'b'", "'a' and 'b'"),
        ("a=b=c", "a=b=c"),
        (" a ", " a "),
        ("[1, 2]", "[1, 2]"),
        ("{a: 1}", "{a: 1}"),
        ("{{ vars.x }}", "{{ vars.x }}"),
        ("# no comment", "# no comment"),
        ("!!str 1", "!!str 1"),
        ("a: b", "a: b"),
        ("line\nline", "line\nline"),
    ],
)
def test_the_value_is_a_scalar_of_yaml_1_2(value: str, expected: object) -> None:
    found = tree(f"vars.x={value}")["vars"]["x"]
    assert (type(found), found) == (type(expected), expected)


def test_the_path_is_counted_from_the_profiles_root() -> None:
    assert tree("session.turn_detection.type=server_vad") == {
        "session": {"turn_detection": {"type": "server_vad"}}
    }
    assert tree("expires_after.seconds=60") == {"expires_after": {"seconds": 60}}
    assert tree("vars.any.depth at all.é=1") == {"vars": {"any": {"depth at all": {"é": 1}}}}


def test_each_stands_on_a_line_of_its_own() -> None:
    overrides, problems = parse_overrides(("vars.x=1", "nonsense", "vars.y=.nan", "vars.z=2"))
    assert [str(one.layer) for one in overrides] == ["--set", "--set"]
    assert [(one.code, one.at) for one in problems] == [
        ("bad-override", Origin("--set", 2, 1, 8)),
        ("bad-number", Origin("--set", 3, 8, 4)),
    ]


@pytest.mark.parametrize(
    "text",
    [
        *("", "x", "session", "session=1", "=1", "vars.=1", ".x=1", "vars..x=1", "labels.x=1"),
        *(
            "abstract=true",
            "Session.include=1",
            "vars.$foo=1",
            "vars.a.$append=1",
            "session.$unset=true",
        ),
        *("vars.x=\udcff", "vars.\udcff=1", f"vars.{'.'.join('a' * 5000)}=1"),
    ],
)
def test_what_is_no_path_and_value_is_refused(text: str) -> None:
    overrides, [problem] = parse_overrides((text,))
    assert overrides == ()
    assert problem.code == "bad-override"
    assert problem.message.encode()


def test_the_depth_of_a_path_is_bounded() -> None:
    path = ".".join(["vars", *["a"] * (MAX_DEPTH - 1)])
    assert tree(f"{path}=1")
    assert codes(parse_overrides((f"{path}.a=1",))[1]) == ["bad-override"]


@pytest.mark.parametrize(
    ("path", "key", "near"),
    [
        ("session.turn_detektion", "turn_detektion", "turn_detection"),
        ("session.turn_detection.treshold", "treshold", "threshold"),
        ("expires_after.second", "second", "seconds"),
        ("session.include.0", "0", None),
        ("session.input_audio_format.x", "x", None),
    ],
)
def test_a_path_that_leads_to_no_field_gets_its_near_miss(
    path: str, key: str, near: str | None
) -> None:
    overrides, [problem] = parse_overrides((f"{path}=1",))
    assert overrides == ()
    assert problem.code == "unknown-key"
    assert problem.facts["key"] == key
    assert problem.facts.get("nearest") == near
    assert problem.at == Origin("--set", 1, 1, len(path))


@pytest.mark.parametrize(
    ("text", "message", "hint"),
    [
        (
            "vars.x=",
            "has no value in `vars.x=`",
            "write `--set vars.x=null` for null, or `--set 'vars.x=\"\"'` for an empty text",
        ),
        (
            "session.include=[a]",
            "gives one text, number, true, false or null, and `session.include` takes a list",
            (
                "write the list of `session.include` in a file: "
                "in the environment, or in the profile's block for it"
            ),
        ),
        (
            "session.turn_detection=off",
            "gives one text, number, true, false or null, and `session.turn_detection` takes a map",
            "write `--set session.turn_detection=null` to turn it off",
        ),
        (
            "session.turn_detection={}",
            "gives one text, number, true, false or null, and `session.turn_detection` takes a map",
            "give its fields one by one, as in `--set session.turn_detection.type=server_vad`",
        ),
        (
            "session.input_audio_transcription=gpt-transcribe",
            (
                "gives one text, number, true, false or null, "
                "and `session.input_audio_transcription` takes a map"
            ),
            (
                "give its fields one by one, "
                "as in `--set session.input_audio_transcription.model=gpt-transcribe`"
            ),
        ),
    ],
)
def test_a_value_that_cannot_be_given_is_refused_with_what_can(
    text: str, message: str, hint: str
) -> None:
    overrides, [problem] = parse_overrides((text,))
    assert overrides == ()
    assert (problem.message, problem.hint) == (f"`--set` {message}", hint)


@pytest.mark.parametrize("value", ["null", "~", "{{ vars.words }}"])
def test_null_and_templates_go_where_a_list_or_a_map_belongs(value: str) -> None:
    for field in ("include", "turn_detection"):
        assert tree(f"session.{field}={value}")


@law(200)
@given(
    st.lists(
        st.text(st.characters(), max_size=20) | st.text("vars.$=x'\"", max_size=12), max_size=3
    )
)
def test_whatever_is_given_is_taken_or_told(texts: list[str]) -> None:
    overrides, problems = parse_overrides(tuple(texts))
    taken = {override.text for override in overrides}
    told_lines = {problem.at.line for problem in problems if problem.at}
    assert all((text in taken) or (line in told_lines) for line, text in enumerate(texts, start=1))
    for override in overrides:
        repr(plain(override.layer.tree)).encode()


def test_an_empty_value_is_asked_for_in_writing() -> None:
    _, problems = parse_overrides(("session.turn_detection=",))
    assert [problem.code for problem in problems] == ["bad-override"]


def test_a_key_is_no_value() -> None:
    _, problems = parse_overrides(("vars.x=sk-0123456789abcdef",))
    assert [problem.code for problem in problems] == ["literal-key"]
    assert "sk-" not in problems[0].message
