"""What was pasted as a request: its form, what is wrong with it and where."""

import json
from typing import Any

import pytest

from tests.profiles.importing.pasting import URL, curl, read
from tests.sources import codes, told
from voxmint.profiles.importing.request import read_request


def nested(**fields: Any) -> dict[str, Any]:
    """A nested body with these fields of its session's input."""
    return {"session": {"type": "transcription", "audio": {"input": fields}}}


@pytest.mark.parametrize(
    ("text", "form"),
    [
        ('{"input_audio_format": "pcm16"}', "flat"),
        ('{"client_secret": {"expires_at": {"seconds": 60}}}', "flat"),
        ("{}", "flat"),
        ("turn_detection: null", "flat"),
        ('{"session": {}}', "nested"),
        ('{"expires_after": {"seconds": 60}}', "nested"),
        ("session: {include: []}", "nested"),
        ("--- {session: {}}", "nested"),
        (curl({}), "nested"),
        (curl({}, url="https://h.example/v1/realtime/transcription_sessions"), "flat"),
    ],
)
def test_the_form_is_told_by_the_keys(text: str, form: str) -> None:
    imported = read(text)
    assert imported.form is not None
    assert imported.form.name == form


@pytest.mark.parametrize("blank", ["", "\ufeff", "\n\n", "  "])
def test_what_stands_around_it_does_not_matter(blank: str) -> None:
    body = nested(turn_detection=None)
    for text in (json.dumps(body), curl(body)):
        imported = read(f"{blank}{text}\n\n")
        assert imported.request is not None
        assert imported.request.session == {"turn_detection": None}


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"\xff\xfe{\x00}\x00", "UTF-16"),
        ('{"a": 1}'.encode("utf-32"), "UTF-16 or UTF-32"),
        (b'{"a": "\xe9"}', "the byte 0xe9"),
    ],
)
def test_what_is_not_utf8(data: bytes, message: str) -> None:
    imported = read_request("f", data)
    assert imported.request is None
    [problem] = imported.problems
    assert problem.code == "not-utf8"
    assert message in problem.message


# ── what is wrong, and where ─────────────────────────────────────────────────────────────────────


def marked(text: str) -> list[str]:
    """What is wrong: the code, and what stands at its place."""
    lines = text.split("\n")
    found: list[str] = []
    for problem in read(text).problems:
        at = problem.at
        assert at is not None
        line = lines[at.line - 1]
        found.append(f"{problem.code} {line[at.column - 1 : at.column - 1 + at.length]}")
    return found


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (nested(format="pcm16"), ['wrong-type "pcm16"']),
        (nested(format={"type": "pcm"}), ['bad-value "pcm"']),
        (nested(format={"type": ["audio/pcm"]}), ['wrong-type ["audio/pcm"]']),
        (nested(format={"type": "audio/pcm", "rate": 16000}), ["bad-value 16000"]),
        (nested(format={"type": "audio/pcmu", "rate": 8000}), ['unknown-key "rate"']),
        (nested(format={"rate": 24000}), ['missing-key {"rate": 24000}']),
        (nested(format={"type": "audio/pcmu", "x": 1}), ['unknown-key "x"']),
        (nested(turn_detection={"type": "server_vad", "treshold": 1}), ['unknown-key "treshold"']),
        (nested(turn_detection={"threshold": 0.5}), ['turn-detection-needs-type "turn_detection"']),
        (nested(turn_detections=None), ['unknown-key "turn_detections"']),
        ({"session": []}, ["wrong-type []"]),
        ({"session": {"audio": "x"}}, ['wrong-type "x"']),
        ({"session": {"type": "realtime"}}, ['bad-value "realtime"']),
        ({"session": {"type": None}}, ["bad-value null"]),
        ({"session": {"type": {}}}, ["wrong-type {}"]),
        ({"session": {"model": "m"}}, ['unknown-key "model"']),
        ({"expires_after": 60}, ["wrong-type 60"]),
        ({"expires_after": {"seconds": 5}}, ["out-of-range 5"]),
        ({"expires_after": {"anchor": "x"}}, ['bad-value "x"']),
        ({"client_secret": {"expires_at": 60}}, ["wrong-type 60"]),
        ({"client_secret": {"expires_at": {"seconds": 5}}}, ["out-of-range 5"]),
        ({"client_secret": {"expires_in": 60}}, ['unknown-key "expires_in"']),
        ({"client_secret": None}, ["null-not-taken null"]),
        (nested(format=None), ["null-not-taken null"]),
        ({"session": {"audio": None}}, ["null-not-taken null"]),
        ({"expires_after": None}, ["null-not-taken null"]),
        # Being empty it says nothing, and hides nothing either.
        (
            {
                "client_secret": {},
                "input_audio_transcription": {"model": "gpt-transcribe", "language": "jp"},
            },
            ['bad-language "jp"'],
        ),
        ({"turn_detection": {"type": "server_vad"}, "x": 1}, ['unknown-key "x"']),
        (
            {"input_audio_format": {"type": "audio/pcm"}, "turn_detections": None},
            ['wrong-type {"type": "audio/pcm"}', 'unknown-key "turn_detections"'],
        ),
        (
            {"session": {"input_audio_format": "pcm16"}, "turn_detection": None},
            ['mixed-body "input_audio_format"', 'mixed-body "turn_detection"'],
        ),
    ],
    ids=str,
)
def test_each_problem_stands_at_its_place(body: Any, expected: list[str]) -> None:
    text = json.dumps(body)
    found = [one for one in marked(text) if not one.startswith("no-transcription")]
    assert len(found) == len(expected)
    assert all(one.startswith(start) for one, start in zip(found, expected, strict=True)), found


@pytest.mark.parametrize(
    ("body", "hint"),
    [
        (nested(format="pcm16"), "write a map: `{type: audio/pcm}`"),
        (nested(format="audio/pcmu"), "write a map: `{type: audio/pcmu}`"),
        ({"expires_after": 60}, "write a map: `{seconds: 60}`"),
        ({"client_secret": {"expires_at": 60}}, "write a map: `{seconds: 60}`"),
        ({"session": {"transcription": {}}}, "it belongs below `session.audio.input`"),
        ({"session": {"language": "en"}}, "it belongs below `session.audio.input.transcription`"),
        ({"include": [], "language": "en"}, "it belongs below `input_audio_transcription`"),
        ({"session": {"expires_after": {}}}, "it belongs beside `session`, not below it"),
        (nested(turn_detektion={}), "did you mean `turn_detection`?"),
    ],
    ids=str,
)
def test_what_was_meant_is_said(body: Any, hint: str) -> None:
    assert hint in [one.hint for one in read(json.dumps(body)).problems]


@pytest.mark.parametrize(
    "text",
    [
        'import httpx\n\nhttpx.post(URL, headers={"a": "b"}, json={"session": {}})',
        "client.realtime.client_secrets.create(\n  session={'type': 'transcription'},\n)",
        "await fetch(url, {\n  method: 'POST',\n  body: JSON.stringify({session: {}})\n})",
        'POST /v1/realtime/client_secrets HTTP/1.1\nHost: x\n\n{"session": {}}',
        'HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n\r\n{"session": {}}',
    ],
)
def test_a_program_or_what_goes_over_the_wire_is_no_body(text: str) -> None:
    imported = read(f"\n{text}")
    [problem] = imported.problems
    assert (problem.code, str(problem.at)) == ("not-a-body", "<stdin>:2:1")
    assert "but a text" in problem.message


@pytest.mark.parametrize(
    "text",
    [
        "session:\n type: transcription\n  audio: {}",
        "# a body\n\n'session' : {\n",
        "---\nturn_detection: null\n  x: 1",
        "$x: &a [",
        "- a: b: c",
    ],
)
def test_yaml_that_cannot_be_read_is_called_so(text: str) -> None:
    assert codes(read(text).problems) == ["bad-yaml"]


@pytest.mark.parametrize(
    "text",
    [
        '{"expires_after": {"seconds": 1e400}}',
        "expires_after: {seconds: 1e400}",
        '{"session": {"audio": {"input": {"format": {"type": "audio/pcm", "rate": 1e400}}}}}',
        '{"session": {"type": 1e400}}',
        "1e400",
    ],
)
def test_of_a_number_that_cannot_be_read_no_more_is_said(text: str) -> None:
    found = [one for one in marked(text) if not one.startswith("no-transcription")]
    assert found == ["bad-number 1e400"]


def test_all_that_is_wrong_is_said_at_once_and_in_order() -> None:
    text = """{
  "session": {
    "audio": {"input": {"transcription": {"modle": "m"},
                        "turn_detection": {"type": "server_vat"}}},
    "includes": [],
    "tracing": null
  },
  "modalities": ["text"]
}"""
    imported = read(text)
    assert imported.request is None
    assert told(imported.problems) == [
        "unknown-key <stdin>:3:43 `modle` is not a field of input_audio_transcription",
        'bad-value <stdin>:4:52 "server_vat" is not a value of `type`',
        "unknown-key <stdin>:5:5 `includes` is not a field of `session`",
        "unknown-key <stdin>:6:5 `tracing` is not a field of `session`",
        "mixed-body <stdin>:8:3 `modalities` is of the flat form, and this is a nested body",
    ]


def test_what_the_rules_find_is_said_beside_what_has_a_wrong_type() -> None:
    transcription = {"model": "whisper-1", "language": "jp", "prompt": 7, "delay": "low"}
    body = nested(transcription=transcription, turn_detection={"type": "vad"})
    expected = [
        "wrong-type 7",
        'bad-value "vad"',
        'bad-language "jp"',
        'field-not-of-model "delay"',
    ]
    assert set(expected) <= set(marked(json.dumps(body)))
    # What cannot be placed at all hides nothing either.
    body["session"]["audio"]["output"] = {}
    assert {'unknown-key "output"', *expected} <= set(marked(json.dumps(body)))


def test_a_place_in_a_command_is_that_of_what_was_pasted() -> None:
    text = f"""curl {URL} \\
  -d '{{"session": {{"audio": {{"input": {{
    "transcription": {{"model": "gpt-transcribe", "prompt": "it'\\''s"}},
    "turn_detection": {{"type": "server_vad", "threshold": "0.5"}}
  }}}}}}}}'"""
    assert marked(text) == ['wrong-type "0.5"']


def test_a_rule_that_two_places_break_names_both() -> None:
    transcription = {"model": "gpt-transcribe", "language": "en", "languages": ["de"]}
    body = json.dumps({"input_audio_transcription": transcription})
    [problem] = [one for one in read(body).problems if one.code == "language-and-languages"]
    places = [problem.at, *(related.at for related in problem.related)]
    shown = [body[at.column - 1 : at.column - 1 + at.length] for at in places if at]
    assert sorted(shown) == ['"language"', '["de"]']


def test_a_body_with_a_warning_is_imported() -> None:
    body = {"input_audio_transcription": {"model": "our-own"}}
    imported = read(json.dumps(body))
    assert imported.request is not None
    assert codes(imported.problems) == ["unknown-model"]


def test_aliases_are_written_out() -> None:
    text = "turn_detection: &a {type: server_vad}\n"
    imported = read(f"{text}input_audio_noise_reduction: {{type: near_field}}\n")
    assert imported.request is not None
    assert imported.request.session["turn_detection"] == {"type": "server_vad"}


# ── answers ──────────────────────────────────────────────────────────────────────────────────────

FLAT_ANSWER = {
    "id": "sess_1",
    "object": "realtime.transcription_session",
    "expires_at": 1756310470,
    "client_secret": {"value": "ek_0123456789abcdef", "expires_at": 1756310470},
    "input_audio_format": "pcm16",
    "input_audio_transcription": {"model": "gpt-4o-transcribe", "language": None, "prompt": ""},
    "input_audio_noise_reduction": None,
    "turn_detection": None,
    "include": None,
}
NESTED_ANSWER = {
    "value": "ek_0123456789abcdef",
    "expires_at": 1756310470,
    "session": {
        "type": "transcription",
        "object": "realtime.transcription_session",
        "id": "sess_1",
        "expires_at": 0,
        "audio": {
            "input": {
                "format": {"type": "audio/pcm", "rate": 24000},
                "transcription": {"model": "gpt-4o-transcribe", "language": None, "prompt": ""},
                "noise_reduction": None,
                "turn_detection": None,
            }
        },
        "include": None,
    },
}


@pytest.mark.parametrize("answer", [FLAT_ANSWER, NESTED_ANSWER], ids=["flat", "nested"])
def test_an_answer_without_what_only_an_answer_has(answer: Any) -> None:
    imported = read(json.dumps(answer))
    assert imported.request is not None
    assert codes(imported.problems) == ["answer-pasted", "model-ends"]
    assert imported.request.session == {
        "input_audio_format": "pcm16",
        "input_audio_transcription": {"model": "gpt-4o-transcribe", "prompt": ""},
        "input_audio_noise_reduction": None,
        "turn_detection": None,
    }
    assert imported.request.expires_after is None
    assert "0123456789abcdef" not in imported.text


@pytest.mark.parametrize(
    ("text", "left_out"),
    [
        ('{"id": "x", "expires_at": 0, "include": []}', "`id`, `expires_at` are left out"),
        ('{"id": "x", "client_secret": null}', "`id`, `client_secret` are left out"),
        ('{"expires_at": 1756310470, "include": []}', "`expires_at` is left out"),
    ],
)
def test_what_of_an_answer_is_left_out(text: str, left_out: str) -> None:
    text = text.replace("}", ', "turn_detection": null}')
    imported = read(text)
    assert imported.request is not None
    [problem] = [one for one in imported.problems if one.code == "answer-pasted"]
    assert problem.message.endswith(left_out)


def test_a_lifetime_that_is_written_as_a_number_is_no_answer() -> None:
    assert codes(read('{"expires_at": 600, "include": []}').problems) == ["unknown-key"]
